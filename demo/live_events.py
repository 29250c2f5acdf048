"""Events while the demo runs: one small story after the other, each a minute long."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from demo import billing, visits
from demo.customers import DemoCustomer
from demo.event_log import Message, Owner
from demo.history import DemoState

EVERY = timedelta(seconds=12)
"""Between two beginnings."""

SAID = {
    "visit.booked.v1": "a visit is booked",
    "visit.rescheduled.v1": "a visit is moved",
    "visit.dispatched.v1": "the technician is on the way",
    "visit.started.v1": "the technician has arrived",
    "visit.completed.v1": "the visit is done",
    "visit.missed.v1": "the visit was missed",
    "visit.cancelled.v1": "the visit is called off",
    "proof_pack.published.v1": "the proof is published",
    "invoice.issued.v2": "an invoice is issued",
    "payment.succeeded.v1": "the invoice is paid",
    "payment.failed.v1": "the payment was declined",
}
"""In words what has happened to a customer, by type; the rest is not worth a line."""


def told(world: DemoState, happened: Sequence[Message]) -> Iterator[str]:
    """Yield what has happened, a line each."""
    names = {customer.owner: customer.name for customer in world.customers}
    for message in happened:
        attributes = message.attributes
        words = SAID.get(attributes["type"].removeprefix("servicehub."))
        name = names.get(Owner(attributes["businessid"], attributes.get("customerid")))
        if words and name:
            yield f"{name}: {words}"


def stories(world: DemoState) -> Iterator[Callable[[datetime], None]]:
    """Yield what begins next, at the moment it is given: at first a visit to the one to sign in as, then mostly
    others'."""
    random = Random("live")
    first, *others = world.customers
    yield partial(visit_now, first)
    for turn in count(1):
        story = random.choices((visit_now, visit_agreed, bill_paid), (60, 20, 20))[0]
        yield partial(story, random.choice(others) if turn % 8 else first)


def visit_now(customer: DemoCustomer, now: datetime) -> None:
    """Somebody was nearby: a visit from the booking to the payment, in fast motion."""
    service = customer.random.choice((customer.company.regular, customer.company.occasional[-1]))
    start = now.replace(minute=0, second=0, microsecond=0)
    visit = visits.book(customer, service, start, now)
    arrived = now + timedelta(seconds=18)
    completed = arrived + timedelta(seconds=20)
    seconds = timedelta(seconds=6)
    visits.carry_out(customer, visit, arrived, completed, drive=2 * seconds, paperwork=seconds)
    issued = completed + 2 * seconds
    today = issued.astimezone(customer.company.timezone).date()
    line = service.name, 1, service.price
    invoice = billing.issue(customer, today, [line], service.tax, at=issued, visits=[visit])
    billing.pay(customer, invoice, issued + 3 * seconds)


def visit_agreed(customer: DemoCustomer, now: datetime) -> None:
    """Book a visit in a few days, and move it soon after."""
    service = customer.random.choice(customer.company.occasional)
    day = (now + timedelta(days=customer.random.randrange(2, 6))).astimezone(customer.company.timezone).date()
    visit = visits.book(customer, service, customer.at(day, customer.hour), now)
    visits.postpone(customer, visit, now + timedelta(seconds=25))


def bill_paid(customer: DemoCustomer, now: datetime) -> None:
    """Issue an invoice, whose payment is declined at first and then made."""
    service = customer.company.occasional[0]
    today = now.astimezone(customer.company.timezone).date()
    invoice = billing.issue(customer, today, [(service.name, 1, service.price)], service.tax, at=now)
    payment = billing.fail(customer, invoice, now + timedelta(seconds=15))
    billing.pay(customer, invoice, now + timedelta(seconds=35), payment=payment)
