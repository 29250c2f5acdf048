"""Writer of one-page PDF documents (ISO 32000-1) that need only the standard fonts."""

import textwrap
from collections.abc import Sequence

MAX_LINE_LENGTH = 84
"""Characters."""


def render_pdf(title: str, paragraphs: Sequence[str]) -> bytes:
    """Return an A4 page of text. Replaces characters outside Windows-1252 by `?`."""
    text = [b"BT /B 20 Tf 64 760 Td", _show_text(title), b"/R 11 Tf 0 -40 Td 16 TL"]
    for paragraph in paragraphs:
        text += [_show_text(line) + b" T*" for line in textwrap.wrap(paragraph, MAX_LINE_LENGTH)]
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
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table_offset = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    document += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    document += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table_offset,
    )
    return bytes(document)


def _show_text(text: str) -> bytes:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"(%s) Tj" % escaped.encode("cp1252", "replace")
