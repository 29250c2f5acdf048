"""The services of the staff surface, typed, as its checks and handlers find them."""

from dataclasses import dataclass

from litestar.datastructures import State

from projectors.staff.operators import FailedAttempts, Operators
from projectors.staff.service import StaffService
from projectors.staff.sessions import StaffSessionService


@dataclass(frozen=True)
class StaffServices:
    """Services that the application's lifespan builds for the staff surface."""

    staff: StaffService
    operators: Operators
    sessions: StaffSessionService
    failed_attempts: FailedAttempts


class StaffState(State):
    """The application's state; handlers take it as `state`."""

    services: StaffServices
