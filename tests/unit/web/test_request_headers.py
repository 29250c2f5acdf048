"""Headers of requests, by name."""

from typing import Any, cast

from web.request_headers import request_headers


def asked(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "headers": list(headers)}


def test_what_comes_in_several_lines_is_one_value() -> None:
    """Lines of one name are one list (RFC 9110, 5.3), cookies one line again (RFC 9113, 8.2.3)."""
    scope = asked(
        (b"cookie", b"a=1"),
        (b"if-none-match", b'"a"'),
        (b"cookie", b"b=2"),
        (b"host", b"portal.test"),
        (b"if-none-match", b'"b"'),
    )

    assert request_headers(cast("Any", scope)) == {
        b"cookie": b"a=1; b=2",
        b"if-none-match": b'"a", "b"',
        b"host": b"portal.test",
    }
