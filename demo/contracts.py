"""Contracts and subscriptions over the years."""

from datetime import date, datetime, timedelta

from demo.companies.company import CompanyPlanItem, CompanyService
from demo.customers import DemoCustomer

SLA = {"on_time_grace_minutes": 15, "completion_target": 0.95, "on_time_target": 0.9, "proof_target": 0.9}


def year_after(day: date) -> date:
    """Return the same day of the next year; days are never the 29th of February here."""
    return day.replace(year=day.year + 1)


def month_after(first: date, months: int = 1) -> date:
    """Return the first of a later, or with a negative number of an earlier month."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def sign(
    customer: DemoCustomer, service: CompanyService, weeks: int, starts_on: date, today: date, grace: int = 15
) -> str:
    """Sign a contract for a year and renews it, as long as the customer stays; gives its id."""
    company = customer.company
    contract = customer.new_id("con")
    number = f"C-{customer.number}-{contract.rpartition('_')[2]}"
    heading = f"{service.agreement} · {number}"
    terms = customer.library.document(company.id, f"terms/{contract}.pdf", heading, company.words.terms)
    signed = customer.at(starts_on - timedelta(days=4), 11) + customer.minutes(0, 240)
    customer.say(
        signed,
        "contract.signed.v1",
        contract,
        number=number,
        title=service.agreement,
        starts_on=starts_on.isoformat(),
        ends_on=year_after(starts_on).isoformat(),
        services=[{"name": service.name, "cadence": company.words.cadence[weeks]}],
        terms=terms,
        signed_by=customer.name,
        sla=SLA | {"on_time_grace_minutes": grace},
    )
    last = customer.until or today
    ends_on = year_after(starts_on)
    while ends_on - timedelta(days=30) <= last:
        renewed = customer.at(ends_on - timedelta(days=30), 9)
        ends_on = year_after(ends_on)
        customer.say(renewed, "contract.renewed.v1", contract, ends_on=ends_on.isoformat())
    if customer.until:
        customer.say(
            customer.at(customer.until, 12),
            "contract.ended.v1",
            contract,
            ended_on=customer.until.isoformat(),
        )
    return contract


def raised_on(today: date) -> date:
    """Since when the plans cost what they do now."""
    return month_after(today.replace(day=1), -14)


def price(customer: DemoCustomer, month: date, today: date) -> int:
    """Return what the plan cost in a month, in minor units."""
    return sum(item.quantity * item.unit_amount for item in _items(customer, month, today))


def subscribe(customer: DemoCustomer, contract: str | None, today: date) -> str:
    """Subscribe to the company's plan; it renews on the first of each month. Gives the subscription's id."""
    plan = customer.company.plan
    subscription = customer.new_id("sub")
    customer.say(
        customer.at(customer.since, -20),
        "subscription.started.v1",
        subscription,
        plan={"id": plan.id, "name": plan.name},
        items=[item._asdict() for item in _items(customer, customer.since, today)],
        currency=customer.company.currency,
        interval="month",
        current_period=_period(customer.since),
        contract_id=contract,
    )
    raised = raised_on(today)
    if customer.since < raised:
        items = [item._asdict() for item in plan.items]
        customer.say(customer.at(raised, 0.05), "subscription.changed.v1", subscription, items=items)
    first = month_after(customer.since)
    while first <= (customer.until or today):
        renewed = customer.at(first, 0.1)
        customer.say(renewed, "subscription.renewed.v1", subscription, current_period=_period(first))
        first = month_after(first)
    if customer.until:
        ends_on = month_after(customer.until.replace(day=1)) - timedelta(days=1)
        at = customer.at(customer.until, 12)
        customer.say(at, "subscription.cancelled.v1", subscription, ends_on=ends_on.isoformat())
    return subscription


def pause(customer: DemoCustomer, subscription: str, at: datetime, resumes_on: date) -> None:
    """Let a subscription rest for a while."""
    customer.say(at, "subscription.paused.v1", subscription, resumes_on=resumes_on.isoformat())
    customer.say(customer.at(resumes_on, 0.2), "subscription.resumed.v1", subscription)


def _items(customer: DemoCustomer, month: date, today: date) -> tuple[CompanyPlanItem, ...]:
    plan = customer.company.plan
    return plan.items if month >= raised_on(today) else plan.former_items


def _period(first: date) -> dict[str, str]:
    last = month_after(first) - timedelta(days=1)
    return {"start": first.isoformat(), "end": last.isoformat()}
