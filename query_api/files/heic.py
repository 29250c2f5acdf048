"""HEIC, what iPhones write: decoded here, as the libvips of PyPI reads its head but has no decoder for HEVC."""

from typing import Any, Final

import pillow_heif
import pyvips  # type: ignore[import-untyped]

from query_api.files.media_store import UNUSABLE, FileUnusable

DISPLAY_P3: Final = 12
"""Colour primaries (ITU-T H.273) of a picture that names them without a profile."""

# In the thread that asks, and of a file nothing but its picture.
pillow_heif.options.DECODE_THREADS = 0
pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False


def is_heic(head: pyvips.Image) -> bool:
    """Return whether the picture that libvips has read the head of is coded as HEVC."""
    return "heif-compression" in head.get_fields() and bool(head.get("heif-compression") == "hevc")


def decoded(content: bytes) -> pyvips.Image:
    """Return the primary picture of a file, its profile with it; all of it is in memory. Raises `FileUnusable`.

    It is upright: the decoder turns it as the file says. Exif says it once more, and is not taken over.
    """
    try:
        (picture,) = (one for one in pillow_heif.open_heif(content) if one.info["primary"])
        grey = picture.mode in ("L", "I;16")
        made = pyvips.Image.new_from_array(picture, interpretation="auto" if grey else "srgb")
    # TypeError: of metadata that cannot be read.
    except (ValueError, EOFError, SyntaxError, RuntimeError, OSError, MemoryError, TypeError) as error:
        raise FileUnusable(UNUSABLE, "no HEIC picture that can be decoded") from error
    told: dict[str, Any] = picture.info
    profile = told.get("icc_profile")
    if not profile and told.get("nclx_profile", {}).get("color_primaries") == DISPLAY_P3:
        profile = pyvips.Operation.call("profile_load", "p3")
    if profile:
        made = made.copy()
        made.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return made
