"""Three years of two businesses: what happened before the demo begins, and what is already agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from demo import billing, contracts, visits
from demo.companies.company import Company
from demo.companies.sonoran_pools import SONORAN
from demo.companies.turia_gardens import TURIA
from demo.contracts import month_after
from demo.customers import DemoCustomer, Habit
from demo.event_log import EventLog, Owner
from demo.featured_customer import specials
from demo.media_folder import MediaFolder
from demo.visits import DemoVisit

YEARS = 3
AHEAD = timedelta(days=21)
"""How long before it a regular visit is booked."""

HABITS: Sequence[Habit] = ("card", "card", "card", "bank", "check", "slow")


@dataclass(frozen=True)
class DemoState:
    """All there is when the demo begins."""

    log: EventLog
    library: MediaFolder
    customers: Sequence[DemoCustomer]
    """Those who are customers now; the first one is the one to sign in as."""


def build(library: MediaFolder, now: datetime) -> DemoState:
    """Tell both businesses' stories up to now and a little beyond; the same for the same `now`."""
    log = EventLog()
    customers: list[DemoCustomer] = []
    for company in (SONORAN, TURIA):
        today = now.astimezone(company.timezone).date()
        begin(company, library, log, today)
        for customer in gather(company, library, log, today):
            arrive(customer)
            live_on(customer, today)
            if customer.position == 0:
                specials(customer, today)
            if customer.until is None:
                customers.append(customer)
    return DemoState(log, library, customers)


def begin(company: Company, library: MediaFolder, log: EventLog, today: date) -> None:
    """Register a business, connect its payments, and later gives it its present looks."""
    first = month_after(today.replace(day=1), -12 * YEARS - 2)
    noon = datetime(first.year, first.month, first.day, 12, tzinfo=company.timezone)
    owner = Owner(company.id)
    logo = library.media(company.id, "brand/logo.webp")
    log.say(
        noon,
        "business.registered.v1",
        owner,
        company.id,
        name=company.name,
        slug=company.slug,
        timezone=company.zone,
        locale=company.locale,
        currency=company.currency,
        branding={"primary_color": "#1d5c73", "tagline": company.former_tagline},
        support={"email": company.email},
    )
    log.say(
        noon + timedelta(days=3),
        "business.payments_connected.v1",
        owner,
        company.id,
        stripe_account_id=company.stripe_account,
    )
    log.say(
        noon + timedelta(days=500),
        "business.rebranded.v1",
        owner,
        company.id,
        branding={"logo": logo, "primary_color": company.color, "tagline": company.tagline},
        support={"email": company.email, "phone": company.phone},
    )


def gather(company: Company, library: MediaFolder, log: EventLog, today: date) -> list[DemoCustomer]:
    """Return the company's customers, who came one by one over the years; a few have left."""
    random = Random(company.id)
    this_month = today.replace(day=1)
    found = []
    for position in range(len(company.names)):
        hero = position == 0
        months = 12 * YEARS if hero else random.randrange(2, 12 * YEARS)
        left = not hero and position % 13 == 12 and months > 8
        found.append(
            DemoCustomer(
                company=company,
                log=log,
                library=library,
                position=position,
                since=month_after(this_month, -months),
                until=today - timedelta(days=150) if left else None,
                weeks=1 if hero or (company.scene == "pool" and random.random() < 0.5) else 2,
                # The one to sign in as sees a visit soon, whatever the day.
                weekday=(today.weekday() + 2) % 7 if hero else random.randrange(5),
                hour=9 if hero else random.randrange(7, 16),
                plan=hero or random.random() < 0.65,
                habit="card" if hero else random.choice(HABITS),
            )
        )
    return found


