"""Two businesses whose customers have something of everything, each marked as theirs, and who asks for it."""

import asyncio
import hashlib
import io
import re
import secrets
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from pypdf import PdfReader

from query_api.services import services_in
from query_api.sign_in.cookies import session_cookie_name
from read_models.queries.portal import CustomerScope
from read_models.store.operational import OperationalStore, SessionRecord
from tests.integration.harness.customer_surface import CustomerSurfaceHarness
from tests.support.every_event_type import Ids, Json, PlannedEvent, business, customer
from web.tokens import digest, new_token

BUSINESSES: Mapping[str, str] = {"biz_1": "blue", "biz_2": "red"}
"""Slugs by id."""

CUSTOMERS = ("cus_1", "cus_2", "cus_3")
"""Of each business: the ids are the same, as are those of all that they have."""

MARK = re.compile(rb"Mark(\w)of(\w)Z")
"""What stands in every text, file and address of somebody: the last characters of the ids of business and customer."""

FOR_LONG = timedelta(days=1)


class Person(NamedTuple):
    """A customer of a business."""

    business: str
    customer: str

    @property
    def slug(self) -> str:
        """The business's."""
        return BUSINESSES[self.business]

    @property
    def mark(self) -> str:
        """What only this customer's things hold."""
        return mark(self.business, self.customer)

    @property
    def ids(self) -> Ids:
        """What this customer's records are called."""
        return Ids(self.customer)

    @property
    def email(self) -> str:
        """The address that signs in."""
        return f"{self.mark}@mail.test".lower()


PEOPLE = tuple(Person(one, two) for one in BUSINESSES for two in CUSTOMERS)


def mark(business: str, customer: str) -> str:
    """The mark of a customer; of a business's own texts, `customer` is "0"."""
    return f"Mark{business[-1]}of{customer[-1]}Z"


def marks_in(content: bytes) -> set[tuple[str, str]]:
    """The last characters of the ids of everybody whose mark is in some bytes."""
    return {(one.decode(), two.decode()) for one, two in MARK.findall(content)}


class TwoTenants(CustomerSurfaceHarness):
    """A customer surface with files, on which everything has happened to everybody."""

    async def happen(self, text_of: Callable[[str, str], str] = mark) -> None:
        """Has everything happen to everybody; `text_of` a business and a customer is in all of their text fields."""
        for one, slug in BUSINESSES.items():
            email = f"{mark(one, '0')}@mail.test"
            support = {"email": email, "phone": text_of(one, "0")}
            given: Json = {"slug": slug, "support": support, "portal_host": None, "locale": "en"}
            await self.say(business(always(text_of(one, "0")), **given), one)
        for person in PEOPLE:
            file = self.keep(person, f"%PDF-1.7 {person.mark}".encode())
            text = text_of(person.business, person.customer)
            given = {"emails": [person.email, text], "locale": "en", "timezone": "America/Phoenix"}
            said = customer(always(text), person.ids, file, **given)
            await self.say(said, person.business, person.customer)

    async def say(self, said: Iterable[PlannedEvent], business: str, customer: str | None = None) -> None:
        """Publishes events."""
        for one in said:
            what, _, version = one.name.rpartition(".")
            await self.publish(
                what,
                business=business,
                customer=customer,
                subject=one.subject,
                version=version,
                **one.data,
            )

    def keep(self, person: Person, content: bytes) -> Json:
        """Puts a document into the media store, and answers what events say of it."""
        key = f"{person.customer}/a.pdf"
        path = self.media / person.business / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        return {"key": key, "content_type": "application/pdf", "bytes": len(content), "sha256": sha256}

    async def token(self, person: Person) -> str:
        """The token of a new session."""
        token, now = new_token(), datetime.now(UTC)
        await OperationalStore(self.store.database).sessions.start(
            SessionRecord(
                token=digest(token),
                id=secrets.token_hex(8),
                business=person.business,
                customer=person.customer,
                address=person.email,
                device=person.mark,
                started_at=now,
                seen_at=now,
                gone_at=now + FOR_LONG,
            )
        )
        return token

    async def feed(self, person: Person) -> str:
        """The name of the calendar feed's file, which is its secret."""
        services = services_in(self.app)
        document = await services.reads.business(person.slug)
        assert document
        url = await services.feeds.url(CustomerScope(*person), document)
        return url.rpartition("/")[2]


def always(text: str) -> Callable[[str], str]:
    """The same text for every field."""
    return lambda _: text


def cookie(slug: str, token: str) -> str:
    """A session's cookie, for a business."""
    return f"{session_cookie_name(slug)}={token}"


class Answer(NamedTuple):
    """What an application has answered."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def whole(self) -> bytes:
        """All of its bytes."""
        return b"\n".join([*(b"%s: %s" % pair for pair in self.headers), self.body])


async def ask(
    app: Any,
    method: str,
    path: bytes,
    query: bytes = b"",
    headers: Iterable[tuple[bytes, bytes]] = (),
    body: bytes = b"",
) -> Answer:
    """What an ASGI application answers; without an HTTP client between, which would tidy up what it is asked."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": list(headers),
        "client": ("198.51.100.1", 40000),
        "server": ("portal.test", 443),
        "state": {},
        "extensions": {},
    }
    sent: list[dict[str, Any]] = []
    request = [{"type": "http.request", "body": body, "more_body": False}]

    answered = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if request:
            return request.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    await app(scope, receive, send)
    start = sent[0]
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(start["status"], tuple((bytes(k), bytes(v)) for k, v in start["headers"]), content)


def opened(content: bytes) -> Iterator[bytes]:
    """Some bytes and what is in them: the files of an archive, the text of a paper."""
    yield content
    if b"/FlateDecode" in content[:5000] and content.startswith(b"%PDF"):
        for page in PdfReader(io.BytesIO(content)).pages:
            yield page.extract_text().encode()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)
