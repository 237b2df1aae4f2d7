"""Logs: one JSON object a line, with the document's id, never with content."""

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
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format='{"level":"%(levelname)s","logger":"%(name)s","event":"%(message)s"}',
        force=True,
    )


def _dumps(value: object, **_options: object) -> bytes:
    return orjson.dumps(value, default=str)
