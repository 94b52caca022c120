"""What breaks on a screen: told to the log without its words, and to people without its trace."""

import logging
import traceback

import structlog

BROKEN = "Something of ours broke. The log has more; what you did may not be done, so look before you do it again."

logger = structlog.get_logger(__name__)


def tell(error: BaseException) -> None:
    """Log what broke, without its message: a driver's sentence may quote the row."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    logger.error("dashboard.failed", error=type(error).__name__, trace=trace)


class _WithoutWords(logging.Filter):
    """Takes the message of exceptions out of the lines that NiceGUI logs about them."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        tell(error)
        return False


def hush() -> None:
    """Let what NiceGUI says about exceptions go through `tell`."""
    logging.getLogger("nicegui").addFilter(_WithoutWords())
