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
SPANISH = "ana@mail.test"
"""A customer, who reads Spanish, of a business whose colour is pure yellow."""


def picture() -> bytes:
    """A logo: four drops in a row."""
    image = Image.new("RGBA", (176, 44))
    for number in range(4):
        ImageDraw.Draw(image).ellipse((44 * number + 4, 4, 44 * number + 40, 40), fill="#0f6e84")
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


LOGO = picture()
LOGO_KEY = "branding/logo.png"
LOGO_MEDIA = {
    "key": LOGO_KEY,
    "content_type": "image/png",
    "bytes": len(LOGO),
    "sha256": hashlib.sha256(LOGO).hexdigest(),
}

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


class Log:
    """Events in the order they are written, one CloudEvent in structured JSON a line."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._sequences: Counter[tuple[str, str, str]] = Counter()

    def add(self, kind: str, owner: str, subject: str, **data: Any) -> None:
        """Adds an event of type `servicehub.{kind}`; `owner` is its partition key."""
        business, _, customer = owner.partition("/")
        entity = (business, kind.partition(".")[0], subject)
        self._sequences[entity] += 1
        event = {
            "specversion": "1.0",
            "id": f"e2e-{len(self._lines)}",
            "source": "/servicehub/e2e",
            "type": f"servicehub.{kind}",
            "subject": subject,
            "time": at(minutes=len(self._lines) / 60 - 30),
            "datacontenttype": "application/json",
            "businessid": business,
            "partitionkey": owner,
            "sequence": str(self._sequences[entity]),
            "sequencetype": "Integer",
            "data": data,
        }
        self._lines.append(json.dumps(event | ({"customerid": customer} if customer else {})))

    def write(self, path: Path) -> None:
        """Writes the log for `portal publish`."""
        path.write_text("\n".join(self._lines) + "\n")


def log() -> Log:
    """All that happened."""
    made = Log()
    business(made, "biz_c", SLUG, "Clearwater Pools", "#0f6e84", "en-US", logo=LOGO_MEDIA)
    business(
        made, "biz_l", LOUD, "Piscinas & Jardines <Loud> of the Extraordinarily Long Name", "#ffff00", "es-US"
    )
    customer(made, "biz_c/cus_1", "Maria Gonzalez", MARIA, "12 Palm Way")
    customer(made, "biz_c/cus_2", "Olive Owner", TWICE, "3 Desert Road")
    customer(made, "biz_c/cus_3", "Owner Rentals LLC", TWICE, "400 Long Street")
    customer(made, "biz_c/cus_4", "Nora New", NEW, "1 First Street")
    customer(made, "biz_l/cus_1", "Ana <b>Ávila</b>", SPANISH, "Calle 5")
    for owner in ("biz_c/cus_1", "biz_l/cus_1"):
        history(made, owner)
    return made


def business(made: Log, name: str, slug: str, title: str, colour: str, locale: str, **branding: Any) -> None:
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


def customer(made: Log, owner: str, name: str, email: str, line: str) -> None:
    """A customer with one address to be served at."""
    address = {"id": "adr_1", "line1": line, "city": "Phoenix", "postal_code": "85001", "country": "US"}
    made.add(
        "customer.registered.v1",
        owner,
        owner.partition("/")[2],
        name=name,
        emails=[email],
        addresses=[address],
    )


def history(made: Log, owner: str) -> None:
    """Something of everything that home shows."""
    made.add(
        "contract.signed.v1",
        owner,
        "con_1",
        number="C-7",
        title="Full pool service",
        starts_on=on(-200),
        services=[{"name": "Pool cleaning", "cadence": "every week"}],
        sla={"on_time_grace_minutes": 10, "completion_target": 0.95, "on_time_target": 0.9},
    )
    for week in range(1, 9):
        visit(made, owner, f"vis_{week}", window(days=-7 * week), contract_id="con_1")
        arrived = at(days=-7 * week, hours=5 if week == 4 else 1)
        made.add("visit.started.v1", owner, f"vis_{week}", arrived_at=arrived)
        made.add("visit.completed.v1", owner, f"vis_{week}", completed_at=at(days=-7 * week, hours=6))
    visit(made, owner, "vis_20", window(days=-3))
    visit(made, owner, "vis_21", window(hours=-3), technician={"id": "t_1", "name": "Sam Ortiz"})
    made.add("visit.started.v1", owner, "vis_21", arrived_at=at(hours=-3))
    visit(
        made,
        owner,
        "vis_22",
        window(days=1),
        technician={"id": "t_1", "name": "Sam Ortiz"},
        contract_id="con_1",
    )
    visit(made, owner, "vis_23", window(days=40), timezone="America/New_York", subscription_id="sub_1")
    for number, due in (("1041", on(-9)), ("1042", on(10))):
        made.add(
            "invoice.issued.v2",
            owner,
            f"inv_{number}",
            number=number,
            issued_on=on(-20),
            due_on=due,
            currency="usd",
            lines=[{"description": "Pool cleaning", "quantity": "1", "amount": 12900}],
            tax=0,
            total=12900,
        )
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


def visit(made: Log, owner: str, name: str, when: dict[str, str], **more: Any) -> None:
    """An appointment."""
    service = {"id": "srv_1", "name": "Pool cleaning"}
    made.add("visit.booked.v1", owner, name, service=service, window=when, **{"timezone": ZONE, **more})
