"""No read is without a tenant: the types do not allow it, and only a session decides whose documents are read.

`make lint` reports an ignored error that is none any more (`warn_unused_ignores`), which keeps the type errors in
`reads_that_do_not_type_check` alive. The other tests resolve names to the objects they stand for, so that neither a
rename nor an alias hides a use.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from read_models.documents import document_id, owner_id
from read_models.indexed_lists import ListQuery, for_claim, for_customer, for_email
from read_models.queries.context import QueryContext
from read_models.queries.portal import CustomerScope
from read_models.store import ReadModelStore

ROOT = Path(__file__).parents[2]

SCOPE_MODULES: dict[object, dict[str, str]] = {
    CustomerScope: {
        "query_api/calendar/feed_urls.py": "by the secret of a calendar feed",
        "query_api/files/cache.py": "by a cached file that was made for a customer",
        "query_api/sign_in/service.py": "by a valid code or link, or by a session that switches accounts",
        "query_api/sign_in/sessions.py": "by the record of a session",
    },
    document_id: {
        "query_api/pages/invoices.py": "by the session of a page",
        "query_api/payments/checkout.py": "by the session of the payer",
        "query_api/payments/outcome_mailer.py": "by a checkout record",
        "query_api/payments/reconcile.py": "by a checkout record",
    },
    owner_id: {
        "query_api/payments/outbox_publisher.py": "by a checkout record",
        "query_api/payments/outcome_mailer.py": "by a checkout record",
        "query_api/payments/reconcile.py": "by a checkout record, or by what Stripe was given of one",
        "query_api/sign_in/sessions.py": "by the record of a session",
    },
}
"""Modules that choose whose documents are read, and what they know the customer by: nothing that a client sends."""

UNUSED = (for_customer, for_email, for_claim, ListQuery)
"""Further ways to choose a tenant, which no module of the customer surface needs."""

STORE_MODULES = {
    "query_api/bootstrap.py",
    "query_api/payments/outcome_mailer.py",
    "query_api/payments/reconcile.py",
    "query_api/payments/settlement.py",
    "query_api/sign_in/mailer.py",
    "query_api/sign_in/sessions.py",
}
"""Modules that use the store's type: composition, background work, and the service that knows who is signed in."""

STORE_ATTRIBUTE_MODULES = {
    "query_api/files/media_store.py": "an object store of files, no read models",
}
"""Modules that reach a store through an attribute, as of a service, and why."""


async def reads_that_do_not_type_check(store: ReadModelStore, context: QueryContext) -> None:
    """Never run: mypy refuses each line."""
    await store.documents("biz_1/cus_2/visit/v1")  # type: ignore[arg-type]
    await store.documents("visit/v1")  # type: ignore[arg-type]
    await store.range(ListQuery("visits", ("biz_1", "cus_2"), 10))  # type: ignore[arg-type]
    await store.range(ListQuery("visits", (), 10))  # type: ignore[arg-type]
    for_customer("biz_1")  # type: ignore[call-arg]
    owner_id("biz_1")  # type: ignore[call-arg]
    document_id("biz_1", "visit", "v1")  # type: ignore[call-arg]
    QueryContext(store)  # type: ignore[call-arg]
    context.scope = context.scope  # type: ignore[misc]


class References(ast.NodeVisitor):
    """Objects that a module's code refers to outside annotations, wherever and under whatever name it imported them."""

    def __init__(self, module: ModuleType, tree: ast.Module) -> None:
        self.objects: list[object] = []
        self._names = dict(vars(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                source = importlib.import_module(node.module)
                for alias in node.names:
                    if hasattr(source, alias.name):
                        self._names.setdefault(alias.asname or alias.name, getattr(source, alias.name))
        self.visit(tree)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for child in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, *node.body):
            if child is not None:
                self.visit(child)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        self._add(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._add(node)
        self.visit(node.value)

    def _add(self, node: ast.expr) -> None:
        resolved = self._resolve(node)
        if resolved is not None:
            self.objects.append(resolved)

    def _resolve(self, node: ast.expr) -> object | None:
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._resolve(node.value)
            return getattr(owner, node.attr, None) if isinstance(owner, ModuleType) else None
        return None


def surface_modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield the path within the project and the syntax tree of each module of the customer surface."""
    for path in sorted((ROOT / "query_api").rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def references() -> dict[str, list[object]]:
    """Return what each module of the customer surface refers to, by its path."""
    return {
        path: References(
            importlib.import_module(path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")),
            tree,
        ).objects
        for path, tree in surface_modules()
    }


def users_of(guarded: object, references: dict[str, list[object]]) -> set[str]:
    """Return the paths of the modules that refer to an object."""
    return {path for path, objects in references.items() if any(one is guarded for one in objects)}


@pytest.mark.parametrize("guarded", SCOPE_MODULES, ids=lambda guarded: guarded.__name__)
def test_only_listed_modules_choose_a_tenant(guarded: object, references: dict[str, list[object]]) -> None:
    assert users_of(guarded, references) == SCOPE_MODULES[guarded].keys()
    assert SCOPE_MODULES[guarded]


@pytest.mark.parametrize("guarded", UNUSED, ids=lambda guarded: guarded.__name__)
def test_no_module_of_the_surface_uses_other_ways_to_choose_a_tenant(
    guarded: object, references: dict[str, list[object]]
) -> None:
    assert users_of(guarded, references) == set()


def test_only_listed_modules_use_the_type_of_the_store() -> None:
    holders = {
        path
        for path, tree in surface_modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module
        and any(
            getattr(importlib.import_module(node.module), alias.name, None) is ReadModelStore
            for alias in node.names
        )
    }

    assert holders == STORE_MODULES
    assert STORE_MODULES


def test_only_listed_modules_reach_a_store_through_an_attribute() -> None:
    def reaches_store(node: ast.AST) -> bool:
        match node:
            case ast.Attribute(attr="store") | ast.Subscript(slice=ast.Constant(value="store")):
                return True
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value="store"), *_]):
                return True
        return False

    holders = {path for path, tree in surface_modules() if any(map(reaches_store, ast.walk(tree)))}

    assert holders == STORE_ATTRIBUTE_MODULES.keys()
    assert STORE_ATTRIBUTE_MODULES


def test_scope_names_business_and_customer() -> None:
    assert for_customer("biz_1", "cus_1", "con_1") == ("biz_1", "cus_1", "con_1")
    assert document_id("biz_1", "cus_1", "visit", "v") != document_id("biz_2", "cus_1", "visit", "v")
