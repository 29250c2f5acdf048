"""Every type of the contract decodes, in both modes and all versions, to the newest typed data."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from events import registry
from events.businesses import BusinessRebranded
from events.contracts import ContractAmended
from events.customers import CustomerContactChanged
from events.envelope import Event, MalformedRecord, Record, decode
from events.invoices import InvoiceIssued, InvoiceLine
from events.subscriptions import SubscriptionChanged
from events.topics import Topics
from events.types import EmptyData

NAMES = sorted(registry.MODELS)
NEWEST = {**registry.MODELS, "invoice.issued.v1": InvoiceIssued}


def test_there_is_an_example_of_every_type(examples: dict[str, Any]) -> None:
    """The examples cover the contract, so the tests below do."""
    assert sorted(examples) == NAMES


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize("extent", ["least", "most"])
@pytest.mark.parametrize("name", NAMES)
def test_every_type_decodes(
    name: str, extent: str, mode: str, make: Any, examples: dict[str, Any], topics: Topics
) -> None:
    """An example of every type, with the least and the most it may say, becomes its typed event."""
    kind, fact, _ = name.split(".")

    event = decode(make(name, data=examples[name][extent], mode=mode), topics)

    assert type(event.data) is NEWEST[name]
    assert event._replace(data=None) == Event(
        id="evt-1",
        source="/servicehub/test",
        type=f"servicehub.{name}",
        kind=kind,
        fact=fact,
        subject={"business": "biz_1", "customer": "cus_1"}.get(kind, "sub_1"),
        time="2026-10-15T06:00:00.000Z",
        business="biz_1",
        customer=None if kind == "business" else "cus_1",
        sequence=7,
        data=None,
    )


@pytest.mark.parametrize("name", NAMES)
def test_both_modes_say_the_same(name: str, make: Any, topics: Topics) -> None:
    """Structured and binary mode of one event decode to equal events."""
    assert decode(make(name), topics) == decode(make(name, mode="binary"), topics)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("invoice.issued")])
def test_data_is_kept_whole(name: str, make: Any, examples: dict[str, Any], topics: Topics) -> None:
    """Nothing an event says is lost or changed on its way into the model."""
    data = decode(make(name), topics).data

    assert data is not None
    assert json.loads(data.model_dump_json(exclude_unset=True)) == examples[name]["most"]


@pytest.mark.parametrize("name", NAMES)
def test_required_fields_are_required(name: str, make: Any, examples: dict[str, Any], topics: Topics) -> None:
    """Without any one of its required fields, or with it null, an event is malformed."""
    least = examples[name]["least"] or {}
    fields = registry.MODELS[name].model_fields
    assert least.keys() == {field for field, info in fields.items() if info.is_required()}
    for field in least:
        for data in ({k: v for k, v in least.items() if k != field}, {**least, field: None}):
            with pytest.raises(MalformedRecord, match=rf"^data\.{field}"):
                decode(make(name, data=data), topics)


@pytest.mark.parametrize("name", NAMES)
def test_optional_fields_may_be_null(name: str, make: Any, examples: dict[str, Any], topics: Topics) -> None:
    """An optional field that is null reads as absent."""
    least = examples[name]["least"] or {}
    optional = dict.fromkeys(examples[name]["most"].keys() - least.keys())

    given = decode(make(name, data={**least, **optional}), topics).data
    absent = decode(make(name, data=least), topics).data

    assert given is not None
    assert absent is not None
    assert given.model_dump() == absent.model_dump()


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_are_ignored(name: str, make: Any, examples: dict[str, Any], topics: Topics) -> None:
    """Fields and attributes of a later ServiceHub change nothing."""
    later = make(name, data={**examples[name]["most"], "later": {"x": [1]}}, laterattribute="x")

    assert decode(later, topics) == decode(make(name), topics)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("absent", [None, b""])
def test_data_may_be_absent_only_where_the_table_says(
    name: str, absent: bytes | None, make: Any, topics: Topics
) -> None:
    """Absent data is fine for a fact that says all by its type, and malformed for any other."""
    records: list[Record] = [make(name, data=None), make(name, mode="binary")._replace(value=absent)]
    for record in records:
        if issubclass(registry.MODELS[name], EmptyData):
            assert decode(record, topics).data == registry.MODELS[name]()
        else:
            with pytest.raises(MalformedRecord, match="data is missing"):
                decode(record, topics)


def test_the_first_version_of_an_invoice_reads_as_the_second(make: Any, topics: Topics) -> None:
    """Decimal strings in major units become integers in minor units, all else stays."""
    old = decode(make("invoice.issued.v1"), topics)

    assert old.data == decode(make("invoice.issued.v2"), topics).data
    assert old.type == "servicehub.invoice.issued.v1"
    assert isinstance(old.data, InvoiceIssued)
    assert old.data.lines == (InvoiceLine(description="Visit", quantity="1.5", amount=10760),)


@pytest.mark.parametrize(
    ("name", "model", "data", "replaced"),
    [
        (
            "business.rebranded.v1",
            BusinessRebranded,
            {"name": None, "portal_host": None},
            {"portal_host": None},
        ),
        (
            "customer.contact_changed.v1",
            CustomerContactChanged,
            {"name": "Ada", "emails": None, "phone": None, "addresses": None},
            {"name": "Ada", "phone": None, "addresses": None},
        ),
        (
            "contract.amended.v1",
            ContractAmended,
            {"title": None, "services": None, "sla": None, "terms": None, "ends_on": None},
            {"terms": None, "ends_on": None},
        ),
        ("subscription.changed.v1", SubscriptionChanged, {"plan": None, "items": None, "interval": None}, {}),
    ],
)
def test_null_clears_what_is_optional_and_leaves_the_rest(
    name: str,
    model: type[BaseModel],
    data: dict[str, Any],
    replaced: dict[str, Any],
    make: Any,
    topics: Topics,
) -> None:
    """Where what is absent stays, null clears an optional field and is no news about a required one."""
    change = decode(make(name, data=data), topics).data

    assert change is not None
    assert {field: getattr(change, field) for field in change.model_fields_set} == replaced
    assert type(change) is model
