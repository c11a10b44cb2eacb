"""The console as a process, started the way people start it, from a folder that is not the repository."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest

from dashboard.settings import ROOT

COMMAND = [sys.executable, "-m", "dashboard.cli", "serve"]
START_SECONDS = 60
EVERYWHERE = "0.0.0.0"  # noqa: S104  # what must be refused


def environment(**settings: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPS_", "STREAMLIT_"))}
    return inherited | {"OPS_SETTINGS_FILE": os.devnull} | settings


def refused(*options: str, **settings: str) -> str:
    result = subprocess.run(
        [*COMMAND, *options],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert result.returncode == 1
    assert not result.stdout
    return result.stderr.strip()


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[httpx.Client]:
    """A running console with these settings, started in this folder."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0"], cwd=folder, env=environment(**settings), stdout=output, stderr=output
        )
    try:
        with httpx.Client(base_url=_address(process, log), trust_env=False, timeout=30) as client:
            yield client
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=START_SECONDS)
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A running console whose database is down."""
    url = "postgresql://reader:hunter2@127.0.0.1:1/books"
    with serving(tmp_path_factory.mktemp("elsewhere"), OPS_DATABASE_URL=url) as running:
        yield running


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address that the console prints once it listens."""
    pause = Event()
    for _ in range(START_SECONDS * 20):
        for line in log.read_text().splitlines():
            if "http://" in line:
                return line.split()[-1]
        assert process.poll() is None, log.read_text()
        pause.wait(0.05)
    raise AssertionError(log.read_text())


def test_health_is_its_own_and_not_the_page(console: httpx.Client) -> None:
    answer = console.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")


def test_not_ready_while_the_database_is_down(console: httpx.Client) -> None:
    answer = console.get("/readyz")
    assert answer.status_code == 503
    told = answer.json()
    assert {source: one["state"] for source, one in told.items()} == {
        "database": "no answer",
        "store": "no answer",
        "prometheus": "not configured",
        "service": "not configured",
    }
    assert told["database"]["error"] == "DatabaseUnavailable"
    assert "127.0.0.1" not in answer.text


def test_metrics_count_what_was_asked(console: httpx.Client) -> None:
    console.get("/readyz")
    answer = console.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'ops_query_errors_total{source="database"}' in answer.text
    assert 'ops_cache_requests_total{outcome="miss"}' in answer.text
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("asked", ["", "?lang=ko&page=%2F%2Felsewhere.example"])
def test_the_first_pages_name_is_an_address_too(console: httpx.Client, asked: str) -> None:
    answer = console.get(f"/overview{asked}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, f"/{asked}")


def test_the_font_is_served(console: httpx.Client) -> None:
    """Which also shows that the repository's .streamlit/config.toml is used: it switches static serving on."""
    answer = console.get("/app/static/inter.woff2")
    assert answer.status_code == 200
    assert answer.content == (ROOT / "dashboard" / "static" / "inter.woff2").read_bytes()


@pytest.mark.parametrize("name", ["keyboard.js", "visibility.js"])
def test_scripts_are_served_as_what_the_browser_may_run(console: httpx.Client, name: str) -> None:
    answer = console.get(f"/app/static/{name}?12345678")
    assert "javascript" in answer.headers["content-type"]
    assert "script-src 'self' 'unsafe-inline';" in answer.headers["content-security-policy"]
    assert answer.content == (ROOT / "dashboard" / "static" / name).read_bytes()


@pytest.mark.parametrize(
    "path", ["/", "/stuck", "/healthz", "/metrics", "/app/static/inter.woff2", "/_stcore/health"]
)
def test_headers_are_on_everything(console: httpx.Client, path: str) -> None:
    headers = console.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "*" not in policy


def test_demo_sign_in_is_not_offered_to_everybody() -> None:
    told = refused("--host", EVERYWHERE, OPS_DATABASE_URL="postgresql://reader@db/books")
    assert told == "OPS_AUTH=demo lets anybody in, so the console does not listen on 0.0.0.0: use 127.0.0.1."


def test_faulty_settings_stop_it_with_a_sentence_each() -> None:
    told = refused(OPS_TIMEZONE="Mars", OPS_DATABASE_URL="mysql://me:hunter2@db/books").splitlines()
    assert [sentence.split()[0] for sentence in told] == ["OPS_DATABASE_URL", "OPS_TIMEZONE"]
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize("mode", ["oidc", "proxy"])
def test_it_does_not_start_where_nobody_could_sign_in(mode: str) -> None:
    told = refused(OPS_DATABASE_URL="postgresql://reader@db/books", OPS_AUTH=mode)
    assert told.startswith(f"OPS_AUTH={mode} needs ")
