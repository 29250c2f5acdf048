"""Structured logs of the portal and its libraries: JSON lines, or key=value on a terminal."""

import logging
import sys
from typing import Any, Final

import structlog

from read_models.masking import mask_emails

_MAX_EXCEPTION_TEXT: Final = 500
"""Characters of an exception's message: some libraries quote their whole input."""

# Loggers whose INFO messages only help the developers of the library.
_VERBOSE_LOGGERS: Final = ("aiokafka", "faust", "mode", "httpx", "_granian")


def configure(*, of_libraries: bool = True) -> None:
    """Send what is logged, by structlog or by logging, to stderr in one form.

    Interactive commands report their errors themselves and pass `of_libraries=False`: libraries then log critical
    errors only, and on a terminal, where a progress bar is shown, everything below WARNING is dropped.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if sys.stderr.isatty():
        # Neither format shows local variables: they may hold secrets or customer data.
        plain = structlog.dev.plain_traceback
        render: list[structlog.types.Processor] = [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    else:
        render = [
            structlog.processors.ExceptionRenderer(_format_exception),
            structlog.processors.JSONRenderer(),
        ]
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
                _mask_addresses,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    quiet = sys.stderr.isatty() and not of_libraries
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    for name in _VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING if of_libraries else logging.CRITICAL)


_frames: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def _format_exception(exc_info: structlog.typing.ExcInfo) -> list[dict[str, Any]]:
    return _mask_and_shorten(_frames(exc_info))


def _mask_and_shorten(stacks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for stack in stacks:
        # Mask before shortening: a truncated address would not be recognised.
        stack["exc_value"] = mask_emails(stack["exc_value"])[:_MAX_EXCEPTION_TEXT]
        stack["exceptions"] = [_mask_and_shorten(group) for group in stack["exceptions"]]
    return stacks


def _mask_addresses(_logger: Any, _method: str, line: Any) -> str:
    """Return the line with e-mail addresses masked: what libraries say of an error may quote one."""
    return mask_emails(str(line))
