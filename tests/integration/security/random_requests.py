"""Random requests of somebody who wants what is not theirs, on every route that the application has."""

import random
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types.internal_types import PathParameterDefinition

from tests.integration.security.two_tenants import (
    BUSINESSES,
    CUSTOMERS,
    PEOPLE,
    Answer,
    Person,
    TwoTenants,
    cookie,
    marks_in,
    opened,
)

Asking = Callable[["Probe"], Awaitable[Answer]]

KINDS = {
    "visit": "vis",
    "proof": "prf",
    "invoice": "inv",
    "contract": "con",
    "subscription": "sub",
    "payment": "pay",
}
"""What ids begin with, by the name of the parameter without its `_id`."""

ODD = (
    "x",
    "..",
    "%2e%2e%2f%2e%2e%2fbiz_2%2fcus_2%2fa.pdf",
    "..%5c..%5cbiz_2",
    "%00",
    "%0d%0aX-Evil:1",
    "%22%3e%3cscript%3e",
    "%7b%22$gt%22:%22%22%7d",
    "biz_2%2fcus_2",
    "*",
    "%ff%fe",
    "%e2%80%ae",
    "1" * 3000,
    "A" * 43,
)
"""What is no id of anything."""

QUERIES = (
    b"limit=1",
    b"limit=100&status=open&status=completed",
    b"customer_id=cus_2&business=biz_2&customer=cus_2",
    b"counted=due&month=2026-01",
    b"size=320",
    b"format=csv",
    b"next=/red/&v=1",
    b"limit=100000000000000000000",
    b"cursor=%00",
    b"%ff=%fe&&&==",
    b"session=1&session_id=1",
)

TRICKS = (
    (b"x-forwarded-host", b"red.test"),
    (b"x-original-url", b"/red/api/portal"),
    (b"x-rewrite-url", b"/red/api/portal"),
    (b"x-http-method-override", b"DELETE"),
    (b"x-customer-id", b"cus_2"),
    (b"authorization", b"Bearer cus_2"),
    (b"if-none-match", b"*"),
    (b"range", b"bytes=0-5,7-9"),
    (b"accept", b"\xff\xfe"),
    (b"content-type", b"text/xml"),
    (b"accept-language", b"es, *;q=0.1"),
)

HOSTS = (b"portal.test",) * 8 + (b"evil.test", b"", b"portal.test:1@evil.test", b"\xff")

DASHBOARD = "/{slug:str}/api/portal"
"""What everybody has, by the template of its route."""

OTHERS_ID = re.compile(rb"-(cus_\d)")


class Route(NamedTuple):
    """A route, for one method."""

    method: str
    path: str
    """Its template."""
    parts: Sequence[str | PathParameterDefinition]

    @property
    def is_costly(self) -> bool:
        """Whether an answer takes so long to make that its owner asks for it now and then only."""
        return any(part in self.path for part in ("pdf", "zip"))


class Probe(NamedTuple):
    """A request, and whose marks its answer may hold: last characters of the ids of business and customer."""

    route: Route
    slug: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    allowed: set[tuple[str, str]]

    @property
    def whole(self) -> bytes:
        """All that it says."""
        return b"\n".join([self.path, self.query, self.body])


