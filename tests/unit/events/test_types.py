"""Field values: what passes, what is a wrong field type."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from events import types
from events.businesses import Branding, BusinessRegistered
from events.contracts import Sla
from events.customers import Emails
from events.proofs import Location, ProofUploaded

MEDIA = {"key": "a/b.jpg", "content_type": "image/jpeg", "bytes": 1, "sha256": "0" * 64}


def check(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind, config={"strict": True}).validate_python(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-15T06:00:00.000Z", "2026-10-15T06:00:00.000Z"),
        ("2026-10-15T06:00:00Z", "2026-10-15T06:00:00.000Z"),
        ("2026-10-15t06:00:00z", "2026-10-15T06:00:00.000Z"),
        ("2026-10-15T06:00:00+00:00", "2026-10-15T06:00:00.000Z"),
        ("2026-10-15T06:00:00-00:00", "2026-10-15T06:00:00.000Z"),
        ("2026-10-15T06:00:00.5Z", "2026-10-15T06:00:00.500Z"),
        ("2026-10-15T06:00:00.999999999Z", "2026-10-15T06:00:00.999Z"),
        ("2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59.999Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
        ("2016-12-31T23:59:60.000Z", "2016-12-31T23:59:59.999Z"),
    ],
)
def test_timestamps_have_one_form(text: str, expected: str) -> None:
    """A timestamp is kept in UTC with milliseconds, cut, so that text sorts as time does."""
    assert check(types.Timestamp, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-10-15",
        "2026-10-15 06:00:00Z",
        "2026-10-15T06:00Z",
        "2026-10-15T06:00:00",
        "2026-10-15T06:00:00.Z",
        "2026-10-15T06:00:00,5Z",
        "2026-10-15T06:00:00+02:00",
        "2026-10-15T24:00:00Z",
        "2026-10-15T06:60:00Z",
        "2026-10-15T06:00:60Z",
        "2026-02-29T06:00:00Z",
        "2026-13-01T06:00:00Z",
        "0000-01-01T00:00:00Z",
        "20261015T060000Z",
        "2026-10-15T06:00:00.000Z\n",
        "٢٠٢٦-10-15T06:00:00.000Z",
    ],
)
def test_what_is_not_a_utc_timestamp(text: str) -> None:
    """Anything but RFC 3339 in UTC, of a moment that exists, is a wrong type."""
    with pytest.raises(ValidationError, match="RFC 3339"):
        check(types.Timestamp, text)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (types.Date, ["2026-10-15", "2024-02-29"], ["2026-02-29", "2026-1-1", "20261015", "2026-W01-1", ""]),
        (types.TimeZone, ["Europe/Berlin", "UTC"], ["Mars/Olympus", "europe/berlin", "", "+02:00", "Europe"]),
        (types.Currency, ["usd", "jpy", "kwd", "bgn"], ["USD", "us", "xyz", "xxx", "xau", ""]),
        (types.Locale, ["en", "en-US", "zh-Hant-TW", "en-u-ca-gregory", "es-419"], ["", "en_US", "e", "en-"]),
        (types.Country, ["US", "DE", "GB"], ["us", "USA", "ZZ", "", "U"]),
        (types.Id, ["a", "biz_4kq", "A-1", "x" * 64], ["", "x" * 65, "a b", "a/b", "é", "a\n", 7]),
        (types.Text, ["", "x" * 20_000, "😀" * 20_000, "a\n\x00"], ["x" * 20_001, 7, b"x"]),
        (types.Integer, [0, 2**53 - 1, 1 - 2**53], [2**53, -(2**53), 1.0, "1", True]),
        (types.DecimalText, ["1", "0.25", "-1.50", "007"], ["", ".5", "1.", "1e3", "+1", "1,5", "٣", " 1", 1]),
        (types.ObjectKey, ["a", "a/b.jpg", "a.b/c"], ["/a", "a/../b", "..", "a\\b", "a..b"]),
        (types.Share, [0, 1, 0.5], [-0.1, 1.1, "1", float("nan"), 10**30]),
        (types.List[types.Id], [[], ["a"], ["a"] * 500], [["a"] * 501, [1], [None], "a", {"a": 1}]),
        (Emails, [["a@mail.test"]], [[], [None], "a@mail.test", ["a@mail.test"] * 501]),
    ],
)  # fmt: skip
def test_kinds_of_values(kind: Any, good: list[Any], bad: list[Any]) -> None:
    """Each kind of value takes what its rule allows and nothing else."""
    for value in good:
        kept = check(kind, value)
        assert kept == (tuple(value) if isinstance(value, list) else value)
    for value in bad:
        with pytest.raises(ValidationError):
            check(kind, value)


@pytest.mark.parametrize(
    ("model", "good", "changes"),
    [
        (types.Media, MEDIA, {"key": "../secret"}),
        (types.Media, MEDIA, {"bytes": "1"}),
        (types.Media, MEDIA, {"width": 1.5}),
        (Branding, {}, {"primary_color": "blue"}),
        (Branding, {}, {"primary_color": "#0a6c8"}),
        (Branding, {}, {"logo": "logo.png"}),
        (Sla, {"on_time_grace_minutes": 0}, {"on_time_target": 95}),
        (Location, {"lat": 90, "lon": -180}, {"lat": 90.5}),
        (Location, {"lat": 90, "lon": -180}, {"lon": 10**30}),
        (ProofUploaded, {"visit_id": "v", "kind": "note", "captured_at": "2026-10-15T06:00:00Z"}, {"kind": "photo"}),
        (ProofUploaded, {"visit_id": "v", "kind": "note", "captured_at": "2026-10-15T06:00:00Z"}, {"kind": "film"}),
    ],
)  # fmt: skip
def test_objects(model: Any, good: dict[str, Any], changes: dict[str, Any]) -> None:
    """An object with one wrong field is wrong."""
    assert model.model_validate(good)
    with pytest.raises(ValidationError):
        model.model_validate({**good, **changes})


@pytest.mark.parametrize("slug", ["a", "x" * 41, "Blue", "a.b", "a/b", ""])
def test_slugs(slug: str, examples: Any) -> None:
    """A slug is 2 to 40 of lower-case letters, digits and hyphens."""
    with pytest.raises(ValidationError):
        BusinessRegistered.model_validate({**examples["business.registered.v1"]["least"], "slug": slug})


def test_data_does_not_change() -> None:
    """What an event says is frozen."""
    media = types.Media.model_validate(MEDIA)
    with pytest.raises(ValidationError, match="frozen"):
        media.bytes = 2  # type: ignore[misc]
