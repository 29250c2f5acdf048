"""Copies of files: made once of what was checked, only for whom they are shown to, and not kept for ever."""

import asyncio
import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest

from query_api.files import images
from query_api.files.variants import variant_for
from query_api.files.visible_files import VisibleFile
from read_models.queries.portal import CustomerScope
from read_models.store.operational import FileCache
from tests.integration.api.harness import ApiClient
from tests.integration.files.harness import PAPER, PROOF, Library, file, opened, photo


async def test_a_file_is_checked_and_copied_once(
    library: Library, reader: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask at the same time, a copy is made once; then the media store is not needed any more."""
    await library.prove(library.keep("b.jpg", photo()))
    made = []
    copy = images.copy

    def counted(content: bytes, extension: str, width: int | None) -> bytes:
        made.append(width)
        return copy(content, extension, width)

    monkeypatch.setattr(images, "copy", counted)

    answers = await asyncio.gather(*(file(reader, f"{PROOF}?size=320") for _ in range(5)))
    assert [path.name for path in library.media.rglob("*.*")] == ["b.jpg"]
    (library.media / "biz_1" / "b.jpg").write_bytes(b"something else")
    answers.append(await file(reader, f"{PROOF}?size=320"))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert made == [320]
    assert library.copies() == [f"biz_1/cus_1/{hashlib.sha256(photo()).hexdigest()}/320.webp"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"sha256": "0" * 64}, "file_changed"),
        ({"sha256": "../../etc"}, "file_changed"),
        ({"key": "none.jpg"}, "file_missing"),
        ({"key": "%2e%2e/biz_2/b.jpg"}, "file_missing"),
        ({"key": "a//b.jpg"}, "file_missing"),
        ({"key": "b.jpg/c"}, "file_missing"),
        ({"key": "b#1"}, "file_missing"),
        ({"key": "n" * 300}, "file_missing"),
    ],
)
async def test_a_file_that_is_not_what_its_event_says_is_not_found(
    library: Library, reader: ApiClient, said: dict[str, str], kind: str
) -> None:
    """The customer gets a 404, operators a notice; nothing is kept."""
    (library.media / "biz_2").mkdir()
    (library.media / "biz_2" / "b.jpg").write_bytes(photo())
    await library.prove(library.keep("b.jpg", photo()) | said)

    for _ in range(2):
        assert (await file(reader, PROOF)).status_code == 404

    (notice,) = await library.notices()
    assert (notice["kind"], notice["business"], notice["subject"]) == (kind, "biz_1", PROOF)
    assert notice.keys() == {"_id", "customer", "kind", "business", "subject", "at", "detail"}
    assert library.copies() == []


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
async def test_a_picture_that_cannot_be_decoded_is_not_found(
    library: Library, reader: ApiClient, content: bytes
) -> None:
    """A picture is never passed on as it is, not even when no copy can be made of it."""
    await library.prove(library.keep("b.jpg", content))

    assert (await file(reader, PROOF)).status_code == 404
    assert await library.noticed() == [("file_unusable", PROOF)]


async def test_too_large_a_picture_is_not_decoded(
    library: Library, reader: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a picture of too many pixels nor a file of too many bytes is worked on."""
    await library.prove(library.keep("b.jpg", photo()))
    with monkeypatch.context() as patched:
        patched.setattr(images, "MOST_PIXELS", 900 * 450 - 1)
        assert (await file(reader, PROOF)).status_code == 404
    with monkeypatch.context() as patched:
        patched.setattr("query_api.files.service.LARGEST_PICTURE", len(photo()) - 1)
        assert (await file(reader, PROOF)).status_code == 404

    assert library.copies() == []
    opened(await file(reader, PROOF))


async def test_a_notice_goes_when_the_file_is_there(library: Library, reader: ApiClient) -> None:
    """Once the business has put the file where it belongs, it is served and nobody is bothered any more."""
    media = library.keep("b.jpg", photo())
    (library.media / "biz_1" / "b.jpg").unlink()
    await library.prove(media)
    assert (await file(reader, PROOF)).status_code == 404
    assert await library.noticed() == [("file_missing", PROOF)]

    library.keep("b.jpg", photo())

    opened(await file(reader, PROOF))
    assert await library.noticed() == []


async def test_files_are_as_private_as_their_records(library: Library, reader: ApiClient) -> None:
    """Signed out is 401; another customer gets the 404 of what does not exist."""
    paper = library.keep("b.pdf", PAPER, "application/pdf")
    await library.say("contract.signed", "c1", terms=paper)
    await library.prove(paper)
    await library.say("proof_pack.published", "k1", items=["p1"], document=paper)
    await library.say("visit.technician_assigned", "v1", technician={"id": "t1", "name": "S", "photo": paper})
    await library.say("customer.registered", customer="cus_2", emails=["bob@mail.test"])
    await library.say("visit.booked", "v2")
    neighbour = await library.reader("biz_1", "cus_2", "blue")
    stranger = library.stranger("blue")

    missing = await file(neighbour, "visits/none/document")
    assert missing.status_code == 404
    for path in (PROOF, "visits/v1/document", "visits/v1/technician", "contracts/c1/terms"):
        assert (await file(reader, path)).content == PAPER
        assert (await file(stranger, path)).status_code == 401
        foreign = await file(neighbour, path)
        assert (foreign.status_code, foreign.content) == (404, missing.content)
    for path in ("visits/v2/proofs/p1", "visits/v2/document", "visits/v1/proofs/p2", "visits/v2/technician"):
        assert (await file(reader, path)).status_code == 404


@pytest.mark.parametrize(
    ("what", "subject"),
    [("proof_pack.withdrawn", "k1"), ("proof.retracted", "p1"), ("proof_pack.published", "k2")],
)
async def test_what_is_not_shown_any_more_is_not_served(
    library: Library, reader: ApiClient, what: str, subject: str
) -> None:
    """Withdrawn, retracted or not in the pack that replaced it: the file is gone, copies and all."""
    await library.prove(library.keep("b.jpg", photo()))
    opened(await file(reader, PROOF))

    await library.say(what, subject, items=["p2"])

    assert (await file(reader, PROOF)).status_code == 404
    assert (await file(reader, PROOF, {"If-None-Match": "*"})).status_code == 404


async def test_copies_stay_while_they_are_used(library: Library, reader: ApiClient) -> None:
    """A copy goes 30 days after its last use; a use writes it again, at most once a day."""
    paper = library.keep("b.pdf", PAPER, "application/pdf")
    await library.prove(paper)
    await library.say("contract.signed", "c1", terms=library.keep("c.pdf", PAPER + b"2", "application/pdf"))
    await file(reader, PROOF)
    await file(reader, "contracts/c1/terms")
    now = datetime.now(UTC)
    for path in library.cache.rglob("original"):
        os.utime(path, (now.timestamp(), (now - timedelta(days=31)).timestamp()))
    library.now = now

    assert (await file(reader, PROOF)).content == PAPER
    assert await FileCache(library.cache.as_uri()).evict_expired(now) == 1
    assert library.copies() == [f"biz_1/cus_1/{paper['sha256']}/original"]


async def test_erasure_finds_all_copies(library: Library, reader: ApiClient) -> None:
    """All copies of one customer go, those of a customer whose id begins alike stay; none is made afterwards."""
    media = library.keep("b.jpg", photo())
    await library.prove(media)
    await file(reader, PROOF)
    await file(reader, f"{PROOF}?size=320")
    kept = library.cache / "biz_1" / "cus_10" / "x"
    kept.mkdir(parents=True)
    (kept / "original").write_bytes(b"x")
    copies = FileCache(library.cache.as_uri())

    await library.say("customer.erased")
    await copies.erase("biz_1", "cus_1")

    # One that had been asked for before, and is made only now.
    form = variant_for("image/jpeg", None)
    assert form is not None
    assert await library.files.copy(CustomerScope("biz_1", "cus_1"), VisibleFile(PROOF, media), form) is None
    assert library.copies() == ["biz_1/cus_10/x/original"]
    assert await library.noticed() == []


async def test_a_logo_that_is_missing_is_noticed_too(library: Library) -> None:
    """The logo needs no session; operators are told of one that is not there."""
    media = library.keep("logo.jpg", photo())
    (library.media / "biz_1" / "logo.jpg").unlink()
    await library.say("business.rebranded", branding={"logo": media})

    assert (await file(library.stranger("blue"), "logo")).status_code == 404

    assert await library.noticed() == [("file_missing", "logo")]
