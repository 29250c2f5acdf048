"""Payments on their way: a record per Stripe Checkout Session, which is also the outbox of what became of it.

What happened (`facts`) is kept in the order in which it is to be published: a fact's place in the list is its sequence,
and it is added by the same write that compares `revision`, so that each counts once and gets its number once, whoever
reports it. One sender at a time publishes them: it holds a lease, and a sender whose lease ran out marks nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pymongo import ASCENDING, DESCENDING, IndexModel

from read_models.documents import Doc, document_id
from read_models.store.operational.collection import MongoCollection
from read_models.store.reading.read_coalescing import CoalescingLoader

State = Literal["opening", "open", "expired", "processing", "failed", "paid"]

RANKS: Mapping[str, int] = {
    "opening": 0,
    "open": 1,
    "expired": 2,
    "processing": 3,
    "failed": 4,
    "paid": 5,
}
"""A state is only left for one further down: what is reported late or twice takes nothing back."""

BEGUN = ("opening", "open")
"""States in which the customer may still pay, or not."""

UNDER_WAY = ("processing", "paid")
"""States in which the customer has paid: until the views hold it, the payment is being processed."""

LEASE = timedelta(seconds=30)
"""For so long a sender that died keeps others away; one that waits for Kafka makes it longer."""


MAILING = timedelta(seconds=90)
"""Longer than one attempt to hand over a mail takes."""


class PaymentFact(NamedTuple):
    """Something that happened to a payment, as it is published."""

    kind: Literal["succeeded", "failed", "refunded"]
    object: str
    """The id of the provider's object that says so: with `kind`, what makes it the same fact."""
    time: str
    """When it happened, as events write it."""
    data: Mapping[str, Any]
    """Of the event."""
    partition: int | None = None
    """Where it was published; None until then."""
    offset: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Identity of a fact: two reports with one key are one fact."""
        return self.kind, self.object


class Checkout(NamedTuple):
    """A Checkout Session and what became of it."""

    id: str
    """The payment's id, `pp_…`: the subject of its events."""
    business: str
    customer: str
    invoice: str
    account: str
    """The connected account that the session belongs to."""
    amount: int
    """In minor units of the currency."""
    currency: str
    address: str
    """The e-mail address of who pays."""
    created_at: datetime
    asked: Mapping[str, Any] | None
    """What the session is made from, the same at every attempt; None once it is there."""
    state: State = "opening"
    session: str | None = None
    url: str | None = None
    intent: str | None = None
    """The provider's name for the payment itself."""
    since: datetime | None = None
    """From when on it was known that the customer has paid."""
    returned_at: datetime | None = None
    """When the customer first came back from the payment page."""
    facts: tuple[PaymentFact, ...] = ()
    published: int = 0
    """How many of the facts are in the log."""
    attempts: int = 0
    """How often a sender has claimed it: fences its lease."""
    mail: Literal["wanted", "sent"] | None = None
    """Whether somebody was told that there would be a mail about what became of it."""
    due_at: datetime | None = None
    """When a sender may take it; None is at once."""
    mail_at: datetime | None = None
    """The same for its mail."""
    revision: int = 0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the record that a document of the collection is."""
        values = {name: document[name] for name in cls._fields[1:]}
        return cls(
            document["_id"], **values | {"facts": tuple(PaymentFact(**fact) for fact in document["facts"])}
        )

    @property
    def invoice_document_id(self) -> str:
        """The `_id` of the invoice's document."""
        return document_id(self.business, self.customer, "invoice", self.invoice)

    def first_fact(self, kind: str) -> PaymentFact | None:
        """Return the first fact of a kind."""
        return next((fact for fact in self.facts if fact.kind == kind), None)

    def with_report(self, facts: Iterable[PaymentFact], state: State, **fields: Any) -> Self:
        """Return this checkout with a report: new facts behind the others, a state never taken back."""
        known = {fact.key: fact for fact in self.facts}
        for fact in facts:
            known.setdefault(fact.key, fact)
        further = state if RANKS[state] > RANKS[self.state] else self.state
        return self._replace(facts=tuple(known.values()), state=further, **fields)


