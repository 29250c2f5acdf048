"""A customer with an open invoice who is signed in, and what they do about it."""

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from litestar import Litestar

from query_api.sign_in.cookies import session_cookie_name
from read_models.documents import Doc, document_id
from read_models.store.operational import Checkout, SessionRecord
from tests.harness.portal_installation import until
from tests.integration.api.harness import FOR_EVER
from tests.integration.harness.customer_surface import Browser
from web.tokens import digest, new_token

if TYPE_CHECKING:
    from tests.integration.payments.harness import PaymentsHarness

Json = dict[str, Any]
ACCOUNT = "acct_till"
SLUG = "blue"
BUSINESS = "biz_1"


class Payer:
    """A customer with invoice `i1-…` and a browser."""

    def __init__(self, till: "PaymentsHarness", id_: str, business: str = BUSINESS, slug: str = SLUG) -> None:
        self.till = till
        self.business = business
        self.slug = slug
        self.id = id_
        self.invoice = f"i1-{id_}"
        self.email = f"{id_}@mail.test"

    async def sign_in(self) -> None:
        """Signs the customer in."""
        self.token = new_token()
        now = datetime.now(UTC)
        record = SessionRecord(
            token=digest(self.token),
            id=secrets.token_hex(4),
            business=self.business,
            customer=self.id,
            address=self.email,
            device="",
            started_at=now,
            seen_at=now,
            gone_at=now + FOR_EVER,
        )
        await self.till.records.sessions.start(record)

    def browser(self, app: Litestar | None = None, origin: str | None = None) -> Browser:
        """A browser that is signed in at the portal's public address, or another of its own."""
        browser = Browser(app or self.till.app, origin or self.till.config.public_url)
        browser.headers["Cookie"] = f"{session_cookie_name(self.slug)}={self.token}"
        return browser

    async def get(self, path: str) -> httpx.Response:
        """What a path of the portal answers."""
        return await self.browser().get(f"/{self.slug}/{path}")

    async def detail(self) -> Json:
        """The invoice as the API answers it."""
        answer = await self.get(f"api/invoices/{self.invoice}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def ask(self, app: Litestar | None = None, **body: Any) -> httpx.Response:
        """Asks for the payment page."""
        return await self.browser(app).post(f"/{self.slug}/api/invoices/{self.invoice}/checkout", json=body)

    async def page(self, **body: Any) -> str:
        """The address of the payment page."""
        answer = await self.ask(**body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"])

    async def act(self, page: str, action: str) -> httpx.Response:
        """Does something on the payment page: pay, decline, bank, cancel."""
        return await self.till.http.post(page, data={"action": action})

    async def settle(self, page: str, *, succeeded: bool) -> None:
        """What becomes of a payment by bank."""
        wanted = {"session": page.rpartition("/")[2], "succeeded": succeeded}
        (await self.till.http.post(f"{self.till.control}/control/settle", json=wanted)).raise_for_status()

    async def told(self, page: str) -> list[Json]:
        """Stripe's events about the session of a payment page."""
        session = await self.till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
        names = [session["id"], session["metadata"]["payment"]]
        events = await self.till.happened(names[1]) + await self.till.happened(names[0])
        return [*{event["id"]: event for event in events}.values()]

    async def checkout(self) -> Checkout:
        """The record of the latest checkout."""
        found = await self.till.records.checkouts.latest(
            document_id(self.business, self.id, "invoice", self.invoice)
        )
        assert found
        return found

    async def known(self, kind: str, _subject: str = "") -> bool:
        """Whether the views hold the customer's invoice."""
        (found,) = await self.till.store.documents(document_id(self.business, self.id, kind, self.invoice))
        return found is not None and bool(found["shown"])

    async def view(self) -> Doc:
        """The invoice's document."""
        (found,) = await self.till.store.documents(
            document_id(self.business, self.id, "invoice", self.invoice)
        )
        assert found
        return found

    async def mailed(self) -> Json:
        """The first mail to the customer, once it is there."""
        api = self.till.one.env["LOCAL_MAIL_API"]
        found: list[Json] = []

        async def there() -> bool:
            answer = await self.till.http.get(f"{api}/api/v1/search", params={"query": f'to:"{self.email}"'})
            found[:] = answer.json()["messages"]
            return bool(found)

        await until(there, "a mail")
        whole = await self.till.http.get(f"{api}/api/v1/message/{found[0]['ID']}")
        mail: Json = whole.json()
        return mail

    async def come_back(self, app: Litestar | None = None) -> httpx.Response:
        """Where the payment page leads to: the return page."""
        path = f"/{self.slug}/invoices/{self.invoice}/return/{(await self.checkout()).id}"
        return await self.browser(app).get(path)

    async def paid(self, amount: int = 12_000) -> None:
        """Returns when the views say that so much is paid."""

        async def there() -> bool:
            return bool((await self.view())["paid"] == amount)

        await until(there, f"{amount} paid in the views")

    async def one_payment(self, amount: int = 12_000) -> Json:
        """The one payment of the invoice in the views, once it is there; and the log says it once or repeats it."""
        await self.paid(amount)
        detail = await self.detail()
        (payment,) = detail["payments"]
        events = [event for event in await self.till.log(self.id) if event.fact == "succeeded"]
        assert len({event.id for event in events}) == len({event.sequence for event in events}) == 1
        assert detail["processing"] is None
        found: Json = payment
        return found
