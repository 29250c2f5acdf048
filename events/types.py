"""The kinds of values an event's data is made of, each checked as docs/contracts/events.md defines it.

A value that breaks its rule is a wrong field type and makes the record malformed. Messages name the rule, never
the value.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Final, TypeVar

from iso4217 import Currency as Iso4217
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

MAX_INTEGER: Final = 2**53 - 1
MAX_TEXT: Final = 20_000
MAX_ITEMS: Final = 500
ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"

# ISO 4217 drops a currency when a country gives it up, but the log keeps what was billed in it: code -> digits of
# the minor unit, those of ISO 4217 list three withdrawn since 2010.
_WITHDRAWN: Final = {
    **dict.fromkeys(
        ("ang", "bgn", "cuc", "eek", "hrk", "ltl", "lvl", "mro", "sll", "std", "vef", "zmk", "zwl"), 2
    ),
    "byr": 0,
}
# Codes without a minor unit (gold, "no currency", testing) cannot be the unit of an amount and are left out.
MINOR_UNIT_DIGITS: Final[Mapping[str, int]] = _WITHDRAWN | {
    currency.code.lower(): currency.exponent for currency in Iso4217 if currency.exponent is not None
}
"""Lower-case ISO 4217 code -> how many digits its minor unit has (jpy 0, usd 2, kwd 3)."""

_TIMESTAMP: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:)(\d\d)(?:\.(\d+))?(?:Z|[+-]00:00)", re.ASCII | re.IGNORECASE
)
_CANONICAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d\.\d{3}Z", re.ASCII)
_LOCALE: Final = re.compile(
    # RFC 5646, section 2.1: language, script, region, variants, extensions, private use
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)


@cache
def time_zones() -> frozenset[str]:
    """Return every name of the IANA time zone database, as the tzdata package has it."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def countries() -> frozenset[str]:
    """Return every ISO 3166-1 alpha-2 code, from the table that comes with the IANA time zone database."""
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in table.splitlines() if not line.startswith("#"))


def canonical_timestamp(text: str) -> str:
    """Give an RFC 3339 UTC timestamp as `YYYY-MM-DDTHH:MM:SS.mmmZ`, milliseconds cut, not rounded.

    A leap second (RFC 3339, section 5.7) counts as the end of the second before. Raises ValueError for anything
    else: no such day, another offset than zero, no time of day.
    """
    if _CANONICAL.fullmatch(text):
        datetime.fromisoformat(text)
        return text
    parts = _TIMESTAMP.fullmatch(text)
    if parts is None:
        raise ValueError("not an RFC 3339 UTC timestamp")
    day, minutes, seconds, fraction = parts.groups("")
    if minutes == "23:59:" and seconds == "60":  # a leap second
        seconds, fraction = "59", "999"
    canonical = f"{day}T{minutes}{seconds}.{fraction[:3]:0<3}Z"
    datetime.fromisoformat(canonical)
    return canonical


def _timestamp(text: str) -> str:
    try:
        return canonical_timestamp(text)
    except ValueError:
        raise PydanticCustomError("timestamp", "is not an RFC 3339 UTC timestamp") from None


def _date(text: str) -> str:
    try:
        canonical = date.fromisoformat(text).isoformat()
    except ValueError:
        canonical = None
    if text != canonical:
        raise PydanticCustomError("date", "is not a date YYYY-MM-DD of the calendar")
    return text


def _time_zone(text: str) -> str:
    if text not in time_zones():
        raise PydanticCustomError("time_zone", "is not an IANA time zone")
    return text


def _currency(text: str) -> str:
    if text not in MINOR_UNIT_DIGITS:
        raise PydanticCustomError("currency", "is not an ISO 4217 currency with a minor unit, in lower case")
    return text


def _locale(text: str) -> str:
    if not _LOCALE.fullmatch(text):
        raise PydanticCustomError("locale", "is not a BCP 47 language tag")
    return text


