"""Object stores: folders (`file://`) and buckets (`s3://`), opened and asked in one way."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from read_models.store.mongo import StoreUnavailable

if TYPE_CHECKING:
    from obstore.store import RetryConfig

RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
"""The library's own patience is minutes; people wait for these files."""


class ObjectStoreHandle:
    """An object store, opened when it is first asked for something: a folder may not be there yet."""

    def __init__(self, url: str, *, ours: bool = False) -> None:
        """`url` is `file:///…` or `s3://…`, whose credentials come from the environment as AWS names them.

        A folder that is `ours` is made, and none in it stays empty; any other is only read.
        """
        self._url = url
        self._ours = ours
        self.is_folder = url.startswith("file:")

    @cached_property
    def store(self) -> ObjectStore:
        """The store. Raises `StoreUnavailable` when it cannot be opened."""
        with translate_errors():
            if not self.is_folder:
                # No client options: given ones would hide those of the environment, AWS_ALLOW_HTTP for one.
                return from_url(self._url, retry_config=RETRIES)
            return from_url(self._url, mkdir=self._ours, automatic_cleanup=self._ours)


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Raise `StoreUnavailable` in place of the library's errors; FileNotFoundError passes."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        # The library's own texts quote paths and addresses.
        raise StoreUnavailable(f"an object store: {type(error).__name__}") from error