def routes_of(app: Litestar) -> Iterator[Route]:
    """Every route of an application, by method."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute), route
        for method in sorted(route.methods):
            yield Route(method, route.path, tuple(route.path_components))


class RandomRequester:
    """Makes probes, and judges what is answered."""

    def __init__(self, world: TwoTenants, seed: int) -> None:
        self._random = random.Random(seed)
        self._world = world
        self._tokens: dict[Person, str] = {}
        self._feeds: dict[Person, str] = {}
        self._cursors: list[bytes] = [b"cursor=e30"]
        self._to_come = [*PEOPLE]
        self._deck: list[Route] = []
        self.routes = list(routes_of(world.app))
        self.asked: set[Route] = set()
        self.seen: set[tuple[str, str]] = set()
        """Whose marks were seen by those who may see them."""

    async def probe(self) -> Probe:
        """The next request: everybody's for their own dashboard, then of every route in turn, as chance has it."""
        if self._to_come:
            return await self._home(self._to_come.pop())
        chance = self._random
        if not self._deck:
            self._deck = chance.sample(self.routes, len(self.routes))
        route = self._deck.pop()
        person = chance.choice((*PEOPLE, None))
        slug = chance.choices(
            (person.slug if person else "blue", chance.choice([*BUSINESSES.values()]), "nobody"),
            (70, 25, 5),
        )[0]
        allowed = {(business[-1], "0") for business, known in BUSINESSES.items() if known == slug}
        cookies: list[str] = []
        if person is not None:
            token = await self._token(person)
            if chance.random() < 0.9:
                cookies.append(cookie(person.slug, token))
                if person.slug == slug:
                    allowed.add((person.business[-1], person.customer[-1]))
            if chance.random() < 0.2:
                # Where it opens nothing: at the other business, or not whole.
                other = next(one for one in BUSINESSES.values() if one != person.slug)
                cookies.insert(
                    0, chance.choice((cookie(other, token), cookie(person.slug, token[:-1] + "?")))
                )
        parts = []
        for part in route.parts:
            if isinstance(part, str):
                parts.append(part)
            elif part.name == "slug":
                parts.append(slug)
            else:
                parts.append(await self._value(part.name, route, person, slug, allowed))
        headers = [(b"host", chance.choice(HOSTS))]
        if cookies:
            headers.append((b"cookie", "; ".join(cookies).encode()))
        if chance.random() < 0.8:
            headers.append((b"origin", b"https://portal.test"))
        if chance.random() < 0.2:
            headers.append(chance.choice(TRICKS))
        body = self._body() if route.method == "POST" else b""
        if body.startswith(b"{"):
            headers.append((b"content-type", b"application/json"))
        elif body:
            headers.append((b"content-type", b"application/x-www-form-urlencoded"))
        headers.append((b"content-length", str(len(body)).encode()))
        query = chance.choice((b"", b"", *QUERIES, chance.choice(self._cursors)))
        self.asked.add(route)
        if route.method in ("POST", "DELETE") and person:
            # It may have ended the session.
            self._tokens.pop(person, None)
        return Probe(route, slug, ("/" + "/".join(parts)).encode("latin-1"), query, headers, body, allowed)

    def judge(self, probe: Probe, answer: Answer) -> None:
        """Fails where an answer holds a byte of somebody else's, or is a mistake of the server."""
        assert answer.status < 500 or answer.status == 503, (probe, answer)
        own = {customer for _, customer in probe.allowed if customer != "0"}
        for content in (answer.whole, *opened(answer.body)):
            found = marks_in(content)
            self.seen |= found & probe.allowed
            assert found - marks_in(probe.whole) <= probe.allowed, (probe, answer)
            ids = {match.decode()[-1] for match in OTHERS_ID.findall(content) if match not in probe.whole}
            assert ids <= own, (probe, answer)
        if (match := re.search(rb'"next":"([^"]+)"', answer.body)) and len(self._cursors) < 500:
            self._cursors.append(b"cursor=" + match[1])

    async def _home(self, person: Person) -> Probe:
        """What a person may see for certain: whoever's marks are not found there are found nowhere."""
        route = next(one for one in self.routes if (one.method, one.path) == ("GET", DASHBOARD))
        path = DASHBOARD.replace("{slug:str}", person.slug).encode()
        headers = [(b"host", HOSTS[0]), (b"cookie", cookie(person.slug, await self._token(person)).encode())]
        own, shop = (person.business[-1], person.customer[-1]), (person.business[-1], "0")
        return Probe(route, person.slug, path, b"", headers, b"", {own, shop})

    async def _token(self, person: Person) -> str:
        if person not in self._tokens:
            self._tokens[person] = await self._world.token(person)
        return self._tokens[person]

    async def _value(
        self, name: str, route: Route, person: Person | None, slug: str, allowed: set[tuple[str, str]]
    ) -> str:
        """The value of a parameter of a path: one's own now and then, somebody else's, or none at all."""
        chance = self._random
        own = person is not None and chance.random() < (0.01 if route.is_costly else 0.3)
        whose = person if own and person else chance.choice(PEOPLE)
        if "calendar" in route.path and name == "name" and chance.random() < 0.5:
            if whose not in self._feeds:
                self._feeds[whose] = await self._world.feed(whose)
            feed = self._feeds[whose]
            if chance.random() < 0.5:
                return feed.replace(feed[40], "0" if feed[40] != "0" else "1")
            if whose.slug == slug:
                # Who has the address reads the feed (docs/contracts/api.md).
                allowed.add((whose.business[-1], whose.customer[-1]))
            return feed
        if chance.random() < 0.2:
            return quote(chance.choice(ODD), safe="%$:{}*.")
        kind = KINDS.get(name.removesuffix("_id")) or chance.choice([*KINDS.values()])
        ending = "" if name.endswith("_id") else chance.choice(("", ".pdf", ".zip", ".ics"))
        return whose.ids.of(kind, chance.randint(1, 6)) + ending

    def _body(self) -> bytes:
        chance = self._random
        email, customer = chance.choice(PEOPLE).email, chance.choice(CUSTOMERS)
        return chance.choice(
            (
                b"",
                b'{"email": "%s"}' % email.encode(),
                b'{"email": "%s", "code": "%06d"}' % (email.encode(), chance.randrange(1_000_000)),
                b'{"token": "%s"}' % (b"A" * 43),
                b'{"customer_id": "%s"}' % customer.encode(),
                b'{"amount": {"amount": 1, "currency": "usd"}}',
                b'{"__proto__": {"customer": "cus_2"}, "business": "biz_2", "customer": "cus_2"}',
                b"email=%s&code=123456&customer_id=%s&next=//red"
                % (quote(email).encode(), customer.encode()),
                b"[" * 5000,
                b'{"email": "\xff"}',
            )
        )
