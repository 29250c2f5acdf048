"""Contracts and subscriptions over the years."""

from datetime import date, datetime, timedelta

from demo.companies.company import CompanyPlanItem, CompanyService
from demo.customers import DemoCustomer

SLA = {"on_time_grace_minutes": 15, "completion_target": 0.95, "on_time_target": 0.9, "proof_target": 0.9}


def next_year(day: date) -> date:
    """Return the same day of the next year; the 29th of February is not supported."""
    return day.replace(year=day.year + 1)


def add_months(first: date, months: int = 1) -> date:
    """Return the first of the month that is so many months later, or earlier if negative."""
    month_count = first.year * 12 + first.month - 1 + months
    return date(month_count // 12, month_count % 12 + 1, 1)


def sign_contract(
    customer: DemoCustomer,
    service: CompanyService,
    interval_weeks: int,
    starts_on: date,
    today: date,
    grace_minutes: int = 15,
) -> str:
    """Sign a contract, renew it each year while the customer stays, and return its id."""
    company = customer.company
    contract_id = customer.new_id("con")
    number = f"C-{customer.number}-{contract_id.rpartition('_')[2]}"
    heading = f"{service.contract_title} · {number}"
    terms = customer.media.add_pdf(
        company.id, f"terms/{contract_id}.pdf", heading, company.texts.contract_terms
    )
    signed_at = customer.local_time(starts_on - timedelta(days=4), 11) + customer.random_duration(0, 240)
    customer.add_event(
        signed_at,
        "contract.signed.v1",
        contract_id,
        number=number,
        title=service.contract_title,
        starts_on=starts_on.isoformat(),
        ends_on=next_year(starts_on).isoformat(),
        services=[{"name": service.name, "cadence": company.texts.cadences[interval_weeks]}],
        terms=terms,
        signed_by=customer.name,
        sla=SLA | {"on_time_grace_minutes": grace_minutes},
    )
    last_day = customer.until or today
    ends_on = next_year(starts_on)
    while ends_on - timedelta(days=30) <= last_day:
        renewed_at = customer.local_time(ends_on - timedelta(days=30), 9)
        ends_on = next_year(ends_on)
        customer.add_event(renewed_at, "contract.renewed.v1", contract_id, ends_on=ends_on.isoformat())
    if customer.until:
        customer.add_event(
            customer.local_time(customer.until, 12),
            "contract.ended.v1",
            contract_id,
            ended_on=customer.until.isoformat(),
        )
    return contract_id


def price_increase_date(today: date) -> date:
    """Return the first day on which plans cost their present price."""
    return add_months(today.replace(day=1), -14)


def plan_price(customer: DemoCustomer, month: date, today: date) -> int:
    """Return the price of the plan in a month, in minor units."""
    return sum(item.quantity * item.unit_amount for item in _plan_items(customer, month, today))


def start_subscription(customer: DemoCustomer, contract_id: str | None, today: date) -> str:
    """Start a subscription to the plan, renew it on the first of each month, and return its id."""
    plan = customer.company.plan
    subscription_id = customer.new_id("sub")
    customer.add_event(
        customer.local_time(customer.since, -20),
        "subscription.started.v1",
        subscription_id,
        plan={"id": plan.id, "name": plan.name},
        items=[item._asdict() for item in _plan_items(customer, customer.since, today)],
        currency=customer.company.currency,
        interval="month",
        current_period=_monthly_period(customer.since),
        contract_id=contract_id,
    )
    increased_on = price_increase_date(today)
    if customer.since < increased_on:
        customer.add_event(
            customer.local_time(increased_on, 0.05),
            "subscription.changed.v1",
            subscription_id,
            items=[item._asdict() for item in plan.items],
        )
    month = add_months(customer.since)
    while month <= (customer.until or today):
        customer.add_event(
            customer.local_time(month, 0.1),
            "subscription.renewed.v1",
            subscription_id,
            current_period=_monthly_period(month),
        )
        month = add_months(month)
    if customer.until:
        ends_on = add_months(customer.until.replace(day=1)) - timedelta(days=1)
        cancelled_at = customer.local_time(customer.until, 12)
        customer.add_event(
            cancelled_at, "subscription.cancelled.v1", subscription_id, ends_on=ends_on.isoformat()
        )
    return subscription_id


def pause_subscription(
    customer: DemoCustomer, subscription_id: str, paused_at: datetime, resumes_on: date
) -> None:
    """Pause a subscription and resume it on a later day."""
    customer.add_event(
        paused_at, "subscription.paused.v1", subscription_id, resumes_on=resumes_on.isoformat()
    )
    customer.add_event(customer.local_time(resumes_on, 0.2), "subscription.resumed.v1", subscription_id)


def _plan_items(customer: DemoCustomer, month: date, today: date) -> tuple[CompanyPlanItem, ...]:
    plan = customer.company.plan
    return plan.items if month >= price_increase_date(today) else plan.former_items


def _monthly_period(first: date) -> dict[str, str]:
    last = add_months(first) - timedelta(days=1)
    return {"start": first.isoformat(), "end": last.isoformat()}
