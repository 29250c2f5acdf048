"""Facts about a visit, an appointment before it happens (topic `visits`; subject: the visit's id)."""

from typing import Literal

from events.types import Address, EventData, Id, List, Media, NamedRef, Text, Timestamp, TimeZone


class Window(EventData):
    """The promised window of arrival."""

    start: Timestamp
    end: Timestamp


class Technician(EventData):
    """Technician of a visit."""

    id: Id
    name: Text
    photo: Media | None = None


class Task(EventData):
    """One thing on a visit's list of work."""

    name: Text
    done: bool


class VisitBooked(EventData):
    """A visit was agreed; its first fact."""

    service: NamedRef
    window: Window
    timezone: TimeZone
    """Of the service address."""
    address: Address | None = None
    technician: Technician | None = None
    contract_id: Id | None = None
    subscription_id: Id | None = None
    instructions: Text | None = None


class VisitRescheduled(EventData):
    """A visit has another window."""

    window: Window
    requested_by: Literal["customer", "business"]
    reason: Text | None = None


class VisitTechnicianAssigned(EventData):
    """Somebody (else) comes."""

    technician: Technician


class VisitDispatched(EventData):
    """The technician is on the way."""

    eta: Timestamp | None = None


class VisitStarted(EventData):
    """The technician arrived and began."""

    arrived_at: Timestamp


class VisitCompleted(EventData):
    """The work is done."""

    completed_at: Timestamp
    arrived_at: Timestamp | None = None
    """Known from here when `visit.started` never came."""
    summary: Text | None = None
    tasks: List[Task] | None = None


class VisitMissed(EventData):
    """A visit did not take place."""

    responsible: Literal["business", "customer", "other"]
    reason: Text | None = None


class VisitCancelled(EventData):
    """A visit was called off."""

    cancelled_by: Literal["customer", "business"]
    reason: Text | None = None


class VisitReopened(EventData):
    """An outcome was recorded by mistake: the visit is scheduled again, in its last window."""

    reason: Text | None = None
