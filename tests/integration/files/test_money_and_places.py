"""Amounts in currencies of every kind, and times at places in every zone: on pages, on paper, in tables."""

import csv
import io

import pytest

from tests.integration.api.harness import ApiClient
from tests.integration.files.harness import Library, file, photo
from tests.integration.files.test_pdf_and_zip import text


@pytest.mark.parametrize(
    ("currency", "total", "part", "shown", "rows"),
    [
        ("jpy", "12900", 400, ("¥12,900", "¥400", "¥12,500"), ("12900", "400", "12500")),
        ("kwd", "12.900", 400, ("KWD12.900", "KWD0.400", "KWD12.500"), ("12.900", "0.400", "12.500")),
        ("usd", "129.00", 400, ("$129.00", "$4.00", "$125.00"), ("129.00", "4.00", "125.00")),
    ],
)
async def test_amounts_have_the_digits_of_their_currency(
    library: Library,
    reader: ApiClient,
    currency: str,
    total: str,
    part: int,
    shown: tuple[str, ...],
    rows: tuple[str, ...],
) -> None:
    """Total, paid and still to pay: in the list, on the invoice's page, on both papers, in the table."""
    await library.say("invoice.issued", "i1", currency=currency, total=total, tax="0")
    await library.say("payment.succeeded", "y1", currency=currency, amount=part)

    whole, paid, due = shown
    for path, expected in {
        "": (due,),
        "invoices": (whole,),
        "invoices/i1": shown,
        "payments": (paid,),
        "payments/y1": (paid,),
    }.items():
        page = plain((await reader._browser.get(f"/blue/{path}")).text)
        assert [one for one in expected if one not in page] == [], path
    for path, expected in {"invoices/i1.pdf": shown, "payments/y1.pdf": (paid,)}.items():
        paper = plain(text((await file(reader, path)).content))
        assert [one for one in expected if one not in paper] == [], path
    table = (await reader.ask("export", format="csv")).content.decode("utf-8-sig")
    invoice, payment = csv.DictReader(io.StringIO(table))
    assert (invoice["amount"], invoice["paid"], invoice["amount_due"]) == rows
    assert (payment["amount"], payment["currency"]) == (rows[1], currency.upper())


async def test_a_visit_elsewhere_is_told_in_its_own_time_wherever_it_stands(
    library: Library, reader: ApiClient
) -> None:
    """At 8 PM the day before at the business it is the next afternoon in Auckland: that is what is said, and where."""
    window = {"start": "2026-01-06T03:00:00Z", "end": "2026-01-06T05:00:00Z"}
    await library.say("visit.booked", "v1", window=window, timezone="Pacific/Auckland")
    await library.say("visit.started", "v1", arrived_at="2026-01-06T03:12:00Z")
    await library.say("visit.completed", "v1", completed_at="2026-01-06T04:40:00Z")
    for item, stage in (("p1", "before"), ("p2", "after")):
        picture = library.keep(f"{item}.jpg", photo())
        await library.say(
            "proof.uploaded",
            item,
            kind="photo",
            media=picture,
            stage=stage,
            captured_at="2026-01-06T04:00:00Z",
        )
    await library.say("proof_pack.published", "k1", items=["p1", "p2"])

    page = plain((await reader._browser.get("/blue/visits/v1")).text)
    paper = plain(text((await file(reader, "visits/v1/proof.pdf")).content))

    for said in (page, paper):
        for expected in ("Tuesday, January 6", "4:00 – 6:00 PM", "4:12 PM", "5:40 PM"):
            assert expected in said, (expected, said)
        assert "New Zealand Daylight Time" in said
        assert "Monday, January 5" not in said
    for path in ("proof", "proof/p1", "compare/p1/p2"):
        said = plain((await reader._browser.get(f"/blue/visits/v1/{path}")).text)
        assert "5:00 PM" in said, path
        assert "New Zealand Daylight Time" in said, path
    listed = plain((await reader._browser.get("/blue/visits")).text)
    assert "Tuesday, January 6" in listed


def plain(said: str) -> str:
    """A text with plain spaces, as those of numbers and times are of several kinds."""
    return " ".join(said.split())
