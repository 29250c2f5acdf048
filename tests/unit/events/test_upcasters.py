"""Amounts of the first version of an invoice, as integers of the second."""

from typing import Any

import pytest

from events.envelope import MalformedRecord, decode
from events.topics import Topics
from events.upcasters import minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("129.00", "usd", 12900),
        ("129", "usd", 12900),
        ("129.5", "usd", 12950),
        ("0.01", "usd", 1),
        ("-0.05", "usd", -5),
        ("-0", "usd", 0),
        ("007.10", "usd", 710),
        ("129.000", "usd", 12900),
        ("129", "jpy", 129),
        ("129.0", "jpy", 129),
        ("1.234", "kwd", 1234),
        ("1.2345", "clf", 12345),
        ("90071992547409.91", "usd", 2**53 - 1),
        ("-9007199254740991", "jpy", 1 - 2**53),
        ("0" * 19_000 + "1", "jpy", 1),
    ],
)
def test_major_units_become_minor_units(amount: str, currency: str, expected: int) -> None:
    """A decimal string becomes as many minor units as its currency has, exactly."""
    assert minor_units(amount, currency) == expected


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("129.001", "usd"),
        ("0.5", "jpy"),
        ("1.2345", "kwd"),
        ("90071992547409.92", "usd"),
        ("9" * 20_000, "usd"),
        ("0." + "0" * 10_000 + "1", "usd"),
    ],
)
def test_amounts_that_are_no_whole_number_of_minor_units(
    amount: str, currency: str, make: Any, examples: Any, topics: Topics
) -> None:
    """More digits than the currency has, or more money than an integer may say, is malformed."""
    with pytest.raises(ValueError):
        minor_units(amount, currency)

    data = {**examples["invoice.issued.v1"]["least"], "currency": currency, "total": amount}
    with pytest.raises(MalformedRecord, match="an amount"):
        decode(make("invoice.issued.v1", data=data), topics)
