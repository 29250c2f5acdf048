"""Papers to keep: invoices, receipts and Proof Packs as PDF, the files of a pack as ZIP."""

import hashlib
import io
import zipfile
from typing import Any

import orjson
import pytest
from pypdf import PdfReader

from query_api.pages.language import language_cookie
from query_api.pdf.renderer_process import printed
from tests.integration.api.harness import ApiClient
from tests.integration.files.harness import PAPER, Library, file, photo


def text(content: bytes) -> str:
    """What a PDF says, its white space as single spaces."""
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


async def pdf(reader: ApiClient, path: str) -> PdfReader:
    """The PDF at a path below `/blue/media/`."""
    answer = await file(reader, path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    return PdfReader(io.BytesIO(answer.content))


def pictures(document: PdfReader) -> int:
    """How many pictures there are; pages share what they show."""
    return len({image.data for page in document.pages for image in page.images})


async def said(reader: ApiClient, path: str) -> str:
    """What the PDF at a path says."""
    return text((await file(reader, path)).content)


async def a_paid_invoice(library: Library) -> None:
    lines = [{"description": "Pool & <b>spa</b>", "quantity": "2", "amount": "120.00"}]
    await library.say("visit.booked", "v1")
    await library.say("invoice.issued", "i1", lines=lines, visit_ids=["v1"], memo="Thanks")
    await library.say("payment.succeeded", "y1", amount=5000)
    await library.say("payment.failed", "y2")


async def test_an_invoice_is_a_pdf_that_says_all_of_it(library: Library, reader: ApiClient) -> None:
    """With its title, language and tags, as screen readers need them; text of events is text."""
    await a_paid_invoice(library)

    document = await pdf(reader, "invoices/i1.pdf")

    assert document.metadata is not None
    assert document.metadata.title == "Invoice 1042 – Blue Pools"
    assert str(document.root_object["/Lang"]) == "en-US"
    assert "/StructTreeRoot" in document.root_object
    content = await said(reader, "invoices/i1.pdf")
    for expected in (
        "Blue Pools",
        "office@blue.test",
        "Ada Field",
        "$70.00 due on Monday, January 19.",
        "Pool & <b>spa</b> 2 $120.00",
        "Still to pay $70.00",
        "Card visa •••• 4242",
        "Thanks",
        "Pool cleaning",
    ):
        assert expected in content, (expected, content)


async def test_a_payment_is_a_receipt_or_says_that_it_failed(library: Library, reader: ApiClient) -> None:
    await a_paid_invoice(library)

    assert "$50.00 was paid for invoice 1042." in await said(reader, "payments/y1.pdf")
    assert "The payment of $50.00 for invoice 1042 failed." in await said(reader, "payments/y2.pdf")


async def test_papers_speak_the_customers_language(library: Library, reader: ApiClient) -> None:
    """Another language is another paper, and its digits are those of the currency."""
    await library.say("invoice.issued", "i1", currency="kwd", total="1.250")
    before = (await file(reader, "invoices/i1.pdf")).headers["etag"]
    await library.say("customer.contact_changed", locale="es-ES")

    answer = await file(reader, "invoices/i1.pdf")

    assert answer.headers["etag"] != before
    assert "Queda por pagar 1,250 KWD" in text(answer.content)


async def test_papers_speak_the_language_that_was_chosen_for_the_pages(
    library: Library, reader: ApiClient
) -> None:
    await library.say("invoice.issued", "i1")
    browser = reader._browser
    browser.headers["Cookie"] += f"; {language_cookie({'slug': 'blue'}, 'es').key}=es"

    assert "Queda por pagar 120,00" in await said(reader, "invoices/i1.pdf")


async def proof(library: Library) -> dict[str, Any]:
    """A pack with a photo that is there, one that is not, a note, a document, and a document of the pack."""
    there, gone = library.keep("b.jpg", photo()), library.keep("gone.jpg", photo(90, 90))
    (library.media / "biz_1" / "gone.jpg").unlink()
    paper = library.keep("b.pdf", PAPER, "application/pdf")
    await library.say("visit.booked", "v1", technician={"id": "t1", "name": "Sam Ortiz"})
    await library.say("visit.completed", "v1", tasks=[{"name": "Skim", "done": True}], summary="All clear.")
    await library.say("proof.uploaded", "p1", kind="photo", stage="before", caption="Green", media=there)
    await library.say("proof.uploaded", "p2", kind="photo", stage="after", media=gone)
    await library.say("proof.uploaded", "p3", text="ph 7.4")
    await library.say("proof.uploaded", "p4", kind="document", text=None, media=paper)
    await library.say("proof_pack.published", "k1", items=["p1", "p2", "p3", "p4"], document=paper)
    return {"there": there, "gone": gone, "paper": paper}


async def test_a_proof_pack_is_a_pdf_with_its_pictures(library: Library, reader: ApiClient) -> None:
    """A picture that cannot be had is said to be missing, and once it is back it is on the paper."""
    media = await proof(library)

    document = await pdf(reader, "visits/v1/proof.pdf")
    content = await said(reader, "visits/v1/proof.pdf")

    assert pictures(document) == 1
    for expected in ("Sam Ortiz", "Skim: done", "All clear.", "Photo: Green", "ph 7.4"):
        assert expected in content, (expected, content)
    assert content.count("This picture could not be loaded.") == 1
    assert media["there"]["sha256"] in content
    assert await library.noticed() == [("file_missing", "visits/v1/proofs/p2")]

    library.keep("gone.jpg", photo(90, 90))
    whole = await pdf(reader, "visits/v1/proof.pdf")
    assert pictures(whole) == 2
    assert await library.noticed() == []


async def test_a_paper_is_printed_once_and_erased_with_its_customer(
    library: Library, reader: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a browser has is not sent again, parts are; a paper lies with the customer's copies."""
    await a_paid_invoice(library)
    first = await file(reader, "invoices/i1.pdf")

    async def out_of_order(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr("query_api.pdf.renderer.PdfRenderer.render", out_of_order)
    again = await file(reader, "invoices/i1.pdf")
    known = await file(reader, "invoices/i1.pdf", {"If-None-Match": first.headers["etag"]})
    part = await file(reader, "invoices/i1.pdf", {"Range": "bytes=0-3"})

    assert again.content == first.content
    assert (known.status_code, known.content) == (304, b"")
    assert (part.status_code, part.content) == (206, b"%PDF")
    (copy,) = library.copies()
    assert copy.startswith("biz_1/cus_1/")


async def test_the_whole_of_a_pack_is_a_zip_whose_manifest_has_both_hashes(
    library: Library, reader: ApiClient
) -> None:
    """Pictures are copies, documents are as they are, what is missing is said to be."""
    media = await proof(library)

    answer = await file(reader, "visits/v1/proof.zip")

    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert archive.namelist() == [
        "001-before-photo-p1.jpg",
        "003-note-p3.txt",
        "004-document-p4.pdf",
        "document.pdf",
        "manifest.json",
    ]
    assert archive.read("003-note-p3.txt") == b"ph 7.4"
    assert archive.read("document.pdf") == PAPER
    # In the visit's zone: 17:00 UTC in Phoenix.
    assert archive.getinfo("001-before-photo-p1.jpg").date_time[:4] == (2026, 1, 5, 10)
    manifest = orjson.loads(archive.read("manifest.json"))
    assert manifest["visit_id"] == "v1"
    assert [one["kind"] for one in manifest["files"]] == ["photo", "photo", "note", "document", "document"]
    first, second, _, fourth, _ = manifest["files"]
    assert first["original"]["sha256"] == media["there"]["sha256"]
    assert first["copy"]["sha256"] == hashlib.sha256(archive.read(first["file"])).hexdigest()
    assert first["copy"]["sha256"] != first["original"]["sha256"]
    assert (second["file"], second["copy"]) == (None, None)
    assert fourth["copy"]["sha256"] == fourth["original"]["sha256"]
    assert await library.noticed() == [("file_missing", "visits/v1/proofs/p2")]
    head = await reader._browser.head("/blue/media/visits/v1/proof.zip")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == answer.headers["etag"]


async def test_a_zip_that_lacks_a_file_is_sent_again_until_it_is_whole(
    library: Library, reader: ApiClient
) -> None:
    """A browser that has it is told so only when nothing can have come since."""
    await proof(library)
    known = {"If-None-Match": (await file(reader, "visits/v1/proof.zip")).headers["etag"]}

    lacking = await file(reader, "visits/v1/proof.zip", known)
    library.keep("gone.jpg", photo(90, 90))
    whole = await file(reader, "visits/v1/proof.zip", known)
    again = await file(reader, "visits/v1/proof.zip", known)

    names = [
        zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        for answer in (lacking, whole)
        if answer.status_code == 200
    ]
    assert ["002-after-photo-p2.jpg" in of_one for of_one in names] == [False, True]
    assert (again.status_code, again.content) == (304, b"")


async def test_papers_are_as_private_as_their_records(library: Library, reader: ApiClient) -> None:
    """Signed out is 401; another customer's, one that does not exist, and a withdrawn pack are the same 404."""
    await a_paid_invoice(library)
    await library.say("proof.uploaded", "p1")
    await library.say("proof_pack.published", "k1")
    await library.say("customer.registered", customer="cus_2", emails=["bob@mail.test"])
    neighbour = await library.reader("biz_1", "cus_2", "blue")
    missing = await file(reader, "invoices/none.pdf")
    assert missing.status_code == 404
    paths = ("invoices/i1.pdf", "payments/y1.pdf", "visits/v1/proof.pdf", "visits/v1/proof.zip")
    for path in paths:
        assert (await file(library.stranger("blue"), path)).status_code == 401
        assert (await file(neighbour, path)).status_code == 404
        assert (await file(reader, path)).status_code == 200, path
    for path in ("invoices/i1", "payments/y1.html", "payments/none.pdf", "visits/none/proof.zip"):
        assert (await file(reader, path)).status_code == 404, path

    await library.say("proof_pack.withdrawn", "k1")

    for path in paths[2:]:
        assert (await file(reader, path)).status_code == 404


def test_the_press_reaches_nothing_but_the_pictures_it_was_given(tmp_path: Any) -> None:
    """Neither a file nor an address, whatever a page asks for."""
    secret = tmp_path / "secret.css"
    secret.write_text("body::before { content: 'secret' }")
    html = (
        f'<html lang="en"><title>T</title><link rel="stylesheet" href="{secret.as_uri()}">'
        f'<style>@import url("{secret.as_uri()}");</style>'
        f'<img src="http://127.0.0.1:9/x.jpg" alt="x"><img src="{secret.as_uri()}" alt="y">'
        f'<link rel="attachment" href="{secret.as_uri()}"><p>shown</p></html>'
    )

    content = printed(html, {})

    assert "secret" not in text(content)
    assert "shown" in text(content)
    assert "/EmbeddedFiles" not in str(PdfReader(io.BytesIO(content)).root_object)
