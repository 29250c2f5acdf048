"""Configuration of the staff surface."""

from collections.abc import Sequence
from typing import NamedTuple

from projectors.installation import Installation
from projectors.staff.operators import Operators


class StaffConfig(NamedTuple):
    """Settings that the staff surface is created with."""

    installation: Installation
    operators: Operators
    https: bool
    """True if browsers reach the installation by https."""
    rebuild: Sequence[str]
    """Command line of `portal rebuild`, to which options are appended."""
