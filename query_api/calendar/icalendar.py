"""Visits as iCalendar (RFC 5545, RFC 7986).

Nothing is taken from the clock but what docs/contracts/views.md cuts by it, so that equal views are equal
bytes and ETags live.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import STATUS, Calendar, Event, Timezone, vDuration

from query_api.http.public_urls import portal_url
from read_models.documents import Doc, parse
from read_models.visit import upcoming
from web.languages import load, select_locale

CATALOGUES = load(Path(__file__).parent / "locale")

PRODUCT = "-//ServiceHub//Customer portal//EN"

REFRESHED = timedelta(hours=1)
"""How often calendars are asked to look for what has changed."""

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""What no text of a calendar may hold (RFC 5545, 3.3.11), and what readers take for the end of a line."""


class CalendarOwner(NamedTuple):
    """Owner of a calendar, and the portal that its entries link to."""

    business: Doc
    customer: Doc
    """Its locale decides about the language."""
    origin: str
    """Scheme and authority that links begin with."""
    now: str
    """The moment, as it is served."""


def calendar(household: CalendarOwner, visits: Iterable[Doc]) -> bytes:
    """Return a calendar of visits, with the zones they are in."""
    business, customer = household.business, household.customer
    made = Calendar.new(
        prodid=PRODUCT,
        name=plain(business["name"]),
        uid=uid(customer["id"], business),
        subcomponents=[entry(household, visit) for visit in visits],
    )
    # Its type has to be said (RFC 7986, 5.7), which the library's own setter does not.
    made.add("REFRESH-INTERVAL", vDuration(REFRESHED), parameters={"VALUE": "DURATION"})
    made.add("X-PUBLISHED-TTL", vDuration(REFRESHED))  # what clients knew before
    # Sorted: the library's own way adds them in the order of a set, which is another one in each process.
    made.subcomponents[:0] = [zone(name) for name in sorted(made.get_missing_tzids())]
    content: bytes = made.to_ical()
    return content


@cache
def zone(name: str) -> Timezone:
    """Return a zone's rules; kept, as they take long to find."""
    return Timezone.from_tzid(name)


def entry(household: CalendarOwner, visit: Doc) -> Event:
    """Return a visit as a calendar's entry; SEQUENCE rises with each of its events, and no other does as much to it."""
    business = household.business
    start, end = (local(visit["window"][name], visit["timezone"]) for name in ("start", "end"))
    changed = parse(visit["log"][-1]["at"])
    return Event.new(
        uid=uid(visit["id"], business),
        sequence=visit["seq"],
        stamp=changed,
        last_modified=changed,
        start=start,
        # It has to be later than the start (RFC 5545, 3.6.1); a window need not.
        end=end if end > start else None,
        status=status(visit, household.now),
        summary=plain(f"{visit['service']['name']} – {business['name']}"),
        location=place(visit["address"]) if visit["address"] else None,
        description=description(household, visit),
        url=portal_url(household.origin, business, f"visits/{visit['id']}"),
    )


def uid(subject: str, business: Doc) -> str:
    """Return what an entry is recognised by for ever: ids are unique within their business only."""
    return f"{subject}@{business['_id']}.servicehub"


def status(visit: Doc, now: str) -> STATUS:
    """Return the status: CANCELLED removes an entry, TENTATIVE where the outcome is not known."""
    if visit["status"] in ("cancelled", "missed"):
        return STATUS.CANCELLED
    if visit["phase"] == "open" and not upcoming(visit, now):
        return STATUS.TENTATIVE
    return STATUS.CONFIRMED


def local(timestamp: str, name: str) -> datetime:
    """Return a moment in its zone, or in UTC where it has no local time of its own."""
    moment = parse(timestamp)
    try:
        there = moment.astimezone(ZoneInfo(name))
    except OverflowError:
        return moment  # the first and the last day of the calendar have no local time everywhere
    # A local time that comes twice means the first one (RFC 5545, 3.3.5).
    return moment if there.fold else there


def place(address: Doc) -> str:
    """Return a postal address on a line."""
    town = " ".join(part for part in (address["region"], address["postal_code"]) if part)
    parts = (address["line1"], address["line2"], address["city"], town, address["country"])
    return plain(", ".join(part for part in parts if part))


def description(household: CalendarOwner, visit: Doc) -> str:
    """Return who comes, and whom to ask; not the instructions, which may open doors and have no place in a shared
    calendar."""
    business = household.business
    locale = select_locale((household.customer["locale"], business["locale"]), CATALOGUES)
    gettext = CATALOGUES[locale.language].gettext
    support = business["support"]
    contact = ", ".join(part for part in (support["phone"], support["email"]) if part)
    lines = [gettext("Arrival is expected within this time.")]
    if visit["technician"]:
        lines.append(gettext("Technician: %(name)s") % {"name": visit["technician"]["name"]})
    lines.append(f"{business['name']}: {contact}")
    return "\n".join(plain(line) for line in lines)


def plain(text: str) -> str:
    """Return a text on one line, without what is no text."""
    return " ".join(UNPRINTABLE.sub(" ", text).split())
