"""Activity texts (docs/contracts/views.md, Activity): never instructions, locations, or what staff write for staff.

The texts are English and pass through `gettext` before anything is put into them.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from events.types import MINOR_UNIT_DIGITS
from read_models.documents import Doc
from read_models.queries import ActivityEntry, QueryContext
from web.formatting import LocaleFormatter
from web.languages import SOURCE, select_locale

LOCALE = Path(__file__).parent / "locale"
"""The catalogues of the texts here."""

TITLES: Mapping[str, str] = {
    "visit.booked": "Appointment booked: %(service)s",
    "visit.rescheduled": "Appointment moved: %(service)s",
    "visit.technician_assigned": "Technician assigned: %(service)s",
    "visit.dispatched": "On the way: %(service)s",
    "visit.started": "Started: %(service)s",
    "visit.completed": "Completed: %(service)s",
    "visit.missed": "Missed: %(service)s",
    "visit.cancelled": "Cancelled: %(service)s",
    "visit.reopened": "Scheduled again: %(service)s",
    "proof_pack.published": "Proof of service shared: %(service)s",
    "proof_pack.withdrawn": "Proof of service withdrawn: %(service)s",
    "invoice.issued": "Invoice %(number)s issued",
    "invoice.due_date_changed": "Invoice %(number)s: new due date",
    "invoice.credited": "Invoice %(number)s credited",
    "invoice.voided": "Invoice %(number)s voided",
    "payment.succeeded": "Payment received",
    "payment.failed": "Payment failed",
    "payment.refunded": "Payment refunded",
    "subscription.started": "Subscription started: %(plan)s",
    "subscription.changed": "Subscription changed: %(plan)s",
    "subscription.renewed": "Subscription renewed: %(plan)s",
    "subscription.paused": "Subscription paused: %(plan)s",
    "subscription.resumed": "Subscription resumed: %(plan)s",
    "subscription.cancelled": "Subscription cancelled: %(plan)s",
    "contract.signed": "Contract signed: %(title)s",
    "contract.amended": "Contract amended: %(title)s",
    "contract.renewed": "Contract renewed: %(title)s",
    "contract.ended": "Contract ended: %(title)s",
}
"""By what happened: every fact that `read_models.documents.append_activity` puts into a log."""

AMENDED: Mapping[str, str] = {
    "title": "the title",
    "services": "the services",
    "terms": "the terms",
    "sla": "the service level",
    "ends_on": "the end date",
}

REASON_GIVEN = frozenset(
    {
        "visit.rescheduled",
        "visit.missed",
        "visit.cancelled",
        "visit.reopened",
        "invoice.credited",
        "payment.failed",
    }
)
"""What customers are told the reason of; those of all else are the office's own notes."""


def english_formatter(customer: Doc, reading: QueryContext) -> LocaleFormatter:
    """Return how an English text writes values for a customer."""
    locale = select_locale([customer["locale"], reading.business["locale"]], {SOURCE})
    return LocaleFormatter(locale, reading.business["timezone"], reading.at, MINOR_UNIT_DIGITS)


class ActivityText:
    """The words of one reader."""

    def __init__(
        self, formats: LocaleFormatter, business: str, gettext: Callable[[str], str] = lambda text: text
    ) -> None:
        """Keep `business`, its name; `gettext` translates into the language of `formats`."""
        self.formats = formats
        self.business = business
        self.gettext = gettext

    def title(self, happening: ActivityEntry) -> str:
        """Return what happened, and with what."""
        entry, about = happening
        return self.translate(TITLES[entry["what"]], **record_name(entry, about))

    def detail(self, happening: ActivityEntry) -> str | None:
        """Return what changed, by whom and why; None where the title says it all."""
        entry, about = happening
        tell = DETAILS.get(entry["what"])
        sentences = list(tell(self, entry, about)) if tell else []
        if entry["what"] in REASON_GIVEN and "reason" in entry:
            sentences.append(self.translate("Reason: %(reason)s", reason=entry["reason"]))
        return " ".join(sentences) or None

    def translate(self, text: str, **values: str) -> str:
        """Return a text with its values put in."""
        return self.gettext(text) % values

    def window(self, window: Doc, zone: str) -> str:
        """Return a promised window in its zone, which is named where it is not the business's."""
        start = window["start"]
        times = {"day": self.formats.day(start, zone), "times": self.formats.window(window, zone)}
        named = self.formats.zone_name(start, zone)
        if named:
            return self.translate("%(day)s, %(times)s (%(zone)s)", zone=named, **times)
        return self.translate("%(day)s, %(times)s", **times)

    def clock(self, moment: str, zone: str) -> dict[str, str]:
        """Return a moment in a zone, as the values of a text."""
        return {"day": self.formats.day(moment, zone), "time": self.formats.clock(moment, zone)}


def _booked(words: ActivityText, entry: Doc, about: Doc) -> Iterator[str]:
    yield words.translate("For %(window)s.", window=words.window(entry["window"], about["timezone"]))


