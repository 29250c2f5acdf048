"""Visits from the booking to the proof of the work."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from demo.companies.company import CompanyService
from demo.customers import DemoCustomer
from demo.event_log import format_timestamp
from demo.media_folder import index_by_id

WINDOW_LENGTH = timedelta(hours=2)

VisitOutcome = Literal[
    "on time", "late", "arrival unknown", "no proof", "rescheduled", "reopened",
    "missed by business", "missed by customer", "missed by other", "cancelled by customer", "cancelled by business",
]  # fmt: skip

OUTCOME_WEIGHTS: dict[VisitOutcome, float] = {
    "on time": 75,
    "late": 6,
    "arrival unknown": 2,
    "no proof": 3,
    "rescheduled": 5,
    "reopened": 0.7,
    "missed by business": 1.5,
    "missed by customer": 1,
    "missed by other": 1,
    "cancelled by customer": 1.5,
    "cancelled by business": 0.8,
}
"""Relative frequencies of outcomes."""

UNDERSTAFFED_OUTCOME_WEIGHTS = OUTCOME_WEIGHTS | {"late": 19, "no proof": 9, "missed by business": 6}
"""Relative frequencies of outcomes while the business has too few technicians."""

MINUTES_LATE = (4, 9, 12, 17, 21, 26, 33, 38, 47, 61, 84)
"""Possible arrivals of a late visit, after the end of its window."""


@dataclass(frozen=True)
class DemoVisit:
    """A booked visit."""

    id: str
    service: CompanyService
    start: datetime
    """Start of the window of arrival."""
    contract_id: str | None = None
    subscription_id: str | None = None

    @property
    def end(self) -> datetime:
        """End of the window of arrival."""
        return self.start + WINDOW_LENGTH


def book_visit(
    customer: DemoCustomer,
    service: CompanyService,
    start: datetime,
    booked_at: datetime,
    contract_id: str | None = None,
    subscription_id: str | None = None,
) -> DemoVisit:
    """Book a visit of the usual technician with a window that begins at *start*."""
    visit = DemoVisit(customer.new_id("vis"), service, start, contract_id, subscription_id)
    customer.add_event(
        booked_at,
        "visit.booked.v1",
        visit.id,
        service={"id": service.id, "name": service.name},
        window={"start": visit.start, "end": visit.end},
        timezone=customer.company.timezone_name,
        address=customer.address,
        technician=customer.technician_data(),
        contract_id=contract_id,
        subscription_id=subscription_id,
        instructions=customer.instructions,
    )
    return visit


def add_random_outcome(customer: DemoCustomer, visit: DemoVisit, understaffed: bool) -> VisitOutcome:
    """Add the events of a random outcome of a booked visit and return the outcome."""
    weights = UNDERSTAFFED_OUTCOME_WEIGHTS if understaffed else OUTCOME_WEIGHTS
    outcome = customer.random.choices(list(weights), list(weights.values()))[0]
    texts = customer.company.texts
    if outcome.startswith("missed by "):
        responsible: Any = outcome.removeprefix("missed by ")
        reason = customer.random.choice(texts.missed_reasons[responsible])
        missed_at = visit.end + customer.random_duration(5, 90)
        customer.add_event(missed_at, "visit.missed.v1", visit.id, responsible=responsible, reason=reason)
        return outcome
    if outcome.startswith("cancelled by "):
        cancelled_by: Any = outcome.removeprefix("cancelled by ")
        reason = customer.random.choice(texts.cancellation_reasons[cancelled_by])
        cancelled_at = visit.start - customer.random_duration(240, 3_000)
        customer.add_event(
            cancelled_at, "visit.cancelled.v1", visit.id, cancelled_by=cancelled_by, reason=reason
        )
        return outcome
    if customer.happens(7):
        technician = customer.random.choice(customer.company.technicians)
        customer.add_event(
            visit.start - customer.random_duration(400, 900),
            "visit.technician_assigned.v1",
            visit.id,
            technician=customer.technician_data(technician),
        )
    start = visit.start
    if outcome == "rescheduled":
        start = reschedule_visit(customer, visit, visit.start - customer.random_duration(600, 2_500))
    elif outcome == "reopened":
        # The technician completed the wrong visit; the right completion follows later that day.
        mistaken_at = visit.start - customer.random_duration(20, 50)
        customer.add_event(mistaken_at, "visit.completed.v1", visit.id, completed_at=mistaken_at)
        reopened_at = mistaken_at + customer.random_duration(3, 9)
        customer.add_event(reopened_at, "visit.reopened.v1", visit.id, reason=texts.reopening_reason)
    arrived_at = start + customer.random_duration(-12, 105)
    if outcome == "late":
        arrived_at = visit.end + timedelta(minutes=customer.random.choice(MINUTES_LATE), seconds=20)
    usual_minutes = visit.service.duration_minutes
    completed_at = arrived_at + customer.random_duration(usual_minutes * 0.8, usual_minutes * 1.3)
    complete_visit(
        customer,
        visit,
        arrived_at,
        completed_at,
        arrival_known=outcome != "arrival unknown",
        has_proof=outcome != "no proof",
    )
    return outcome


def reschedule_visit(customer: DemoCustomer, visit: DemoVisit, rescheduled_at: datetime) -> datetime:
    """Move a visit by a day or two and return the start of its new window."""
    requested_by: Literal["customer", "business"] = "customer" if customer.happens(60) else "business"
    start = visit.start + timedelta(days=customer.random.choice((1, 1, 2)))
    customer.add_event(
        rescheduled_at,
        "visit.rescheduled.v1",
        visit.id,
        window={"start": start, "end": start + WINDOW_LENGTH},
        requested_by=requested_by,
        reason=customer.random.choice(customer.company.texts.rescheduling_reasons[requested_by]),
    )
    return start


def complete_visit(
    customer: DemoCustomer,
    visit: DemoVisit,
    arrived_at: datetime,
    completed_at: datetime,
    *,
    arrival_known: bool = True,
    has_proof: bool = True,
    drive_time: timedelta = timedelta(minutes=22),
    publication_delay: timedelta = timedelta(minutes=9),
) -> None:
    """Add the events of a visit from the technician's departure to the Proof Pack."""
    random, service = customer.random, visit.service
    if arrival_known:
        eta = arrived_at.replace(second=0)
        customer.add_event(arrived_at - drive_time, "visit.dispatched.v1", visit.id, eta=eta)
        customer.add_event(arrived_at, "visit.started.v1", visit.id, arrived_at=arrived_at)
    proof_ids = upload_proofs(customer, visit, arrived_at, completed_at) if has_proof else []
    readings = {"chlorine": f"{random.uniform(1.6, 3.6):.1f}", "ph": f"{random.uniform(7.3, 7.7):.1f}"}
    open_task = random.randrange(len(service.tasks)) if customer.happens(6) else None
    customer.add_event(
        completed_at,
        "visit.completed.v1",
        visit.id,
        completed_at=completed_at,
        summary=random.choice(service.summaries).format(**readings),
        tasks=[{"name": name, "done": index != open_task} for index, name in enumerate(service.tasks)],
    )
    if proof_ids:
        publish_proof_pack(customer, visit, proof_ids, completed_at, publication_delay)


