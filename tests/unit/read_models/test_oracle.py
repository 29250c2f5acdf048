"""The second way of working out what is right gives what is published with the sample log."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.oracle import Facts, contracts, invoices, pack, past, payments, portal, visits

SAMPLES = Path(__file__).parents[2] / "samples"
LOG = [orjson.loads(line) for line in (SAMPLES / "two-businesses.jsonl").read_bytes().splitlines()]
EXPECTED = orjson.loads((SAMPLES / "two-businesses.expected.json").read_bytes())
NOW = datetime.fromisoformat(EXPECTED["now"])


@pytest.mark.parametrize(("key", "expected"), EXPECTED["customers"].items())
def test_it_gives_what_the_sample_s_customers_see(key: str, expected: Mapping[str, Any]) -> None:
    facts = facts_of(key)
    shown = portal(facts)
    assert shown is not None
    assert expected["portal"] == {name: shown[name] for name in expected["portal"]}
    assert expected["contracts"] == contracts(facts)
    assert expected["past"] == [[visit["id"], visit["status"]] for visit in past(facts)]
    assert expected["invoices"] == {invoice["id"]: invoice for invoice in invoices(facts)}
    assert expected["payments"] == {payment["id"]: payment["status"] for payment in payments(facts)}
    packs = {visit["id"]: pack(facts, visit["id"]) for visit in visits(facts)}
    assert expected["proof"] == {_id: len(shown["items"]) for _id, shown in packs.items() if shown}


def test_who_is_not_in_it_has_no_portal() -> None:
    keys = {event["partitionkey"] for event in LOG if "customerid" in event}
    others = keys - EXPECTED["customers"].keys()
    assert others
    assert {key: portal(facts_of(key)) for key in others} == dict.fromkeys(others)


def facts_of(key: str) -> Facts:
    business, customer = key.split("/")
    return Facts(LOG, business, customer, NOW)
