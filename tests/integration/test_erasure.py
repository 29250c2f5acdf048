"""After `customer.erased` the database holds nothing of the customer but a tombstone with the ids."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import bson
import pytest

from events.envelope import Event, Record, encode
from local_stack.stack import Stack
from read_models.documents import Doc
from read_models.projection import VERSION, fold
from read_models.store import checkpoints
from read_models.store.operational import OperationalStore
from read_models.store.operational.erasures import SETTLE_TIME
from read_models.store.operational.sign_in_requests import SignInRequests
from tests.integration.harness.customer_surface import TOPICS, Browser, CustomerSurfaceHarness

KEY = "biz_1/cus_1"
NAME, STREET, PHONE, GATE = "Ada Lovelace-Field", "17 Analytical Engine Road", "+1 602 555 0142", "gate 4711"
ADDRESS = {"id": "a1", "line1": STREET, "city": "Phoenix", "postal_code": "85001", "country": "US"}
STANDBY = 2
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
async def surface(stack: Stack) -> AsyncIterator[CustomerSurfaceHarness]:
    """A surface whose applier writes a second generation beside the one that is served."""
    async with CustomerSurfaceHarness(stack.env) as one:
        await one.publish("business.registered")
        await keep_a_standby(one)
        yield one


async def keep_a_standby(surface: CustomerSurfaceHarness) -> None:
    """Has a second generation be as level as the first."""
    database = surface.store.database
    await surface.store.views(STANDBY).create()
    for name, field in (("views_1", None), ("checkpoints", "generation")):
        for document in await database[name].find().to_list(None):
            if field:
                own = {"_id": checkpoints.checkpoint_id(STANDBY, document["lane"]), field: STANDBY}
                await database[name].insert_one(document | own)
            else:
                await database[f"views_{STANDBY}"].insert_one(document)
    await database["pointers"].update_one({"_id": VERSION}, {"$set": {"standby": STANDBY}})
    # Who moves the pointer writes all lanes: so the worker notices.
    await database["checkpoints"].update_many({}, {"$inc": {"revision": 1}})


async def lived_in(surface: CustomerSurfaceHarness) -> str:
    """A customer of whom every kind of record holds something; answers the e-mail address."""
    person: dict[str, Any] = {"name": NAME, "phone": PHONE, "addresses": [ADDRESS]}
    email = await surface.create_customer(**person)
    await surface.publish(
        "visit.booked", customer="cus_1", subject="v1", address=ADDRESS, instructions=f"{NAME}: {GATE}"
    )
    await surface.publish("visit.rescheduled", customer="cus_1", subject="v1", reason=f"{NAME} asked")
    await surface.publish("visit.completed", customer="cus_1", subject="v1", summary=f"{NAME} was in")
    await surface.publish("proof.uploaded", customer="cus_1", subject="p1", text=f"signed by {NAME}")
    paper = f"terms for {NAME}".encode()
    folder = surface.media / "biz_1"
    folder.mkdir(exist_ok=True)
    (folder / "t.pdf").write_bytes(paper)
    terms = {"key": "t.pdf", "content_type": "application/pdf", "bytes": len(paper)}
    terms["sha256"] = hashlib.sha256(paper).hexdigest()
    await surface.publish(
        "proof_pack.published", customer="cus_1", subject="k1", items=["p1"], document=terms
    )
    await surface.publish("contract.signed", customer="cus_1", subject="c1", signed_by=NAME)
    await surface.publish("subscription.started", customer="cus_1", subject="s1", contract_id="c1")
    await surface.publish(
        "invoice.issued", customer="cus_1", subject="i1", memo=f"{NAME}, {STREET}", visit_ids=["v1"]
    )
    await surface.publish("payment.succeeded", customer="cus_1", subject="y1")
    return email


async def unreadable(surface: CustomerSurfaceHarness, offset: int) -> None:
    """A record under the customer's key that is no event, and says a lot."""
    value = f"{{{NAME} {STREET} {PHONE}".encode()
    place = TOPICS.of_type("servicehub.visit.booked.v1"), TOPICS.partition(KEY.encode())
    await surface._applier.apply([Record(*place, offset, 0, KEY.encode(), value, [("x", NAME.encode())])])
    surface._offsets[place] = offset


async def next_offset(surface: CustomerSurfaceHarness) -> int:
    """Of the next record of the customer's lane in the visits' topic."""
    place = TOPICS.of_type("servicehub.visit.booked.v1"), TOPICS.partition(KEY.encode())
    return surface._offsets.get(place, -1) + 1


