"""Facts about a contract (topic `contracts`; subject: the contract's id)."""

from typing import ClassVar

from events.types import Date, EventData, Integer, List, Media, PartialUpdate, Share, Text


class ContractService(EventData):
    """A service a contract promises, and how often, in words."""

    name: Text
    cadence: Text


class Sla(EventData):
    """Service level that a contract promises."""

    on_time_grace_minutes: Integer
    """Minutes after the end of a visit's window that still count as on time."""
    completion_target: Share | None = None
    on_time_target: Share | None = None
    proof_target: Share | None = None


class ContractSigned(EventData):
    """A contract was signed; its first fact."""

    number: Text
    title: Text
    starts_on: Date
    ends_on: Date | None = None
    services: List[ContractService]
    terms: Media | None = None
    signed_by: Text | None = None
    sla: Sla


class ContractAmended(PartialUpdate):
    """A contract's terms changed; what is absent stays."""

    CLEARABLE: ClassVar[frozenset[str]] = frozenset({"terms", "ends_on"})

    title: Text | None = None
    services: List[ContractService] | None = None
    terms: Media | None = None
    sla: Sla | None = None
    ends_on: Date | None = None


class ContractRenewed(EventData):
    """A contract runs longer."""

    ends_on: Date


class ContractEnded(EventData):
    """A contract is over, for good."""

    ended_on: Date
    reason: Text | None = None
