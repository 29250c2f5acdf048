"""docs/contracts/views.md, Invoices and payments: given what was asked for and paid, there is left to pay …"""

from read_models.documents import Doc
from tests.support.event_builder import EventBuilder, registered
from tests.support.in_memory_store import InMemoryStore


def documents(told: EventBuilder, batch: int | None = None) -> InMemoryStore:
    store = InMemoryStore(cached=True)
    store.apply(told.events, batch)
    return store


def invoice(told: EventBuilder) -> Doc:
    return documents(told).docs["biz_1/cus_1/invoice/i1"]


def payment(told: EventBuilder) -> Doc:
    return documents(told).docs["biz_1/cus_1/payment/y1"]


def test_due_is_total_less_credits_less_what_came_in_net_of_refunds() -> None:
    told = (
        registered()
        .event("invoice.issued", "i1")
        .event("invoice.credited", "i1")
        .event("payment.succeeded", "y1")
    )
    told.event("payment.refunded", "y1")
    document = invoice(told)
    assert (document["amount_due"], document["paid"], document["status"]) == (8000, 3000, "open")
    assert payment(told)["status"] == "partially_refunded"


def test_credits_and_refunds_count_once_by_their_id() -> None:
    told = (
        registered()
        .event("invoice.issued", "i1")
        .event("invoice.credited", "i1")
        .event("invoice.credited", "i1")
    )
    told.event("payment.succeeded", "y1").event("payment.refunded", "y1").event("payment.refunded", "y1")
    document = invoice(told)
    assert (document["amount_due"], document["paid"]) == (8000, 3000)


def test_a_payment_may_fail_and_then_succeed_and_nothing_else_changes_it_then() -> None:
    told = (
        registered()
        .event("invoice.issued", "i1")
        .event("payment.failed", "y1")
        .event("payment.succeeded", "y1")
    )
    told.event("payment.failed", "y1").event("payment.succeeded", "y1", amount=1)
    assert (payment(told)["status"], payment(told)["amount"]) == ("succeeded", 5000)
    assert invoice(told)["paid"] == 5000


def test_a_refund_of_what_never_came_in_names_no_invoice() -> None:
    """The payment's first event was lost; what comes next of it stands, also where it names another invoice."""
    told = registered().event("payment.refunded", "y1", invoice_id="i1").event("invoice.issued", "i2")
    told.event("payment.succeeded", "y1", invoice_id="i2").event("invoice.issued", "i1")
    docs = documents(told, 1).docs
    paid = [docs[f"biz_1/cus_1/invoice/{_id}"]["payments"] for _id in ("i1", "i2")]
    assert paid == [[], ["y1"]]


def test_a_second_failure_changes_nothing() -> None:
    told = registered().event("invoice.issued", "i1").event("payment.failed", "y1", amount=5000)
    told.event("payment.failed", "y1", amount=7000, reason="insufficient funds")
    assert (payment(told)["amount"], payment(told)["failure_reason"]) == (5000, "declined")


def test_what_was_paid_beyond_is_overpaid_and_everything_on_a_void_invoice() -> None:
    told = registered().event("invoice.issued", "i1", total="30.00").event("payment.succeeded", "y1")
    assert (invoice(told)["status"], invoice(told)["overpaid"]) == ("paid", 2000)
    told.event("invoice.voided", "i1")
    document = invoice(told)
    assert (document["status"], document["amount_due"], document["overpaid"]) == ("void", 0, 5000)


def test_another_currency_is_listed_and_not_counted() -> None:
    told = registered().event("invoice.issued", "i1").event("payment.succeeded", "y1", currency="eur")
    assert invoice(told)["amount_due"] == 12000
    assert payment(told)["shown"]


def test_a_payment_waits_out_of_sight_for_its_invoice() -> None:
    told = registered().event("payment.succeeded", "y1")
    assert not payment(told)["shown"]
    told.event("invoice.issued", "i1")
    for batch in (1, None):
        document = documents(told, batch).docs["biz_1/cus_1/payment/y1"]
        assert (document["shown"], document["invoice_number"]) == (True, "1042")


def test_the_balance_is_the_sum_due_over_open_invoices_by_currency() -> None:
    told = (
        registered()
        .event("invoice.issued", "i1")
        .event("invoice.issued", "i2", currency="jpy", total="500", tax="0")
    )
    told.event("invoice.issued", "i3", total="1.50").event("payment.succeeded", "y1")
    shown = documents(told).dashboard("biz_1", "cus_1", "2026-01-20T12:00:00.000Z", "2026-01-20")
    assert shown
    assert shown["balance"] == [{"amount": 500, "currency": "jpy"}, {"amount": 7150, "currency": "usd"}]
    assert [(item["id"], item["overdue"]) for item in shown["open_invoices"]] == [
        ("i1", True),
        ("i2", True),
        ("i3", True),
    ]


def test_an_invoice_is_overdue_from_the_day_after_its_due_date() -> None:
    store = documents(registered().event("invoice.issued", "i1"))
    for today, overdue in (("2026-01-19", False), ("2026-01-20", True)):
        shown = store.dashboard("biz_1", "cus_1", f"{today}T12:00:00.000Z", today)
        assert shown
        assert shown["open_invoices"][0]["overdue"] is overdue


def test_a_visit_knows_the_invoices_that_bill_it_also_when_it_is_booked_later() -> None:
    told = registered().event("invoice.issued", "i1", visit_ids=["v1"]).event("visit.booked", "v1")
    assert documents(told).docs["biz_1/cus_1/visit/v1"]["invoices"] == ["i1"]
