"""Files as customers get them: pictures cleaned, documents as they are, whole or in part."""

from typing import Any

import pytest

from tests.integration.api.harness import ApiClient
from tests.integration.files.harness import BLUE, PAPER, PROOF, RED, Library, file, opened, photo


def near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 12 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    ("query", "content_type", "width", "height"),
    [
        ("", "image/jpeg", 450, 900),
        ("?size=320", "image/webp", 320, 640),
        ("?size=thumb", "image/webp", 320, 640),
        ("?size=800", "image/webp", 450, 900),
        ("?size=1600", "image/webp", 450, 900),
    ],
)
async def test_a_photo_is_served_upright_and_without_metadata(
    library: Library, reader: ApiClient, query: str, content_type: str, width: int, height: int
) -> None:
    """Every form of a photo is turned, never enlarged, and says neither where nor with what it was taken."""
    await library.prove(library.keep("a/b.jpg", photo()))

    answer = await file(reader, PROOF + query)

    image = opened(answer).convert("RGB")
    assert answer.headers["content-type"] == content_type
    assert image.size == (width, height)
    assert near(image.getpixel((10, 10)), BLUE)
    assert near(image.getpixel((width - 10, 10)), RED)
    assert not opened(answer).getexif()
    assert not opened(answer).info.keys() & {"exif", "icc_profile", "xmp", "comment"}
    assert b"Camera" not in answer.content


async def test_every_address_of_a_visit_leads_to_its_file(library: Library, reader: ApiClient) -> None:
    """The addresses that details name are answered: proofs, their thumbnails, the document, the photo, the terms."""
    paper = library.keep("a/b.pdf", PAPER, "application/pdf")
    sam = {"id": "t1", "name": "Sam", "photo": library.keep("sam.jpg", photo(60, 30))}
    await library.say("contract.signed", "c1", terms=paper)
    await library.say("visit.booked", "v1", technician=sam)
    await library.say("proof.uploaded", "p1", kind="photo", media=library.keep("ä b%20c.jpg", photo()))
    await library.say("proof_pack.published", "k1", items=["p1"], document=paper)

    visit = await reader.get("visits/v1")
    terms = (await reader.get("contracts/c1"))["terms"]

    (item,) = visit["proof"]["items"]
    pictured = [item["file"]["url"], item["file"]["thumbnail_url"], visit["technician_photo_url"]]
    for url in pictured:
        opened(await file(reader, url.removeprefix("/blue/media/")))
    for one in (visit["proof"]["document"], terms):
        answer = await file(reader, one["url"].removeprefix("/blue/media/"))
        assert (answer.content, answer.headers["content-type"]) == (PAPER, "application/pdf")
        assert one["thumbnail_url"] is None


async def test_a_document_is_a_download(library: Library, reader: ApiClient) -> None:
    """A PDF comes as it is, to be saved under a name that is made of ids."""
    await library.prove(library.keep("b.pdf", PAPER, "application/pdf"))

    headers = (await file(reader, PROOF)).headers

    assert headers["content-disposition"] == 'attachment; filename="visits-v1-proofs-p1.pdf"'
    assert headers["content-security-policy"].endswith("; sandbox")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-cache"
    assert headers["content-length"] == str(len(PAPER))
    assert (await file(reader, f"{PROOF}?size=320")).status_code == 404
    assert (await file(reader, f"{PROOF}?size=321")).status_code == 400


@pytest.mark.parametrize("content_type", ["image/svg+xml", "text/html", "Image/SVG+XML; charset=utf-8", "x"])
async def test_nothing_that_a_browser_could_run_is_served(
    library: Library, reader: ApiClient, content_type: str
) -> None:
    """What is neither a picture nor a PDF is bytes to be saved, whatever its event calls it."""
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    await library.prove(library.keep("a.svg", script, content_type))

    answer = await file(reader, PROOF)

    assert answer.content == script
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; ")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=10000-", 10000, len(PAPER) - 1),
        ("bytes=-4", len(PAPER) - 4, len(PAPER) - 1),
        ("bytes=-999999", 0, len(PAPER) - 1),
        ("bytes=7-999999", 7, len(PAPER) - 1),
    ],
)
async def test_a_part_of_a_file_is_served(
    library: Library, reader: ApiClient, asked: str, first: int, last: int
) -> None:
    """One range of bytes is answered with these bytes (RFC 9110, 14)."""
    await library.prove(library.keep("b.pdf", PAPER, "application/pdf"))

    part = await file(reader, PROOF, {"Range": asked})

    assert (part.status_code, part.content) == (206, PAPER[first : last + 1])
    assert part.headers["content-range"] == f"bytes {first}-{last}/{len(PAPER)}"
    assert part.headers["content-length"] == str(last + 1 - first)


async def test_ranges_that_make_no_sense_are_told_apart(library: Library, reader: ApiClient) -> None:
    """A range behind the end is 416; what is no range, several ranges or another version give the whole."""
    await library.prove(library.keep("b.pdf", PAPER, "application/pdf"))

    for asked in (f"bytes={len(PAPER)}-", "bytes=-0"):
        beyond = await file(reader, PROOF, {"Range": asked})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(PAPER)}")
    others = [
        {"Range": asked} for asked in ("bytes=9-5", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b")
    ]
    for headers in [*others, {"Range": "bytes=0-1", "If-Range": '"another"'}]:
        whole = await file(reader, PROOF, headers)
        assert (whole.status_code, whole.content) == (200, PAPER)


async def test_what_the_browser_has_is_not_sent_again(library: Library, reader: ApiClient) -> None:
    """A file has an ETag of its content and form, which If-None-Match and If-Range go by."""
    await library.prove(library.keep("b.jpg", photo()))
    whole, small = await file(reader, PROOF), await file(reader, f"{PROOF}?size=320")
    tag = small.headers["etag"]

    again = await file(reader, f"{PROOF}?size=320", {"If-None-Match": tag})
    part = await file(reader, f"{PROOF}?size=320", {"Range": "bytes=0-3", "If-Range": tag})

    assert whole.headers["etag"] != tag
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (part.status_code, part.content) == (206, small.content[:4])


async def test_a_file_can_be_asked_about(library: Library, reader: ApiClient) -> None:
    """HEAD says of a file what GET says, without its content."""
    await library.prove(library.keep("b.pdf", PAPER, "application/pdf"))

    reader._browser.headers["X-Request-ID"] = "of-a-test"
    got, head = await file(reader, PROOF), await reader._browser.head(f"/blue/media/{PROOF}")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers
