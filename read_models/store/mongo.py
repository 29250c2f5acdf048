"""The MongoDB driver, and what its errors mean here. Changing the driver changes this room only.

See docs/architecture.md.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeAlias, TypeVar

import pymongo
import structlog
from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    OperationFailure,
    PyMongoError,
)

Database: TypeAlias = "AsyncIOMotorDatabase[dict[str, Any]]"
Client: TypeAlias = "AsyncIOMotorClient[dict[str, Any]]"

T = TypeVar("T")

log = structlog.get_logger()

ANSWERS_WITHIN_MS = 12_000
"""What one question may take: longer, the server is taken for gone."""

FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0

WRITE_CONFLICT = 112
DOCUMENT_ERROR_CODES = frozenset({15, 52, 56, 57, 66, 121, 171, 10334, 11000, 17280, 17419, 17420})
"""Codes by which MongoDB refuses a document for what it is: too large or too deep, names or values it cannot take.

Every other code is taken for a state of the server, which may pass: held for it, customers would have to be mended.
"""


class StoreUnavailable(Exception):
    """MongoDB does not answer, or not now; asking again may help."""


class WriteConflict(StoreUnavailable):
    """Another transaction holds a document that is to be written."""


class DocumentRejected(Exception):
    """A document cannot be stored for a reason of its own: it is too large, or holds what BSON cannot."""


def connect(url: str) -> Any:
    """Return a client whose every call ends within a bounded time."""
    return AsyncIOMotorClient(
        url,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=5_000,
        socketTimeoutMS=ANSWERS_WITHIN_MS,
        w="majority",
        readConcernLevel="majority",
        tz_aware=True,
        appname="servicehub-portal",
    )


def validate_url(url: str) -> None:
    """Raise ValueError for an address the driver does not take; quotes nothing of it, asks neither servers nor DNS."""
    if not url.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("it does not begin with mongodb:// or mongodb+srv://")
    try:
        pymongo.MongoClient(url, connect=False).close()
    except (PyMongoError, ValueError, OSError) as error:
        # The driver's own texts may quote a part of the password.
        raise ValueError(
            f"the driver refuses it ({type(error).__name__}): see its options, and percent-encode each of"
            " : / ? # [ ] @ % in user and password"
        ) from None


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Raise the store's errors in place of the driver's."""
    try:
        yield
    except (DocumentTooLarge, BSONError, OverflowError, UnicodeError, RecursionError) as error:
        raise DocumentRejected(type(error).__name__) from error
    except PyMongoError as error:
        raise to_store_error(error) from error


@contextlib.contextmanager
def translate_errors_with_timeout(seconds: float) -> Iterator[None]:
    """Translate errors of a query that scans a whole generation and may take this long.

    A server that hangs meanwhile is not noticed before; one that dies is.
    """
    with translate_errors(), pymongo.timeout(seconds):
        yield


def to_store_error(error: PyMongoError) -> Exception:
    """Return the store's error for one of the driver's; itself where it is a mistake of ours."""
    codes = _codes(error)
    # The driver's own texts quote values.
    text = " ".join([type(error).__name__, *(str(code) for code in sorted(codes))])
    if WRITE_CONFLICT in codes:
        return WriteConflict(text)
    if codes and codes <= DOCUMENT_ERROR_CODES:
        return DocumentRejected(text)
    return StoreUnavailable(text) if isinstance(error, ConnectionFailure | OperationFailure) else error


def _codes(error: PyMongoError) -> set[int]:
    if isinstance(error, BulkWriteError):
        return {int(entry["code"]) for entry in error.details.get("writeErrors", ())}
    return {error.code} if isinstance(error, OperationFailure) and error.code is not None else set()


async def shield_until_done(operation: Coroutine[Any, Any, T]) -> T:
    """Run an operation to its end also when the caller is cancelled, which it is then told.

    The driver works in threads: a session that is given up in the middle of something would be used twice at once.
    """
    running = asyncio.ensure_future(operation)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        if not running.cancelled() and (error := running.exception()):
            log.info("an operation failed while its worker was stopped", error=type(error).__name__)
        raise


async def retry_until_available(operation: Callable[[], Awaitable[T]]) -> T:
    """Ask again, with growing pauses, until MongoDB answers or the caller cancels."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await operation()
        except StoreUnavailable as error:
            log.warning("MongoDB does not answer; asking again", error=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
