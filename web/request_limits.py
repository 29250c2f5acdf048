"""Size limits of a request besides its body, which Litestar limits: all of it is held in memory."""

from litestar.exceptions import HTTPException
from litestar.types import HTTPScope

MAX_HEADER_BYTES = 32 * 1024
"""All headers together: a browser's cookies for one host, and then some."""

MAX_TARGET_BYTES = 32 * 1024
"""Path and query. The server itself takes no more than twice as much."""


async def check_request_size(scope: HTTPScope) -> None:
    """Refuse what is too large before anybody reads it (RFC 6585, 5; RFC 9110, 15.5.15).

    Raises HTTPException: 431 for the headers, 414 for the target.
    """
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise HTTPException("The address is too long.", status_code=414)
    if sum([len(name) + len(value) for name, value in scope["headers"]]) > MAX_HEADER_BYTES:
        raise HTTPException("The headers are too large.", status_code=431)
