import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.companies.company import Company
from demo.companies.sonoran_pools import SONORAN
from demo.companies.turia_gardens import TURIA
from demo.media_folder import IMAGES, MediaFolder, index_by_id

COMPANIES = [pytest.param(company, id=company.slug) for company in (SONORAN, TURIA)]


def content_of(library: MediaFolder, business: str, media: dict[str, Any]) -> bytes:
    return Path(library.folder, business, media["key"]).read_bytes()


def test_media_object_of_every_image_describes_its_file(library: MediaFolder) -> None:
    files = [path.relative_to(IMAGES).as_posix() for path in IMAGES.rglob("*.*")]

    assert 30 <= len(files) <= 40
    for file in files:
        business, key = file.split("/", 1)
        media = library.media(business, key)
        content = content_of(library, business, media)
        image = Image.open(io.BytesIO(content))
        assert media == {
            "key": key,
            "content_type": f"image/{str(image.format).lower()}",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "width": image.width,
            "height": image.height,
        }


@pytest.mark.parametrize("company", COMPANIES)
def test_every_photo_subject_has_a_before_and_after_pair_of_one_size(
    library: MediaFolder, company: Company
) -> None:
    services = (company.regular, *company.occasional)
    subjects = {f"{company.scene}-{number}" for number in range(company.yards)}
    subjects.update(name for service in services for name in service.details)

    photos = {path.stem for path in (IMAGES / company.id / "photos").iterdir()}

    assert subjects
    assert photos == {f"{subject}-{stage}" for subject in subjects for stage in ("before", "after")}
    for subject in subjects:
        before = library.media(company.id, f"photos/{subject}-before.webp")
        after = library.media(company.id, f"photos/{subject}-after.webp")
        assert before["sha256"] != after["sha256"]
        assert (before["width"], before["height"]) == (after["width"], after["height"])


def test_pdf_document_is_added_with_its_content_type_and_no_size(library: MediaFolder) -> None:
    media = library.document("biz_test", "terms/con_1.pdf", "Terms", ["One paragraph."])

    assert media["content_type"] == "application/pdf"
    assert content_of(library, "biz_test", media).startswith(b"%PDF-")
    assert "width" not in media


def test_index_by_id_is_stable_and_uses_every_index() -> None:
    indexes = [index_by_id(f"cus_{number}", 5) for number in range(100)]

    assert indexes == [index_by_id(f"cus_{number}", 5) for number in range(100)]
    assert set(indexes) == set(range(5))
