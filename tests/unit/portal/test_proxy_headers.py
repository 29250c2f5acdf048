"""Whose request it is, behind proxies."""

from typing import Any, cast

import pytest

from portal.proxy_headers import TrustedProxyMiddleware
from portal.settings import Settings

TRUSTED = Settings.read({"PORTAL_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8"}).trusted_proxies


async def client_of(peer: str, *forwarded: bytes, trusted: Any = TRUSTED) -> tuple[str, int]:
    """The client that the application sees."""
    seen: list[dict[str, Any]] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope)

    headers = [(b"x-forwarded-for", value) for value in forwarded]
    scope = {"type": "http", "client": (peer, 4711), "headers": headers}
    await TrustedProxyMiddleware(cast("Any", app), trusted)(
        cast("Any", scope), cast("Any", None), cast("Any", None)
    )
    return cast("tuple[str, int]", seen[0]["client"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", [b"198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [b"203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [b"203.0.113.9, 198.51.100.7, 10.2.3.4"], "198.51.100.7"),
        ("10.0.0.1", [b"203.0.113.9", b"198.51.100.7", b"10.2.3.4"], "198.51.100.7"),
        ("fd00::1", [b"[2001:db8::1]:4711"], "2001:db8::1"),
        ("fd00::1", [b"2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", [b"198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", [b"::ffff:198.51.100.7"], "198.51.100.7"),
    ],
)
async def test_a_trusted_proxy_names_the_client(peer: str, forwarded: list[bytes], client: str) -> None:
    """It is the last hop that is no trusted proxy: those before it anybody can claim."""
    assert await client_of(peer, *forwarded) == (client, 0)


@pytest.mark.parametrize("peer", ["198.51.100.1", "2001:db8::1"])
async def test_who_is_no_trusted_proxy_is_the_client(peer: str) -> None:
    """Whatever it sends."""
    assert await client_of(peer, b"203.0.113.9") == (peer, 4711)


async def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    """So it is where nothing is set."""
    assert await client_of("10.0.0.1", b"203.0.113.9", trusted=Settings().trusted_proxies) == (
        "10.0.0.1",
        4711,
    )


@pytest.mark.parametrize("forwarded", [[], [b""], [b"unknown"], [b"203.0.113.9, unknown"], [b"\xff, [x]:1"]])
async def test_what_names_nobody_leaves_the_proxy(forwarded: list[bytes]) -> None:
    """A hop that is no address is where the trust ends."""
    assert (await client_of("10.0.0.1", *forwarded))[0] == "10.0.0.1"


async def test_a_trusted_hop_before_a_malformed_one_is_the_client() -> None:
    """The nearest one that is known counts."""
    assert (await client_of("10.0.0.1", b"203.0.113.9, what, 10.0.0.2"))[0] == "10.0.0.2"
