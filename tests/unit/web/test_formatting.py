"""Values as people of a locale write them."""

from datetime import UTC, datetime, timedelta

import pytest
from babel import Locale

from web.formatting import LocaleFormatter

NOW = datetime(2026, 11, 24, 16, 2, tzinfo=UTC)
DIGITS = {"usd": 2, "jpy": 0, "kwd": 3, "huf": 2}


def formats(tag: str = "en-US", zone: str = "America/Phoenix", now: datetime = NOW) -> LocaleFormatter:
    return LocaleFormatter(Locale.parse(tag, sep="-"), zone, now, DIGITS)


def plain(text: str) -> str:
    """The text with ordinary spaces: CLDR uses thin and unbreakable ones."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("tag", "amount", "currency", "expected"),
    [
        ("en-US", 1212900, "usd", "$12,129.00"),
        ("en-US", 5, "huf", "HUF0.05"),
        ("en-US", 12900, "jpy", "¥12,900"),
        ("en-US", -12900, "kwd", "-KWD12.900"),
        ("es-ES", 1212900, "usd", "12.129,00 US$"),
        ("en-US", 2**53 - 1, "usd", "$90,071,992,547,409.91"),
    ],
)
def test_money_has_the_digits_of_its_currency(tag: str, amount: int, currency: str, expected: str) -> None:
    """Minor units are written with all the decimals their currency has, also where a locale would round."""
    assert expected == plain(formats(tag).money({"amount": amount, "currency": currency}))


@pytest.mark.parametrize(
    ("rate", "expected"), [(1.0, "100%"), (0.9999, "99.9%"), (0.9, "90%"), (0.9234, "92.3%"), (0.0, "0%")]
)
def test_a_share_is_cut(rate: float, expected: str) -> None:
    """A rate is cut to one decimal: 100 % means every one."""
    assert expected == formats().share(rate)


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        ("en-US", "2026-11-27", "Friday, November 27"),
        ("en-GB", "2026-11-27", "Friday 27 November"),
        ("es-MX", "2026-11-27", "viernes, 27 de noviembre"),
        ("en-US", "2027-01-01", "Friday, January 1, 2027"),
        ("es-MX", "2027-01-01", "viernes, 1 de enero de 2027"),
    ],
)
def test_a_day_names_its_weekday(tag: str, value: str, expected: str) -> None:
    """A day is written out with its weekday, and its year where that is not this one."""
    assert expected == formats(tag).day(value)


def test_a_timestamp_has_the_day_of_its_zone() -> None:
    """What is the 25th in UTC is the 24th where the visit is."""
    assert formats().day("2026-11-25T03:00:00.000Z", "America/Phoenix") == "Tuesday, November 24"


@pytest.mark.parametrize(
    ("tag", "start", "end", "expected"),
    [
        ("en-US", "2026-11-24T16:00:00.000Z", "2026-11-24T18:00:00.000Z", "9:00 – 11:00 AM"),
        ("en-US", "2026-11-24T16:00:00.000Z", "2026-11-24T20:00:00.000Z", "9:00 AM – 1:00 PM"),
        ("en-GB", "2026-11-24T16:00:00.000Z", "2026-11-24T18:00:00.000Z", "09:00–11:00"),
        (
            "en-US",
            "2026-11-24T05:00:00.000Z",
            "2026-11-24T08:00:00.000Z",
            "10:00 PM – Tuesday, November 24, 1:00 AM",
        ),
    ],
)
def test_a_window_is_two_clock_times(tag: str, start: str, end: str, expected: str) -> None:
    """A window is written as people of the locale write clock times; past midnight the second day is named."""
    assert expected == plain(formats(tag).window({"start": start, "end": end}, "America/Phoenix"))


@pytest.mark.parametrize(
    ("tag", "zone", "start", "end", "expected"),
    [
        (
            *("en-US", "America/Denver", "2026-11-01T05:30:00.000Z", "2026-11-01T08:30:00.000Z"),
            "11:30 PM MDT – Sunday, November 1, 1:30 AM MST",
        ),
        (
            *("en-US", "America/New_York", "2026-11-01T05:45:00.000Z", "2026-11-01T06:15:00.000Z"),
            "1:45 AM EDT – 1:15 AM EST",
        ),
        (
            *("en-US", "America/New_York", "2026-11-01T05:30:00.000Z", "2026-11-01T06:30:00.000Z"),
            "1:30 AM EDT – 1:30 AM EST",
        ),
        (
            *("es-ES", "Europe/Madrid", "2026-03-29T00:30:00.000Z", "2026-03-29T02:00:00.000Z"),
            "1:30 CET – 4:00 CEST",
        ),
        (
            *("en-US", "America/New_York", "2026-11-01T14:00:00.000Z", "2026-11-01T16:00:00.000Z"),
            "9:00 – 11:00 AM",
        ),
    ],
)
def test_a_window_over_a_change_of_daylight_saving_names_both_times(
    tag: str, zone: str, start: str, end: str, expected: str
) -> None:
    """Clock times are those of the zone's own rules, and where these change in between it is said which is which."""
    assert expected == plain(formats(tag).window({"start": start, "end": end}, zone))


