"""Variants in which files are served. Their content types come from these tables, never from an event."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from read_models.queries.file_links import is_image

Size = Literal["320", "800", "1600", "thumb"]
"""The widths of docs/contracts/api.md, in pixels; `thumb` is 320."""

WIDTHS: Final[Mapping[Size, int]] = {"320": 320, "800": 800, "1600": 1600, "thumb": 320}

TYPES: Final[Mapping[str, str]] = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "bin": "application/octet-stream",
}
"""How files are served, by extension: nothing that a browser could run."""

PICTURES: Final[Mapping[str, str]] = {"image/jpeg": "jpg", "image/jpg": "jpg", "image/png": "png"}
"""The pictures whose whole copies keep their format; those of all others become WebP."""

DOCUMENTS: Final[Mapping[str, str]] = {"application/pdf": "pdf"}


class Variant(NamedTuple):
    """A form of a file."""

    name: str
    """What it is called among the copies of its file."""
    extension: str
    picture: bool
    """Whether it is a copy made of a picture; else it is the file as it is."""
    width: int | None = None
    """What a picture is made narrower to, in pixels; None: it is not."""

    @property
    def content_type(self) -> str:
        """Content type of the response."""
        return TYPES[self.extension]


PRINT_VARIANT: Final = Variant("print.jpg", "jpg", picture=True, width=1000)
"""A picture on paper: PDF takes a JPEG in as it is."""


def variant_for(content_type: str, size: Size | None) -> Variant | None:
    """Return the form in which a file of a type is served; None where there is none of this size."""
    if size is None:
        return full_size(content_type)
    width = WIDTHS[size]
    return Variant(f"{width}.webp", "webp", picture=True, width=width) if is_image(content_type) else None


def full_size(content_type: str) -> Variant:
    """Return the form of a file of a type that is not made smaller."""
    kind = content_type.partition(";")[0].strip().lower()
    if is_image(content_type):
        extension = PICTURES.get(kind, "webp")
        return Variant(f"whole.{extension}", extension, picture=True)
    return Variant("original", DOCUMENTS.get(kind, "bin"), picture=False)
