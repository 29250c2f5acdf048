"""Two businesses with customers in every state a page has, their days counted from now."""

import hashlib
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

SLUG = "clearwater"
LOUD = "loud"
MARIA = "maria@mail.test"
"""A customer of Clearwater with something of everything."""
TWICE = "owner@mail.test"
"""An address of two customers of Clearwater."""
NEW = "new@mail.test"
"""A customer of Clearwater to whom nothing has happened yet."""
TILL = "till"
PAYERS = [f"payer{number}@mail.test" for number in range(1, 13)]
"""Customers of a business that takes payments online, with one open invoice each."""
SPANISH = "ana@mail.test"
"""A customer, who reads Spanish, of a business whose colour is pure yellow and whose names are very long."""
NOIR = "noir"
SOMBRE = "sam@mail.test"
"""A customer of a business whose colour is black."""
TURNING = "tess@mail.test"
"""A customer, of the same business, with visits in New York on the days on which its clocks change."""
MANY = "many@mail.test"
"""A customer of Clearwater with 200 visits and 200 invoices."""
LONG = "Poolreinigungsunddesinfektionsmittelnachfülldienstvertragsleistung " * 3
"""A name that hardly breaks."""


def picture() -> bytes:
    """A logo: four drops in a row."""
    image = Image.new("RGBA", (176, 44))
    for number in range(4):
        ImageDraw.Draw(image).ellipse((44 * number + 4, 4, 44 * number + 40, 40), fill="#0f6e84")
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def photo(colour: str) -> bytes:
    """A picture of water, as a JPEG."""
    image = Image.new("RGB", (1200, 900), colour)
    ImageDraw.Draw(image).ellipse((300, 250, 900, 650), fill="#7fc6d8", outline="#ffffff", width=12)
    written = io.BytesIO()
    image.save(written, "JPEG")
    return written.getvalue()


LOGO = picture()
BEFORE, AFTER = photo("#6b7f4a"), photo("#1f8fa8")
FILES = {"branding/logo.png": LOGO, "photos/before.jpg": BEFORE, "photos/after.jpg": AFTER}
"""What lies in the media store of each business, by key."""


def media(key: str) -> dict[str, Any]:
    """A file as events name it."""
    content = FILES[key]
    return {
        "key": key,
        "content_type": "image/png" if key.endswith("png") else "image/jpeg",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **({} if key.endswith("png") else {"width": 1200, "height": 900}),
    }


LOGO_MEDIA = media("branding/logo.png")

NOW = datetime.now(UTC).replace(microsecond=0)
ZONE = "America/Phoenix"