class CheckoutRepository:
    """Checkouts by the id of their payment."""

    INDEXES: ClassVar[list[IndexModel]] = [
        # At most one that can be paid per invoice, whoever asks at the same time.
        IndexModel(
            [("open", ASCENDING)],
            name="open",
            unique=True,
            partialFilterExpression={"open": {"$exists": True}},
        ),
        IndexModel([("about", ASCENDING), ("created_at", DESCENDING)], name="about"),
        IndexModel([("due_at", ASCENDING)], name="outbox", partialFilterExpression={"unsent": True}),
        IndexModel([("mail_at", ASCENDING)], name="mails", partialFilterExpression={"mail": "wanted"}),
        IndexModel([("intent", ASCENDING)], name="intent"),
        IndexModel([("account", ASCENDING)], name="account"),
        IndexModel([("business", ASCENDING), ("customer", ASCENDING)], name="owner"),
    ]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection
        self._shared = CoalescingLoader(self._load_under_way)

    async def begin(self, checkout: Checkout) -> bool:
        """Keep a new one; False when the invoice has one that can be paid."""
        return await self.collection.insert_if_absent({"_id": checkout.id, **_document(checkout)})

    async def find(self, id_: str) -> Checkout | None:
        """Return one by the id of its payment."""
        return await self._first({"_id": id_})

    async def of_intent(self, intent: str) -> Checkout | None:
        """Return one by the provider's name for its payment."""
        return await self._first({"intent": intent})

    async def current(self, about: str) -> Checkout | None:
        """Return the one of an invoice that can be paid."""
        return await self._first({"open": about})

    async def latest(self, about: str) -> Checkout | None:
        """Return the one of an invoice that was begun last."""
        found = await self.collection.find({"about": about}, [("created_at", DESCENDING)], 1)
        return Checkout.of(found[0]) if found else None

    async def under_way(self, about: str) -> Sequence[Checkout]:
        """Return those of an invoice that the customer has paid, settled or not; reads of many invoices share a
        query."""
        (found,) = await self._shared.get(about)
        return found["checkouts"] if found else ()

    async def undecided(self, account: str) -> Sequence[Checkout]:
        """Return those of an account whose session is there, and of which it is not known yet what becomes."""
        selection = {"account": account, "state": {"$in": ["open", "processing"]}}
        return [Checkout.of(document) for document in await self.collection.find(selection)]

    async def accounts(self) -> Sequence[str]:
        """Return the connected accounts that there are any of."""
        return await self.collection.distinct("account")

    async def change(self, id_: str, to: Callable[[Checkout], Checkout | None]) -> Checkout | None:
        """Make one what `to` makes of it, and answer it as it is then.

        `to` is asked again when somebody else was faster; what it answers None for stays. None when there is none.
        """
        while known := await self.find(id_):
            wanted = to(known)
            if wanted is None or wanted == known:
                return known
            wanted = wanted._replace(revision=known.revision + 1)
            if await self.collection.replace({"_id": id_, "revision": known.revision}, _document(wanted)):
                return wanted
        return None

    async def drop(self, checkout: Checkout) -> None:
        """Forget one that no session was made for."""
        await self.collection.delete({"_id": checkout.id, "state": "opening", "session": None})

    async def claim_unsent(self, now: datetime, only: str | None = None) -> Checkout | None:
        """Return the one whose facts have waited longest to be published; nobody else gets it while the lease lasts."""
        selection = {"unsent": True, "due_at": _reached(now)} | ({"_id": only} if only else {})
        change = {"$set": {"due_at": now + LEASE}, "$inc": {"attempts": 1, "revision": 1}}
        found = await self.collection.find_one_and_update(selection, change, [("due_at", ASCENDING)])
        return Checkout.of(found) if found else None

    async def extend_lease(self, claimed: Checkout, now: datetime) -> bool:
        """Make a sender's lease longer; False when it ran out."""
        mine = {"_id": claimed.id, "attempts": claimed.attempts}
        return await self.collection.update(mine, {"$set": {"due_at": now + LEASE}, "$inc": {"revision": 1}})

    async def mark_published(
        self, claimed: Checkout, number: int, partition: int, offset: int
    ) -> Checkout | None:
        """Record where the `number`th fact is in the log, and answer the record; None when the lease ran out.

        The lease ends with the last fact.
        """
        index = number - 1

        def marked(known: Checkout) -> Checkout | None:
            if known.attempts != claimed.attempts:
                return None
            place = known.facts[index]._replace(partition=partition, offset=offset)
            facts = (*known.facts[:index], place, *known.facts[number:])
            due_at = None if number == len(facts) else known.due_at
            return known._replace(facts=facts, published=number, due_at=due_at)

        known = await self.change(claimed.id, marked)
        return known if known and known.attempts == claimed.attempts else None

    async def reschedule(self, claimed: Checkout, due_at: datetime) -> None:
        """Set when what is not published yet is tried again."""
        mine = {"_id": claimed.id, "attempts": claimed.attempts}
        await self.collection.update(mine, {"$set": {"due_at": due_at}, "$inc": {"revision": 1}})

    async def unsent(self) -> int:
        """Return how many wait to be published."""
        return await self.collection.count({"unsent": True})

    async def claim_mail(self, now: datetime) -> Checkout | None:
        """Return the one of which a mail has waited longest, whose outcome is known and published."""
        selection = {"mail": "wanted", "mail_at": _reached(now), "state": {"$in": ["paid", "failed"]}}
        change = {"$set": {"mail_at": now + MAILING}, "$inc": {"revision": 1}}
        found = await self.collection.find_one_and_update(
            {**selection, "unsent": False}, change, [("mail_at", ASCENDING)]
        )
        return Checkout.of(found) if found else None

    async def mailed(self, claimed: Checkout) -> bool:
        """Record that its mail leaves now, before it does; False when somebody else was faster."""
        waiting = {"_id": claimed.id, "mail": "wanted"}
        return await self.collection.update(waiting, {"$set": {"mail": "sent"}, "$inc": {"revision": 1}})

    async def reschedule_mail(self, claimed: Checkout, at: datetime) -> None:
        """Set when the mail is due again, which has certainly not left."""
        again = {"$set": {"mail": "wanted", "mail_at": at}, "$inc": {"revision": 1}}
        await self.collection.update({"_id": claimed.id}, again)

    async def _first(self, selection: Mapping[str, Any]) -> Checkout | None:
        found = await self.collection.find(selection, limit=1)
        return Checkout.of(found[0]) if found else None

    async def _load_under_way(self, abouts: Iterable[str]) -> Mapping[str, Doc]:
        selection = {"about": {"$in": list(abouts)}, "state": {"$in": list(UNDER_WAY)}}
        found: dict[str, Doc] = {}
        for document in await self.collection.find(selection, [("created_at", ASCENDING)]):
            found.setdefault(document["about"], {"checkouts": []})["checkouts"].append(Checkout.of(document))
        return found


def _document(checkout: Checkout) -> Doc:
    """Return a record as it is stored, with what its indexes are made of."""
    document = checkout._asdict() | {"facts": [fact._asdict() for fact in checkout.facts]}
    del document["id"]
    document |= {"about": checkout.invoice_document_id, "unsent": checkout.published < len(checkout.facts)}
    return document | ({"open": checkout.invoice_document_id} if checkout.state in BEGUN else {})


def _reached(now: datetime) -> Doc:
    """Return what is due: at once, or from a moment on that is reached."""
    return {"$not": {"$gt": now}}
