"""The bodies of requests: what cannot be read is the client's mistake, and a 400."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict, State
from litestar.exceptions import ClientException


class SafeRequest(Request[Any, Any, State]):
    """A request whose `json` and `form` raise ClientException for every body that they cannot read."""

    async def json(self) -> Any:
        """Return the body as JSON."""
        await self.body()
        with _reading():
            return await super().json()

    async def form(self) -> FormMultiDict:
        """Return the body as the fields of a form, whose texts are all UTF-8."""
        await self.body()
        with _reading():
            fields = await super().form()
            for _, value in fields.multi_items():
                if isinstance(value, str):
                    # Parts name their charset themselves, and some give halves of characters.
                    value.encode()
            return fields


@contextmanager
def _reading() -> Iterator[None]:
    """Yield what parsers raise besides their own errors: no UTF-8, no such charset, nested too deep."""
    try:
        yield
    except (ValueError, LookupError, RecursionError) as error:
        raise ClientException("The body cannot be read.") from error