def arrive(customer: DemoCustomer) -> None:
    """Register a customer. One address may belong to two of them: the second and third of the first business."""
    company = customer.company
    shares = company is SONORAN and customer.position == 2
    emails = ["pat.delgado@mail.example", customer.email] if shares else [customer.email]
    at = customer.at(customer.since - timedelta(days=9), 10)
    customer.say(
        at,
        "customer.registered.v1",
        customer.id,
        name=customer.name,
        emails=emails,
        phone=company.phones.format(number=f"{customer.position:02d}"),
        locale=customer.company.locale,
        addresses=[customer.address()],
    )
    if customer.chance(15):
        phone = company.phones.format(number=f"{customer.position + 50:02d}")
        later = customer.at(customer.since + timedelta(days=40), 13)
        customer.say(later, "customer.contact_changed.v1", customer.id, phone=phone)
    if customer.until and customer.position == 12:
        # Gone, and asked to be forgotten.
        customer.say(customer.at(customer.until + timedelta(days=45), 15), "customer.erased.v1", customer.id)


def live_on(customer: DemoCustomer, today: date) -> None:
    """Add the regular side of a customer's life: agreement, visits, a bill each month."""
    company = customer.company
    service = company.regular
    contract = subscription = None
    if customer.plan or customer.chance(50):
        contract = contracts.sign(customer, service, customer.weeks, customer.since, today)
    if customer.plan:
        subscription = contracts.subscribe(customer, contract, today)
    rest = resting(customer, subscription, today)
    months: dict[date, tuple[list[DemoVisit], int]] = {}
    for day in regular_days(customer, today):
        if rest and rest[0] <= day < rest[1]:
            continue
        start = customer.at(day, customer.hour)
        booked_at = max(start - AHEAD - customer.minutes(0, 300), customer.at(customer.since, -18))
        visit = visits.book(customer, service, start, booked_at, contract, subscription)
        strained = timedelta(days=190) < today - day < timedelta(days=370)
        fate = visits.take_course(customer, visit, strained)
        done, missed = months.setdefault(day.replace(day=1), ([], 0))
        if not fate.startswith(("missed", "cancelled")):
            done.append(visit)
        months[day.replace(day=1)] = done, missed + (fate == "missed by business")
    for month, (done, missed) in months.items():
        if month_after(month) <= today:
            bill_month(customer, month, today, done, missed, contract, subscription)


def resting(customer: DemoCustomer, subscription: str | None, today: date) -> tuple[date, date] | None:
    """Return the period in which the subscription was paused, if it was; published as well."""
    if subscription is None or not (customer.position == 0 or customer.chance(15)):
        return None
    begin, end = today - timedelta(days=560), today - timedelta(days=525)
    if customer.until or begin <= customer.since + timedelta(days=60):
        return None
    contracts.pause(customer, subscription, customer.at(begin - timedelta(days=3), 19), end)
    return begin, end


def regular_days(customer: DemoCustomer, today: date) -> list[date]:
    """Return the days of all regular visits, up to those that are booked by now."""
    first = customer.since + timedelta(days=(customer.weekday - customer.since.weekday()) % 7)
    last = customer.until or today + AHEAD
    every = timedelta(weeks=customer.weeks)
    return [first + every * count for count in range((last - first) // every + 1)]


def bill_month(
    customer: DemoCustomer,
    month: date,
    today: date,
    done: list[DemoVisit],
    missed: int,
    contract: str | None,
    subscription: str | None,
) -> None:
    """Bills a month on the first of the next, by the plan or by the visits, and settles the bill."""
    company = customer.company
    if subscription:
        text = company.words.month.format(
            plan=company.plan.name, month=f"{company.words.months[month.month - 1]} {month.year}"
        )
        line = text, 1, contracts.price(customer, month, today)
    else:
        line = company.regular.name, len(done), len(done) * company.regular.price
    if not line[1]:
        return
    invoice = billing.issue(
        customer,
        month_after(month),
        [line],
        company.regular.tax,
        visits=done,
        contract=contract,
        subscription=subscription,
    )
    billing.settle(customer, invoice, missed if subscription else 0)
