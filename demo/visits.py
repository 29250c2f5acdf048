"""Life of a visit: from the booking to the proof of the work."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from demo.companies.company import CompanyService
from demo.customers import DemoCustomer
from demo.event_log import stamp
from demo.media_folder import index_by_id

WINDOW = timedelta(hours=2)

VisitOutcome = Literal[
    "on time", "late", "untimed", "no proof", "postponed", "reopened",
    "missed by business", "missed by customer", "missed by other", "cancelled by customer", "cancelled by business",
]  # fmt: skip

FATES: dict[VisitOutcome, float] = {
    "on time": 75,
    "late": 6,
    "untimed": 2,
    "no proof": 3,
    "postponed": 5,
    "reopened": 0.7,
    "missed by business": 1.5,
    "missed by customer": 1,
    "missed by other": 1,
    "cancelled by customer": 1.5,
    "cancelled by business": 0.8,
}
"""How often what happens."""

STRAINED: dict[VisitOutcome, float] = FATES | {"late": 19, "no proof": 9, "missed by business": 6}
"""The same for half a year in which the business had too few people."""

LATE_BY = (4, 9, 12, 17, 21, 26, 33, 38, 47, 61, 84)
"""Minutes behind the window."""


@dataclass(frozen=True)
class DemoVisit:
    """A visit that was booked."""

    id: str
    service: CompanyService
    start: datetime
    """Of the promised window."""
    contract: str | None = None
    subscription: str | None = None

    @property
    def end(self) -> datetime:
        """End of the promised window."""
        return self.start + WINDOW


def book(
    customer: DemoCustomer,
    service: CompanyService,
    start: datetime,
    booked_at: datetime,
    contract: str | None = None,
    subscription: str | None = None,
) -> DemoVisit:
    """Promises a window of two hours."""
    visit = DemoVisit(customer.new_id("vis"), service, start, contract, subscription)
    customer.say(
        booked_at,
        "visit.booked.v1",
        visit.id,
        service={"id": service.id, "name": service.name},
        window={"start": visit.start, "end": visit.end},
        timezone=customer.company.zone,
        address=customer.address(),
        technician=customer.technician_data(),
        contract_id=contract,
        subscription_id=subscription,
        instructions=customer.instructions,
    )
    return visit


def take_course(customer: DemoCustomer, visit: DemoVisit, strained: bool) -> VisitOutcome:
    """Draw what becomes of a booked visit and say it."""
    fates = STRAINED if strained else FATES
    fate = customer.random.choices(list(fates), list(fates.values()))[0]
    words = customer.company.words
    if fate.startswith("missed by "):
        responsible: Any = fate.removeprefix("missed by ")
        reason = customer.random.choice(words.missed[responsible])
        at = visit.end + customer.minutes(5, 90)
        customer.say(at, "visit.missed.v1", visit.id, responsible=responsible, reason=reason)
        return fate
    if fate.startswith("cancelled by "):
        by: Any = fate.removeprefix("cancelled by ")
        reason = customer.random.choice(words.cancelled[by])
        at = visit.start - customer.minutes(240, 3_000)
        customer.say(at, "visit.cancelled.v1", visit.id, cancelled_by=by, reason=reason)
        return fate
    if customer.chance(7):
        other = customer.random.choice(customer.company.technicians)
        at = visit.start - customer.minutes(400, 900)
        customer.say(at, "visit.technician_assigned.v1", visit.id, technician=customer.technician_data(other))
    start = visit.start
    if fate == "postponed":
        start = postpone(customer, visit, visit.start - customer.minutes(600, 2_500))
    elif fate == "reopened":
        # Somebody pressed the button at the wrong stop; the visit itself comes later that day.
        wrongly = visit.start - customer.minutes(20, 50)
        customer.say(wrongly, "visit.completed.v1", visit.id, completed_at=wrongly)
        customer.say(wrongly + customer.minutes(3, 9), "visit.reopened.v1", visit.id, reason=words.reopened)
    arrived = start + customer.minutes(-12, 105)
    if fate == "late":
        arrived = visit.end + timedelta(minutes=customer.random.choice(LATE_BY), seconds=20)
    took = customer.minutes(visit.service.minutes * 0.8, visit.service.minutes * 1.3)
    carry_out(
        customer, visit, arrived, arrived + took, known_arrival=fate != "untimed", proof=fate != "no proof"
    )
    return fate


def postpone(customer: DemoCustomer, visit: DemoVisit, at: datetime) -> datetime:
    """Move a visit by a day or two and give the start of its new window."""
    by: Literal["customer", "business"] = "customer" if customer.chance(60) else "business"
    start = visit.start + timedelta(days=customer.random.choice((1, 1, 2)))
    customer.say(
        at,
        "visit.rescheduled.v1",
        visit.id,
        window={"start": start, "end": start + WINDOW},
        requested_by=by,
        reason=customer.random.choice(customer.company.words.rescheduled[by]),
    )
    return start


def carry_out(
    customer: DemoCustomer,
    visit: DemoVisit,
    arrived: datetime,
    completed: datetime,
    *,
    known_arrival: bool = True,
    proof: bool = True,
    drive: timedelta = timedelta(minutes=22),
    paperwork: timedelta = timedelta(minutes=9),
) -> None:
    """Say that somebody sets out, arrives, works, completes the visit, and publish the proof."""
    random, service = customer.random, visit.service
    if known_arrival:
        customer.say(arrived - drive, "visit.dispatched.v1", visit.id, eta=arrived.replace(second=0))
        customer.say(arrived, "visit.started.v1", visit.id, arrived_at=arrived)
    items = take_pictures(customer, visit, arrived, completed) if proof else []
    readings = {"chlorine": f"{random.uniform(1.6, 3.6):.1f}", "ph": f"{random.uniform(7.3, 7.7):.1f}"}
    undone = random.randrange(len(service.tasks)) if customer.chance(6) else None
    customer.say(
        completed,
        "visit.completed.v1",
        visit.id,
        completed_at=completed,
        summary=random.choice(service.summaries).format(**readings),
        tasks=[{"name": name, "done": index != undone} for index, name in enumerate(service.tasks)],
    )
    if items:
        publish_proof(customer, visit, items, completed, paperwork)


def take_pictures(
    customer: DemoCustomer, visit: DemoVisit, arrived: datetime, completed: datetime
) -> list[str]:
    """Upload photos from before and after the work, at times a note or a signature; ids in display order."""
    random, company = customer.random, customer.company
    took = completed - arrived
    items: list[str] = []

    def upload(share: float, kind: str, caption: str, **data: Any) -> None:
        """`share` of the visit's time has passed then."""
        item = customer.new_id("prf")
        captured = arrived + took * share
        caption = random.choice(company.words.captions[caption])
        customer.say(
            captured + took * 0.01,
            "proof.uploaded.v1",
            item,
            visit_id=visit.id,
            kind=kind,
            caption=caption,
            captured_at=captured,
            location=customer.location,
            **data,
        )
        items.append(item)

    def photo(share: float, subject: str, stage: str, caption: str) -> None:
        media = customer.library.media(company.id, f"photos/{subject}-{stage}.webp")
        upload(share, "photo", caption, stage=stage, media=media)

    yard = f"{company.scene}-{index_by_id(customer.id, company.yards)}"
    details = [name for name in visit.service.details if customer.chance(55)]
    for stage, begin in (("before", 0.05), ("after", 0.85)):
        photo(begin, yard, stage, stage)
        for index, name in enumerate(details):
            photo(begin + 0.03 * (index + 1), name, stage, name)
    if customer.chance(8):
        number = index_by_id(customer.id, company.signatures)
        signature = customer.library.media(company.id, f"signatures/{number}.webp")
        upload(0.97, "signature", "signature", media=signature)
    if customer.chance(10):
        item = customer.new_id("prf")
        at = arrived + took * 0.98
        text = random.choice(company.words.notes)
        customer.say(at, "proof.uploaded.v1", item, visit_id=visit.id, kind="note", text=text, captured_at=at)
        items.append(item)
    return items


