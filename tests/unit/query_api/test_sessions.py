"""How long a session lives, and that none outlives its customer."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from query_api.config import SignInLimits
from query_api.sign_in.codes import HmacKeyRing
from query_api.sign_in.cookies import SESSION_LIFE, ClientInfo
from query_api.sign_in.errors import InvalidCredentials
from query_api.sign_in.service import SignInService
from query_api.sign_in.sessions import IDLE_LIMIT, NEW_VISIT_AFTER, SessionService
from read_models.customer import tombstone
from read_models.queries.portal import CustomerScope, CustomerSnapshot
from read_models.store.operational import SessionRecord
from read_models.store.operational import SignInRequest as SignInRecord
from web.tokens import TOKEN_LENGTH, digest

START = datetime(2026, 1, 1, tzinfo=UTC)
BUSINESS = {"_id": "biz_1"}
SCOPE = CustomerScope("biz_1", "cus_1")
EMAIL = "ada@mail.test"


class Installation:
    """Records and views in memory; two customers have one address."""

    def __init__(self) -> None:
        self.at = START
        self.kept: dict[str, SessionRecord] = {}
        self.views: dict[str, dict[str, Any]] = {
            f"biz_1/{id_}": {"id": id_, "name": id_, "shown": True, "sign_in": [EMAIL], "addresses": []}
            for id_ in ("cus_1", "cus_2")
        }
        this: Any = self
        self.sessions = self.sign_ins = this
        self.under_test = SessionService(this, this, this, lambda: self.at)
        self.service = SignInService(
            this, this, self.under_test, HmacKeyRing(["key"]), SignInLimits(), lambda: self.at
        )
        self.erased_meanwhile = False

    async def start(self, record: SessionRecord) -> None:
        self.kept[record.token] = record
        if self.erased_meanwhile:
            self.erase()

    async def find(self, tokens: Sequence[str]) -> dict[str, SessionRecord | None]:
        return {token: self.kept.get(token) for token in tokens}

    async def end(self, token: str) -> None:
        self.kept.pop(token, None)

    async def seen(self, token: str, at: datetime, gone_at: datetime, last_here_at: datetime | None) -> None:
        noted = self.kept[token]._replace(seen_at=at, gone_at=gone_at, last_here_at=last_here_at)
        self.kept[token] = noted

    async def documents(self, *ids: str) -> list[dict[str, Any] | None]:
        return [self.views.get(id_) for id_ in ids]

    async def customer(self, scope: CustomerScope) -> CustomerSnapshot | None:
        found = self.views.get("/".join(scope))
        return CustomerSnapshot(found, self.at) if found and found["shown"] else None

    async def customers_by_email(self, *_: str) -> list[dict[str, Any]]:
        return [found for found in self.views.values() if found["shown"]]

    async def of_link(self, *_: str) -> SignInRecord:
        return SignInRecord("sig_1", "biz_1", EMAIL, "", self.at, 1, self.at, "", "", used=False)

    async def latest(self, *_: object) -> list[SignInRecord]:
        return [await self.of_link()]

    async def consume(self, _sign_in: SignInRecord) -> bool:
        return True

    def erase(self) -> None:
        self.views["biz_1/cus_1"] = tombstone("biz_1", "cus_1", 2)


def browser(session: str | None = None) -> ClientInfo:
    return ClientInfo(None, session, "198.51.100.7", "Test/1")


async def test_who_goes_on_as_another_customer_is_signed_in_for_no_longer() -> None:
    """Only a code or a link begins a session anew, however often the customer is changed."""
    installation = Installation()
    token = await installation.under_test.start(SCOPE, EMAIL, browser())
    for customer in ("cus_2", "cus_1", "cus_2", "cus_1"):
        installation.at += timedelta(days=20)
        session = await installation.under_test.find(BUSINESS, token)
        assert session
        token = await installation.service.switch(session, customer, browser(token))

    assert token
    (record,) = installation.kept.values()
    assert (record.token, record.customer) == (digest(token), "cus_1")
    assert record.started_at == START
    assert record.gone_at == START + SESSION_LIFE


async def test_a_customer_who_is_named_needs_no_list() -> None:
    """However many have the address; and what is named is a customer who has it, or nobody."""

    class Crowded(Installation):
        async def customers_by_email(self, *_: str) -> list[dict[str, Any]]:
            return [self.views["biz_1/cus_1"]]

    installation = Crowded()
    installation.views["biz_1/cus_3"] = installation.views["biz_1/cus_2"] | {"id": "cus_3", "sign_in": []}
    installation.views["biz_1/cus_1/visit/vis_1"] = {"id": "vis_1", "shown": True}
    link = "l" * TOKEN_LENGTH
    for nobody in ("cus_3", "cus_4", "cus_1/visit/vis_1", ""):
        with pytest.raises(InvalidCredentials):
            await installation.service.sign_in_with_link(BUSINESS, link, browser(), nobody)
    token = await installation.service.sign_in_with_link(BUSINESS, link, browser(), "cus_2")
    for customer, switched in (("cus_3", False), ("cus_1", True), ("cus_2", True)):
        session = await installation.under_test.find(BUSINESS, token)
        assert session
        after = await installation.service.switch(session, customer, browser(token))
        assert (after is not None) is switched
        token = after or token
    (record,) = installation.kept.values()
    assert record.customer == "cus_2"


@pytest.mark.parametrize(
    ("away", "last_here_at"), [(timedelta(minutes=30), None), (NEW_VISIT_AFTER * 2, START)]
)
async def test_who_was_away_is_told_since_when(away: timedelta, last_here_at: datetime | None) -> None:
    """Another visit begins after half an hour: what happened since the one before is new."""
    installation = Installation()
    token = await installation.under_test.start(SCOPE, EMAIL, browser())
    installation.at += away
    assert await installation.under_test.find(BUSINESS, token)

    (record,) = installation.kept.values()
    assert (last_here_at, START + away) == (record.last_here_at, record.seen_at)


async def test_a_new_session_begins_now() -> None:
    """Unused it is over after the idle limit."""
    installation = Installation()
    await installation.under_test.start(SCOPE, EMAIL, browser())

    (record,) = installation.kept.values()
    assert (record.started_at, record.seen_at, record.gone_at) == (START, START, START + IDLE_LIMIT)


async def test_a_session_beside_an_erasure_is_ended_at_once() -> None:
    """The erasure did not know of it, and nothing is to be left of the address."""
    installation = Installation()
    installation.erased_meanwhile = True

    assert await installation.under_test.start(SCOPE, EMAIL, browser()) is None
    assert installation.kept == {}
    assert await installation.under_test.start(CustomerScope("biz_1", "cus_2"), EMAIL, browser()) is not None


async def test_a_sign_in_beside_an_erasure_is_refused() -> None:
    """As one whose link does not work any more."""
    installation = Installation()
    installation.erased_meanwhile = True

    with pytest.raises(InvalidCredentials):
        await installation.service.sign_in_with_link(BUSINESS, "t" * 43, browser(), "cus_1")
    assert installation.kept == {}


async def test_a_session_of_an_erased_customer_is_ended_when_it_is_used() -> None:
    """And not merely refused: it holds the address."""
    installation = Installation()
    token = await installation.under_test.start(SCOPE, EMAIL, browser())
    installation.erase()

    assert await installation.under_test.find(BUSINESS, token) is None
    assert installation.kept == {}


async def test_a_session_outlives_views_that_are_not_there_yet() -> None:
    """Nobody is signed out by a rebuild."""
    installation = Installation()
    token = await installation.under_test.start(SCOPE, EMAIL, browser())
    there = installation.views.pop("biz_1/cus_1")

    assert await installation.under_test.find(BUSINESS, token) is None
    installation.views["biz_1/cus_1"] = there
    assert await installation.under_test.find(BUSINESS, token) is not None
