"""Events that happen while the demo runs: one scenario of about a minute after the other."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from demo import billing, visits
from demo.customers import DemoCustomer
from demo.event_log import Message, Owner
from demo.history import DemoState

SCENARIO_INTERVAL = timedelta(seconds=12)
"""Time between the starts of two scenarios."""

DESCRIPTIONS = {
    "visit.booked.v1": "a visit is booked",
    "visit.rescheduled.v1": "a visit is rescheduled",
    "visit.dispatched.v1": "the technician is on the way",
    "visit.started.v1": "the technician has arrived",
    "visit.completed.v1": "the visit is completed",
    "visit.missed.v1": "the visit was missed",
    "visit.cancelled.v1": "the visit is cancelled",
    "proof_pack.published.v1": "the Proof Pack is published",
    "invoice.issued.v2": "an invoice is issued",
    "payment.succeeded.v1": "the invoice is paid",
    "payment.failed.v1": "the payment was declined",
}
"""Texts for the terminal by event type; events of other types are not printed."""


def describe_events(state: DemoState, messages: Sequence[Message]) -> Iterator[str]:
    """Yield a line about each event worth printing."""
    names = {customer.owner: customer.name for customer in state.customers}
    for message in messages:
        attributes = message.attributes
        description = DESCRIPTIONS.get(attributes["type"].removeprefix("servicehub."))
        name = names.get(Owner(attributes["businessid"], attributes.get("customerid")))
        if description and name:
            yield f"{name}: {description}"


def iterate_scenarios(state: DemoState) -> Iterator[Callable[[datetime], None]]:
    """Yield functions that schedule a scenario from a given time on.

    The first one is a visit to the featured customer, most of the others concern other customers.
    """
    random = Random("live")
    featured, *others = state.customers
    yield partial(complete_visit_now, featured)
    for number in count(1):
        scenario = random.choices((complete_visit_now, book_and_reschedule, retry_payment), (60, 20, 20))[0]
        yield partial(scenario, random.choice(others) if number % 8 else featured)


def complete_visit_now(customer: DemoCustomer, now: datetime) -> None:
    """Schedule a visit from the booking to the payment, within a minute."""
    company = customer.company
    service = customer.random.choice((company.regular_service, company.occasional_services[-1]))
    start = now.replace(minute=0, second=0, microsecond=0)
    visit = visits.book_visit(customer, service, start, now)
    arrived_at = now + timedelta(seconds=18)
    completed_at = arrived_at + timedelta(seconds=20)
    visits.complete_visit(
        customer,
        visit,
        arrived_at,
        completed_at,
        drive_time=timedelta(seconds=12),
        publication_delay=timedelta(seconds=6),
    )
    issued_at = completed_at + timedelta(seconds=12)
    issued_on = issued_at.astimezone(company.timezone).date()
    line = service.name, 1, service.price
    invoice = billing.issue_invoice(
        customer, issued_on, [line], service.tax_percent, issued_at=issued_at, visits=[visit]
    )
    billing.pay_invoice(customer, invoice, issued_at + timedelta(seconds=18))


def book_and_reschedule(customer: DemoCustomer, now: datetime) -> None:
    """Book a visit a few days ahead and schedule its rescheduling."""
    service = customer.random.choice(customer.company.occasional_services)
    day_ahead = now + timedelta(days=customer.random.randrange(2, 6))
    day = day_ahead.astimezone(customer.company.timezone).date()
    start = customer.local_time(day, customer.window_hour)
    visit = visits.book_visit(customer, service, start, now)
    visits.reschedule_visit(customer, visit, now + timedelta(seconds=25))


def retry_payment(customer: DemoCustomer, now: datetime) -> None:
    """Issue an invoice and schedule a declined payment that succeeds later."""
    service = customer.company.occasional_services[0]
    today = now.astimezone(customer.company.timezone).date()
    line = service.name, 1, service.price
    invoice = billing.issue_invoice(customer, today, [line], service.tax_percent, issued_at=now)
    payment_id = billing.fail_payment(customer, invoice, now + timedelta(seconds=15))
    billing.pay_invoice(customer, invoice, now + timedelta(seconds=35), payment_id=payment_id)
