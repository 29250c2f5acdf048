import io

import pytest
from PIL import Image

from demo.paper import pdf
from demo.studio import Wanted, draw, wanted

EVERY_DRAWER = {one.drawer: one for one in wanted()}


@pytest.mark.parametrize("one", EVERY_DRAWER.values(), ids=EVERY_DRAWER.keys())
def test_a_picture_is_what_its_key_says(one: Wanted) -> None:
    """A drawing is a file of its key's type, of the size that is told, and no flat area."""
    drawn = draw(one)
    image = Image.open(io.BytesIO(drawn.content))
    assert image.format == {"jpg": "JPEG", "png": "PNG"}[one.key.rpartition(".")[2]]
    assert image.size == drawn.size
    assert len(set(image.convert("L").resize((32, 32)).tobytes())) > 10


def test_before_and_after_differ_and_drawing_again_does_not() -> None:
    """The work shows in the pictures; the same picture is drawn the same each time."""
    before = next(one for one in wanted() if one.drawer == "detail" and one.dirty)
    assert draw(before) == draw(before)
    assert draw(before) != draw(before._replace(dirty=False))


def test_no_key_is_wanted_twice() -> None:
    """Every picture has a key of its own within its business."""
    keys = [(one.business, one.key) for one in wanted()]
    assert len(keys) == len(set(keys))


def test_a_page_of_text_is_a_pdf_that_says_where_its_parts_are() -> None:
    """The table of a PDF's objects points at them, and brackets and accents stand for themselves."""
    file = pdf("Parte (1)", ["Césped \\ bordes", "x" * 200])
    table = int(file.rsplit(b"startxref\n", 1)[1].split()[0])
    assert file[table:].startswith(b"xref")
    rows = [line for line in file[table:].splitlines() if line.endswith(b" n ")]
    for number, row in enumerate(rows, start=1):
        assert file[int(row.split()[0]) :].startswith(b"%d 0 obj" % number)
    assert rb"(Parte \(1\)) Tj" in file
    assert "Césped".encode("cp1252") in file
