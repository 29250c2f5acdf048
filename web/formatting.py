"""Money, shares, days and times as people of a locale write them (Unicode CLDR, by Babel)."""

import re
from collections.abc import Mapping
from copy import copy
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_interval, format_time, get_timezone_name, match_skeleton
from babel.numbers import format_decimal


class LocaleFormatter:
    """Formatter of values in the viewer's locale, and in the business's zone where a value has none.

    Timestamps come as served: RFC 3339 in UTC; dates as `YYYY-MM-DD`. `now` is the moment the page is made, `digits`
    how many digits the minor unit of each currency (lower-case ISO 4217) has.
    """

    def __init__(self, locale: Locale, zone: str, now: datetime, digits: Mapping[str, int]) -> None:
        self.locale = locale
        self.zone = zone
        self.now = now
        self.digits = digits

    @property
    def language(self) -> str:
        """The locale as a BCP 47 tag, for `lang`."""
        return str(self.locale).replace("_", "-")

    def number(self, value: int) -> str:
        """Return a count."""
        return format_decimal(value, locale=self.locale)

    def money(self, value: Mapping[str, Any]) -> str:
        """`{"amount": minor units, "currency": lower-case ISO 4217}`, with all decimals the currency has."""
        digits = self.digits[value["currency"]]
        # A copy of the pattern, because CLDR rounds some currencies to fewer digits than ISO 4217 counts in.
        pattern = copy(self.locale.currency_formats["standard"])
        pattern.frac_prec = (digits, digits)
        amount = Decimal(value["amount"]).scaleb(-digits)
        written: str = pattern.apply(
            amount, self.locale, currency=value["currency"].upper(), currency_digits=False
        )
        return written

    def share(self, rate: float) -> str:
        """Return a rate between 0 and 1 in percent, one decimal at most, cut: 100 % means every one.

        See docs/contracts/views.md.
        """
        cut = Decimal(str(rate)).quantize(Decimal("0.001"), ROUND_DOWN)
        pattern = copy(self.locale.percent_formats[None])
        pattern.frac_prec = (0, 1)
        written: str = pattern.apply(cut, self.locale)
        return written

    def day(self, value: str, zone: str | None = None) -> str:
        """Return a date, or a timestamp's day in its zone, the weekday always; the year where it is not this one."""
        on = self._date(value, zone)
        this_year = on.year == self.today(zone).year
        return format_date(
            on, day_pattern(self.locale, "MMMMEEEEd" if this_year else "yMMMMEEEEd"), locale=self.locale
        )

    def weekday(self, value: str, zone: str | None = None) -> str:
        """Return the name of a day of the week alone; pages set `day` in parts with it."""
        return format_date(self._date(value, zone), "cccc", locale=self.locale)

    def day_number(self, value: str, zone: str | None = None) -> str:
        """Return the day of the month alone."""
        return format_date(self._date(value, zone), "d", locale=self.locale)

    def month_of(self, value: str, zone: str | None = None) -> str:
        """Return the month alone, with its year where it is not this one."""
        on = self._date(value, zone)
        return (
            self.month(on.isoformat()[:7])
            if on.year != self.today(zone).year
            else format_date(on, "LLLL", locale=self.locale)
        )

    def date_only(self, value: str) -> str:
        """Return a date without its weekday, for terms and periods."""
        return format_date(date.fromisoformat(value), "medium", locale=self.locale)

    def month(self, value: str) -> str:
        """Return a month `YYYY-MM` by name, with its year."""
        pattern = self.locale.datetime_skeletons[match_skeleton("yMMMM", self.locale.datetime_skeletons)]
        return format_date(date.fromisoformat(f"{value}-01"), str(pattern.pattern), locale=self.locale)

    def month_initial(self, value: str) -> str:
        """Return the shortest that a month `YYYY-MM` is written, for charts: a letter."""
        return format_date(date.fromisoformat(f"{value}-01"), "LLLLL", locale=self.locale)

    def nearness(self, value: str, zone: str | None = None) -> int:
        """Return how many days lie between today and a date or a timestamp's day, both in the zone; negative in the
        past."""
        return (self._date(value, zone) - self.today(zone)).days

    def today(self, zone: str | None = None) -> date:
        """Return the day it is now, in a zone."""
        return self.now.astimezone(ZoneInfo(zone or self.zone)).date()

    def window(self, value: Mapping[str, str], zone: str) -> str:
        """Return a window `{start, end}` as the clock times of its zone, "9:00–11:00 AM".

        Where clocks change in between, each time names its own: the same one may come twice, and the later before.
        """
        start, end = (self._moment(value[name], zone) for name in ("start", "end"))
        changing = start.utcoffset() != end.utcoffset()
        if start.date() == end.date() and not changing:
            clock = "hm" if "a" in self.locale.time_formats["short"].pattern else "Hm"
            return format_interval(start, end, clock, locale=self.locale)
        opening, closing = (format_time(at, "short", locale=self.locale) for at in (start, end))
        if changing:
            names = (get_timezone_name(at, "short", locale=self.locale) for at in (start, end))
            opening, closing = (
                f"{time} {name}" for time, name in zip((opening, closing), names, strict=True)
            )
        day = "" if start.date() == end.date() else f"{self.day(value['end'], zone)}, "
        return f"{opening} – {day}{closing}"

    def clock(self, value: str, zone: str | None = None) -> str:
        """Return a timestamp's clock time in its zone."""
        return format_time(self._moment(value, zone), "short", locale=self.locale)

    def zone_name(self, value: str, zone: str) -> str | None:
        """Return what the zone is called at a timestamp; None where it is the business's and needs no name.

        On a day on which its clocks change it is called what it is called all year.
        """
        if zone == self.zone:
            return None
        moment = self._moment(value, zone)
        first, last = moment.replace(hour=0, minute=0), moment.replace(hour=23, minute=59)
        changing = first.utcoffset() != last.utcoffset()
        return get_timezone_name(moment.tzinfo if changing else moment, locale=self.locale)

    def age(self, value: str) -> timedelta:
        """Return how long ago a timestamp was; never negative."""
        return max(self.now - datetime.fromisoformat(value), timedelta())

    def _date(self, value: str, zone: str | None) -> date:
        if "T" not in value:
            return date.fromisoformat(value)
        return self._moment(value, zone).date()

    def _moment(self, value: str, zone: str | None) -> datetime:
        """Return a timestamp in its zone; in UTC at the ends of the calendar, where the zone's day has no date any
        more."""
        moment = datetime.fromisoformat(value)
        try:
            return moment.astimezone(ZoneInfo(zone or self.zone))
        except OverflowError:
            return moment


@lru_cache(maxsize=512)
def day_pattern(locale: Locale, skeleton: str) -> str:
    """CLDR's pattern for a skeleton, weekday and month written out, which few locales list themselves.

    To look for the nearest one takes Babel longer than all else that a page does with a date.
    """
    found = match_skeleton(skeleton, locale.datetime_skeletons)
    pattern = locale.datetime_skeletons[found].pattern
    return re.sub("M{3,}", "MMMM", re.sub("E+", "EEEE", pattern))
