"""Activity as it is served."""

from datetime import UTC, datetime

from tests.integration.api.full_visit import NOW
from tests.integration.api.harness import ApiClient, ApiHarness


async def test_activity_is_the_latest_50_events_in_words(desk: ApiHarness, reader: ApiClient) -> None:
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
