"""A page of text as PDF (ISO 32000-1), with nothing but the fonts every reader has."""

import textwrap
from collections.abc import Sequence

COLUMNS = 84
"""Characters of a line."""


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """Return one A4 page: the title large, each line a paragraph. What is not in Windows-1252 becomes a question
    mark."""
    text = [b"BT /B 20 Tf 64 760 Td", _shown(title), b"/R 11 Tf 0 -40 Td 16 TL"]
    for line in lines:
        text += [_shown(part) + b" T*" for part in textwrap.wrap(line, COLUMNS)]
        text.append(b"T*")
    stream = b"\n".join([*text, b"ET"])
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 7 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        font % b"Helvetica",
        font % b"Helvetica-Bold",
        b"<< /Font << /R 5 0 R /B 6 0 R >> >>",
    ]
    file = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(file)


def _shown(text: str) -> bytes:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"(%s) Tj" % escaped.encode("cp1252", "replace")
