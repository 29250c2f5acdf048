"""Sign-ins that were asked for: the outbox of their mails, and what their codes and links are checked against.

A record waits (`waiting`) until a mailer has claimed it, made code and link, and handed the mail over (`sent`). A
claim moves `due_at` on: a mailer that dies leaves a record that becomes due again. `attempts` fences: a mailer whose
claim ran out hands nothing over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Self

from pymongo import ASCENDING, DESCENDING, IndexModel

from read_models.store.operational.collection import TTL_INDEX, MongoCollection

KEPT = timedelta(days=1)
"""For so long an old link can say that it is old."""

LATEST = (("sent_at", DESCENDING), ("_id", ASCENDING))


class SignInRequest(NamedTuple):
    """A sign-in as it was asked for and, from `sent_at` on, as it was mailed."""

    id: str
    business: str
    address: str
    """As addresses are compared."""
    browser: str
    """SHA-256, in hex, of the token that binds the code to a browser."""
    asked_at: datetime
    attempts: int
    """How often a mailer has claimed it."""
    sent_at: datetime | None
    code: str | None
    """Keyed hash of the code, in hex."""
    link: str | None
    """SHA-256 of the link's token, in hex."""
    used: bool

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the record that a document of the collection is."""
        return cls(document["_id"], *(document[name] for name in cls._fields[1:]))


class SignInRequests:
    """Sign-ins by id."""

    INDEXES: ClassVar[list[IndexModel]] = [
        TTL_INDEX,
        IndexModel([("due_at", ASCENDING)], name="outbox", partialFilterExpression={"state": "waiting"}),
        IndexModel(
            # With the browser in it: how many mails an address was sent is not to be felt by who has none of them.
            [
                ("business", ASCENDING),
                ("address", ASCENDING),
                ("browser", ASCENDING),
                ("sent_at", DESCENDING),
            ],
            name="asked_from",
        ),
        IndexModel([("link", ASCENDING)], name="link", partialFilterExpression={"state": "sent"}),
        IndexModel([("business", ASCENDING), ("customer", ASCENDING)], name="owner"),
    ]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection

    async def create(self, id_: str, business: str, address: str, browser: str, now: datetime) -> None:
        """Keep a sign-in whose mail is due at once, whether or not anybody has the address."""
        asked = SignInRequest(id_, business, address, browser, now, 0, None, None, None, used=False)._asdict()
        waiting = {"customer": [], "state": "waiting", "due_at": now, "gone_at": now + KEPT}
        await self.collection.insert({"_id": asked.pop("id"), **asked, **waiting})

    async def claim(self, now: datetime, until: datetime) -> SignInRequest | None:
        """Return the one whose mail has been due for longest; nobody else gets it before `until`."""
        document = await self.collection.find_one_and_update(
            {"state": "waiting", "due_at": {"$lte": now}},
            {"$set": {"due_at": until}, "$inc": {"attempts": 1}},
            [("due_at", ASCENDING)],
        )
        return SignInRequest.of(document) if document else None

    async def mark_sent(
        self, claimed: SignInRequest, customers: Sequence[str], code: str, link: str, now: datetime
    ) -> bool:
        """Record that the mail leaves now, before it does: it is not sent again. False when the claim ran out."""
        sent = {"state": "sent", "customer": list(customers), "code": code, "link": link, "sent_at": now}
        waiting = {"_id": claimed.id, "state": "waiting", "attempts": claimed.attempts}
        return await self.collection.update(waiting, {"$set": sent})

    async def reschedule(self, claimed: SignInRequest, due_at: datetime) -> None:
        """Set when the mail is due again, which has certainly not left; its code is void."""
        made: dict[str, Any] = {"customer": [], "code": None, "link": None, "sent_at": None}
        again = {"state": "waiting", "due_at": due_at, **made}
        await self.collection.update({"_id": claimed.id, "attempts": claimed.attempts}, {"$set": again})

    async def drop(self, claimed: SignInRequest) -> None:
        """Forget one that nobody is to get a mail for."""
        await self.collection.delete({"_id": claimed.id, "attempts": claimed.attempts})

    async def latest(self, business: str, address: str, browser: str, count: int) -> list[SignInRequest]:
        """Return those mailed last of an address and a browser, the latest first, used or not."""
        same = {"business": business, "address": address, "browser": browser, "state": "sent"}
        return [SignInRequest.of(document) for document in await self.collection.find(same, LATEST, count)]

    async def of_link(self, business: str, link: str) -> SignInRequest | None:
        """Return the one whose link has a token of this hash."""
        found = await self.collection.find({"link": link, "state": "sent", "business": business}, limit=1)
        return SignInRequest.of(found[0]) if found else None

    async def last_sent_at(self, business: str, address: str) -> datetime | None:
        """Return when the latest mail to an address left."""
        same = {"business": business, "address": address, "state": "sent"}
        found = await self.collection.find(same, LATEST, 1)
        return found[0]["sent_at"] if found else None

    async def consume(self, sign_in: SignInRequest) -> bool:
        """Use up a sign-in, and with it all others of its address and browser; False when it was used before."""
        if not await self.collection.update({"_id": sign_in.id, "used": False}, {"$set": {"used": True}}):
            return False
        same = {"business": sign_in.business, "address": sign_in.address, "browser": sign_in.browser}
        await self.collection.update_all({**same, "state": "sent"}, {"$set": {"used": True}})
        return True