def _country(text: str) -> str:
    if text not in countries():
        raise PydanticCustomError("country", "is not an ISO 3166-1 alpha-2 code")
    return text


def _object_key(text: str) -> str:
    if ".." in text or "\\" in text or text.startswith("/"):
        raise PydanticCustomError("object_key", "is not a safe object key")
    return text


Text = Annotated[str, Field(max_length=MAX_TEXT)]
"""Valid Unicode of at most 20,000 characters."""
Id = Annotated[str, Field(pattern=ID_PATTERN)]
"""Opaque, unique within its business only."""
Integer = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
"""Within what a double holds exactly, ±(2^53 - 1)."""
Money = Annotated[int, Field(description="Minor units of the currency.", ge=-MAX_INTEGER, le=MAX_INTEGER)]
"""In minor units of the currency beside it."""
DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=MAX_TEXT)]
"""A decimal number as text, no exponent."""
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""A target: 0 none, 1 all."""
Timestamp = Annotated[
    str, AfterValidator(_timestamp), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""Kept as canonical text `YYYY-MM-DDTHH:MM:SS.mmmZ`: sorts as it reads, is served as it lies."""
Date = Annotated[str, AfterValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
"""`YYYY-MM-DD`."""
TimeZone = Annotated[str, Field(description="IANA time zone."), AfterValidator(_time_zone)]
"""A name of the IANA time zone database."""
Currency = Annotated[
    str, Field(description="ISO 4217, lower case.", pattern="^[a-z]{3}$"), AfterValidator(_currency)
]
"""ISO 4217, lower case."""
Locale = Annotated[str, Field(description="BCP 47.", max_length=MAX_TEXT), AfterValidator(_locale)]
"""A well-formed BCP 47 language tag."""
Country = Annotated[
    str, Field(description="ISO 3166-1 alpha-2.", pattern="^[A-Z]{2}$"), AfterValidator(_country)
]
"""ISO 3166-1 alpha-2."""
ObjectKey = Annotated[
    str,
    Field(description="Key in the business's media store.", max_length=MAX_TEXT),
    AfterValidator(_object_key),
]
"""Never a URL; has no `..`, no backslash, no leading `/`."""

_T = TypeVar("_T")
# JSON has one kind of list and strict mode wants tuples, so only this level is lax.
List = Annotated[tuple[_T, ...], Strict(strict=False), Field(max_length=MAX_ITEMS)]
"""At most 500 items, kept as a tuple."""


class EventData(BaseModel):
    """An event's data, or an object in it: frozen, of exact JSON types; fields it does not know are ignored.

    An absent or `null` optional field is None. Validation raises pydantic's ValidationError.
    """

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        # With its first event: most commands meet none, and would start half as slow again.
        defer_build=True,
    )


class PartialUpdate(EventData):
    """Data of a fact in which "what is absent stays": `model_fields_set` holds what is to be replaced.

    `null` reads as absent, but clears the fields that are optional on the entity itself (`CLEARABLE`): those are
    then in `model_fields_set` with the value None.
    """

    CLEARABLE: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _null_reads_as_absent(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None or name in cls.CLEARABLE}
        return data


class EmptyData(EventData):
    """Data of a fact that says all by its type: absent, `null` or `{}`."""


class Media(EventData):
    """A file in the business's media store, at `{PORTAL_MEDIA_URL}/{businessid}/{key}`."""

    key: ObjectKey
    content_type: Text
    bytes: Integer
    sha256: Text
    """Hexadecimal hash of the object's bytes."""
    width: Integer | None = None
    """Pixels."""
    height: Integer | None = None
    """Pixels."""


class NamedRef(EventData):
    """Something with an id and a name to show: a service, a plan."""

    id: Id
    name: Text


class Address(EventData):
    """A service address of a customer."""

    id: Id
    line1: Text
    line2: Text | None = None
    city: Text
    region: Text | None = None
    postal_code: Text
    country: Country
