"""Files as they are served (docs/contracts/api.md): where they lie, never where they come from."""

from read_models.documents import Doc

THUMBNAIL = "?size=320"


def file(url: str, media: Doc | None) -> Doc | None:
    """Return a file at its address; only of images are there smaller ones."""
    if media is None:
        return None
    return {
        "url": url,
        "thumbnail_url": f"{url}{THUMBNAIL}" if is_image(media["content_type"]) else None,
        "content_type": media["content_type"],
        "bytes": media["bytes"],
        "width": media["width"],
        "height": media["height"],
    }


def is_image(content_type: str) -> bool:
    """Return whether it is a picture made of pixels; an SVG is a document that a browser could run."""
    kind, _, form = content_type.partition(";")[0].strip().lower().partition("/")
    return kind == "image" and form != "svg+xml"
