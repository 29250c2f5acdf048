"""Differences between the documents that are served and those that the log gives."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from read_models.documents import Doc
from read_models.masking import mask_contact_data


class _Missing:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Missing()
"""In place of a document or a field that is not there."""


class Difference(NamedTuple):
    """One value that is not what it should be; contact data is masked."""

    path: str
    """The document's `_id`, then the field: `biz/cus/visit/vis_1 window.start`."""
    served: Any
    expected: Any


def diff_documents(served: Mapping[str, Doc], expected: Mapping[str, Doc]) -> Iterator[Difference]:
    """Yield every difference between documents by `_id`, in the order of these."""
    for _id in sorted(served.keys() | expected.keys()):
        one, other = served.get(_id, ABSENT), expected.get(_id, ABSENT)
        for fields, mine, its in _between(one, other, ()):
            named = [field for field in fields if not field.isdigit()]
            path = " ".join((_id, ".".join(fields))) if fields else _id
            yield Difference(path, mask_contact_data(mine, named), mask_contact_data(its, named))


def _between(one: Any, other: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from _between(one.get(name, ABSENT), other.get(name, ABSENT), (*path, name))
    elif isinstance(one, list) and isinstance(other, list):
        for place in range(max(len(one), len(other))):
            mine, its = (values[place] if place < len(values) else ABSENT for values in (one, other))
            yield from _between(mine, its, (*path, str(place)))
    elif one != other or isinstance(one, bool | float) != isinstance(other, bool | float):
        yield path, one, other