@pytest.mark.parametrize(
    ("moment", "zone", "year"),
    [
        ("9999-12-31T23:59:59.000Z", "Asia/Tokyo", "9999"),
        ("0001-01-01T00:00:00.000Z", "America/Phoenix", "1"),
    ],
)
@pytest.mark.parametrize("tag", ["en-US", "es-MX"])
def test_the_ends_of_the_calendar_are_written_in_utc(tag: str, moment: str, zone: str, year: str) -> None:
    """Where a zone has no date for a moment any more, it is written in UTC, and its zone named so."""
    of = formats(tag)
    window = {"start": "2026-11-24T16:00:00.000Z", "end": moment}

    assert of.day(moment, zone).endswith(year)
    assert of.month_of(moment, zone).endswith(year)
    assert all((of.weekday(moment, zone), of.day_number(moment, zone), of.nearness(moment, zone)))
    assert plain(of.clock(moment, zone)) in plain(of.window({"start": moment, "end": moment}, zone))
    assert of.day(moment, zone) in of.window(window, zone)
    if zone != of.zone:
        assert of.zone_name(moment, zone) is not None


def test_the_zone_is_named_where_it_differs() -> None:
    """A visit's zone is named where it is not the business's."""
    at = "2026-11-24T16:00:00.000Z"

    assert formats().zone_name(at, "America/Phoenix") is None
    assert formats().zone_name(at, "America/New_York") == "Eastern Standard Time"
    assert formats("es-US").zone_name(at, "America/New_York") == "hora estándar oriental"
    # On the day of the change both are right.
    assert formats().zone_name("2026-11-01T14:00:00.000Z", "America/New_York") == "Eastern Time"


def test_nearness_counts_days_of_the_zone() -> None:
    """Today is today where the visit is, whatever day it is for the business."""
    late = formats(now=datetime(2026, 11, 25, 6, 30, tzinfo=UTC))

    assert late.nearness("2026-11-25T16:00:00.000Z") == 1
    assert late.nearness("2026-11-25T16:00:00.000Z", "America/New_York") == 0
    assert late.nearness("2026-11-23") == -1


def test_months_and_parts_of_days() -> None:
    """A calendar leaf is a weekday, a number and a month, the year beside it where it is not this one."""
    english = formats()

    assert english.weekday("2026-11-24") == "Tuesday"
    assert english.day_number("2026-11-24") == "24"
    assert (english.month_of("2026-11-24"), english.month_of("2027-01-01")) == ("November", "January 2027")
    assert formats("es").month("2026-10") == "octubre de 2026"
    assert english.date_only("2026-11-24") == "Nov 24, 2026"


def test_age_is_never_negative() -> None:
    """A timestamp of a clock ahead of ours is new, not from the future."""
    assert formats().age("2026-11-24T16:00:00.000Z") == timedelta(minutes=2)
    assert formats().age("2026-11-24T16:05:00.000Z") == timedelta()


def test_numbers_times_and_language() -> None:
    """Counts have separators, clock times the locale's form, and `lang` is a BCP 47 tag."""
    assert formats().number(12345) == "12,345"
    assert plain(formats().clock("2026-11-24T16:01:55.000Z")) == "9:01 AM"
    assert formats("es-MX").language == "es-MX"
