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


def content_of(media: MediaFolder, business: str, media_object: dict[str, Any]) -> bytes:
    return Path(media.folder, business, media_object["key"]).read_bytes()


def test_media_object_of_every_image_describes_its_file(media: MediaFolder) -> None:
    files = [path.relative_to(IMAGES).as_posix() for path in IMAGES.rglob("*.*")]

    assert 30 <= len(files) <= 40
    for file in files:
        business, key = file.split("/", 1)
        media_object = media.media_object(business, key)
        content = content_of(media, business, media_object)
        image = Image.open(io.BytesIO(content))
        assert media_object == {
            "key": key,
            "content_type": f"image/{str(image.format).lower()}",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "width": image.width,
            "height": image.height,
        }


@pytest.mark.parametrize("company", COMPANIES)
def test_every_photo_subject_has_a_before_and_after_pair_of_one_size(
    media: MediaFolder, company: Company
) -> None:
    services = (company.regular_service, *company.occasional_services)
    subjects = {f"{company.yard_kind}-{number}" for number in range(company.yard_count)}
    subjects.update(subject for service in services for subject in service.closeups)

    photos = {path.stem for path in (IMAGES / company.id / "photos").iterdir()}

    assert subjects
    assert photos == {f"{subject}-{stage}" for subject in subjects for stage in ("before", "after")}
    for subject in subjects:
        before = media.media_object(company.id, f"photos/{subject}-before.webp")
        after = media.media_object(company.id, f"photos/{subject}-after.webp")
        assert before["sha256"] != after["sha256"]
        assert (before["width"], before["height"]) == (after["width"], after["height"])


def test_pdf_document_is_added_with_its_content_type_and_no_size(media: MediaFolder) -> None:
    media_object = media.add_pdf("biz_test", "terms/con_1.pdf", "Terms", ["One paragraph."])

    assert media_object["content_type"] == "application/pdf"
    assert content_of(media, "biz_test", media_object).startswith(b"%PDF-")
    assert "width" not in media_object


def test_index_by_id_is_the_same_in_every_process() -> None:
    assert index_by_id("cus_1041", 5) == 4


def test_index_by_id_uses_every_index() -> None:
    assert {index_by_id(f"cus_{number}", 5) for number in range(100)} == set(range(5))
