"""Details of the API as they are served, and what holds for all of its lists and details."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_stack.stack import Stack
from tests.integration.desk import Desk, Json, Reader

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
PHOTO = {
    "key": "a/b.jpg",
    "content_type": "image/jpeg",
    "bytes": 5,
    "sha256": "0" * 64,
    "width": 4,
    "height": 3,
}
PAPER = {"key": "a/b.pdf", "content_type": "application/pdf", "bytes": 6, "sha256": "1" * 64}
ADDRESS = {
    "id": "a1",
    "line1": "1 Road",
    "city": "Phoenix",
    "postal_code": "85001",
    "country": "US",
}
JPEG = {"content_type": "image/jpeg", "bytes": 5, "width": 4, "height": 3}
PDF = {"thumbnail_url": None, "content_type": "application/pdf", "bytes": 6, "width": None, "height": None}
USD = {"currency": "usd"}


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with Desk(stack.env, NOW) as one:
        await one.say("business.registered", stripe_account_id="acct_1")
        await one.say("customer.registered")
        yield one


@pytest.fixture
async def reader(desk: Desk) -> Reader:
    return await desk.reader("biz_1", "cus_1", "blue")


def window(start: datetime) -> Json:
    """Two hours."""
    return {
        name: at.isoformat().replace("+00:00", "Z")
        for name, at in (("start", start), ("end", start + timedelta(hours=2)))
    }


async def a_visit_with_all_there_is(desk: Desk) -> None:
    sam = {"id": "t1", "name": "Sam Ortiz", "photo": PHOTO}
    await desk.say("contract.signed", "c1", terms=PAPER, signed_by="Ada Field")
    await desk.say("subscription.started", "s1", contract_id="c1")
    await desk.say(
        "visit.booked",
        "v1",
        address=ADDRESS,
        technician=sam,
        contract_id="c1",
        subscription_id="s1",
        instructions="gate 7",
    )
    await desk.say("visit.rescheduled", "v1", reason="rain")
    await desk.say("visit.started", "v1", arrived_at="2026-01-06T18:10:00Z")
    tasks = [{"name": "Skim", "done": True}, {"name": "Vacuum", "done": False}]
    await desk.say(
        "visit.completed", "v1", completed_at="2026-01-06T19:00:00Z", summary="All clear.", tasks=tasks
    )
    await desk.say(
        "proof.uploaded",
        "p1",
        kind="photo",
        stage="before",
        caption="green",
        text=None,
        media=PHOTO,
        location={"lat": 33.4, "lon": -112.1},
    )
    await desk.say("proof.uploaded", "p2", text="ph 7.4")
    await desk.say("proof.uploaded", "p3")
    await desk.say("proof.retracted", "p3")
    await desk.say("proof_pack.published", "k1", items=["p2", "p4", "p3", "p1", "p2"], document=PAPER)
    await desk.say("invoice.issued", "i1", visit_ids=["v1", "v2"], contract_id="c1", memo="Thanks")
    await desk.say("invoice.credited", "i1", reason="late")
    await desk.say("payment.failed", "y1")
    await desk.say("payment.succeeded", "y2")


ITEM = {
    "id": "v1",
    "status": "completed",
    "service": "Pool cleaning",
    "window": {"start": "2026-01-06T16:00:00.000Z", "end": "2026-01-06T18:00:00.000Z"},
    "timezone": "America/Phoenix",
    "technician": "Sam Ortiz",
    "contract_id": "c1",
    "subscription_id": "s1",
    "completed_at": "2026-01-06T19:00:00.000Z",
    "has_proof": True,
}
INVOICE = {
    "id": "i1",
    "number": "1042",
    "status": "open",
    "issued_on": "2026-01-05",
    "due_on": "2026-01-19",
    "overdue": False,
    "total": {"amount": 12000, **USD},
    "amount_due": {"amount": 6000, **USD},
}
PACK = {
    "visit_id": "v1",
    "document": {"url": "/blue/media/visits/v1/document", **PDF},
    "items": [
        {
            "id": "p2",
            "kind": "note",
            "stage": None,
            "caption": None,
            "text": "ph 7.4",
            "captured_at": "2026-01-05T17:00:00.000Z",
            "location": None,
            "file": None,
        },
        {
            "id": "p1",
            "kind": "photo",
            "stage": "before",
            "caption": "green",
            "text": None,
            "captured_at": "2026-01-05T17:00:00.000Z",
            "location": {"lat": 33.4, "lon": -112.1},
            "file": {
                "url": "/blue/media/visits/v1/proofs/p1",
                "thumbnail_url": "/blue/media/visits/v1/proofs/p1?size=320",
                **JPEG,
            },
        },
    ],
}


async def test_a_visit_comes_with_all_that_belongs_to_it(desk: Desk, reader: Reader) -> None:
    await a_visit_with_all_there_is(desk)

    found = await reader.get("visits/v1")

    timeline, proof = found.pop("timeline"), found.pop("proof")
    assert [(one["what"], one["note"]) for one in timeline] == [
        ("visit.booked", None),
        ("visit.rescheduled", "rain"),
        ("visit.started", None),
        ("visit.completed", None),
        ("proof_pack.published", None),
    ]
    assert [one["at"] for one in timeline] == sorted(one["at"] for one in timeline)
    assert proof.pop("published_at") == timeline[-1]["at"]
    assert proof == PACK
    assert found == ITEM | {
        "awaiting": False,
        "address": {**ADDRESS, "line2": None, "region": None},
        "instructions": "gate 7",
        "technician_photo_url": "/blue/media/visits/v1/technician",
        "eta": None,
        "arrived_at": "2026-01-06T18:10:00.000Z",
        "summary": "All clear.",
        "tasks": [{"name": "Skim", "done": True}, {"name": "Vacuum", "done": False}],
        "reason": None,
        "contract": {"id": "c1", "title": "Pool care"},
        "subscription": {"id": "s1", "plan": "Weekly pool"},
        "invoices": [INVOICE],
    }


async def test_a_visit_of_which_little_is_known_misses_no_key(desk: Desk, reader: Reader) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", contract_id="never_signed")

    full, bare = await reader.get("visits/v1"), await reader.get("visits/v2")

    assert bare.keys() == full.keys()
    assert bare["awaiting"] is True
    assert bare["contract_id"] == "never_signed"
    empty = ("address", "technician", "technician_photo_url", "contract", "subscription", "proof", "reason")
    assert [bare[name] for name in empty] == [None] * len(empty)
    assert [one["id"] for one in bare["invoices"]] == ["i1"]


async def test_a_withdrawn_pack_is_gone_and_why_is_nobodys_business(desk: Desk, reader: Reader) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("proof_pack.withdrawn", "k1", reason="another garden")

    visit = await reader.ask("visits/v1")

    assert (visit.json()["proof"], visit.json()["has_proof"]) == (None, False)
    assert visit.json()["timeline"][-1]["what"] == "proof_pack.withdrawn"
    assert (await reader.ask("visits/v1/proof")).status_code == 404
    for answer in (visit, await reader.ask("activity")):
        assert "another garden" not in answer.text


async def test_an_invoice_comes_with_lines_credits_payments_and_visits(desk: Desk, reader: Reader) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2")
    line = {"description": "Cleaning", "quantity": "1.5", "amount": "30.00"}
    await desk.say("invoice.issued", "i2", lines=[line], total="30.00", due_on="2026-01-09", number="1043")

    found = await reader.get("invoices/i1")

    (credit,) = found.pop("credits")
    assert (credit["id"], credit["amount"], credit["reason"]) == ("cn1", {"amount": 1000, **USD}, "late")
    open_visit = ITEM | {
        "id": "v2",
        "status": "scheduled",
        "window": {"start": "2026-01-05T16:00:00.000Z", "end": "2026-01-05T18:00:00.000Z"},
        **dict.fromkeys(("technician", "contract_id", "subscription_id", "completed_at")),
        "has_proof": False,
    }
    payments = found.pop("payments")
    assert payments == await reader.walk("payments")
    assert [(one["id"], one["status"], one["failure_reason"]) for one in payments] == [
        ("y2", "succeeded", None),
        ("y1", "failed", "declined"),
    ]
    assert payments[0] == {
        "id": "y2",
        "status": "succeeded",
        "amount": {"amount": 5000, **USD},
        "refunded": {"amount": 0, **USD},
        "method": {"kind": "card", "brand": "visa", "last4": "4242"},
        "at": "2026-01-07T10:00:00.000Z",
        "invoice_id": "i1",
        "invoice_number": "1042",
        "failure_reason": None,
    }
    assert found == INVOICE | {
        "lines": [],
        "tax": {"amount": 0, **USD},
        "credited": {"amount": 1000, **USD},
        "paid": {"amount": 5000, **USD},
        "overpaid": {"amount": 0, **USD},
        "visits": [ITEM, open_visit],
        "contract_id": "c1",
        "subscription_id": None,
        "memo": "Thanks",
        "payable": True,
        "processing": None,
    }
    other = await reader.get("invoices/i2")
    assert other["overdue"] is True
    assert other["lines"] == [
        {"description": "Cleaning", "quantity": "1.5", "amount": {"amount": 3000, **USD}}
    ]


async def test_only_what_is_due_can_be_paid(desk: Desk, reader: Reader) -> None:
    for subject in ("i1", "i2", "i3"):
        await desk.say("invoice.issued", subject)
    await desk.say("invoice.voided", "i2")
    await desk.say("invoice.credited", "i3", amount=12000)

    payable = [(await reader.get(f"invoices/{subject}"))["payable"] for subject in ("i1", "i2", "i3")]
    assert payable == [True, False, False]


async def test_a_payment_is_out_of_sight_until_its_invoice_is_there(desk: Desk, reader: Reader) -> None:
    await desk.say("payment.succeeded", "y1")

    assert await reader.walk("payments") == []
    assert (await reader.get("activity"))["items"] == []
    assert (await reader.ask("invoices/i1")).status_code == 404

    await desk.say("invoice.issued", "i1")
    assert [one["invoice_number"] for one in await reader.walk("payments")] == ["1042"]
    assert len((await reader.get("activity"))["items"]) == 2


async def test_a_subscription_comes_with_its_appointments(desk: Desk, reader: Reader) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", window=window(NOW + timedelta(days=1)), subscription_id="s1")
    await desk.say("visit.booked", "v3", window=window(NOW), subscription_id="s1")
    await desk.say("visit.booked", "v4", window=window(NOW), subscription_id="s2")
    await desk.say("visit.booked", "v5", window=window(NOW - timedelta(days=1)), subscription_id="s1")

    found = await reader.get("subscriptions/s1")

    assert [one["id"] for one in found.pop("upcoming")] == ["v3", "v2"]
    assert found == {
        "id": "s1",
        "status": "active",
        "plan": "Weekly pool",
        "price": {"amount": 12000, **USD},
        "interval": "month",
        "current_period": {"start": "2026-01-01", "end": "2026-01-31"},
        "resumes_on": None,
        "ends_on": None,
        "next_visit_id": "v3",
        "items": [{"id": "a", "name": "Visit", "quantity": 4, "unit_amount": {"amount": 3000, **USD}}],
        "contract_id": "c1",
    }


async def test_a_contract_comes_with_its_terms_and_visits(desk: Desk, reader: Reader) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", window=window(NOW), contract_id="c1")
    await desk.say("visit.booked", "v3", window=window(NOW - timedelta(days=1)), contract_id="c1")

    found = await reader.get("contracts/c1")

    (listed,) = await reader.walk("contracts")
    assert found == listed | {
        "services": [{"name": "Pool cleaning", "cadence": "weekly"}],
        "terms": {"url": "/blue/media/contracts/c1/terms", **PDF},
        "signed_by": "Ada Field",
        "on_time_grace_minutes": 15,
        "visits": [ITEM],
        "upcoming": [found["upcoming"][0]],
    }
    assert [one["id"] for one in found["upcoming"]] == ["v2"]


async def test_a_contract_is_expired_from_the_day_after_its_end_at_the_business(
    desk: Desk, reader: Reader
) -> None:
    await desk.say("contract.signed", "c1", ends_on="2026-01-10")
    for moment, status in ((datetime(2026, 1, 11, 6, 59, tzinfo=UTC), "active"), (NOW, "active")):
        desk.now = moment
        assert (await reader.get("contracts/c1"))["status"] == status
    desk.now = datetime(2026, 1, 11, 7, tzinfo=UTC)
    assert (await reader.get("contracts/c1"))["status"] == "expired"
    assert [one["status"] for one in await reader.walk("contracts")] == ["expired"]


async def test_what_comes_next_is_found_behind_any_number_of_visits_without_an_update(
    desk: Desk, reader: Reader
) -> None:
    """A subscription and a contract keep their 30 soonest open visits; here these all await an update."""
    await desk.say("contract.signed", "c1")
    await desk.say("subscription.started", "s1")
    await desk.say("subscription.started", "s0")
    log = [
        desk.event(
            "visit.booked",
            f"v{day:02}",
            window=window(NOW + timedelta(days=day - 40)),
            contract_id="c1",
            subscription_id="s1",
        )
        for day in range(55)
    ]
    await desk.publish(log)

    ten = [f"v{day}" for day in range(40, 50)]
    subscription = await reader.get("subscriptions/s1")
    assert [one["id"] for one in subscription["upcoming"]] == ten
    assert subscription["next_visit_id"] == "v40"
    assert [one["id"] for one in (await reader.get("contracts/c1"))["upcoming"]] == ten
    assert [(one["id"], one["next_visit_id"]) for one in await reader.walk("subscriptions")] == [
        ("s0", None),
        ("s1", "v40"),
    ]
    assert sum(one["awaiting"] for one in await reader.walk("appointments", 10)) == 40


async def test_a_walk_neither_skips_nor_repeats_while_new_ones_arrive(desk: Desk, reader: Reader) -> None:
    """Between two parts something arrives before, between and behind what was read, and beside what has its key."""
    days = [NOW - timedelta(days=day) for day in range(12)]
    for number, day in enumerate(days):
        for twin in "ab":
            await desk.say("visit.booked", f"v{number:02}{twin}", window=window(day))
            await desk.say("visit.completed", f"v{number:02}{twin}")
            await desk.say("invoice.issued", f"i{number:02}{twin}", issued_on=f"{day:%Y-%m-%d}")

    for kind in ("visits", "invoices"):
        before = [one["id"] for one in await reader.walk(kind)]
        seen: list[str] = []
        cursor: Json = {}
        for step in range(99):
            part = await reader.get(kind, limit=5, **cursor)
            seen += [one["id"] for one in part["items"]]
            if part["next"] is None:
                break
            cursor = {"cursor": part["next"]}
            for number in (0, 6, 11):
                name = f"{kind[0]}{number:02}{step}"
                await desk.say("visit.booked", name, window=window(days[number]))
                await desk.say("visit.cancelled", name)
                await desk.say("invoice.issued", name, issued_on=f"{days[number]:%Y-%m-%d}")
        assert len(seen) == len(set(seen))
        assert [one for one in seen if one in before] == before


async def test_activity_is_the_latest_50_events_in_words(desk: Desk, reader: Reader) -> None:
    await desk.say("visit.booked", "v1", instructions="gate 7")
    for minute in range(60):
        at = datetime(2026, 1, 2, 9, minute, tzinfo=UTC)
        await desk.say("visit.rescheduled", "v1", at=at, reason="rain")
    await desk.say("invoice.issued", "i1", at=datetime(2026, 1, 2, 9, 30, 30, tzinfo=UTC))
    await desk.say("payment.succeeded", "y9", invoice_id="i9", at=NOW)

    items = (await reader.get("activity"))["items"]

    assert len(items) == 49  # the payment counts, but without its invoice it is not shown
    assert [one["at"] for one in items] == sorted((one["at"] for one in items), reverse=True)
    assert items[29] == {
        "id": items[29]["id"],
        "at": "2026-01-02T09:30:30.000Z",
        "what": "invoice.issued",
        "about": {"kind": "invoice", "id": "i1"},
        "title": "Invoice 1042 issued",
        "detail": "$120.00, due on Monday, January 19.",
    }
    assert items[0]["title"] == "Appointment moved: Pool cleaning"
    assert "Reason: rain" in items[0]["detail"]
    assert "gate" not in str(items)


PATHS: dict[str, dict[str, Any]] = {
    "appointments": {},
    "visits": {"status": ["missed", "completed"]},
    "visits/v1": {},
    "visits/v1/proof": {},
    "invoices": {"status": "open"},
    "invoices/i1": {},
    "payments": {},
    "subscriptions": {},
    "subscriptions/s1": {},
    "contracts": {},
    "contracts/c1": {},
    "contracts/c1/visits": {"counted": "late", "month": "2026-01"},
    "activity": {},
}


async def test_every_answer_is_one_document_or_one_index_range_and_then_those_it_names(
    desk: Desk, reader: Reader
) -> None:
    """As the server tells it: at most two questions, each answered by an index and in its order, and nothing read
    in vain but by narrowed lists."""
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", contract_id="c1", subscription_id="s1", window=window(NOW))
    database = desk.store.database
    await database.command("profile", 2)
    for path, query in PATHS.items():
        for asked in ({}, {"limit": 1}) if "/" not in path else ({},):
            await database["system.profile"].find_one()
            since = datetime.now(UTC)
            await reader.get(path, **query, **({} if path == "activity" else asked))
            operations = (
                await database["system.profile"]
                .find({"ns": f"{database.name}.views_1", "ts": {"$gte": since - timedelta(milliseconds=1)}})
                .to_list(None)
            )
            mine = [one for one in operations if not of_the_session(one["command"]["filter"])]
            assert 1 <= len(mine) <= 2, (path, mine)
            for one in mine:
                assert one["planSummary"].startswith("IXSCAN"), one
                assert not one.get("hasSortStage"), one
                assert one["docsExamined"] <= one["nreturned"] + 1, one
    await database.command("profile", 0)


def of_the_session(chosen: Json) -> bool:
    """Whether a question is the one for the business, or the one for the customer that a session belongs to."""
    return "slug" in chosen or chosen.get("_id") == {"$in": ["biz_1/cus_1"]}