def upload_proofs(
    customer: DemoCustomer, visit: DemoVisit, arrived_at: datetime, completed_at: datetime
) -> list[str]:
    """Upload photos and sometimes a signature or a note, and return the ids of the proofs.

    The customer's id determines the yard and the signature in the images.
    """
    random, company = customer.random, customer.company
    duration = completed_at - arrived_at
    proof_ids: list[str] = []

    def upload_image(progress: float, kind: str, caption_key: str, **data: Any) -> None:
        """Upload an image taken after a fraction of the visit's duration."""
        proof_id = customer.new_id("prf")
        captured_at = arrived_at + duration * progress
        caption = random.choice(company.texts.captions[caption_key])
        customer.add_event(
            captured_at + duration * 0.01,
            "proof.uploaded.v1",
            proof_id,
            visit_id=visit.id,
            kind=kind,
            caption=caption,
            captured_at=captured_at,
            location=customer.location,
            **data,
        )
        proof_ids.append(proof_id)

    def upload_photo(progress: float, subject: str, stage: str, caption_key: str) -> None:
        media = customer.media.media_object(company.id, f"photos/{subject}-{stage}.webp")
        upload_image(progress, "photo", caption_key, stage=stage, media=media)

    yard = f"{company.yard_kind}-{index_by_id(customer.id, company.yard_count)}"
    closeups = [subject for subject in visit.service.closeups if customer.happens(55)]
    for stage, stage_begin in (("before", 0.05), ("after", 0.85)):
        upload_photo(stage_begin, yard, stage, stage)
        for number, subject in enumerate(closeups, start=1):
            upload_photo(stage_begin + 0.03 * number, subject, stage, subject)
    if customer.happens(8):
        signature = index_by_id(customer.id, company.signature_count)
        media = customer.media.media_object(company.id, f"signatures/{signature}.webp")
        upload_image(0.97, "signature", "signature", media=media)
    if customer.happens(10):
        proof_id = customer.new_id("prf")
        captured_at = arrived_at + duration * 0.98
        customer.add_event(
            captured_at,
            "proof.uploaded.v1",
            proof_id,
            visit_id=visit.id,
            kind="note",
            text=random.choice(company.texts.notes),
            captured_at=captured_at,
        )
        proof_ids.append(proof_id)
    return proof_ids


def publish_proof_pack(
    customer: DemoCustomer, visit: DemoVisit, proof_ids: list[str], completed_at: datetime, delay: timedelta
) -> None:
    """Publish a Proof Pack; 1 % of the time retract a proof later, as often replace the pack."""
    company = customer.company
    published_at = completed_at + delay
    pack_id = customer.new_id("pck")
    document = None
    if visit.service is not company.regular_service:
        heading = f"{visit.service.name} · {customer.name}"
        paragraphs = (heading, format_timestamp(completed_at), *visit.service.tasks)
        document = customer.media.add_pdf(
            company.id, f"reports/{visit.id}.pdf", company.texts.report_title, paragraphs
        )
    customer.add_event(
        published_at,
        "proof_pack.published.v1",
        pack_id,
        visit_id=visit.id,
        items=proof_ids,
        document=document,
    )
    reason = company.texts.retraction_reason
    if customer.happens(1):
        retracted_at = published_at + customer.random_duration(60, 2_000)
        customer.add_event(
            retracted_at, "proof.retracted.v1", proof_ids[-1], visit_id=visit.id, reason=reason
        )
    elif customer.happens(1):
        withdrawn_at = published_at + customer.random_duration(60, 600)
        customer.add_event(withdrawn_at, "proof_pack.withdrawn.v1", pack_id, visit_id=visit.id, reason=reason)
        customer.add_event(
            withdrawn_at + customer.random_duration(2, 9),
            "proof_pack.published.v1",
            customer.new_id("pck"),
            visit_id=visit.id,
            items=proof_ids[:-1] or proof_ids,
            document=document,
        )
