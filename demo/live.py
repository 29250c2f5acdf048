"""What goes on while the demo runs: one small story after the other, each a minute long."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from demo import billing, visits
from demo.companies import Service
from demo.customers import Customer
from demo.history import World
from demo.log import Message, Owner

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


def told(world: World, happened: Sequence[Message]) -> Iterator[str]:
    """What has happened, a line each."""
    names = {customer.owner: customer.name for customer in world.customers}
    for message in happened:
        attributes = message.attributes
        words = SAID.get(attributes["type"].removeprefix("servicehub."))
        name = names.get(Owner(attributes["businessid"], attributes.get("customerid")))
        if words and name:
            yield f"{name}: {words}"


def turns(world: World) -> Iterator[Customer]:
    """Whose turn it is: every sixth time, the first one too, that of the one to sign in as."""
    random = Random("live")
    for turn in cycle(range(6)):
        yield world.customers[0] if turn == 0 else random.choice(world.customers[1:])


def begin(customer: Customer, now: datetime) -> None:
    """Says what will happen to a customer in the next minute."""
    company, random = customer.company, customer.random
    service = random.choice((company.regular, company.occasional[-1]))
    if customer.position == 0 or customer.chance(60):
        visit_now(customer, service, now)
    elif customer.chance(50):
        visit_agreed(customer, service, now)
    else:
        bill_paid(customer, service, now)


def visit_now(customer: Customer, service: Service, now: datetime) -> None:
    """Somebody was nearby: a visit from the booking to the payment, in fast motion."""
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


def visit_agreed(customer: Customer, service: Service, now: datetime) -> None:
    """A visit in a few days is booked, and moved soon after."""
    day = (now + timedelta(days=customer.random.randrange(2, 6))).astimezone(customer.company.timezone).date()
    visit = visits.book(customer, service, customer.at(day, customer.hour), now)
    visits.postpone(customer, visit, now + timedelta(seconds=25))


def bill_paid(customer: Customer, service: Service, now: datetime) -> None:
    """An invoice is declined at first and then paid."""
    today = now.astimezone(customer.company.timezone).date()
    invoice = billing.issue(customer, today, [(service.name, 1, service.price)], service.tax, at=now)
    payment = billing.fail(customer, invoice, now + timedelta(seconds=15))
    billing.pay(customer, invoice, now + timedelta(seconds=35), payment=payment)
