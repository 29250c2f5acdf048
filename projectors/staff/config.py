"""Configuration of the staff surface."""

from collections.abc import Sequence
from typing import NamedTuple

from projectors.installation import Installation
from projectors.staff.operators import Operators


class StaffConfig(NamedTuple):
    """The installation, who may come in, and how a rebuild is started."""

    installation: Installation
    operators: Operators
    https: bool
    """Whether browsers reach the installation by https."""
    rebuild: Sequence[str]
    """The command, to which options are added."""
