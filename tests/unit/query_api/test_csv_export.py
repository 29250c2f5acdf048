"""The table of invoices and payments."""

import pytest

from query_api.export.csv_export import date, decimal, text


@pytest.mark.parametrize(
    "given", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠a"]
)
def test_a_text_that_spreadsheets_would_work_out_is_shown(given: str) -> None:
    assert text(given) == f"'{given}"


@pytest.mark.parametrize("given", ["", "INV-1", "a=b", "1-2", "Año nuevo"])
def test_any_other_text_stays_as_it_is(given: str) -> None:
    assert text(given) == given
    assert text(None) == ""


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (12900, "usd", "129.00"),
        (-5, "usd", "-0.05"),
        (0, "eur", "0.00"),
        (12900, "jpy", "12900"),
        (12900, "kwd", "12.900"),
        (2**53 - 1, "usd", "90071992547409.91"),
    ],
)
def test_amounts_have_all_digits_of_their_currency(amount: int, currency: str, written: str) -> None:
    assert decimal({"amount": amount, "currency": currency}) == written


def test_a_date_is_that_of_the_business() -> None:
    """Also of moments that have no local time there."""
    assert date("2026-01-07T03:00:00.000Z", "America/Phoenix") == "2026-01-06"
    assert date("0001-01-01T00:00:00.000Z", "America/Phoenix") == "0001-01-01"
