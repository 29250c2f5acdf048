"""No read is without a tenant: the types do not allow it, and only a session decides whose documents are read.

`make lint` reports an ignored error that is none any more (`warn_unused_ignores`), which keeps the type errors in
`reads_that_do_not_type_check` alive. The other tests resolve names to the objects they stand for, so that neither a
rename nor an alias hides a use.
"""

import ast
import importlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest

from query_api.bootstrap import Stores
from read_models.documents import DocumentId, document_id, owner_id
from read_models.indexed_lists import ListQuery, QueryScope, for_claim, for_customer, for_email
from read_models.queries.context import QueryContext
from read_models.queries.portal import CustomerScope
from read_models.store import ReadModelStore

ROOT = Path(__file__).parents[2]
PACKAGES = ("query_api", "read_models")

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
    QueryContext: {
        "query_api/bootstrap.py": "by the scope that a request's session or a feed's secret gave",
    },
}
"""Modules that choose whose documents are read, and what they know the customer by: nothing that a client sends."""

UNUSED = (for_customer, for_email, for_claim, ListQuery, QueryScope, DocumentId)
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

STORE_ATTRIBUTES = {
    holder: {name for name, kind in get_type_hints(holder).items() if kind is ReadModelStore}
    for holder in (QueryContext, Stores)
}
"""Names of the attributes that hold the store of read models, by the class that has them."""

STORE_ATTRIBUTE_MODULES = {
    "query_api/bootstrap.py": "composition",
    "query_api/files/media_store.py": "an object store of files, no read models",
}
"""Modules that reach a store through an attribute of any object, and why."""


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


def imported_objects(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, object]]:
    """Yield each name that an import of the project's own packages binds, with its object."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            package = alias.name.partition(".")[0]
            if package in PACKAGES:
                module = importlib.import_module(alias.name)
                yield (alias.asname, module) if alias.asname else (package, importlib.import_module(package))
        return
    assert node.module
    assert not node.level, "imports are absolute"
    if node.module.partition(".")[0] not in PACKAGES:
        return
    source = importlib.import_module(node.module)
    for alias in node.names:
        if alias.name == "*":
            yield from vars(source).items()
        elif hasattr(source, alias.name):
            yield alias.asname or alias.name, getattr(source, alias.name)
        else:
            yield alias.asname or alias.name, importlib.import_module(f"{node.module}.{alias.name}")


def references(code: str, *, with_types: bool = False) -> list[object]:
    """Return the objects of the project that code refers to, under whatever name it imported them.

    References in annotations, and imports as such, count only `with_types`.
    """
    nodes = list(ast.walk(ast.parse(code)))
    names: dict[str, list[object]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, value in imported_objects(node):
                names[name].append(value)
    annotations = {
        part
        for node in nodes
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if annotation is not None
        for part in ast.walk(annotation)
    }

    def resolve(node: ast.AST) -> list[object]:
        match node:
            case ast.Name(id=name):
                return names.get(name, [])
            case (
                ast.Attribute(value=owner, attr=name)
                | ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str(name)), *_])
            ):
                modules = [module for module in resolve(owner) if isinstance(module, ModuleType)]
                return [getattr(module, name) for module in modules if hasattr(module, name)]
        return []

    used = [value for node in nodes if with_types or node not in annotations for value in resolve(node)]
    return [*used, *(value for values in names.values() for value in values)] if with_types else used


def attributes_taken(code: str) -> set[str]:
    """Return the names that code takes from objects: attributes, and the last part of each string."""

    def taken(node: ast.AST) -> list[str]:
        match node:
            case ast.Attribute(attr=name):
                return [name]
            case ast.Constant(value=str(text)):
                return [text.rpartition(".")[2]]
            case ast.MatchClass(kwd_attrs=names):
                return names
        return []

    return {name for node in ast.walk(ast.parse(code)) for name in taken(node)}


def modules_of(package: str) -> dict[str, str]:
    """Return the code of each module of a package, by its path within the project."""
    return {
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def users_of(guarded: object, package: str = "query_api", *, with_types: bool = False) -> set[str]:
    """Return the paths of the modules that refer to an object."""
    return {
        path
        for path, code in modules_of(package).items()
        if any(value is guarded for value in references(code, with_types=with_types))
    }


def name_of(guarded: Any) -> str:
    """Return the name of a guarded object, for the list of failures."""
    return str(guarded.__name__)


@pytest.mark.parametrize("guarded", SCOPE_MODULES, ids=name_of)
def test_only_listed_modules_choose_a_tenant(guarded: object) -> None:
    assert users_of(guarded) == SCOPE_MODULES[guarded].keys()
    assert SCOPE_MODULES[guarded]


@pytest.mark.parametrize("guarded", UNUSED, ids=name_of)
def test_no_module_of_the_surface_uses_other_ways_to_choose_a_tenant(guarded: object) -> None:
    """The same search finds the users within the read models."""
    assert users_of(guarded, with_types=True) == set()
    assert users_of(guarded, "read_models", with_types=True)


def test_only_listed_modules_use_the_type_of_the_store() -> None:
    assert users_of(ReadModelStore, with_types=True) == STORE_MODULES
    assert STORE_MODULES


def test_only_listed_modules_reach_a_store_through_an_attribute() -> None:
    names = set().union(*STORE_ATTRIBUTES.values())
    holders = {path for path, code in modules_of("query_api").items() if names & attributes_taken(code)}

    assert all(STORE_ATTRIBUTES.values())
    assert holders == STORE_ATTRIBUTE_MODULES.keys()


MODULE, NAME = for_customer.__module__, for_customer.__name__
PACKAGE, _, LAST = MODULE.rpartition(".")


@pytest.mark.parametrize(
    "code",
    [
        f"from {MODULE} import {NAME}\n{NAME}('b', 'c')",
        f"from {MODULE} import {NAME} as f\nf('b', 'c')",
        f"from {MODULE} import *\n{NAME}('b', 'c')",
        f"from {PACKAGE} import {LAST} as m\nm.{NAME}('b', 'c')",
        f"def handler():\n    import {MODULE}\n    return {MODULE}.{NAME}('b', 'c')",
        f"def handler():\n    import {MODULE} as m\n    return getattr(m, '{NAME}')('b', 'c')",
        f"def f(): ...\ndef handler():\n    from {MODULE} import {NAME} as f\n    return map(f, 'b', 'c')",
    ],
)
def test_references_are_found_under_any_name(code: str) -> None:
    assert for_customer in references(code)


def test_references_leave_out_annotations_and_objects_of_the_same_name() -> None:
    scope = CustomerScope.__name__

    assert CustomerScope not in references(
        f"from {CustomerScope.__module__} import {scope}\ndef handler(s: {scope}) -> {scope}: ..."
    )
    assert CustomerScope not in references(f"from litestar.types import Scope as {scope}\n{scope}()")


@pytest.mark.parametrize(
    "code",
    [
        "request.app.state.store",
        "state = request.app.state\nstate.store.range(query)",
        "getattr(state, 'store')",
        "state['store']",
        "state.get('store')",
        "operator.attrgetter('app.state.store')(request)",
        "match services:\n    case Services(store=taken): pass",
    ],
)
def test_attributes_are_found_however_they_are_taken(code: str) -> None:
    assert "store" in attributes_taken(code)


def test_scope_names_business_and_customer() -> None:
    assert for_customer("biz_1", "cus_1", "con_1") == ("biz_1", "cus_1", "con_1")
    assert document_id("biz_1", "cus_1", "visit", "v") != document_id("biz_2", "cus_1", "visit", "v")
