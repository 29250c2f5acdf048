"""How often tests repeat what chance decides: `make test` is waited for, `make soak` is not (README)."""

import os
from typing import TypeVar

LONG = os.environ.get("SOAK") == "1"

T = TypeVar("T")


def of_run(soak: T, check: T) -> T:
    """What the long run does, or the one that every change waits for."""
    return soak if LONG else check
