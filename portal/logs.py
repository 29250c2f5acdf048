"""Structured logs: JSON lines, key and value on a terminal; those of libraries as well."""

import logging
import sys
from typing import Any, Final

import structlog

from read_models.masking import mask_emails

_LONGEST_TEXT: Final = 500
"""Characters of what an exception says: some quote all that they were given."""

# What these say at INFO is for their own developers.
_TALKATIVE: Final = ("aiokafka", "faust", "mode", "httpx", "_granian")


def configure(*, of_libraries: bool = True) -> None:
    """Send what is logged, by structlog or by logging, to stderr in one form.

    A command that a person waits for says itself what is wrong, and does without what libraries say; on a terminal,
    where it shows how far it is, also without what goes well.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if sys.stderr.isatty():
        # Neither form shows the values of variables: they may be secrets, or a customer's.
        plain = structlog.dev.plain_traceback
        render: list[structlog.types.Processor] = [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    else:
        render = [structlog.processors.ExceptionRenderer(_told), structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *render,
                _without_addresses,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    quiet = sys.stderr.isatty() and not of_libraries
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING if of_libraries else logging.CRITICAL)


_frames: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def _told(exc_info: structlog.typing.ExcInfo) -> list[dict[str, Any]]:
    return _cut(_frames(exc_info))


def _cut(stacks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for stack in stacks:
        # Masked first: half an address would not be known as one.
        stack["exc_value"] = mask_emails(stack["exc_value"])[:_LONGEST_TEXT]
        stack["exceptions"] = [_cut(group) for group in stack["exceptions"]]
    return stacks


def _without_addresses(_logger: Any, _method: str, line: Any) -> str:
    """Return the line with e-mail addresses masked: what libraries say of an error may quote one."""
    return mask_emails(str(line))
