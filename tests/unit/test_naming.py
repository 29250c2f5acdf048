"""Names and docstrings that a stranger can read (CONTRIBUTING.md, Names; CONTRIBUTING.md, Docstrings and comments)."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import local_stack

ROOT = Path(local_stack.__file__).parents[1]

PACKAGES = (
    "events",
    "read_models",
    "projectors",
    "query_api",
    "web",
    "portal",
    "local_stack",
    "demo",
    "bench",
)

OPENAPI_SCHEMAS = "query_api/api/schemas"
"""Their class names are component names of the published OpenAPI document, and stay."""

CLAUSE = re.compile(
    r"(What|Whether|Who|Whose|How|Where|That|Of|By|When|Which|As|In|From|For|To|With|If)\b(?!-)"
)


def test_public_classes_have_unique_names() -> None:
    modules_by_class = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = str(path.relative_to(ROOT))
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    modules_by_class[node.name].append(module)

    shared = {
        name: modules
        for name, modules in modules_by_class.items()
        if len([module for module in modules if not module.startswith(OPENAPI_SCHEMAS)]) > 1
    }

    assert len(modules_by_class) > 400
    assert shared == {}


def test_docstrings_begin_with_no_clause() -> None:
    described = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    name = f"{path.relative_to(ROOT)}:{getattr(node, 'name', 'module')}"
                    described[name] = ast.get_docstring(node) or ""

    assert len(described) > 2_000
    assert [name for name, docstring in described.items() if CLAUSE.match(docstring)] == []
