"""Files as they are answered: whole, in part (RFC 9110, 14), or not at all when the browser has them."""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Stream
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_206_PARTIAL_CONTENT,
    HTTP_304_NOT_MODIFIED,
    HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE,
)

from query_api.api.dependencies import AnyRequest
from query_api.files.byte_ranges import RangeNotSatisfiable, span_of
from query_api.files.cache import DerivedFileCache
from query_api.files.media_store import FileUnusable
from query_api.files.service import FileService
from query_api.files.variants import Size, Variant, variant_for
from query_api.files.visible_files import VisibleFile
from query_api.http.etag import matches
from query_api.services import services_of
from read_models.queries.portal import CustomerScope
from read_models.store.operational import CachedFile, CacheKey
from web.pipeline import HEAD_REQUEST

ISOLATED = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Content-Security-Policy of a file: opened by itself it may do nothing at all."""

FileAnswer = Response[bytes] | Stream


class FileHeaders(NamedTuple):
    """Headers of a file response."""

    content_type: str
    name: str
    """What it is called where it is saved."""
    inline: bool
    """Whether it is shown rather than saved."""

    def headers(self, tag: str) -> dict[str, str]:
        """Its headers under an ETag."""
        disposition = "inline" if self.inline else "attachment"
        return {
            "ETag": tag,
            "Content-Disposition": f'{disposition}; filename="{self.name}"',
            "Content-Security-Policy": ISOLATED,
        }


async def file_response(
    request: AnyRequest, scope: CustomerScope, shown: VisibleFile | None, size: Size | None
) -> FileAnswer:
    """Return a file, if it is shown to the customer. Raises NotFoundException where it is not, or cannot be had."""
    files = services_of(request).files
    form = variant_for(shown.media["content_type"], size) if shown else None
    if shown is None or form is None or files is None:
        raise NotFoundException
    try:
        return await _answered(request, files, scope, shown, form)
    except FileUnusable as error:
        await files.notice(scope, shown, error)
        raise NotFoundException from error


async def _answered(
    request: AnyRequest, files: FileService, scope: CustomerScope, shown: VisibleFile, form: Variant
) -> FileAnswer:
    place = files.place(scope, shown, form)
    served = FileHeaders(form.content_type, f"{shown.name}.{form.extension}", inline=form.picture)
    return not_modified(request, served.headers(tag_of(place))) or cached_file_response(
        request, files.kept, place, await files.copy(scope, shown, form), served
    )


def tag_of(place: CacheKey) -> str:
    """Return the ETag of a copy."""
    return f'"{place.sha256}-{place.form}"'


def not_modified(request: AnyRequest, headers: Mapping[str, str]) -> Response[bytes] | None:
    """Return that the browser has what carries the ETag in these headers, if it does."""
    if not matches(request.headers.getall("if-none-match", []), headers["ETag"]):
        return None
    return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)


def cached_file_response(
    request: AnyRequest,
    kept: DerivedFileCache,
    place: CacheKey,
    found: CachedFile | None,
    served: FileHeaders,
) -> FileAnswer:
    """Return a copy, or the part of it that is asked for. Raises NotFoundException where there is none."""
    if found is None:
        raise NotFoundException
    tag = tag_of(place)
    headers = served.headers(tag) | {"Accept-Ranges": "bytes"}
    # A part of another version than the one that the browser has would be of no use to it.
    current = request.headers.get("if-range", tag) == tag
    try:
        span = span_of(request.headers.get("range"), found.size) if current else None
    except RangeNotSatisfiable:
        return Response(
            b"",
            status_code=HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE,
            headers=headers | {"Content-Range": f"bytes */{found.size}"},
        )
    if span is None:
        headers["Content-Length"] = str(found.size)
        return stream_response(request, found.content(), headers, served)
    headers["Content-Length"] = str(span.size)
    headers["Content-Range"] = f"bytes {span.first}-{span.last}/{found.size}"
    return stream_response(request, kept.read_range(place, *span), headers, served, HTTP_206_PARTIAL_CONTENT)


def stream_response(
    request: AnyRequest,
    content: AsyncIterator[bytes],
    headers: Mapping[str, str],
    served: FileHeaders,
    status: int = HTTP_200_OK,
) -> Stream:
    """Content as it comes; none of it is asked for where only its headers are wanted."""
    wanted = empty() if HEAD_REQUEST in request.scope["state"] else content
    return Stream(wanted, status_code=status, headers=headers, media_type=served.content_type)


async def empty() -> AsyncIterator[bytes]:
    """No content."""
    yield b""
