"""docs/contracts/views.md, Applying events, Proof Packs, Subscriptions: given the facts of a customer, the
dashboard is …"""

import pytest

from events.envelope import Event
from read_models.customer import normalize_email
from tests.support.event_builder import EventBuilder, registered
from tests.support.in_memory_store import InMemoryStore

NOW = "2026-01-04T00:00:00.000Z"


def test_nobody_who_is_not_registered_has_a_dashboard() -> None:
    store = InMemoryStore()
    store.apply(EventBuilder().event("visit.booked", "v1").events)
    assert store.dashboard("biz_1", "cus_1", NOW, NOW[:10]) is None


def test_an_erased_customer_leaves_a_tombstone_and_what_comes_later_is_dropped() -> None:
    told = registered().event("visit.booked", "v1").event("invoice.issued", "i1").event("customer.erased")
    told.event("visit.booked", "v2").event("customer.registered", sequence=9)
    for batch in (1, 2, None):
        store = InMemoryStore(cached=True)
        store.apply(told.events, batch)
        left = [document for document in store.docs.values() if document["kind"] != "business"]
        assert [document["_id"] for document in left] == ["biz_1/cus_1"]
        assert "Ada" not in str(left)
    assert InMemoryStore().apply_batch(told.events).counts["biz_1/cus_1"]["erased"] == 2


def test_addresses_are_compared_trimmed_and_without_regard_to_case() -> None:
    store = InMemoryStore()
    store.apply(
        EventBuilder().event("customer.registered", emails=[" Ada@Mail.test ", "ada@mail.TEST"]).events
    )
    document = store.docs["biz_1/cus_1"]
    assert document["sign_in"] == ["ada@mail.test"]
    assert document["emails"] == [" Ada@Mail.test ", "ada@mail.TEST"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße@mail.test", "strasse@mail.test"),
        ("\u212aim@mail.test", "kim@mail.test"),
        ("ﬁn@mail.test", "fin@mail.test"),
        ("ada@mail\u017f.test", "ada@mails.test"),
        ("İ@mail.test", "i@mail.test"),
    ],
)
def test_two_mailboxes_are_never_one_address(one: str, other: str) -> None:
    assert normalize_email(one) != normalize_email(other)


def test_letters_of_all_languages_have_no_case() -> None:
    assert normalize_email(" ÄÖ.Łukasz.ΑΣ@MAIL.test ") == "äö.łukasz.ας@mail.test".replace("ς", "σ")


def test_what_is_absent_stays_and_null_clears() -> None:
    told = EventBuilder().event("customer.registered", phone="+1 602 555 0100", locale="en-US")
    store = InMemoryStore()
    store.apply(told.event("customer.contact_changed", phone=None, name="Ada Hill").events)
    document = store.docs["biz_1/cus_1"]
    assert (document["name"], document["phone"], document["locale"]) == ("Ada Hill", None, "en-US")


def test_the_pack_published_last_replaces_the_others_for_good() -> None:
    told = registered().event("visit.booked", "v1").event("proof.uploaded", "p1")
    told.event("proof_pack.published", "k1").event("proof_pack.published", "k2").event(
        "proof_pack.withdrawn", "k1"
    )
    store = InMemoryStore()
    store.apply(told.events)
    assert store.docs["biz_1/cus_1/visit/v1"]["has_proof"]
    told.event("proof_pack.withdrawn", "k2")
    store = InMemoryStore()
    store.apply(told.events)
    assert not store.docs["biz_1/cus_1/visit/v1"]["has_proof"]
    told.event("proof_pack.published", "k1")
    store = InMemoryStore()
    store.apply(told.events)
    assert store.docs["biz_1/cus_1/visit/v1"]["pack"]["id"] == "k1"


def test_a_subject_keeps_what_it_referred_to_first() -> None:
    told = registered().event("visit.booked", "v1").event("visit.booked", "v2").event("proof.uploaded", "p1")
    told.event("proof_pack.published", "k1").event("proof.retracted", "p1", visit_id="v2")
    for batch in (1, None):
        store = InMemoryStore()
        store.apply(told.events, batch)
        assert store.docs["biz_1/cus_1/visit/v1"]["proofs"] == []
        assert "biz_1/cus_1/visit/v2" in store.docs


def test_a_subscription_names_its_next_visit_and_leaves_when_its_end_has_passed() -> None:
    told = registered().event("subscription.started", "s1").event("visit.booked", "v1", subscription_id="s1")
    store = InMemoryStore()
    store.apply(told.events)
    shown = store.dashboard("biz_1", "cus_1", NOW, "2026-01-04")
    assert shown
    assert shown["subscriptions"][0]["next_visit_id"] == "v1"
    assert shown["subscriptions"][0]["price"] == {"amount": 12000, "currency": "usd"}
    store.apply(told.event("subscription.cancelled", "s1").events)
    for today, count in (("2026-01-31", 1), ("2026-02-01", 0)):
        shown = store.dashboard("biz_1", "cus_1", f"{today}T12:00:00.000Z", today)
        assert shown
        assert len(shown["subscriptions"]) == count


def test_updated_at_is_the_highest_time_of_all_events_shown_or_not() -> None:
    told = registered().event("proof.uploaded", "p1")
    store = InMemoryStore()
    store.apply(reversed_by_topic(told))
    assert store.docs["biz_1/cus_1"]["updated_at"] == "2026-01-01T09:00:02.000Z"


def reversed_by_topic(told: EventBuilder) -> list[Event]:
    return list(reversed(told.events))  # each is alone in its topic