def _rescheduled(words: ActivityText, entry: Doc, about: Doc) -> Iterator[str]:
    before, after = (words.window(entry[name], about["timezone"]) for name in ("before", "window"))
    yield words.translate("From %(before)s to %(after)s.", before=before, after=after)
    if entry["by"] == "customer":
        yield words.translate("You asked for it.")
    else:
        yield words.translate("%(business)s asked for it.", business=words.business)


def _technician_assigned(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    yield words.translate("%(technician)s will come.", technician=entry["technician"])


def _dispatched(words: ActivityText, entry: Doc, about: Doc) -> Iterator[str]:
    if "eta" in entry:
        yield words.translate(
            "Expected on %(day)s at %(time)s.", **words.clock(entry["eta"], about["timezone"])
        )


def _started(words: ActivityText, entry: Doc, about: Doc) -> Iterator[str]:
    yield words.translate(
        "Arrived on %(day)s at %(time)s.", **words.clock(entry["arrived_at"], about["timezone"])
    )


def _completed(words: ActivityText, entry: Doc, about: Doc) -> Iterator[str]:
    yield words.translate(
        "Finished on %(day)s at %(time)s.", **words.clock(entry["completed_at"], about["timezone"])
    )


def _missed(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    if entry["by"] == "customer":
        yield words.translate("It could not take place on your side.")
    elif entry["by"] == "business":
        yield words.translate("It was missed by %(business)s.", business=words.business)


def _cancelled(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    if entry["by"] == "customer":
        yield words.translate("You cancelled it.")
    else:
        yield words.translate("%(business)s cancelled it.", business=words.business)


def _issued(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    amount, due_on = words.formats.money(entry["amount"]), words.formats.day(entry["due_on"])
    yield words.translate("%(amount)s, due on %(due_on)s.", amount=amount, due_on=due_on)


def _due_date_changed(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    before, after = (words.formats.day(entry[name]) for name in ("before_due_on", "due_on"))
    yield words.translate("From %(before)s to %(after)s.", before=before, after=after)


def _credited(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    yield words.translate("%(amount)s less to pay.", amount=words.formats.money(entry["amount"]))


def _paid(words: ActivityText, entry: Doc, about: Doc) -> Iterator[str]:
    amount = words.formats.money(entry["amount"])
    yield words.translate("%(amount)s for invoice %(number)s.", amount=amount, number=about["invoice_number"])


def _plan_changed(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    if entry["before"] != entry["plan"]:
        yield words.translate("From %(before)s to %(plan)s.", before=entry["before"], plan=entry["plan"])
    yield words.translate("The price is %(amount)s.", amount=words.formats.money(entry["amount"]))


def _period(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    start, end = (words.formats.date_only(entry["period"][name]) for name in ("start", "end"))
    yield words.translate("From %(start)s to %(end)s.", start=start, end=end)


def _paused(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    if "resumes_on" in entry:
        yield words.translate("It resumes on %(day)s.", day=words.formats.day(entry["resumes_on"]))


def _ends(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    yield words.translate("It ends on %(day)s.", day=words.formats.day(entry["ends_on"]))


def _amended(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    changed = ", ".join(words.gettext(AMENDED[name]) for name in AMENDED if name in entry["fields"])
    if changed:
        yield words.translate("Changed: %(changed)s.", changed=changed)


def _prolonged(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    yield words.translate("It now ends on %(day)s.", day=words.formats.day(entry["ends_on"]))


def _ended(words: ActivityText, entry: Doc, _about: Doc) -> Iterator[str]:
    yield words.translate("It ended on %(day)s.", day=words.formats.day(entry["ended_on"]))


DETAILS: Mapping[str, Callable[[ActivityText, Doc, Doc], Iterator[str]]] = {
    "visit.booked": _booked,
    "visit.rescheduled": _rescheduled,
    "visit.technician_assigned": _technician_assigned,
    "visit.dispatched": _dispatched,
    "visit.started": _started,
    "visit.completed": _completed,
    "visit.missed": _missed,
    "visit.cancelled": _cancelled,
    "invoice.issued": _issued,
    "invoice.due_date_changed": _due_date_changed,
    "invoice.credited": _credited,
    "payment.succeeded": _paid,
    "payment.failed": _paid,
    "payment.refunded": _paid,
    "subscription.changed": _plan_changed,
    "subscription.renewed": _period,
    "subscription.paused": _paused,
    "subscription.cancelled": _ends,
    "contract.amended": _amended,
    "contract.renewed": _prolonged,
    "contract.ended": _ended,
}


def record_name(entry: Doc, about: Doc) -> dict[str, Any]:
    """Return what a title calls the record by: as it was called then, where the entry says so."""
    match about["kind"]:
        case "visit":
            return {"service": about["service"]["name"]}
        case "invoice":
            return {"number": about["number"]}
        case "subscription":
            return {"plan": entry.get("plan", about["plan"]["name"])}
        case "contract":
            return {"title": entry["title"]}
    return {}
