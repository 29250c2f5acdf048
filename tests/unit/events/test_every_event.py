"""The customer to whom everything has happened leaves no type of event out, and no text field."""

import pytest

from events.registry import MODELS
from tests.support.every_event_type import ENDINGS, Ids, business, customer, filled, text_fields

MEDIA = {"key": "a.pdf", "content_type": "application/pdf", "bytes": 1, "sha256": "0" * 64}


def test_every_type_of_event_happens() -> None:
    """But for those after which there is nothing to look at."""
    said = [*business(str), *customer(str, Ids("x"), MEDIA)]

    assert {one.name for one in said} == MODELS.keys() - ENDINGS
    for one in said:
        MODELS[one.name].model_validate(one.data)


@pytest.mark.parametrize("name", sorted(MODELS.keys() - ENDINGS))
def test_every_text_field_is_filled(name: str) -> None:
    """With the caller's text, and nothing else."""
    asked: list[str] = []

    def text(path: str) -> str:
        asked.append(path)
        return "text"

    MODELS[name].model_validate(filled(name, text))

    assert {f"{name}: {path}" for path in text_fields(MODELS[name])} == set(asked)


def test_texts_are_found_in_lists_and_objects() -> None:
    """Also where they may be absent."""
    assert set(text_fields(MODELS["visit.booked.v1"])) == {
        "service.name",
        "address.line1",
        "address.line2",
        "address.city",
        "address.region",
        "address.postal_code",
        "technician.name",
        "instructions",
    }
    assert {"emails", "name", "phone"} <= set(text_fields(MODELS["customer.registered.v1"]))
