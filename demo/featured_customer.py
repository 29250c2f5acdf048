"""Extras of the customer to sign in as: a second contract, and invoices in every state."""

from datetime import date, timedelta

from demo import billing, contracts, visits
from demo.companies.company import CompanyService
from demo.customers import DemoCustomer
from demo.visits import DemoVisit

QUARTER = 13
"""Weeks."""


def specials(customer: DemoCustomer, today: date) -> None:
    """Say it all; each day is counted back from today, so that the page looks the same whenever it is shown."""
    contract = yearly_check(customer, today)
    stricter_promise(customer, contract, today)
    if len(customer.company.occasional) > 1:
        extras(customer, today)
    old_trouble(customer, today)


def yearly_check(customer: DemoCustomer, today: date) -> str:
    """Return the second contract: a check once a quarter, the last one a few days ago and its invoice still open."""
    service = customer.company.occasional[0]
    contract = contracts.sign(customer, service, QUARTER, customer.since, today, grace=30)
    last = today - timedelta(days=6)
    days = [last + timedelta(weeks=QUARTER * count) for count in range(-11, 2)]
    for day, before in zip(days[1:], days, strict=False):
        start = customer.at(day, 13)
        visit = visits.book(customer, service, start, customer.at(before, 17), contract)
        if day > today:
            continue
        late = timedelta(minutes=24 if day in (days[-8], days[-4]) else -50)
        arrived = visit.end + late
        visits.carry_out(customer, visit, arrived, arrived + timedelta(minutes=service.minutes))
        invoice = bill(customer, visit, contract)
        if day != last:
            billing.settle(customer, invoice, 0)
    return contract


def stricter_promise(customer: DemoCustomer, contract: str, today: date) -> None:
    """Halve the grace of the second contract a year ago, which scores all of its visits again."""
    at = customer.at(today - timedelta(days=330), 10)
    customer.say(at, "contract.amended.v1", contract, sla=contracts.SLA)


def extras(customer: DemoCustomer, today: date) -> None:
    """Add a repair paid in part, a clean-up overdue, and a visit without an outcome."""
    _, repair, cleanup = customer.company.occasional
    visit = extra(customer, repair, today - timedelta(days=12))
    invoice = bill(customer, visit, None, due_in=30)
    billing.pay(customer, invoice, customer.at(today - timedelta(days=8), 15), 30_000, {"kind": "check"})

    visit = extra(customer, cleanup, today - timedelta(days=47))
    invoice = bill(customer, visit, None, due_in=30)
    billing.fail(customer, invoice, customer.at(today - timedelta(days=20), 9.3))

    start = customer.at(today - timedelta(days=3), 15)
    visits.book(customer, cleanup, start, start - timedelta(hours=26))


def extra(customer: DemoCustomer, service: CompanyService, day: date) -> DemoVisit:
    """Return a visit out of turn that went well."""
    start = customer.at(day, 14)
    visit = visits.book(customer, service, start, start - timedelta(hours=45))
    arrived = start + customer.minutes(10, 90)
    visits.carry_out(customer, visit, arrived, arrived + timedelta(minutes=service.minutes))
    return visit


def bill(
    customer: DemoCustomer, visit: DemoVisit, contract: str | None, due_in: int = 14
) -> billing.DemoInvoice:
    """Bills a visit on the day after it."""
    service = visit.service
    return billing.issue(
        customer,
        (visit.start + timedelta(days=1)).date(),
        [(service.name, 1, service.price)],
        service.tax,
        due_in=due_in,
        visits=[visit],
        contract=contract,
    )


def old_trouble(customer: DemoCustomer, today: date) -> None:
    """Long settled: an invoice issued wrongly and again, one paid too much and refunded."""
    service = customer.company.occasional[-1]
    day = today - timedelta(days=410)
    visit = extra(customer, service, day)
    wrong = billing.issue(
        customer, day + timedelta(days=1), [(service.name, 2, 2 * service.price)], service.tax, visits=[visit]
    )
    billing.void(customer, wrong, wrong.issued + timedelta(hours=5))
    right = bill(customer, visit, None)
    billing.pay(customer, right, right.issued + timedelta(hours=30))

    visit = extra(customer, service, today - timedelta(days=255))
    invoice = bill(customer, visit, None)
    payment = billing.pay(customer, invoice, invoice.issued + timedelta(days=2), invoice.total + 4_000)
    billing.refund(customer, invoice, payment, invoice.issued + timedelta(days=6), 4_000)
