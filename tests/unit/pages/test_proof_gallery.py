"""What a visit's page makes of its Proof Pack and of when they came."""

from typing import Any

import pytest

from query_api.pages.devices import device_name
from query_api.pages.presenters.proof_gallery import Punctuality, album, punctuality, shown


def item(name: str, kind: str = "photo", stage: str | None = None, **more: Any) -> dict[str, Any]:
    file = None if kind == "note" else {"url": f"/{name}", "thumbnail_url": f"/{name}?size=320"}
    return {"id": name, "kind": kind, "stage": stage, "caption": None, "file": file, **more}


def ids(items: Any) -> list[str]:
    return [one["id"] for one in items]


def test_photos_of_the_same_thing_stand_beside_each_other() -> None:
    """The same caption makes a pair, whatever the order; what is left is paired one by one; the rest stays alone."""
    found = album(
        [
            item("b1", stage="before", caption="Filter"),
            item("b2", stage="before", caption="Pool"),
            item("a2", stage="after", caption="pool "),
            item("a1", stage="after"),
            item("a3", stage="after"),
            item("p1"),
        ]
    )

    assert [ids(pair) for pair in found.pairs] == [["b1", "a1"], ["b2", "a2"]]
    assert ids(found.photos) == ["a3", "p1"]
    assert ids(shown(found)) == ["b1", "a1", "b2", "a2", "a3", "p1"]


def test_photos_with_different_captions_are_no_pair_while_others_fit() -> None:
    """A caption that fits is not given away to a photo that came first."""
    found = album(
        [
            item("b1", stage="before"),
            item("b2", stage="before", caption="Pool"),
            item("a1", stage="after", caption="Pool"),
        ]
    )

    assert [ids(pair) for pair in found.pairs] == [["b2", "a1"]]
    assert ids(found.photos) == ["b1"]


def test_every_item_is_somewhere() -> None:
    """Notes, signatures, and documents, also a photo in a format that pages cannot show."""
    odd = item("svg") | {"file": {"url": "/svg", "thumbnail_url": None}}
    found = album([item("n", "note"), item("s", "signature"), item("d", "document"), odd])

    assert ids(found.notes) == ["n"]
    assert ids(found.signatures) == ["s"]
    assert ids(found.documents) == ["svg", "d"]
    assert ids(shown(found)) == ["s"]


@pytest.mark.parametrize(
    ("arrived_at", "grace", "expected"),
    [
        (None, 10, None),
        ("2026-11-24T16:12:00.000Z", 0, Punctuality(0, True)),
        ("2026-11-24T18:00:00.000Z", 0, Punctuality(0, True)),
        ("2026-11-24T18:00:01.000Z", 0, Punctuality(1, False)),
        ("2026-11-24T18:09:01.000Z", 10, Punctuality(10, True)),
        ("2026-11-24T18:10:01.000Z", 10, Punctuality(11, False)),
    ],
)
def test_punctuality_is_what_health_counts(
    arrived_at: str | None, grace: int, expected: Punctuality | None
) -> None:
    """On time is no later than the end of the window and the contract's grace (docs/contracts/views.md)."""
    window = {"start": "2026-11-24T16:00:00.000Z", "end": "2026-11-24T18:00:00.000Z"}

    assert expected == punctuality({"arrived_at": arrived_at, "window": window}, grace)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("curl/8", ""),
    ],
)
def test_devices_have_names(user_agent: str, name: str) -> None:
    """A device is called by its browser and its system."""
    assert name == device_name(user_agent)
