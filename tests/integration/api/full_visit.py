"""A visit with all there is, and how it is served."""

from datetime import UTC, datetime, timedelta

from tests.integration.api.harness import ApiHarness, Json

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


def window(start: datetime) -> Json:
    """Two hours."""
    return {
        name: at.isoformat().replace("+00:00", "Z")
        for name, at in (("start", start), ("end", start + timedelta(hours=2)))
    }


async def a_visit_with_all_there_is(desk: ApiHarness) -> None:
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
