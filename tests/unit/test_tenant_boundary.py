"""No read is without a tenant: the types do not let it be written, and only a session says whose it is.

`make lint` finds an ignored error that is none any more (`warn_unused_ignores`): so the lines below hold that each of
them is one.
"""

import ast
from pathlib import Path

from read_models.documents import document_id, owner_id
from read_models.indexed_lists import ListQuery, for_customer
from read_models.queries.context import QueryContext
from read_models.store import ReadModelStore

ROOT = Path(__file__).parents[2]

CHOOSE_A_TENANT = {
    "query_api/sign_in/sessions.py": "by a session's record",
    "query_api/sign_in/service.py": "by a right code or link, or a session that switches",
    "query_api/calendar/feed_urls.py": "by a feed's secret",
    "query_api/files/cache.py": "by a copy that was made for somebody",
    "query_api/pages/invoices.py": "by the session of a page",
    "query_api/payments/checkout.py": "by the session of who pays",
    "query_api/payments/outcome_mailer.py": "by a payment on its way",
    "query_api/payments/outbox_publisher.py": "by a payment on its way",
    "query_api/payments/reconcile.py": "by a payment on its way, and what Stripe was told of one",
}
"""The modules that may say whose documents are read, and by what they know it: nothing that a client says."""

HOLD_THE_STORE = {
    "query_api/app.py",
    "query_api/sign_in/mailer.py",
    "query_api/sign_in/sessions.py",
    "query_api/payments/outcome_mailer.py",
    "query_api/payments/settlement.py",
    "query_api/payments/reconcile.py",
}
"""The modules that read otherwise than by a `QueryContext`: what runs beside requests, and who is signed in."""


async def reads_that_cannot_be_written(store: ReadModelStore, reading: QueryContext) -> None:
    """Never run: mypy refuses each line."""
    await store.documents("biz_1/cus_2/visit/v1")  # type: ignore[arg-type]
    await store.documents("visit/v1")  # type: ignore[arg-type]
    await store.range(ListQuery("visits", ("biz_1", "cus_2"), 10))  # type: ignore[arg-type]
    await store.range(ListQuery("visits", (), 10))  # type: ignore[arg-type]
    for_customer("biz_1")  # type: ignore[call-arg]
    owner_id("biz_1")  # type: ignore[call-arg]
    document_id("biz_1", "visit", "v1")  # type: ignore[call-arg]
    QueryContext(store)  # type: ignore[call-arg]
    reading.scope = reading.scope  # type: ignore[misc]


def called(module: Path, name: str) -> bool:
    """Whether a module calls something by this name."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
    )


def modules() -> dict[str, Path]:
    """Every module of the customer surface, by its path in the project."""
    return {str(path.relative_to(ROOT)): path for path in (ROOT / "query_api").rglob("*.py")}


def test_whose_documents_are_read_is_said_by_who_is_signed_in_alone() -> None:
    """In the modules that know it by something nobody can make up."""
    for name in ("Scope", "owned", "owner_id", "document_id", "Range"):
        users = {path for path, module in modules().items() if called(module, name)}
        assert users <= CHOOSE_A_TENANT.keys(), name


def test_handlers_do_not_hold_the_store() -> None:
    """They are given a `QueryContext`, which has the scope in it."""
    holders = {
        name
        for name, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("read_models.store")
        and any(alias.name == "Store" for alias in node.names)
    }

    assert holders <= HOLD_THE_STORE


def test_what_reads_are_made_of_names_business_and_customer() -> None:
    """So that equal ids of two tenants never meet."""
    assert for_customer("biz_1", "cus_1", "con_1") == ("biz_1", "cus_1", "con_1")
    assert document_id("biz_1", "cus_1", "visit", "v") != document_id("biz_2", "cus_1", "visit", "v")
