"""Extra events of the featured customer: a second contract and invoices in every state."""

from datetime import date, timedelta
from itertools import pairwise

from demo import billing, contracts, visits
from demo.companies.company import CompanyService
from demo.customers import DemoCustomer
from demo.visits import DemoVisit

QUARTER_WEEKS = 13


def add_featured_events(customer: DemoCustomer, today: date) -> None:
    """Add all extra events, at days counted back from today: the pages look the same any day."""
    contract_id = add_quarterly_check(customer, today)
    tighten_sla(customer, contract_id, today)
    if len(customer.company.occasional_services) > 1:
        add_occasional_visits(customer, today)
    add_billing_corrections(customer, today)


def add_quarterly_check(customer: DemoCustomer, today: date) -> str:
    """Add a contract for a quarterly check, the last one not paid yet, and return its id."""
    service = customer.company.occasional_services[0]
    contract_id = contracts.sign_contract(
        customer, service, QUARTER_WEEKS, customer.since, today, grace_minutes=30
    )
    last_day = today - timedelta(days=6)
    days = [last_day + timedelta(weeks=QUARTER_WEEKS * quarter) for quarter in range(-11, 2)]
    late_days = (days[-8], days[-4])
    for previous_day, day in pairwise(days):
        start = customer.local_time(day, 13)
        booked_at = customer.local_time(previous_day, 17)
        visit = visits.book_visit(customer, service, start, booked_at, contract_id)
        if day > today:
            continue
        arrived_at = visit.end + timedelta(minutes=24 if day in late_days else -50)
        completed_at = arrived_at + timedelta(minutes=service.duration_minutes)
        visits.complete_visit(customer, visit, arrived_at, completed_at)
        invoice = bill_visit(customer, visit, contract_id)
        if day != last_day:
            billing.settle_invoice(customer, invoice, 0)
    return contract_id


def tighten_sla(customer: DemoCustomer, contract_id: str, today: date) -> None:
    """Halve the grace minutes of a contract a year ago, which scores all its visits again."""
    amended_at = customer.local_time(today - timedelta(days=330), 10)
    customer.add_event(amended_at, "contract.amended.v1", contract_id, sla=contracts.SLA)


def add_occasional_visits(customer: DemoCustomer, today: date) -> None:
    """Add a repair paid in part, an overdue clean-up, and a visit without an outcome."""
    _, repair, cleanup = customer.company.occasional_services
    visit = add_visit(customer, repair, today - timedelta(days=12))
    invoice = bill_visit(customer, visit, None, due_in_days=30)
    paid_at = customer.local_time(today - timedelta(days=8), 15)
    billing.pay_invoice(customer, invoice, paid_at, 30_000, {"kind": "check"})

    visit = add_visit(customer, cleanup, today - timedelta(days=47))
    invoice = bill_visit(customer, visit, None, due_in_days=30)
    billing.fail_payment(customer, invoice, customer.local_time(today - timedelta(days=20), 9.3))

    start = customer.local_time(today - timedelta(days=3), 15)
    visits.book_visit(customer, cleanup, start, start - timedelta(hours=26))


def add_visit(customer: DemoCustomer, service: CompanyService, day: date) -> DemoVisit:
    """Add a completed visit outside the regular ones and return it."""
    start = customer.local_time(day, 14)
    visit = visits.book_visit(customer, service, start, start - timedelta(hours=45))
    arrived_at = start + customer.random_duration(10, 90)
    completed_at = arrived_at + timedelta(minutes=service.duration_minutes)
    visits.complete_visit(customer, visit, arrived_at, completed_at)
    return visit


def bill_visit(
    customer: DemoCustomer, visit: DemoVisit, contract_id: str | None, due_in_days: int = 14
) -> billing.DemoInvoice:
    """Issue the invoice of a visit on the next day."""
    service = visit.service
    return billing.issue_invoice(
        customer,
        (visit.start + timedelta(days=1)).date(),
        [(service.name, 1, service.price)],
        service.tax_percent,
        due_in_days=due_in_days,
        visits=[visit],
        contract_id=contract_id,
    )


def add_billing_corrections(customer: DemoCustomer, today: date) -> None:
    """Add an old invoice voided and issued again, and one overpaid and refunded."""
    service = customer.company.occasional_services[-1]
    day = today - timedelta(days=410)
    visit = add_visit(customer, service, day)
    wrong_lines = [(service.name, 2, 2 * service.price)]
    wrong_invoice = billing.issue_invoice(
        customer, day + timedelta(days=1), wrong_lines, service.tax_percent, visits=[visit]
    )
    billing.void_invoice(customer, wrong_invoice, wrong_invoice.issued_at + timedelta(hours=5))
    invoice = bill_visit(customer, visit, None)
    billing.pay_invoice(customer, invoice, invoice.issued_at + timedelta(hours=30))

    visit = add_visit(customer, service, today - timedelta(days=255))
    invoice = bill_visit(customer, visit, None)
    paid_at, refunded_at = invoice.issued_at + timedelta(days=2), invoice.issued_at + timedelta(days=6)
    payment_id = billing.pay_invoice(customer, invoice, paid_at, invoice.total + 4_000)
    billing.refund_payment(customer, invoice, payment_id, refunded_at, 4_000)
