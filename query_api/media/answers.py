"""Files as they are answered: whole, in part (RFC 9110, 14), or not at all when the browser has them."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Stream
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_206_PARTIAL_CONTENT,
    HTTP_304_NOT_MODIFIED,
    HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE,
)

from query_api.conditional import matches
from query_api.customer.access import AnyRequest
from query_api.media.files import Files
from query_api.media.forms import Form, Size, form_of
from query_api.media.originals import Unusable
from query_api.media.ranges import Unsatisfiable, span_of
from query_api.media.shown import Shown
from read_models.reads import Scope
from read_models.store.records import Place

ISOLATED = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Content-Security-Policy of a file: opened by itself it may do nothing at all."""


async def answer(
    request: AnyRequest, scope: Scope, shown: Shown | None, size: Size | None
) -> Response[bytes] | Stream:
    """A file, if it is shown to the customer. Raises NotFoundException where it is not, or cannot be had."""
    files: Files | None = request.app.state.files
    form = form_of(shown.media["content_type"], size) if shown else None
    if shown is None or form is None or files is None:
        raise NotFoundException
    try:
        return await _answered(request, files, scope, shown, form)
    except Unusable as error:
        await files.notice(scope, shown, error)
        raise NotFoundException from error


async def _answered(
    request: AnyRequest, files: Files, scope: Scope, shown: Shown, form: Form
) -> Response[bytes] | Stream:
    place = files.place(scope, shown, form)
    headers = _headers(place, shown, form)
    tag = headers["ETag"]
    if matches(request.headers.getall("if-none-match", []), tag):
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    found = await files.copy(scope, shown, form)
    if found is None:
        raise NotFoundException
    # A part of another version than the one that the browser has would be of no use to it.
    current = request.headers.get("if-range", tag) == tag
    try:
        span = span_of(request.headers.get("range"), found.size) if current else None
    except Unsatisfiable:
        return Response(
            b"",
            status_code=HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE,
            headers=headers | {"Content-Range": f"bytes */{found.size}"},
        )
    if span is None:
        headers["Content-Length"] = str(found.size)
        return Stream(found.content(), status_code=HTTP_200_OK, headers=headers, media_type=form.content_type)
    headers["Content-Length"] = str(span.size)
    headers["Content-Range"] = f"bytes {span.first}-{span.last}/{found.size}"
    return Stream(
        files.part(place, *span),
        status_code=HTTP_206_PARTIAL_CONTENT,
        headers=headers,
        media_type=form.content_type,
    )


def _headers(place: Place, shown: Shown, form: Form) -> dict[str, str]:
    disposition = "inline" if form.picture else "attachment"
    return {
        "ETag": f'"{place.sha256}-{place.form}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'{disposition}; filename="{shown.name}.{form.extension}"',
        "Content-Security-Policy": ISOLATED,
    }
