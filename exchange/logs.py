"""Logs: one JSON object a line, with the document's id, never with content."""

import contextlib
import logging
import sys

import orjson
import structlog


def configure(level: str = "INFO") -> None:
    """Write structured lines to standard error, and what libraries say through the same door."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=lambda *_: _Patient(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format='{"level":"%(levelname)s","logger":"%(name)s","event":"%(message)s"}',
        force=True,
    )


def quiet() -> None:
    """Errors alone, for people on a terminal, until ``configure``."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


class _Patient(structlog.BytesLogger):
    """A log that cannot be written costs the line, never the work that it speaks of."""

    def msg(self, message: bytes) -> None:
        """Write one line, if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = error = err = critical = fatal = exception = failure = msg


def _dumps(value: object, **_options: object) -> bytes:
    return orjson.dumps(value, default=str)
