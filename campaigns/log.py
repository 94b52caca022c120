"""Structured logs on stderr: one event a line, and no secret in any of them."""

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_KEY = re.compile(r"token|secret|authorization|api_?key|password", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"(Bearer\s+|access_token=|dv_(?:live|test)_sk_|EAA)[\w.\-|]+")
_HIDDEN = "[hidden]"


def configure(process: str) -> None:
    """Log as JSON lines, or in colour on a terminal; PAGECAST_LOG names the level (default info)."""
    level = logging.getLevelNamesMapping().get(os.environ.get("PAGECAST_LOG", "info").upper(), logging.INFO)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def redact(_logger: Any, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what looks like a secret, by its key or by its form."""
    for key, value in entry.items():
        if _SECRET_KEY.search(key):
            entry[key] = _HIDDEN
        elif isinstance(value, str):
            entry[key] = _SECRET_VALUE.sub(_HIDDEN, value)
    return entry
