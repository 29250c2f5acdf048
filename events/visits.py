"""Facts about a visit, an appointment before it happens (topic `visits`; subject: the visit's id)."""

from typing import Literal

from events.types import Address, Data, Id, List, Media, Named, Text, Timestamp, TimeZone


class Window(Data):
    """The promised window of arrival."""

    start: Timestamp
    end: Timestamp


class Technician(Data):
    """Who comes."""

    id: Id
    name: Text
    photo: Media | None = None


class Task(Data):
    """One thing on a visit's list of work."""

    name: Text
    done: bool


class VisitBooked(Data):
    """A visit was agreed; its first fact."""

    service: Named
    window: Window
    timezone: TimeZone
    """Of the service address."""
    address: Address | None = None
    technician: Technician | None = None
    contract_id: Id | None = None
    subscription_id: Id | None = None
    instructions: Text | None = None


class VisitRescheduled(Data):
    """A visit has another window."""

    window: Window
    requested_by: Literal["customer", "business"]
    reason: Text | None = None


class VisitTechnicianAssigned(Data):
    """Somebody (else) comes."""

    technician: Technician


class VisitDispatched(Data):
    """The technician is on the way."""

    eta: Timestamp | None = None


class VisitStarted(Data):
    """The technician arrived and began."""

    arrived_at: Timestamp


class VisitCompleted(Data):
    """The work is done."""

    completed_at: Timestamp
    arrived_at: Timestamp | None = None
    """Known from here when `visit.started` never came."""
    summary: Text | None = None
    tasks: List[Task] | None = None


class VisitMissed(Data):
    """A visit did not take place."""

    responsible: Literal["business", "customer", "other"]
    reason: Text | None = None


class VisitCancelled(Data):
    """A visit was called off."""

    cancelled_by: Literal["customer", "business"]
    reason: Text | None = None


class VisitReopened(Data):
    """An outcome was recorded by mistake: the visit is scheduled again, in its last window."""

    reason: Text | None = None
