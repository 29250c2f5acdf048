"""Documents: links, citations and names in them lead somewhere; every setting and command is explained."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer

import local_stack
from portal.cli import app
from portal.settings import Settings
from query_api.config import SignInLimits

ROOT = Path(local_stack.__file__).parents[1]
OPERATING = (ROOT / "docs/operating.md").read_text()

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests/samples/README.md"])
TEXTS = frozenset({".css", ".html", ".js", ".md", ".po", ".py", ".sh", ".svg", ".toml", ".txt", ".yaml"})
"""Endings of the files whose citations are checked; files without an ending (Makefile, .ci/run) are, too."""
FOLDERS = (
    *(".ci", "bench", "demo", "deploy", "docs", "events", "local_stack", "portal", "projectors"),
    *("query_api", "read_models", "tests", "web"),
)

MIN_CITED_DOCUMENTS = 150
MIN_CITED_SECTIONS = 80
MIN_NAMED_PATHS = 150
MIN_NAMED_DEFINITIONS = 20

CITATION = re.compile(r"(?<![\w/.-])((?:[\w-]+/)*[\w-]+\.md)\b`?(?:, (?=[A-Z])(?![\w/]+\.md)(.{0,80}))?")
"""A document, and what stands behind its comma where that begins like a heading (CONTRIBUTING.md, Citations)."""

LINK = re.compile(r"\[[^\]]*\]\(([^)#:]+\.md)(?:#[^)]*)?\)")
NAMED_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
NAMED_DEFINITION = re.compile(r"`([A-Za-z_][\w.]*)`(?:, `[A-Z]+`)* in `([\w/]+\.py)`")


def sources() -> Iterator[Path]:
    """Yield every text file of the repository that people write."""
    for folder in FOLDERS:
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS or not path.suffix)
    yield from (path for path in ROOT.iterdir() if path.suffix in TEXTS or path.name == "Makefile")


def prose(path: Path) -> str:
    """Return a text file on one line, links to documents replaced by their paths from the root."""

    def from_root(link: re.Match[str]) -> str:
        return str((path.parent / link[1]).resolve().relative_to(ROOT))

    lines = path.read_text("utf-8").splitlines()
    return LINK.sub(from_root, " ".join(line.strip().removeprefix("# ") for line in lines))


def citations() -> Iterator[tuple[Path, str, str | None]]:
    """Yield each citation: where it stands, the document, and the text that should begin with a heading."""
    for path in sources():
        if path.is_file() and "__pycache__" not in path.parts:
            for document, section in CITATION.findall(prose(path)):
                yield path, document, section or None


def document_at(path: Path, document: str) -> Path | None:
    """Return the document that a file cites: by its path from the root, or from the file's own folder."""
    return next((found for folder in (ROOT, path.parent) if (found := folder / document).is_file()), None)


def headings(document: Path) -> Iterator[str]:
    """Yield the headings of a document, each also as the part before its colon."""
    for heading in re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE):
        yield heading
        yield heading.partition(":")[0]


def definitions(tree: ast.AST) -> Iterator[str]:
    """Yield the names of functions, classes, constants and fields in a module."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name(ctx=ast.Store()):
                yield node.id


def commands(app: typer.Typer, *above: str) -> Iterator[str]:
    """`topics create` and the like, of all commands that are listed."""
    for command in app.registered_commands:
        assert command.callback is not None
        if not command.hidden:
            yield " ".join((*above, command.name or command.callback.__name__))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        if not group.hidden:
            yield from commands(group.typer_instance, *above, str(group.name))


def test_every_setting_is_explained_and_no_other() -> None:
    """An operator reads of all that can be set, and of nothing that has no effect."""
    settings = {f"PORTAL_{name.upper()}" for name in Settings.model_fields} - {"PORTAL_LIMITS"}
    limits = {f"PORTAL_LIMIT_{field.name.upper()}" for field in fields(SignInLimits)}
    assert set(re.findall(r"PORTAL_\w+", OPERATING)) == settings | limits


def test_every_command_is_explained_and_no_other() -> None:
    """The table of commands is what `portal --help` lists."""
    table = OPERATING[OPERATING.index("| command | does |") :].split("\n\n")[0]
    explained = {
        " ".join(re.findall(r"^(?:[a-z]+(?:-[a-z]+)* ?)+", line)).strip()
        for line in re.findall(r"^\| `portal (.*?)`", table, re.MULTILINE)
    }
    assert explained == set(commands(app))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_cited_documents_exist() -> None:
    cited = [
        (path.relative_to(ROOT), document, document_at(path, document)) for path, document, _ in citations()
    ]

    assert len(cited) >= MIN_CITED_DOCUMENTS
    assert [(str(path), document) for path, document, found in cited if found is None] == []


def test_cited_sections_exist() -> None:
    cited = [
        (str(path.relative_to(ROOT)), document, section, found)
        for path, document, section in citations()
        if section is not None and (found := document_at(path, document)) is not None
    ]

    assert len(cited) >= MIN_CITED_SECTIONS
    assert [
        (path, document, section)
        for path, document, section, found in cited
        if not section.startswith(tuple(headings(found)))
    ] == []


def test_paths_named_in_documents_exist() -> None:
    """As `read_models/visit.py`, from the root."""
    named = [
        (document.relative_to(ROOT), path)
        for document in DOCUMENTS
        for path in NAMED_PATH.findall(document.read_text("utf-8"))
        if (ROOT / path.partition("/")[0]).is_dir()
    ]

    assert len(named) >= MIN_NAMED_PATHS
    assert [(str(document), path) for document, path in named if not (ROOT / path).exists()] == []


def test_definitions_named_in_documents_exist() -> None:
    """As `VERSION` in `read_models/projection.py`."""
    named = [
        (document.relative_to(ROOT), name.rpartition(".")[2], path)
        for document in DOCUMENTS
        for name, path in NAMED_DEFINITION.findall(" ".join(document.read_text("utf-8").split()))
    ]

    assert len(named) >= MIN_NAMED_DEFINITIONS
    assert [
        (str(document), name, path)
        for document, name, path in named
        if name not in set(definitions(ast.parse((ROOT / path).read_text("utf-8"))))
    ] == []
