"""The console's log: one JSON line an event on standard error, without exception texts and passwords."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import streamlit.logger
import structlog
import uvicorn.config

Event = MutableMapping[str, Any]
_FRAMES = 12
# Headers and fields whose value nobody may read.
_NAMES = re.compile(r"key$|token$|secret$|password$|^authorization$|^cookie$", re.IGNORECASE)
# scheme://user:password@host, and the admin key where a library logs its headers.
_SECRETS = re.compile(r"(?<=://)[^\s/@\"']+(?=@)|(?<=X-Admin-Key)\W+\S+", re.IGNORECASE)

log = structlog.get_logger(__name__)


def configure() -> None:
    """Send the console's log, and those of Streamlit, uvicorn and all other libraries, to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_secrets,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(ensure_ascii=False), foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _join_libraries()


def _join_libraries() -> None:
    """Those that would write to standard error past the root's handler, each in its own form."""
    logging.captureWarnings(capture=True)
    # A line for each request to the service.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Streamlit gives each of its loggers a handler, again whenever its configuration is read.
    streamlit.logger.setup_formatter = _to_root
    streamlit.logger.update_formatter()
    uvicorn.config.LOGGING_CONFIG.update(incremental=True, handlers={}, loggers={})
    # What ends a thread is told with the error's text otherwise.
    threading.excepthook = _thread_ended


def _to_root(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    name = ended.thread.name if ended.thread is not None else ""
    log.error("thread ended by an error", thread=name, exc_info=ended.exc_value)


def without_secrets(logger: object, method: str, event: Event) -> Event:  # noqa: ARG001  # as structlog calls it
    """Errors as type and places, since their texts may quote a row or an address; texts without passwords."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["frames"] = _frames(error.__traceback__)
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    match value:
        case str() if _NAMES.search(name):
            return "…"
        case str():
            return _SECRETS.sub("…", value)
        case dict():
            return {key: _clean(str(key), item) for key, item in value.items()}
        case list():
            return [_clean(name, item) for item in value]
    return value


def _frames(trace: TracebackType | None) -> list[str]:
    places = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{place.filename}:{place.lineno} {place.name}" for place in places]
