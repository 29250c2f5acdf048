"""The sample log, folded in memory: what its customers must see, in log order and in any legal shuffle."""

import random
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from events.envelope import Event
from read_models import customer, invoice
from read_models.documents import Doc, parse, timestamp
from read_models.proof import is_shown, pack_items
from tests.support.in_memory_store import InMemoryStore
from tests.unit.read_models.test_version import log

EXPECTED: dict[str, Any] = orjson.loads(
    (Path(__file__).parents[2] / "samples" / "two-businesses.expected.json").read_bytes()
)
NOW: datetime = parse(EXPECTED["now"])


def shuffled(events: list[Event], seed: int) -> list[Event]:
    """An interleaving that keeps the order of each topic and key, with events repeated at once and later."""
    chance = random.Random(seed)
    streams: dict[tuple[str, str | None, str], list[Event]] = {}
    for event in events:
        kind = "proof" if event.kind == "proof_pack" else event.kind
        streams.setdefault((event.business, event.customer, kind), []).append(event)
    heads = [iter(stream) for stream in streams.values()]
    order: list[Event] = []
    while heads:
        head = chance.choice(heads)
        following = next(head, None)
        if following is None:
            heads.remove(head)
            continue
        order.append(following)
        if chance.random() < 0.1:
            order.append(chance.choice(order))
    return order


@pytest.mark.parametrize("seed", [None, *range(12)])
def test_every_customer_sees_what_the_log_says(seed: int | None) -> None:
    events = log() if seed is None else shuffled(log(), seed)
    store = InMemoryStore(cached=bool(seed and seed % 2))
    store.apply(events, None if seed is None else (1, 7, 1000)[seed % 3])
    assert EXPECTED["customers"]
    for key, expected in EXPECTED["customers"].items():
        business, owner = key.split("/")
        today = NOW.astimezone(ZoneInfo(store.docs[business]["timezone"])).date().isoformat()
        shown = store.dashboard(business, owner, timestamp(NOW), today)
        assert shown
        assert {name: shown[name] for name in expected["portal"]} == expected["portal"]
        own: list[Doc] = [d for d in store.docs.values() if d["_id"].startswith(f"{key}/") and d.get("shown")]
        of = {kind: [d for d in own if d["kind"] == kind] for kind in ("visit", "invoice", "payment")}
        assert {d["id"]: customer.with_overdue(invoice.item(d), today) for d in of["invoice"]} == expected[
            "invoices"
        ]
        assert {d["id"]: d["status"] for d in of["payment"]} == expected["payments"]
        assert {d["id"]: len(pack_items(d)) for d in of["visit"] if is_shown(d)} == expected["proof"]
