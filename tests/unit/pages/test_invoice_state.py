"""What an invoice's page says it is: one closed set, each with its sentence, icon and tone."""

from typing import Any, get_args

import pytest
from babel import Locale
from babel.numbers import NumberFormatError

from query_api.pages.invoices import minor_units
from query_api.pages.presenters.invoice_state import TONES, Name, listed, state_of
from query_api.pages.render import PAGES

Json = dict[str, Any]


def usd(amount: int) -> Json:
    return {"amount": amount, "currency": "usd"}


def paid(id_: str = "pay_1", status: str = "succeeded", refunded: int = 0) -> Json:
    return {"id": id_, "status": status, "refunded": usd(refunded)}


def invoice(**changes: Any) -> Json:
    """An invoice as the API answers it: $120.00, nothing paid, not late."""
    return {
        "status": "open",
        "overdue": False,
        "due_on": "2026-01-19",
        "total": usd(12_000),
        "amount_due": usd(12_000),
        "paid": usd(0),
        "overpaid": usd(0),
        "credited": usd(0),
        "payments": [],
        "processing": None,
    } | changes


DONE = {"status": "paid", "amount_due": usd(0)}
STATES: dict[str, Json] = {
    "open": invoice(),
    "overdue": invoice(overdue=True),
    "part_paid": invoice(paid=usd(5_000), amount_due=usd(7_000), payments=[paid()]),
    "processing": invoice(processing={"amount": usd(12_000), "since": "2026-01-07T10:00:00.000Z"}),
    "failed": invoice(payments=[paid("pp_1", "failed")]),
    "paid": invoice(**DONE, paid=usd(12_000), payments=[paid()]),
    "overpaid": invoice(**DONE, paid=usd(13_000), overpaid=usd(1_000), payments=[paid()]),
    "credited": invoice(**DONE, credited=usd(12_000)),
    "refunded": invoice(**DONE, credited=usd(12_000), payments=[paid(status="refunded", refunded=12_000)]),
    "void": invoice(status="void", amount_due=usd(0)),
}


def test_the_set_is_closed() -> None:
    """Each state has a case here and a look."""
    assert set(get_args(Name)) == STATES.keys() == TONES.keys()


@pytest.mark.parametrize("name", STATES)
def test_an_invoice_is_one_of_them(name: str) -> None:
    assert name == state_of(STATES[name]).name


def test_late_is_a_second_word() -> None:
    """Also where a part is paid, or the last payment failed."""
    late = [state_of(STATES[name] | {"overdue": True}) for name in ("part_paid", "failed")]
    assert [(state.name, state.late) for state in late] == [("part_paid", True), ("failed", True)]


def test_that_no_money_was_taken_is_said_where_it_is_known() -> None:
    """Of the portal's own payments only."""
    others = state_of(invoice(payments=[paid("pay_9", "failed")]))
    assert [state_of(STATES["failed"]).nothing_taken, others.nothing_taken] == [True, False]


def test_a_list_knows_less() -> None:
    found = [listed(invoice(status=status)).name for status in ("open", "paid", "void")]
    assert found == ["open", "paid", "void"]
    assert listed(invoice(overdue=True)).name == "overdue"


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_has_a_sentence_of_its_own(language: str) -> None:
    environment = PAGES._environments[language]
    words: Any = environment.get_template("invoice_macros.html").module

    class Formats:
        def money(self, value: Json) -> str:
            return f"{value['amount']}"

        def day(self, value: str) -> str:
            return value

    sentences = {name: words.sentence(Formats(), found, state_of(found)) for name, found in STATES.items()}
    names = {words.word(name) for name in STATES}
    assert len(names) == len(STATES)
    assert all(sentences.values())
    assert len(set(sentences.values())) == len(STATES)


@pytest.mark.parametrize(
    ("typed", "locale", "digits", "expected"),
    [
        ("25", "en_US", 2, 2_500),
        ("1,025.50", "en_US", 2, 102_550),
        ("$25.00", "en_US", 2, 2_500),
        ("25,50", "es_ES", 2, 2_550),
        ("500", "en_US", 0, 500),
    ],
)
def test_amounts_as_people_write_them(typed: str, locale: str, digits: int, expected: int) -> None:
    assert expected == minor_units(typed, Locale.parse(locale), digits)


@pytest.mark.parametrize("typed", ["", "no", "-5", "0", "1.005", "1e3", "12,34", "NaN", "Infinity", "9" * 30])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(NumberFormatError):
        minor_units(typed, Locale.parse("en_US"), 2)
