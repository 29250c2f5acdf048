"""Every type of event ServiceHub publishes, with the data it carries (docs/contracts/events.md, Data)."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from events.businesses import (
    BusinessClosed,
    BusinessPaymentsConnected,
    BusinessRebranded,
    BusinessRegistered,
)
from events.contracts import ContractAmended, ContractEnded, ContractRenewed, ContractSigned
from events.customers import CustomerContactChanged, CustomerErased, CustomerRegistered
from events.invoices import (
    InvoiceCredited,
    InvoiceDueDateChanged,
    InvoiceIssued,
    InvoiceIssuedV1,
    InvoiceVoided,
)
from events.payments import PaymentFailed, PaymentRefunded, PaymentSucceeded
from events.proofs import ProofPackPublished, ProofPackWithdrawn, ProofRetracted, ProofUploaded
from events.subscriptions import (
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPaused,
    SubscriptionRenewed,
    SubscriptionResumed,
    SubscriptionStarted,
)
from events.topics import ENTITIES
from events.types import EmptyData
from events.upcasters import upcast_invoice_issued_v1
from events.visits import (
    VisitBooked,
    VisitCancelled,
    VisitCompleted,
    VisitDispatched,
    VisitMissed,
    VisitReopened,
    VisitRescheduled,
    VisitStarted,
    VisitTechnicianAssigned,
)

MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "business.registered.v1": BusinessRegistered,
    "business.rebranded.v1": BusinessRebranded,
    "business.payments_connected.v1": BusinessPaymentsConnected,
    "business.closed.v1": BusinessClosed,
    "customer.registered.v1": CustomerRegistered,
    "customer.contact_changed.v1": CustomerContactChanged,
    "customer.erased.v1": CustomerErased,
    "visit.booked.v1": VisitBooked,
    "visit.rescheduled.v1": VisitRescheduled,
    "visit.technician_assigned.v1": VisitTechnicianAssigned,
    "visit.dispatched.v1": VisitDispatched,
    "visit.started.v1": VisitStarted,
    "visit.completed.v1": VisitCompleted,
    "visit.missed.v1": VisitMissed,
    "visit.cancelled.v1": VisitCancelled,
    "visit.reopened.v1": VisitReopened,
    "proof.uploaded.v1": ProofUploaded,
    "proof.retracted.v1": ProofRetracted,
    "proof_pack.published.v1": ProofPackPublished,
    "proof_pack.withdrawn.v1": ProofPackWithdrawn,
    "invoice.issued.v1": InvoiceIssuedV1,
    "invoice.issued.v2": InvoiceIssued,
    "invoice.due_date_changed.v1": InvoiceDueDateChanged,
    "invoice.credited.v1": InvoiceCredited,
    "invoice.voided.v1": InvoiceVoided,
    "payment.succeeded.v1": PaymentSucceeded,
    "payment.failed.v1": PaymentFailed,
    "payment.refunded.v1": PaymentRefunded,
    "subscription.started.v1": SubscriptionStarted,
    "subscription.changed.v1": SubscriptionChanged,
    "subscription.renewed.v1": SubscriptionRenewed,
    "subscription.paused.v1": SubscriptionPaused,
    "subscription.resumed.v1": SubscriptionResumed,
    "subscription.cancelled.v1": SubscriptionCancelled,
    "contract.signed.v1": ContractSigned,
    "contract.amended.v1": ContractAmended,
    "contract.renewed.v1": ContractRenewed,
    "contract.ended.v1": ContractEnded,
}
"""Type without its `servicehub.` -> model of the data as published in that version."""

_UPCASTERS: Final[Mapping[str, Callable[[Any], BaseModel]]] = {"invoice.issued.v1": upcast_invoice_issued_v1}


class EventType(NamedTuple):
    """Registry entry of an event type."""

    kind: str
    """Entity kind, the second part of the type."""
    fact: str
    """The third part."""
    topic: str
    """Without prefix."""
    may_lack_data: bool
    """Whether `data` may be absent or `null` (the table says –)."""
    model: type[BaseModel]
    """The data in this version."""
    upcast: Callable[[Any], BaseModel] | None
    """From the model of this version to the newest one, if this is not it; raises ValueError."""


def _event_type(name: str, model: type[BaseModel]) -> EventType:
    kind, fact, _ = name.split(".")
    return EventType(
        kind=kind,
        fact=fact,
        topic=ENTITIES[kind],
        may_lack_data=issubclass(model, EmptyData),
        model=model,
        upcast=_UPCASTERS.get(name),
    )


EVENT_TYPES: Final[Mapping[str, EventType]] = {
    f"servicehub.{name}": _event_type(name, model) for name, model in MODELS.items()
}
"""Full type -> what is known of it."""

FACTS: Final[frozenset[tuple[str, str]]] = frozenset(
    (known.kind, known.fact) for known in EVENT_TYPES.values()
)
"""(kind, fact) of every known type: one of these in another version is malformed, any other a new feature."""
