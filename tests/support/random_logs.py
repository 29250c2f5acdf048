"""Logs as ServiceHub might publish them: random, legal, and full of what is rare (docs/contracts/events.md).

One writer for both: given a seeded `random.Random` it makes big logs, given Hypothesis's it makes logs that shrink.
A log is a list of CloudEvents as dicts, in the order published.
"""

from random import Random

from hypothesis import strategies as st

from tests.support.random_entity_histories import contract, invoice, subscription, visit
from tests.support.random_events import ZONES, Absent, Json, Log, RandomEventSource


def business(says: RandomEventSource, slug: str) -> None:
    """A business that may change its looks."""
    data: Json = {
        "name": "Blue Pools",
        "slug": slug,
        "timezone": says.random.choice(ZONES),
        "locale": "en-US",
        "currency": "usd",
        "branding": {"tagline": "Clear water"},
        "support": {"email": "office@blue.test"},
    }
    says.say("business.registered", says.business, data)
    if says.rarely():
        says.say("business.rebranded", says.business, {"name": "Bluer Pools"})
    if says.rarely():
        says.say("business.registered", says.business, {**data, "timezone": "UTC", "slug": f"{slug}-2"})


def customer(says: RandomEventSource, by: str, size: int) -> None:
    """A customer with about `size` of everything that happens."""
    who = {"name": "Ada Field", "emails": [f"{by}@mail.test"], "phone": says.maybe("+1 602 555 0100")}
    says.say("customer.registered", by, who, by=by)
    says.loses_it()
    for _ in range(says.random.randrange(3)):
        changed = {"name": says.random.choice(("Ada Hill", Absent)), "phone": says.maybe("+1 602 555 0199")}
        says.say("customer.contact_changed", by, changed, by=by)
    contracts = [f"con_{by}_{n}" for n in range(says.random.randrange(1 + min(size, 12)))]
    plans = [f"sub_{by}_{n}" for n in range(says.random.randrange(1 + min(size, 12)))]
    for subject in contracts:
        contract(says, by, subject)
    for subject in plans:
        subscription(says, by, subject)
    for number in range(says.random.randrange(2 * size + 1)):
        visit(says, by, f"vis_{by}_{number}", contracts, plans)
    for number in range(says.random.randrange(size + 1)):
        invoice(says, by, f"inv_{by}_{number}", str(1000 + number * 7))
    if says.rarely():
        says.say("quote.sent", f"quo_{by}", {"anything": [1]}, by=by)
    if says.rarely():
        says.say("customer.erased", by, says.random.choice((None, {})), by=by)
        if says.often():
            says.say("customer.contact_changed", by, {"name": "Nobody"}, by=by)


def history(random: Random, name: str = "biz_1", customers: int = 2, size: int = 3) -> Log:
    """A business and its customers; with `size` grows how much happens to each."""
    says = RandomEventSource(random, name)
    business(says, name.replace("_", "-"))
    for number in range(customers):
        customer(says, f"cus_{number}", size)
    return says.log


def histories() -> st.SearchStrategy[Log]:
    """Small logs of a business with up to two customers."""
    return st.builds(
        history,
        st.randoms(use_true_random=False),
        customers=st.integers(1, 2),
        size=st.integers(1, 4),
    )
