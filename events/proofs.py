"""Facts about proof of work (topic `proofs`; subject: the proof item's or the proof pack's id)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from events.types import EventData, Id, List, Media, Text, Timestamp


class Location(EventData):
    """Place where something was captured, in degrees (WGS 84)."""

    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class ProofUploaded(EventData):
    """A proof item was made; its first fact."""

    visit_id: Id
    kind: Literal["photo", "signature", "document", "note"]
    caption: Text | None = None
    stage: Literal["before", "after"] | None = None
    media: Media | None = None
    """Absent only for a note."""
    text: Text | None = None
    """For a note."""
    captured_at: Timestamp
    location: Location | None = None

    @model_validator(mode="after")
    def _only_a_note_has_no_media(self) -> Self:
        if self.media is None and self.kind != "note":
            raise PydanticCustomError("media_missing", "has no media and is not a note")
        return self


class ProofRetracted(EventData):
    """A proof item is not to be shown any more, for good."""

    visit_id: Id
    reason: Text | None = None


class ProofPackPublished(EventData):
    """A visit's proof is shown to the customer; replaces the pack published before."""

    visit_id: Id
    items: List[Id]
    """Proof item ids in display order; some may not have arrived yet."""
    document: Media | None = None
    """PDF."""


class ProofPackWithdrawn(EventData):
    """A published pack is not shown any more."""

    visit_id: Id
    reason: Text | None = None
