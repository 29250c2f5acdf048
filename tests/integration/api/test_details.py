"""Visits and invoices as they are served."""

from tests.integration.api.full_visit import ADDRESS, INVOICE, ITEM, PACK, USD, a_visit_with_all_there_is
from tests.integration.api.harness import ApiClient, ApiHarness


async def test_a_visit_comes_with_all_that_belongs_to_it(desk: ApiHarness, reader: ApiClient) -> None:
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


async def test_a_visit_of_which_little_is_known_misses_no_key(desk: ApiHarness, reader: ApiClient) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", contract_id="never_signed")

    full, bare = await reader.get("visits/v1"), await reader.get("visits/v2")

    assert bare.keys() == full.keys()
    assert bare["awaiting"] is True
    assert bare["contract_id"] == "never_signed"
    empty = ("address", "technician", "technician_photo_url", "contract", "subscription", "proof", "reason")
    assert [bare[name] for name in empty] == [None] * len(empty)
    assert [one["id"] for one in bare["invoices"]] == ["i1"]


async def test_a_withdrawn_pack_is_gone_and_why_is_nobodys_business(
    desk: ApiHarness, reader: ApiClient
) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("proof_pack.withdrawn", "k1", reason="another garden")

    visit = await reader.ask("visits/v1")

    assert (visit.json()["proof"], visit.json()["has_proof"]) == (None, False)
    assert visit.json()["timeline"][-1]["what"] == "proof_pack.withdrawn"
    assert (await reader.ask("visits/v1/proof")).status_code == 404
    for answer in (visit, await reader.ask("activity")):
        assert "another garden" not in answer.text


async def test_an_invoice_comes_with_lines_credits_payments_and_visits(
    desk: ApiHarness, reader: ApiClient
) -> None:
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


async def test_only_what_is_due_can_be_paid(desk: ApiHarness, reader: ApiClient) -> None:
    for subject in ("i1", "i2", "i3"):
        await desk.say("invoice.issued", subject)
    await desk.say("invoice.voided", "i2")
    await desk.say("invoice.credited", "i3", amount=12000)

    payable = [(await reader.get(f"invoices/{subject}"))["payable"] for subject in ("i1", "i2", "i3")]
    assert payable == [True, False, False]


async def test_a_payment_is_out_of_sight_until_its_invoice_is_there(
    desk: ApiHarness, reader: ApiClient
) -> None:
    await desk.say("payment.succeeded", "y1")

    assert await reader.walk("payments") == []
    assert (await reader.get("activity"))["items"] == []
    assert (await reader.ask("invoices/i1")).status_code == 404

    await desk.say("invoice.issued", "i1")
    assert [one["invoice_number"] for one in await reader.walk("payments")] == ["1042"]
    assert len((await reader.get("activity"))["items"]) == 2
