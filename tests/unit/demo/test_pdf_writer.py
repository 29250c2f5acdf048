from demo.pdf_writer import render_pdf


def test_pdf_cross_reference_table_points_at_every_object() -> None:
    content = render_pdf("Parte", ["Césped y bordes"])

    table_offset = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
    entries = [line for line in content[table_offset:].splitlines() if line.endswith(b" n ")]
    assert content[table_offset:].startswith(b"xref")
    assert len(entries) == content.count(b" 0 obj\n")
    for number, entry in enumerate(entries, start=1):
        assert content[int(entry.split()[0]) :].startswith(b"%d 0 obj" % number)


def test_pdf_text_escapes_brackets_and_encodes_accents() -> None:
    content = render_pdf("Parte (1)", ["Césped \\ bordes", "x" * 200])

    assert rb"(Parte \(1\)) Tj" in content
    assert "Césped \\\\ bordes".encode("cp1252") in content
