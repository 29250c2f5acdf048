"""Subscriptions."""

from tests.support.oracle.facts import Fact, Facts, Json, pick
from tests.support.oracle.visits import upcoming


def subscriptions(facts: Facts) -> list[Json]:
    """All subscriptions, by the name of their plan."""
    ahead = upcoming(facts)
    of_each = facts.of("subscription").items()
    every = [subscription(subject, of_subject, ahead) for subject, of_subject in of_each]
    return sorted(every, key=lambda one: (one["plan"], one["id"]))


def subscription(subject: str, facts: list[Fact], ahead: list[Json]) -> Json:
    """One subscription, as a list item."""
    started = facts[0].data
    state = pick(started, "plan", "items", "interval", "current_period")
    status, resumes_on, ends_on = "active", None, None
    for _, _, fact, _, data, _ in facts[1:]:
        if fact in ("changed", "renewed"):
            state |= {name: value for name, value in data.items() if name in state and value is not None}
        elif fact == "cancelled":
            status, resumes_on, ends_on = fact, None, data["ends_on"]
        else:
            status = "paused" if fact == "paused" else "active"
            resumes_on, ends_on = data.get("resumes_on"), None
    price = sum(item["quantity"] * item["unit_amount"] for item in state["items"])
    following = [visit["id"] for visit in ahead if visit["subscription_id"] == subject]
    return {
        "id": subject,
        "status": status,
        "plan": state["plan"]["name"],
        "price": {"amount": price, "currency": started["currency"]},
        "interval": state["interval"],
        "current_period": state["current_period"],
        "resumes_on": resumes_on,
        "ends_on": ends_on,
        "next_visit_id": following[0] if following else None,
    }
