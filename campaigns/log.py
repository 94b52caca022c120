"""Structured logs on stderr: one event a line, and no secret in any of them, whoever wrote it.

Libraries log by the standard library's loggers; their lines come out in the same form, and are redacted as ours are.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import structlog
from structlog.typing import Processor

_HIDDEN = "[hidden]"
_NAMES = r"token|secret|passw|authorization|api[_-]?key|cookie|signature|proof"
_SECRET_KEY = re.compile(_NAMES, re.IGNORECASE)
_SHAPES = re.compile(
    r"""
      (?i:bearer)\s+[\w.\-|~+/=]+                # a header, or what quotes one
    | \b(?:EAA|IGAA|IGQ)[\w\-]+                  # Meta's tokens of Pages, people and Instagram accounts
    | \b\d{6,}\|[\w\-]{16,}                      # Meta's token of an app: its id and its secret
    | \bdv_(?:live|test)_sk_[\w.\-]+             # Orbit's keys
    | \bpc_[0-9a-f]{10}_[0-9a-f]+                # keys to our own API
    | \bwhsec_[\w+/=]+                           # what signs webhooks
    | \bsim-\d+                                  # the simulator's tokens
    """,
    re.VERBOSE,
)
# After a colon and a blank a sentence may go on: only what is too long for most words is hidden there.
_NAMED = re.compile(
    rf"""(?i)(?<!@\{{)\b([\w-]*(?:{_NAMES})[\w-]*)(["']?)(?:(=|%3D)(["']?)(?!@\{{)[^\s"'&,;)\]}}]+"""
    r"""|(\s*:\s*)(b?["']?)(?:basic\s+)?[\w.\-|~+/=%]{8,})"""
)
_USERINFO = re.compile(r"(\w://)[^\s/@]*:[^\s/@]*@")


def configure(process: str) -> None:
    """Log as JSON lines, or in colour on a terminal; PAGECAST_LOG names the level (default info)."""
    level = logging.getLevelNamesMapping().get(os.environ.get("PAGECAST_LOG", "info").upper(), logging.INFO)
    begin: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    end: list[Processor] = [structlog.processors.format_exc_info, redact, _renderer()]
    structlog.configure(
        processors=[*begin, *end],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)
    _adopt_libraries(begin, end)


def redact(_logger: Any, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what looks like a secret, by its key or by its form, however deep it stands. Figures are never secrets."""
    for key, value in entry.items():
        entry[key] = _hidden(key, value)
    return entry


def _renderer() -> Processor:
    return structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()


def _adopt_libraries(begin: Sequence[Processor], end: Sequence[Processor]) -> None:
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *begin],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *end],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[stream])


def _hidden(key: object, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return _HIDDEN if _SECRET_KEY.search(_text(key)) else _clean(value)


def _clean(value: Any) -> Any:
    """Return a value without what looks like a secret; what is no text, list or mapping is shown as its `repr`."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | bytes):
        return _without(_text(value))
    if isinstance(value, Mapping):
        return {_text(key): _hidden(key, each) for key, each in value.items()}
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str | bytes):  # noqa: PLR2004 - a header
        return [_clean(value[0]), _hidden(value[0], value[1])]
    if isinstance(value, Sequence | AbstractSet):
        return [_clean(each) for each in value]
    return _without(repr(value))


def _without(text: str) -> str:
    text = _USERINFO.sub(rf"\1{_HIDDEN}@", _SHAPES.sub(_HIDDEN, text))
    return _NAMED.sub(lambda found: "".join(part or "" for part in found.groups()) + _HIDDEN, text)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
