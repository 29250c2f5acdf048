"""Customers with a visit a week: the logs that the benchmarks publish, and that ten years are measured with."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]

WEEK = timedelta(weeks=1)


def business(name: str, at: datetime) -> Json:
    """Return a business by its id, and a slug like it; as one CloudEvent in structured JSON."""
    data = {
        "name": "Blue Pools",
        "slug": name.replace("_", "-"),
        "timezone": "America/Phoenix",
        "locale": "en-US",
        "currency": "usd",
        "branding": {"primary_color": "#0a6c8e"},
        "support": {"email": "office@blue.test"},
    }
    return _EventFactory(name, None).event("business.registered", name, 1, at, data)


def begin(name: str, customer: str, at: datetime) -> Iterator[Json]:
    """Yield a customer of a business signs a contract and takes a plan."""
    say = _EventFactory(name, customer).event
    yield say(
        "customer.registered", customer, 1, at, {"name": "Ada Field", "emails": [f"{customer}@mail.test"]}
    )
    yield say(
        "contract.signed",
        f"con_{customer}",
        1,
        at,
        {
            "number": "C-7",
            "title": "Pool care",
            "starts_on": at.date().isoformat(),
            "services": [{"name": "Pool cleaning", "cadence": "weekly"}],
            "sla": {"on_time_grace_minutes": 15, "on_time_target": 0.9},
        },
    )
    yield say(
        "subscription.started",
        f"sub_{customer}",
        1,
        at,
        {
            "plan": {"id": "pln_1", "name": "Weekly pool"},
            "items": [{"id": "itm_1", "name": "Pool cleaning", "quantity": 4, "unit_amount": 3000}],
            "currency": "usd",
            "interval": "month",
            "current_period": {"start": "2026-01-01", "end": "2026-01-31"},
            "contract_id": f"con_{customer}",
        },
    )


def week(name: str, customer: str, number: int, begin_at: datetime, photos: int = 1) -> Iterator[Json]:
    """Yield the events of a week: its visit with photos in a Proof Pack, an invoice of it, which is paid."""
    say = _EventFactory(name, customer).event
    start = begin_at + number * WEEK
    visit, invoice = f"vis_{customer}_{number}", f"inv_{customer}_{number}"
    yield say(
        "visit.booked",
        visit,
        1,
        start - timedelta(days=6),
        {
            "service": {"id": "srv_1", "name": "Pool cleaning"},
            "window": {"start": _text(start), "end": _text(start + timedelta(hours=2))},
            "timezone": "America/Phoenix",
            "technician": {"id": "tec_1", "name": "Sam Ortiz"},
            "contract_id": f"con_{customer}",
            "subscription_id": f"sub_{customer}",
        },
    )
    arrived = start + timedelta(minutes=number % 5 * 40)
    yield say("visit.started", visit, 2, arrived, {"arrived_at": _text(arrived)})
    done = arrived + timedelta(hours=1)
    proofs = [f"prf_{customer}_{number}" + ("" if not taken else f"_{taken}") for taken in range(photos)]
    for taken, proof in enumerate(proofs):
        photo = {
            "visit_id": visit,
            "kind": "photo",
            "media": {
                "key": f"{proof}.jpg",
                "content_type": "image/jpeg",
                "bytes": 180_000,
                "sha256": f"{number * photos + taken:064}",
            },
            "captured_at": _text(done),
        }
        yield say("proof.uploaded", proof, 1, done, photo)
    yield say(
        "visit.completed", visit, 3, done, {"completed_at": _text(done), "summary": "Brushed and balanced."}
    )
    pack = {"visit_id": visit, "items": proofs}
    yield say("proof_pack.published", f"pck_{customer}_{number}", 1, done, pack)
    issued = {
        "number": str(1000 + number),
        "issued_on": done.date().isoformat(),
        "due_on": (done + 2 * WEEK).date().isoformat(),
        "currency": "usd",
        "lines": [{"description": "Pool cleaning", "quantity": "1", "amount": 12900}],
        "tax": 0,
        "total": 12900,
        "visit_ids": [visit],
    }
    yield say("invoice.issued", invoice, 1, done, issued, version=2)
    paid = {
        "invoice_id": invoice,
        "amount": 12900,
        "currency": "usd",
        "method": {"kind": "card", "brand": "visa", "last4": "4242"},
        "paid_at": _text(done + timedelta(days=1)),
    }
    yield say("payment.succeeded", f"pay_{customer}_{number}", 1, done + timedelta(days=1), paid)


def technician(name: str, customer: str, number: int, sequence: int, at: datetime, who: str) -> Json:
    """Somebody else comes to the visit of a week."""
    data = {"technician": {"id": "tec_2", "name": who}}
    say = _EventFactory(name, customer).event
    return say("visit.technician_assigned", f"vis_{customer}_{number}", sequence, at, data)


class _EventFactory:
    """Factory of events that share the envelope of one customer or business."""

    def __init__(self, name: str, customer: str | None) -> None:
        self._owner = {"businessid": name, "partitionkey": f"{name}/{customer}" if customer else name}
        if customer:
            self._owner["customerid"] = customer

    def event(
        self, what: str, subject: str, sequence: int, at: datetime, data: Json, version: int = 1
    ) -> Json:
        return {
            "specversion": "1.0",
            "id": f"{self._owner['partitionkey']}/{what}/{subject}/{sequence}",
            "source": "/servicehub/bench",
            "type": f"servicehub.{what}.v{version}",
            "subject": subject,
            "time": _text(at),
            "datacontenttype": "application/json",
            "sequence": str(sequence),
            "sequencetype": "Integer",
            **self._owner,
            "data": data,
        }


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