async def holding(surface: CustomerSurfaceHarness, *traces: str) -> dict[str, list[Doc]]:
    """Every document of every collection in which one of the texts is, in any field, by collection."""
    wanted = re.compile(b"|".join(re.escape(text.encode()) for text in traces), re.IGNORECASE)
    database = surface.store.database
    found: dict[str, list[Doc]] = {}
    for name in sorted(await database.list_collection_names()):
        for document in await database[name].find().to_list(None):
            if wanted.search(bson.encode(document)):
                found.setdefault(name, []).append(document)
    return found


def cached(surface: CustomerSurfaceHarness) -> str:
    """Everything in the folder of copies, names and contents."""
    paths = [path for path in surface.cache.rglob("*") if path.is_file()]
    return "".join(f"{path} {path.read_bytes().decode(errors='replace')}" for path in paths)


async def erased_completely(surface: CustomerSurfaceHarness) -> None:
    """Returns when what lies outside of the database is gone, too; it is to be within a second or so."""
    async with asyncio.timeout(30):
        while cached(surface):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await OperationalStore(surface.store.database).erasures.complete_all(
        None, datetime.now(UTC) + SETTLE_TIME
    )


def raising_for_invoices(events: list[Event], cache: Any) -> Any:
    """A fold that cannot apply an invoice."""
    if any(event.kind == "invoice" for event in events):
        raise ArithmeticError(NAME)
    return (yield from fold(events, cache))


