"""Requests to switch or drop generations, their refusals, and the pointer after them; `lifecycle` applies them."""

from dataclasses import replace
from typing import Literal, NamedTuple

from read_models.store.generations.repository import GenerationPointer


class SwitchRequest(NamedTuple):
    """A switch as it was asked for."""

    id: str
    """Of this one request: one whose answer was lost is not done twice."""
    what: Literal["promote", "rollback"]
    generation: int
    """The one to be served."""
    by: str
    """Who asked, for the record."""
    forced: str | None = None
    """Why it is to be done although the generation is not level or has more dead letters."""


class TruncationOverride(NamedTuple):
    """Permission to make a generation although the log does not begin at offset 0."""

    reason: str
    by: str
    """Who asked, for the record."""


class OperationRefused(Exception):
    """The operation is not possible in this state; the text says why and what to do."""


class NotCaughtUp(OperationRefused):
    """The generation misses what is served; it may catch up."""


def resolve_target(known: GenerationPointer | None, what: Literal["promote", "rollback"]) -> int:
    """Return which generation is served after a switch that names none; raises `OperationRefused` where there is
    none."""
    if known is not None and known.level is not None and what == "promote":
        return known.level
    if known is not None and known.standby is not None:
        return known.standby
    if what == "promote":
        raise OperationRefused("there is no generation to promote: `portal rebuild` fills one")
    raise OperationRefused("there is no generation to go back to: none was served before")


def after_switch(known: GenerationPointer, generation: int) -> GenerationPointer:
    """Return what is kept when a generation is served that was filled last or stands by; raises `OperationRefused`."""
    if generation == known.level:
        return GenerationPointer(known.version, generation, known.served, None)
    if generation == known.standby:
        return replace(known, served=generation, standby=known.served)
    raise OperationRefused(
        f"generation {generation} is not kept any more: `portal generations list` says which ones are"
    )


def after_drop(known: GenerationPointer, generation: int) -> GenerationPointer:
    """Return what is kept after a generation was dropped."""
    places = (known.served, known.standby, known.level)
    return GenerationPointer(known.version, *(None if one == generation else one for one in places))
