"""What operators and logs may see of contact data: that it is there, and how long it is."""

from typing import Any

import pytest

from read_models.masking import mask_contact_data, mask_emails

SECRETS = ("Ada", "ada@mail.test", "555", "Elm")


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Ada Byron", "emails": ["ada@mail.test"], "phone": "+1 555 0100"},
        {"customer": {"displayName": "Ada", "contactPhone": "555"}},
        {"customer_name": "Ada", "mailing_address": {"x": ["12 Elm St"]}},
        {"ada@mail.test": 1, "name": {"ada@mail.test": 2}},
        {"data_base64": "Ada"},
        {"visits": [{"address": {"line1": "12 Elm St"}, "instructions": "Ada has the key"}]},
        {"id": "write to ada@mail.test"},
    ],
)
def test_no_contact_data_is_left(value: Any) -> None:
    """Whatever the field is called, in the keys as well."""
    assert not any(secret in str(mask_contact_data(value)) for secret in SECRETS)


def test_what_is_nobodys_contact_stays() -> None:
    """Ids, times, amounts, and the names of things and of who does the work."""
    value = {
        "id": "vis_1",
        "service": {"name": "Pool"},
        "technician": {"name": "Sam"},
        "items": [{"name": "Weekly", "quantity": 2}],
        "window": {"start": "2026-01-01T09:00:00.000Z"},
        "amount": {"amount": 1200, "currency": "usd"},
    }
    assert value == mask_contact_data(value)


def test_a_text_keeps_all_but_its_addresses() -> None:
    assert mask_emails("from <ada@mail.test>, twice") == "from <…@…>, twice"
