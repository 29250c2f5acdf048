"""Amounts as Stripe counts them (docs.stripe.com/currencies), and as everybody else does, in ISO 4217's minor units.

They differ in a few currencies: Stripe counts in whole Ariary where ISO 4217 has a hundredth, in hundredths of a Króna
where it has none, and takes three-digit currencies in steps of ten.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from events.types import MINOR_UNIT_DIGITS


class StripeCurrencyUnit(NamedTuple):
    """Unit in which Stripe counts a currency."""

    digits: int
    """Decimals of the unit that amounts are given in."""
    step: int = 1
    """What amounts have to be a multiple of."""


_WHOLE: Final = (
    *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
    *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"),
)
_UNITS: Final[Mapping[str, StripeCurrencyUnit]] = {
    **dict.fromkeys(_WHOLE, StripeCurrencyUnit(0)),
    **dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), StripeCurrencyUnit(3, step=10)),
    # Without decimals, but given with two for compatibility. HUF and TWD are so in payouts only.
    **dict.fromkeys(("isk", "ugx"), StripeCurrencyUnit(2, step=100)),
}


def unit(currency: str) -> StripeCurrencyUnit | None:
    """Return how Stripe counts a lower-case currency; None where its rules say nothing of one with so many decimals."""
    return _UNITS.get(currency) or (StripeCurrencyUnit(2) if MINOR_UNIT_DIGITS[currency] == 2 else None)


def chargeable(amount: int, currency: str) -> int:
    """Return the most of an amount, in minor units, that Stripe can take: never more than is due, 0 where it can take
    none."""
    known = unit(currency)
    if known is None or amount <= 0:
        return 0
    return from_stripe(to_stripe(amount, currency), currency)


def to_stripe(amount: int, currency: str) -> int:
    """Return an amount in minor units as Stripe counts it, cut to what it can take; ValueError where it has no rule."""
    known = unit(currency)
    if known is None:
        raise ValueError(f"Stripe's rules for {currency} are not known")
    scaled = _scaled(amount, known.digits - MINOR_UNIT_DIGITS[currency])
    return scaled - scaled % known.step


def from_stripe(amount: int, currency: str) -> int:
    """Return an amount as Stripe counts it in minor units; ValueError where it has no rule."""
    known = unit(currency)
    if known is None:
        raise ValueError(f"Stripe's rules for {currency} are not known")
    return _scaled(amount, MINOR_UNIT_DIGITS[currency] - known.digits)


def _scaled(amount: int, digits: int) -> int:
    return int(amount * 10**digits if digits >= 0 else amount // 10**-digits)