def publish_proof(
    customer: DemoCustomer, visit: DemoVisit, items: list[str], completed: datetime, paperwork: timedelta
) -> None:
    """Publish the pack; now and then an item is retracted later, or the pack replaced."""
    company = customer.company
    at, pack = completed + paperwork, customer.new_id("pck")
    document = None
    if visit.service is not company.regular:
        lines = (f"{visit.service.name} · {customer.name}", stamp(completed), *visit.service.tasks)
        document = customer.library.document(
            company.id, f"reports/{visit.id}.pdf", company.words.report, lines
        )
    customer.say(at, "proof_pack.published.v1", pack, visit_id=visit.id, items=items, document=document)
    if customer.chance(1):
        customer.say(
            at + customer.minutes(60, 2_000),
            "proof.retracted.v1",
            items[-1],
            visit_id=visit.id,
            reason=company.words.retracted,
        )
    elif customer.chance(1):
        again = at + customer.minutes(60, 600)
        customer.say(
            again, "proof_pack.withdrawn.v1", pack, visit_id=visit.id, reason=company.words.retracted
        )
        customer.say(
            again + customer.minutes(2, 9),
            "proof_pack.published.v1",
            customer.new_id("pck"),
            visit_id=visit.id,
            items=items[:-1] or items,
            document=document,
        )
