"""The settings of an installation: every `PORTAL_*` variable (API.md, "Environment")."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from events.topics import DEFAULT_PARTITIONS, MAX_TOPIC_PREFIX
from portal.errors import WrongUsage
from projectors.kafka import Kafka

PREFIX: Final = "PORTAL_"