def at(**later: float) -> str:
    """A moment counted from now, as ServiceHub writes it."""
    return (NOW + timedelta(**later)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def on(days: int) -> str:
    """A date counted from today."""
    return (NOW + timedelta(days=days)).date().isoformat()


def window(days: float = 0, hours: float = 0) -> dict[str, str]:
    """Two hours that begin so much later than now."""
    return {"start": at(days=days, hours=hours), "end": at(days=days, hours=hours + 2)}


class EventLog:
    """Events in the order they are written, one CloudEvent in structured JSON a line."""

    def __init__(self, sequence: int = 0) -> None:
        """What it says of an entity has sequences above `sequence`."""
        self._lines: list[str] = []
        self._sequences: Counter[tuple[str, str, str]] = Counter()
        self._first = sequence

    def add(self, kind: str, owner: str, subject: str, /, **data: Any) -> None:
        """Adds an event of type `servicehub.{kind}`; `owner` is its partition key."""
        business, _, customer = owner.partition("/")
        entity = (business, kind.partition(".")[0], subject)
        self._sequences[entity] += 1
        event = {
            "specversion": "1.0",
            "id": f"e2e-{self._first}-{len(self._lines)}",
            "source": "/servicehub/e2e",
            "type": f"servicehub.{kind}",
            "subject": subject,
            "time": at(minutes=len(self._lines) / 60 - 30),
            "datacontenttype": "application/json",
            "businessid": business,
            "partitionkey": owner,
            "sequence": str(self._first + self._sequences[entity]),
            "sequencetype": "Integer",
            "data": data,
        }
        self._lines.append(json.dumps(event | ({"customerid": customer} if customer else {})))

    def write(self, path: Path) -> None:
        """Writes the log for `portal publish`."""
        path.write_text("\n".join(self._lines) + "\n")


def log() -> EventLog:
    """All that happened."""
    made = EventLog()
    business(made, "biz_c", SLUG, "Clearwater Pools", "#0f6e84", "en-US", logo=LOGO_MEDIA)
    business(
        made, "biz_l", LOUD, "Piscinas & Jardines <Loud> of the Extraordinarily Long Name", "#ffff00", "es-US"
    )
    customer(made, "biz_c/cus_1", "Maria Gonzalez", MARIA, "12 Palm Way")
    customer(made, "biz_c/cus_2", "Olive Owner", TWICE, "3 Desert Road")
    customer(made, "biz_c/cus_3", "Owner Rentals LLC", TWICE, "400 Long Street")
    customer(made, "biz_c/cus_4", "Nora New", NEW, "1 First Street")
    business(made, "biz_n", NOIR, "Noir Estates", "#000000", "en-US")
    customer(made, "biz_c/cus_5", "Max Many", MANY, "5 Fifth Street")
    customer(made, "biz_l/cus_1", "Ana <b>Ávila</b>", SPANISH, "Calle 5", locale="es-US")
    customer(made, "biz_n/cus_1", "Sam Sombre", SOMBRE, "9 Dark Lane")
    customer(made, "biz_n/cus_2", "Tess Turning", TURNING, "2 Clock Street")
    history(made, "biz_c/cus_1")
    history(made, "biz_l/cus_1", LONG.strip())
    history(made, "biz_n/cus_1")
    many(made, "biz_c/cus_5")
    turning(made, "biz_n/cus_2")
    business(made, "biz_t", TILL, "Till & Daughters", "#7a1f4b", "en-US")
    made.add("business.payments_connected.v1", "biz_t", "biz_t", stripe_account_id="acct_till_e2e")
    for number, email in enumerate(PAYERS):
        customer(made, f"biz_t/cus_{number}", "Penny Payer", email, "1 Coin Street")
        made.add("invoice.issued.v2", f"biz_t/cus_{number}", f"inv_{number}", **OPEN_INVOICE)
    return made


OPEN_INVOICE: dict[str, Any] = {
    "number": "2001",
    "issued_on": on(-3),
    "due_on": on(11),
    "currency": "usd",
    "lines": [{"description": "Pool cleaning", "quantity": "1", "amount": 12000}],
    "tax": 0,
    "total": 12000,
}


def business(
    made: EventLog, name: str, slug: str, title: str, colour: str, locale: str, **branding: Any
) -> None:
    """A business with a colour and whatever else its branding has."""
    made.add(
        "business.registered.v1",
        name,
        name,
        name=title,
        slug=slug,
        timezone=ZONE,
        locale=locale,
        currency="usd",
        branding={"primary_color": colour, **branding},
        support={"email": f"help@{slug}.test", "phone": "+1 602 555 0142"},
    )


def customer(made: EventLog, owner: str, name: str, email: str, line: str, **more: str) -> None:
    """A customer with one address to be served at."""
    address = {"id": "adr_1", "line1": line, "city": "Phoenix", "postal_code": "85001", "country": "US"}
    made.add(
        "customer.registered.v1",
        owner,
        owner.partition("/")[2],
        name=name,
        emails=[email],
        addresses=[address],
        **more,
    )


def history(made: EventLog, owner: str, service: str = "Pool cleaning") -> None:
    """Something of everything that home shows."""
    made.add(
        "contract.signed.v1",
        owner,
        "con_1",
        number="C-7",
        title="Full pool service" if service == "Pool cleaning" else service,
        starts_on=on(-200),
        services=[{"name": "Pool cleaning", "cadence": "every week"}],
        sla={"on_time_grace_minutes": 10, "completion_target": 0.95, "on_time_target": 0.9},
    )
    for week in range(1, 9):
        visit(made, owner, f"vis_{week}", window(days=-7 * week), service, contract_id="con_1")
        arrived = at(days=-7 * week, hours=5 if week == 4 else 1)
        made.add("visit.started.v1", owner, f"vis_{week}", arrived_at=arrived)
        made.add("visit.completed.v1", owner, f"vis_{week}", completed_at=at(days=-7 * week, hours=6))
    proof(made, owner, "vis_1")
    called_off(made, owner, service)
    visit(made, owner, "vis_20", window(days=-3), service)
    visit(made, owner, "vis_21", window(hours=-3), service, technician={"id": "t_1", "name": "Sam Ortiz"})
    made.add("visit.started.v1", owner, "vis_21", arrived_at=at(hours=-3))
    visit(
        made,
        owner,
        "vis_22",
        window(days=1),
        service,
        technician={"id": "t_1", "name": "Sam Ortiz"},
        contract_id="con_1",
    )
    visit(
        made, owner, "vis_23", window(days=40), service, timezone="America/New_York", subscription_id="sub_1"
    )
    for number, due in (("1041", on(-9)), ("1042", on(10))):
        invoice(made, owner, number, on(-20), due)
    method = {"kind": "card", "brand": "visa", "last4": "4242"}
    made.add(
        "payment.succeeded.v1",
        owner,
        "pay_1",
        invoice_id="inv_1041",
        amount=8000,
        currency="usd",
        method=method,
        paid_at=at(days=-2),
    )
    made.add(
        "subscription.started.v1",
        owner,
        "sub_1",
        plan={"id": "weekly", "name": "Weekly pool care"},
        items=[{"id": "item_1", "name": "Cleaning", "quantity": 1, "unit_amount": 12900}],
        currency="usd",
        interval="month",
        current_period={"start": on(-10), "end": on(20)},
    )


def visit(
    made: EventLog, owner: str, name: str, when: dict[str, str], service: str = "Pool cleaning", **more: Any
) -> None:
    """An appointment."""
    about = {"id": "srv_1", "name": service}
    made.add("visit.booked.v1", owner, name, service=about, window=when, **{"timezone": ZONE, **more})


def proof(made: EventLog, owner: str, name: str) -> None:
    """Two pairs of photos, another photo, a signature and a note of a visit, shared as a pack."""
    kinds = [
        ("before", "Skimmer"),
        ("before", "Floor"),
        ("after", "Skimmer"),
        ("after", "Floor"),
        (None, "Pump"),
    ]
    items = []
    for number, (stage, caption) in enumerate(kinds):
        items.append(f"prf_{number}")
        shown = {"stage": stage} if stage else {}
        made.add(
            "proof.uploaded.v1",
            owner,
            items[-1],
            visit_id=name,
            kind="photo",
            caption=caption,
            media=media(f"photos/{stage or 'after'}.jpg"),
            captured_at=at(days=-7, hours=2),
            **shown,
        )
    made.add(
        "proof.uploaded.v1",
        owner,
        "prf_8",
        visit_id=name,
        kind="signature",
        media=media("photos/after.jpg"),
        captured_at=at(days=-7, hours=3),
    )
    made.add(
        "proof.uploaded.v1",
        owner,
        "prf_9",
        visit_id=name,
        kind="note",
        text="The gate was open.",
        captured_at=at(days=-7, hours=3),
    )
    made.add("proof_pack.published.v1", owner, "pck_1", visit_id=name, items=[*items, "prf_8", "prf_9"])


def called_off(made: EventLog, owner: str, service: str) -> None:
    """Two visits that did not take place through no fault of the business."""
    visit(made, owner, "vis_30", window(days=-10), service, contract_id="con_1")
    made.add("visit.missed.v1", owner, "vis_30", responsible="customer", reason="The gate was locked")
    visit(made, owner, "vis_31", window(days=-12), service, contract_id="con_1")
    made.add("visit.cancelled.v1", owner, "vis_31", cancelled_by="customer", reason="On holiday")


def turning(made: EventLog, owner: str) -> None:
    """A visit while the clocks go back, one the day before they go forward, and one in the morning after."""
    for name, start, end in (
        ("vis_back", "2026-11-01T05:45:00.000Z", "2026-11-01T06:15:00.000Z"),
        ("vis_eve", "2027-03-13T14:00:00.000Z", "2027-03-13T16:00:00.000Z"),
        ("vis_forth", "2027-03-14T13:00:00.000Z", "2027-03-14T15:00:00.000Z"),
    ):
        visit(made, owner, name, {"start": start, "end": end}, timezone="America/New_York")
    made.add("visit.started.v1", owner, "vis_back", arrived_at="2026-11-01T06:20:00.000Z")
    made.add("visit.completed.v1", owner, "vis_back", completed_at="2026-11-01T07:30:00.000Z")


def many(made: EventLog, owner: str) -> None:
    """200 visits and as many invoices."""
    for number in range(200):
        visit(made, owner, f"vis_m{number}", window(days=-number - 1))
        made.add("visit.completed.v1", owner, f"vis_m{number}", completed_at=at(days=-number - 1, hours=2))
        invoice(made, owner, f"m{number}", on(-number - 1), on(14))


def invoice(made: EventLog, owner: str, number: str, issued_on: str, due_on: str) -> None:
    """An invoice of one line."""
    made.add(
        "invoice.issued.v2",
        owner,
        f"inv_{number}",
        number=number,
        issued_on=issued_on,
        due_on=due_on,
        currency="usd",
        lines=[{"description": "Pool cleaning", "quantity": "1", "amount": 12900}],
        tax=0,
        total=12900,
    )
