"""The MongoDB driver, and what its errors mean here. Changing the driver changes this room only (DESIGN.md)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)

Database: TypeAlias = "AsyncIOMotorDatabase[dict[str, Any]]"
Client: TypeAlias = "AsyncIOMotorClient[dict[str, Any]]"

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0

WRITE_CONFLICT = 112
SERVER_CODES = frozenset(
    {
        6,
        7,
        24,
        50,
        63,
        64,
        89,
        91,
        112,
        133,
        134,
        189,
        246,
        251,
        262,
        263,
        290,
        9001,
        10107,
        11600,
        11602,
        13388,
        13435,
        13436,
    }
)
"""Errors of the server's state (host unreachable, lock timeout, not primary …), not of what was asked."""


class Unavailable(Exception):
    """MongoDB does not answer, or not now; asking again may help."""


class Conflict(Unavailable):
    """Another transaction holds a document that is to be written."""


class Unstorable(Exception):
    """A document cannot be stored for a reason of its own: it is too large, or holds what BSON cannot."""


def connect(url: str) -> Any:
    """A client whose every call ends within a bounded time."""
    return AsyncIOMotorClient(
        url,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=5_000,
        socketTimeoutMS=12_000,
        w="majority",
        readConcernLevel="majority",
        tz_aware=True,
        appname="servicehub-portal",
    )


@contextmanager
def translated() -> Iterator[None]:
    """Raises the store's errors in place of the driver's."""
    try:
        yield
    except (DocumentTooLarge, BSONError, OverflowError) as error:
        raise Unstorable(type(error).__name__) from error
    except PyMongoError as error:
        raise meaning(error) from error


def meaning(error: PyMongoError) -> Exception:
    """The store's error for one of the driver's; itself where it is a mistake of ours."""
    codes = _codes(error)
    if WRITE_CONFLICT in codes:
        return Conflict(str(error))
    retried = error.has_error_label("TransientTransactionError") or error.has_error_label(
        "UnknownTransactionCommitResult"
    )
    if (
        retried
        or isinstance(error, ConnectionFailure | ExecutionTimeout | WriteConcernError)
        or codes & SERVER_CODES
    ):
        return Unavailable(type(error).__name__)
    if isinstance(error, BulkWriteError | OperationFailure):
        return Unstorable(f"{type(error).__name__} {sorted(codes)}")
    return error


def _codes(error: PyMongoError) -> set[int]:
    if isinstance(error, BulkWriteError):
        return {int(entry["code"]) for entry in error.details.get("writeErrors", ())}
    return {error.code} if isinstance(error, OperationFailure) and error.code is not None else set()


async def patiently(operation: Callable[[], Awaitable[T]]) -> T:
    """Asks again, with growing pauses, until MongoDB answers or the caller cancels."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await operation()
        except Unavailable:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
