"""The running services answer as their description says, whatever they are asked (Schemathesis)."""

import asyncio
import json
import os
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pymongo import AsyncMongoClient

from query_api.sign_in.cookies import session_cookie_name
from read_models.store import ReadModelStore
from read_models.store.operational import OperationalStore, SessionRecord
from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.live_worker import level, publish
from web.tokens import digest, new_token

SAMPLE = Path(__file__).parents[1] / "samples" / "two-businesses.jsonl"
EXPECTED: dict[str, Any] = json.loads(SAMPLE.with_suffix(".expected.json").read_bytes())
OWNER = next(iter(EXPECTED["customers"]))
SLUG: str = EXPECTED["customers"][OWNER]["slug"]
BOUND_S = 60
ENDING = ("signOut", "signOutEverywhere", "switchCustomer")
"""These end the session; tests of their own call them."""

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


async def test_every_answer_fits_its_schema_and_none_is_a_failure(installation: Installations) -> None:
    """Signed in, over real records and such as are not there, with parameters that fit and that do not."""
    one = await installation()
    await one.create_topics()
    lines = SAMPLE.read_bytes().splitlines()
    one.start("project")
    one.start("serve")
    await publish(one, lines)
    await level(one, len(lines))
    await one.answers(f"/{SLUG}/api/business")
    url = one.env["PORTAL_PUBLIC_URL"]
    cookie = await signed_in(one)
    async with httpx.AsyncClient(base_url=url, headers={"Cookie": cookie}, trust_env=False) as browser:
        assert (await browser.get(f"/{SLUG}/api/portal")).status_code == 200
        schema = (await browser.get("/-/openapi/openapi.json")).json()
        known = {
            "slug": [SLUG],
            **{
                f"{kind[:-1]}_id": [item["id"] for item in (await items(browser, kind))[:3]]
                for kind in ("visits", "invoices", "payments", "subscriptions", "contracts")
            },
        }
    file = one.folder / "openapi.json"
    file.write_text(json.dumps(narrowed(schema, known)))

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", url),
        *("-H", f"Cookie:{cookie}", "-H", f"Origin:{url}"),
        *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "8", "--max-time", str(BOUND_S), "--request-timeout", "60"),
        "--generation-with-security-parameters=false",
        *("--seed", "5", "--no-color", "--generation-database", "none", "--suppress-health-check", "all"),
        *(word for name in ENDING for word in ("--exclude-operation-id", name)),
        cwd=one.folder,
        env=os.environ | {"NO_PROXY": "*"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()

    assert process.returncode == 0, "\n".join(line[:300] for line in said.decode().splitlines())


async def items(browser: httpx.AsyncClient, kind: str) -> list[dict[str, Any]]:
    """The first items of a list."""
    found: list[dict[str, Any]] = (await browser.get(f"/{SLUG}/api/{kind}")).json()["items"]
    return found


def narrowed(schema: dict[str, Any], known: dict[str, list[str]]) -> dict[str, Any]:
    """The description with ids of records that there are, and one of none, for what a path names."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if (name := parameter["name"]) in known and parameter["in"] == "path":
                    none = [] if name == "slug" else ["none"]
                    parameter["schema"] = {"type": "string", "enum": [*known[name], *none]}
    return schema


async def signed_in(one: Installation) -> str:
    """The cookie of a session that began now."""
    business, customer = OWNER.split("/")
    token, now = new_token(), datetime.now(UTC)
    store = await ReadModelStore.connect(one.env["PORTAL_MONGO_URL"], one.env["PORTAL_MONGO_DATABASE"])
    try:
        async with AsyncMongoClient[dict[str, Any]](one.env["PORTAL_MONGO_URL"]) as client:
            views = client[one.env["PORTAL_MONGO_DATABASE"]]["views_1"]
            known = await views.find_one({"_id": OWNER}) or {}
        await OperationalStore(store.database).sessions.start(
            SessionRecord(
                token=digest(token),
                id=secrets.token_hex(8),
                business=business,
                customer=customer,
                address=known["sign_in"][0],
                device="",
                started_at=now,
                seen_at=now,
                gone_at=now + timedelta(days=1),
            )
        )
    finally:
        await store.close()
    return f"{session_cookie_name(SLUG)}={token}"