async def test_nothing_is_left_but_a_tombstone_with_the_ids(
    surface: CustomerSurfaceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any collection of any generation: views, quarantine, holds, sessions, sign-ins, calendar addresses."""
    email = await lived_in(surface)
    traces = (NAME, STREET, PHONE, GATE, email)
    browser = await surface.signed_in(email)
    feed = (await browser.get("/blue/api/calendar")).json()["url"]
    for path in ("visits/v1/document", "visits/v1/proof.pdf", "invoices/i1.pdf"):
        assert (await browser.get(f"/blue/media/{path}")).status_code == 200
    assert NAME in cached(surface)
    asked: Browser = surface.browser()
    await asked.ask(email)
    await surface.mails(email, 2)
    await unreadable(surface, await next_offset(surface))
    with monkeypatch.context() as patched:
        patched.setattr("projectors.processing.batch_builder.fold", raising_for_invoices)
        await surface.publish("invoice.issued", customer="cus_1", subject="i2", memo=NAME)
        await surface.publish("visit.booked", customer="cus_1", subject="v2", instructions=GATE)
    audit = OperationalStore(surface.store.database).audit
    note = audit.note
    await note("cli:eve", "dead_letter.discard", KEY, f"{NAME} said so", NOW, owner=("biz_1", "cus_1"))
    await note("cli:eve", "dead_letter.discard", "biz_1/cus_2", "lost", NOW, owner=("biz_1", "cus_2"))
    kept = await holding(surface, *traces, "cus_1")
    assert kept.keys() >= {
        *(
            "views_1",
            f"views_{STANDBY}",
            "sessions",
            "sign_ins",
            "calendars",
            "quarantine",
            "holds",
            "waiting",
            "audit",
        )
    }

    await surface.publish("customer.erased", customer="cus_1")

    assert await holding(surface, *traces) == {}
    await erased_completely(surface)
    assert cached(surface) == ""
    left = await holding(surface, "cus_1")
    (other, discarded) = await audit.latest(2)
    assert (discarded.by, discarded.about, discarded.detail) == ("cli:eve", KEY, None)
    assert other.detail == "lost"
    del left["audit"]
    assert left.keys() == {"views_1", f"views_{STANDBY}"}
    for tombstones in left.values():
        (tombstone,) = tombstones
        assert tombstone == {
            "_id": KEY,
            "business": "biz_1",
            "customer": "cus_1",
            "kind": "customer",
            "id": "cus_1",
            "seq": 2,
            "shown": False,
            "erased": True,
        }
    assert (await browser.get("/blue/api/portal")).status_code == 401
    assert (await browser.get("/blue/api/export")).status_code == 401
    assert (await surface.browser().get(feed)).status_code == 404


async def test_what_was_written_beside_the_erasure_is_gone_in_a_moment(
    surface: CustomerSurfaceHarness,
) -> None:
    """A session and a mail that its transaction did not see, as they were written while it was being committed."""
    email = await surface.create_customer()
    browser = await surface.signed_in(email)
    database = surface.store.database
    written = [(name, await database[name].find_one({})) for name in ("sessions", "sign_ins")]
    await surface.publish("customer.erased", customer="cus_1")
    for name, document in written:
        await database[name].insert_one(document)

    async with asyncio.timeout(30):
        while await holding(surface, email):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    assert (await browser.get("/blue/api/portal")).status_code == 401
    assert await database["erasures"].count_documents({}) == 1
    assert await OperationalStore(database).erasures.complete_all(None, datetime.now(UTC) + SETTLE_TIME) == 1


async def test_what_arrives_later_is_dropped_and_counted(surface: CustomerSurfaceHarness) -> None:
    """Events of every kind, the contact data again, and what cannot be read under the customer's key."""
    await surface.create_customer()
    await surface.publish("customer.erased", customer="cus_1")
    before = await counted(surface)

    email = await lived_in(surface)
    await surface.publish("customer.contact_changed", customer="cus_1", name=NAME, emails=[email])
    await unreadable(surface, await next_offset(surface))

    assert await holding(surface, NAME, STREET, PHONE, GATE, email) == {}
    assert await counted(surface) - before == 12
    await erased_completely(surface)
    left = await holding(surface, "cus_1")
    assert left.keys() == {"views_1", f"views_{STANDBY}"}


async def test_what_comes_with_the_erasure_in_one_batch_goes_as_well(surface: CustomerSurfaceHarness) -> None:
    """Before and behind it, readable or not."""
    offset = await next_offset(surface)
    batch = [
        record("customer.registered", "cus_1", 1, 0, name=NAME, emails=["ada@mail.test"], phone=PHONE),
        record("visit.booked", "v1", 1, offset, instructions=GATE),
        broken(offset + 1),
        record("customer.erased", "cus_1", 2, 1),
        record("visit.booked", "v2", 1, offset + 2, instructions=GATE),
        broken(offset + 3),
    ]

    await surface._applier.apply(batch)

    assert await holding(surface, NAME, PHONE, GATE, "ada@mail.test") == {}
    await erased_completely(surface)
    assert (await holding(surface, "cus_1")).keys() == {"views_1", f"views_{STANDBY}"}


async def nothing_to_do(*_: object) -> None:
    """In place of the mailers' next piece of work."""


async def test_a_sign_in_that_no_mailer_saw_yet_goes_with_the_first_look(
    surface: CustomerSurfaceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not known whose it is until then; and the address is nobody's any more."""
    email = await surface.create_customer()
    with monkeypatch.context() as patched:
        patched.setattr(SignInRequests, "claim", nothing_to_do)
        await surface.browser().ask(email)
        await surface.publish("customer.erased", customer="cus_1")
        assert (await holding(surface, email)).keys() == {"sign_ins"}

    await surface.dealt_with(email)

    assert await holding(surface, email) == {}


async def test_others_keep_all_that_is_theirs(surface: CustomerSurfaceHarness) -> None:
    """Also the one who shares the address, and the customer of another business with the same id."""
    email = await surface.create_customer()
    await surface.publish("customer.registered", customer="cus_10", name=NAME, emails=[email], phone=PHONE)
    await surface.publish("visit.booked", customer="cus_10", subject="v1", instructions=GATE)
    await surface.publish("business.registered", business="biz_2", slug="red")
    await surface.publish("customer.registered", business="biz_2", customer="cus_1", name=NAME)
    before = await holding(surface, "cus_10", "biz_2")

    await surface.publish("customer.erased", customer="cus_1")

    after = await holding(surface, "cus_10", "biz_2")
    assert {name: after[name] for name in after if name.startswith("views")} == {
        name: before[name] for name in before if name.startswith("views")
    }


async def counted(surface: CustomerSurfaceHarness) -> int:
    """How many records were dropped for an erased customer."""
    found = await surface.store.database["checkpoints"].find({"generation": 1}).to_list(None)
    return sum(int(one["counts"].get("erased", 0)) for one in found)


def record(what: str, subject: str, sequence: int, offset: int, **data: Any) -> Record:
    """An event of the customer at a place of its topic."""
    attributes = {
        "specversion": "1.0",
        "id": f"{subject}-{sequence}-{offset}",
        "source": "/servicehub/tests",
        "type": f"servicehub.{what}.v1",
        "subject": subject,
        "time": "2026-01-05T09:00:00Z",
        "sequence": str(sequence),
        "businessid": "biz_1",
        "customerid": "cus_1",
        "partitionkey": KEY,
    }
    window = {"start": "2026-01-05T16:00:00Z", "end": "2026-01-05T18:00:00Z"}
    booked = {"service": {"id": "s", "name": "Pool"}, "window": window, "timezone": "America/Phoenix"}
    key, value, headers = encode(attributes, booked | data if what == "visit.booked" else data, "structured")
    return Record(TOPICS.of_type(attributes["type"]), TOPICS.partition(key), offset, 0, key, value, headers)


def broken(offset: int) -> Record:
    """A record of the customer in the visits' topic that cannot be read."""
    return record("visit.booked", "v9", 1, offset)._replace(value=f"{{{NAME}".encode())
