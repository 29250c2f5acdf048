"""Three years of two businesses: the events before the demo starts and booked visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from demo import billing, contracts, visits
from demo.companies.company import Company
from demo.companies.sonoran_pools import SONORAN
from demo.companies.turia_gardens import TURIA
from demo.contracts import add_months
from demo.customers import DemoCustomer, PaymentHabit
from demo.event_log import EventLog, Owner
from demo.featured_customer import add_featured_events
from demo.media_folder import MediaFolder
from demo.visits import DemoVisit

YEARS = 3
BOOKING_LEAD_TIME = timedelta(days=21)
"""Time between the booking of a regular visit and the visit."""

PAYMENT_HABITS: Sequence[PaymentHabit] = ("card", "card", "card", "bank", "check", "slow")
"""Repeated by frequency."""


@dataclass(frozen=True)
class DemoState:
    """Event log, media and customers when the demo starts."""

    log: EventLog
    media: MediaFolder
    customers: Sequence[DemoCustomer]
    """Present customers, the featured one first."""


def build_history(media: MediaFolder, now: datetime) -> DemoState:
    """Build the history of both businesses, and the visits booked beyond *now*.

    The result depends on *now* only.
    """
    log = EventLog()
    present_customers: list[DemoCustomer] = []
    for company in (SONORAN, TURIA):
        today = now.astimezone(company.timezone).date()
        register_business(company, media, log, today)
        for customer in create_customers(company, media, log, today):
            register_customer(customer)
            add_regular_service(customer, today)
            if customer.index == 0:
                add_featured_events(customer, today)
            if customer.until is None:
                present_customers.append(customer)
    return DemoState(log, media, present_customers)


def register_business(company: Company, media: MediaFolder, log: EventLog, today: date) -> None:
    """Register a business, connect its payments and later change its branding."""
    first_day = add_months(today.replace(day=1), -12 * YEARS - 2)
    registered_at = datetime(first_day.year, first_day.month, first_day.day, 12, tzinfo=company.timezone)
    owner = Owner(company.id)
    log.add(
        registered_at,
        "business.registered.v1",
        owner,
        company.id,
        name=company.name,
        slug=company.slug,
        timezone=company.timezone_name,
        locale=company.locale,
        currency=company.currency,
        branding={"primary_color": "#1d5c73", "tagline": company.former_tagline},
        support={"email": company.email},
    )
    log.add(
        registered_at + timedelta(days=3),
        "business.payments_connected.v1",
        owner,
        company.id,
        stripe_account_id=company.stripe_account,
    )
    logo = media.media_object(company.id, "brand/logo.webp")
    log.add(
        registered_at + timedelta(days=500),
        "business.rebranded.v1",
        owner,
        company.id,
        branding={"logo": logo, "primary_color": company.primary_color, "tagline": company.tagline},
        support={"email": company.email, "phone": company.phone},
    )


def create_customers(company: Company, media: MediaFolder, log: EventLog, today: date) -> list[DemoCustomer]:
    """Return all customers of a business, who joined over the years; a few have left."""
    random = Random(company.id)
    this_month = today.replace(day=1)
    customers = []
    for index in range(len(company.customer_names)):
        is_featured = index == 0
        months = 12 * YEARS if is_featured else random.randrange(2, 12 * YEARS)
        has_left = not is_featured and index % 13 == 12 and months > 8
        is_weekly = is_featured or (company.yard_kind == "pool" and random.random() < 0.5)
        customers.append(
            DemoCustomer(
                company=company,
                log=log,
                media=media,
                index=index,
                since=add_months(this_month, -months),
                until=today - timedelta(days=150) if has_left else None,
                interval_weeks=1 if is_weekly else 2,
                # The featured customer always has a visit in two days.
                weekday=(today.weekday() + 2) % 7 if is_featured else random.randrange(5),
                window_hour=9 if is_featured else random.randrange(7, 16),
                has_plan=is_featured or random.random() < 0.65,
                payment_habit="card" if is_featured else random.choice(PAYMENT_HABITS),
            )
        )
    return customers


def register_customer(customer: DemoCustomer) -> None:
    """Register a customer; two of the first business share an e-mail address."""
    company = customer.company
    shares_email = company is SONORAN and customer.index == 2
    registered_at = customer.local_time(customer.since - timedelta(days=9), 10)
    customer.add_event(
        registered_at,
        "customer.registered.v1",
        customer.id,
        name=customer.name,
        emails=["pat.delgado@mail.example", customer.email] if shares_email else [customer.email],
        phone=company.customer_phone.format(number=f"{customer.index:02d}"),
        locale=company.locale,
        addresses=[customer.address],
    )
    if customer.happens(15):
        new_phone = company.customer_phone.format(number=f"{customer.index + 50:02d}")
        changed_at = customer.local_time(customer.since + timedelta(days=40), 13)
        customer.add_event(changed_at, "customer.contact_changed.v1", customer.id, phone=new_phone)
    if customer.until and customer.index == 12:
        erased_at = customer.local_time(customer.until + timedelta(days=45), 15)
        customer.add_event(erased_at, "customer.erased.v1", customer.id)


def add_regular_service(customer: DemoCustomer, today: date) -> None:
    """Add the regular contract, subscription, visits and monthly invoices of a customer."""
    service = customer.company.regular_service
    contract_id = subscription_id = None
    if customer.has_plan or customer.happens(50):
        contract_id = contracts.sign_contract(
            customer, service, customer.interval_weeks, customer.since, today
        )
    if customer.has_plan:
        subscription_id = contracts.start_subscription(customer, contract_id, today)
    pause = add_random_pause(customer, subscription_id, today)
    completed_visits: dict[date, list[DemoVisit]] = {}
    missed_visits: dict[date, int] = {}
    for day in regular_visit_days(customer, today):
        if pause and pause[0] <= day < pause[1]:
            continue
        start = customer.local_time(day, customer.window_hour)
        earliest_booking = customer.local_time(customer.since, -18)
        booked_at = max(start - BOOKING_LEAD_TIME - customer.random_duration(0, 300), earliest_booking)
        visit = visits.book_visit(customer, service, start, booked_at, contract_id, subscription_id)
        understaffed = timedelta(days=190) < today - day < timedelta(days=370)
        outcome = visits.add_random_outcome(customer, visit, understaffed)
        month = day.replace(day=1)
        completed_visits.setdefault(month, [])
        missed_visits.setdefault(month, 0)
        if outcome == "missed by business":
            missed_visits[month] += 1
        if not outcome.startswith(("missed", "cancelled")):
            completed_visits[month].append(visit)
    for month, visits_of_month in completed_visits.items():
        if add_months(month) <= today:
            bill_month(
                customer, month, today, visits_of_month, missed_visits[month], contract_id, subscription_id
            )


def add_random_pause(
    customer: DemoCustomer, subscription_id: str | None, today: date
) -> tuple[date, date] | None:
    """Pause some subscriptions; return the first day of the pause and the day after the last."""
    if subscription_id is None or not (customer.index == 0 or customer.happens(15)):
        return None
    first_day, resumes_on = today - timedelta(days=560), today - timedelta(days=525)
    if customer.until or first_day <= customer.since + timedelta(days=60):
        return None
    paused_at = customer.local_time(first_day - timedelta(days=3), 19)
    contracts.pause_subscription(customer, subscription_id, paused_at, resumes_on)
    return first_day, resumes_on


def regular_visit_days(customer: DemoCustomer, today: date) -> list[date]:
    """Return the days of all regular visits that are booked by today."""
    first_day = customer.since + timedelta(days=(customer.weekday - customer.since.weekday()) % 7)
    last_day = customer.until or today + BOOKING_LEAD_TIME
    interval = timedelta(weeks=customer.interval_weeks)
    return [first_day + interval * number for number in range((last_day - first_day) // interval + 1)]


def bill_month(
    customer: DemoCustomer,
    month: date,
    today: date,
    completed_visits: list[DemoVisit],
    missed_visits: int,
    contract_id: str | None,
    subscription_id: str | None,
) -> None:
    """Issue the invoice of a month, for the plan or for its visits, and settle it."""
    company = customer.company
    service = company.regular_service
    if subscription_id:
        month_name = f"{company.texts.month_names[month.month - 1]} {month.year}"
        description = company.texts.plan_line.format(plan=company.plan.name, month=month_name)
        line = description, 1, contracts.plan_price(customer, month, today)
    elif completed_visits:
        line = service.name, len(completed_visits), len(completed_visits) * service.price
    else:
        return
    invoice = billing.issue_invoice(
        customer,
        add_months(month),
        [line],
        service.tax_percent,
        visits=completed_visits,
        contract_id=contract_id,
        subscription_id=subscription_id,
    )
    billing.settle_invoice(customer, invoice, missed_visits if subscription_id else 0)
