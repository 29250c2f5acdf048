"""Names that a stranger can search for: no two public classes of the product share one (CONTRIBUTING.md, Names)."""

import ast
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
