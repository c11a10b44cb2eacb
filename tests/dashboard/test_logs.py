"""The console's log: every line JSON in one form, whoever wrote it, and no secret in any."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from dashboard.logs import without_secrets
from dashboard.settings import ROOT

# Configured in a process of its own: it changes what all loggers of a process do.
PROGRAM = """
import logging, threading, warnings
import streamlit.logger, structlog, uvicorn
from streamlit import config
early = streamlit.logger.get_logger("streamlit.early")
kept = structlog.get_logger("actions.audit_trail")
from dashboard import logs
logs.configure()
config.get_config_options(force_reparse=True)
uvicorn.Config(lambda: None)
kept.info("audit", position=3, hash="ff", reason="see postgresql://ops:hunter2@db/x, 네")
early.warning("from streamlit, to %s", "https://me:hunter2@host/x")
streamlit.logger.get_logger("streamlit.late").info("from streamlit, later")
logging.getLogger("uvicorn.error").info("from uvicorn")
logging.getLogger("httpx").info("HTTP Request: GET http://127.0.0.1/?key=hunter2")
warnings.warn("from a library")
try:
    raise ValueError("hunter2")
except ValueError:
    kept.exception("it failed", request_id="r-1")
    logging.getLogger("a.library").exception("it failed too")
def fail():
    raise KeyError("hunter2")
thread = threading.Thread(target=fail, name="runner")
thread.start()
thread.join()
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout == ""
    assert "hunter2" not in result.stderr
    return [json.loads(line) for line in result.stderr.splitlines()]


def test_each_line_has_the_one_form(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        assert {"event", "level", "logger", "timestamp"} <= line.keys()
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)
    assert [(line["logger"], line["level"]) for line in lines] == [
        ("actions.audit_trail", "info"),
        ("streamlit.early", "warning"),
        ("streamlit.late", "info"),
        ("uvicorn.error", "info"),
        ("py.warnings", "warning"),
        ("actions.audit_trail", "error"),
        ("a.library", "error"),
        ("dashboard.logs", "error"),
    ]


def test_what_was_said_is_there_without_passwords(lines: list[dict[str, Any]]) -> None:
    audit, streamlit = lines[:2]
    assert (audit["event"], audit["position"], audit["hash"]) == ("audit", 3, "ff")
    assert audit["reason"] == "see postgresql://…@db/x, 네"
    assert streamlit["event"] == "from streamlit, to https://…@host/x"


def test_an_error_is_told_by_its_kind_and_place(lines: list[dict[str, Any]]) -> None:
    failed, too, ended = lines[-3:]
    assert (failed["exception"], failed["request_id"]) == ("ValueError", "r-1")
    assert too["exception"] == "ValueError"
    assert (ended["exception"], ended["thread"]) == ("KeyError", "runner")
    assert any(frame.endswith(" fail") for frame in ended["frames"])


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("postgresql://me:p%40ss@db:5432/x?a=b", "postgresql://…@db:5432/x?a=b"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        (
            {"headers": [{"X-Admin-Key": "k"}, "X-Admin-Key: k-1"]},
            {"headers": [{"X-Admin-Key": "…"}, "X-Admin-Key…"]},
        ),
        ("olga@example.com", "olga@example.com"),
    ],
)
def test_secrets_in_values(said: object, kept: object) -> None:
    event: structlog.typing.EventDict = {"event": "x", "value": said}
    assert without_secrets(None, "info", event) == {"event": "x", "value": kept}
