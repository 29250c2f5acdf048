"""A customer to whom everything has happened: every type of event, with a text of the caller's in every text field.

What a text field is comes from the models themselves, so that a field which is new is covered by itself.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from events.registry import MODELS
from events.types import MAX_TEXT, Media

Json = dict[str, Any]
TextOf = Callable[[str], str]
"""The text of a field, given the type's name and the path of the field in its data."""

EXAMPLES: Mapping[str, Mapping[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "unit" / "events" / "examples.json").read_text("utf-8")
)

ENDINGS = frozenset({"business.closed.v1", "customer.erased.v1"})
"""The types after which there is nothing to look at."""


class PlannedEvent(NamedTuple):
    """An event to publish."""

    name: str
    """Its type without `servicehub.`"""
    subject: str
    data: Json


def text_fields(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """The paths of the text fields of a model, those in what it holds included."""
    for name, field in model.model_fields.items():
        kind = _kind(field)
        if kind is str:
            yield f"{path}{name}"
        elif kind is not None:
            yield from text_fields(kind, f"{path}{name}.")


def filled(name: str, text: TextOf, **given: Any) -> Json:
    """The data of a type with everything that it may say; `given` stands for what its example has, as it is."""
    whole = _filled(MODELS[name], EXAMPLES[name]["most"], lambda path: text(f"{name}: {path}"))
    return whole | {key: value for key, value in given.items() if key in MODELS[name].model_fields}


def _filled(model: type[BaseModel], example: Json, text: TextOf, path: str = "") -> Json:
    whole: Json = dict(example)
    for name, field in model.model_fields.items():
        kind, here, known = _kind(field), f"{path}{name}", example.get(name)
        if kind is str and isinstance(known, list):
            whole[name] = [text(here) for _ in known]
        elif kind is str:
            whole[name] = text(here)
        elif kind is not None and isinstance(known, list):
            whole[name] = [_filled(kind, one, text, f"{here}.") for one in known]
        elif kind is not None and known is not None:
            whole[name] = _filled(kind, known, text, f"{here}.")
    return whole


def _kind(field: FieldInfo) -> type[Any] | None:
    """`str` for a text, or a list of them; the model of an object, or of a list of them; None for all else."""
    if field.annotation is str:
        return str if _is_text(field.metadata) else None
    return _kind_in(field.annotation)


def _kind_in(annotation: Any) -> type[Any] | None:
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        if base is str:
            return str if _is_text(_constraints(metadata)) else None
        return _kind_in(base)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        # What files are called and made of is not shown, and has to be true for them to be served.
        return None if issubclass(annotation, Media) else annotation
    found = (_kind_in(part) for part in get_args(annotation))
    return next((kind for kind in found if kind is not None), None)


def _constraints(metadata: list[Any]) -> list[Any]:
    return [one for part in metadata for one in (part.metadata if isinstance(part, FieldInfo) else [part])]


def _is_text(metadata: list[Any]) -> bool:
    """Whether a string is nothing but a text: every other kind has a pattern or a check of its own."""
    return [one for one in metadata if not isinstance(one, FieldInfo)] == [MaxLen(MAX_TEXT)]


class Ids(NamedTuple):
    """What a customer's records are called: ids by the first part of `{kind}_id`, each kind with several."""

    tail: str
    """What all of them end with."""

    def of(self, kind: str, number: int = 1) -> str:
        """The id of a record."""
        return f"{kind}{number}-{self.tail}"


def business(text: TextOf, **given: Any) -> Iterator[PlannedEvent]:
    """A business that has said all it can, but that it closes."""
    for name in ("business.registered.v1", "business.rebranded.v1", "business.payments_connected.v1"):
        yield PlannedEvent(name, "", filled(name, text, **given))


def customer(text: TextOf, ids: Ids, media: Json, **given: Any) -> Iterator[PlannedEvent]:
    """Every type of event of a customer, but its erasure; the records of each kind are in every state there is."""

    def say(name: str, subject: str, **data: Any) -> PlannedEvent:
        version = name if name in MODELS else f"{name}.v1"
        return PlannedEvent(version, subject, filled(version, text, **{**given, **data}))

    soon, before = _window(timedelta(days=2)), _window(timedelta(days=-9))
    moment = before["start"]
    done, coming, missed, cancelled, again, under_way = (ids.of("vis", number) for number in range(1, 7))
    first, second, third = (ids.of("inv", number) for number in range(1, 4))
    kept, ended = ids.of("con", 1), ids.of("con", 2)
    running, over = ids.of("sub", 1), ids.of("sub", 2)
    technician = {"id": "tec", "name": text("technician"), "photo": media}
    belonging = {"contract_id": kept, "subscription_id": running, "technician": technician}
    pictures = {"media": media, "visit_id": done, "captured_at": moment}

    yield say("customer.registered", "")
    yield say("customer.contact_changed", "")
    yield say("contract.signed", kept, terms=media, ends_on=None)
    yield say("contract.renewed", kept)
    yield say("contract.amended", kept, terms=media)
    yield say("contract.signed", ended, terms=media)
    yield say("contract.ended", ended)
    yield say("subscription.started", running, contract_id=kept)
    yield say("subscription.changed", running)
    yield say("subscription.renewed", running)
    yield say("subscription.paused", running)
    yield say("subscription.resumed", running)
    yield say("subscription.started", over, contract_id=kept)
    yield say("subscription.cancelled", over)
    for visit in (done, missed, cancelled, again):
        yield say("visit.booked", visit, window=before, **belonging)
    for visit in (coming, under_way):
        yield say("visit.booked", visit, window=soon, **belonging)
    yield say("visit.rescheduled", done, window=before)
    yield say("visit.technician_assigned", done, technician=technician)
    yield say("visit.dispatched", done, eta=moment)
    yield say("visit.started", done, arrived_at=moment)
    yield say("visit.completed", done, completed_at=moment, arrived_at=moment)
    yield say("visit.missed", missed)
    yield say("visit.cancelled", cancelled)
    yield say("visit.completed", again, completed_at=moment, arrived_at=moment)
    yield say("visit.reopened", again)
    yield say("visit.dispatched", under_way, eta=soon["start"])
    for number, kind in enumerate(("photo", "note", "document", "signature"), 1):
        yield say("proof.uploaded", ids.of("prf", number), kind=kind, **pictures)
    yield say("proof.retracted", ids.of("prf", 4), visit_id=done)
    items = [ids.of("prf", number) for number in range(1, 5)]
    yield say("proof_pack.published", ids.of("pck", 1), visit_id=done, items=items, document=media)
    yield say("proof_pack.published", ids.of("pck", 2), visit_id=missed, items=[], document=media)
    yield say("proof_pack.withdrawn", ids.of("pck", 2), visit_id=missed)
    billed = {"visit_ids": [done, coming], "contract_id": kept, "subscription_id": running}
    yield say("invoice.issued.v1", first, **billed)
    yield say("invoice.issued.v2", second, **billed)
    yield say("invoice.issued.v2", third, **billed)
    yield say("invoice.due_date_changed", first)
    yield say("invoice.credited", first)
    yield say("invoice.voided", third)
    yield say("payment.failed", ids.of("pay", 1), invoice_id=first)
    yield say("payment.succeeded", ids.of("pay", 2), invoice_id=second, paid_at=moment)
    yield say("payment.refunded", ids.of("pay", 2), invoice_id=second, amount=100)


def _window(start: timedelta) -> Json:
    begin = datetime.now(UTC) + start
    return {
        name: at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for name, at in (("start", begin), ("end", begin + timedelta(hours=2)))
    }
