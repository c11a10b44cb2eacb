"""Errors of every kind around conspicuous secrets: none is on a page, in a sentence, a log line or an address."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from dashboard import navigation
from dashboard import settings as shell_settings
from dashboard.cli import app
from demo.postgres import Postgres
from tests.actions.odd_service import Answer, Handler, OddService, status
from tests.dashboard.conftest import Configure
from tests.fuzz import console, shown
from tests.fuzz.hostile_rows import JOB
from tests.pages.guardrail_screen import ADMIN
from tests.pages.screen import opened

DATABASE, STORE, PROMETHEUS, ADMIN_KEY, ALIAS_KEY, TARGET, COOKIE, CLIENT = SECRETS = (
    "S3cretOfTheDatabase", "S3cretOfTheStore", "S3cretOfPrometheus", "S3cretAdminKey", "S3cretOfAliases",
    "S3cretOfTheReceiver", "S3cretOfTheCookies-0123456789abcdef", "S3cretOfTheClient",
)  # fmt: skip
# As a request carries it.
WRITTEN = base64.b64encode(f"somebody:{PROMETHEUS}".encode()).decode()
KEPT = (*SECRETS, WRITTEN)
PAGES = [entry.name for entries in navigation.CONTENTS.values() for entry in entries]
COMMANDS = (
    *(["doctor"], ["migrate"], ["rollup"], ["rollup", "--check"], ["report"], ["report", "--send"]),
    *(["audit", "verify"], ["audit", "export"]),
)
World = Mapping[str, str]


def echoing(code: int) -> Answer:
    """Refuses, and repeats all that it was sent."""

    def answer(handler: Handler) -> None:
        sent = " ".join(f"{name}: {value}" for name, value in handler.headers.items())
        told = {"detail": sent, "error": {"code": sent, "message": sent}, "status": "error", "errorType": "x"}
        status(code, told | {"error": sent} if "/api/v1/" in handler.path else told)(handler)

    return answer


@pytest.fixture(scope="module")
def worlds(postgres: Postgres) -> Iterator[dict[str, World]]:
    """What is wrong by its name, with the settings that make it so."""
    with OddService() as refusing, OddService() as failing, OddService() as elsewhere:
        refusing.answer(echoing(401))
        failing.answer(echoing(422))
        elsewhere.answer(status(302, {}, headers={"Location": f"{refusing.url}/{ADMIN_KEY}"}))
        nowhere = "127.0.0.1:1"
        yield {
            "nothing answers": settings(nowhere, nowhere, f"http://{nowhere}", nowhere),
            "no such host": settings("no-such-host.invalid", nowhere, "http://no-such-host.invalid", nowhere),
            "refused": settings(f"127.0.0.1:{postgres.port}", f"127.0.0.1:{postgres.port}", refusing.url,
                                refusing.url.removeprefix("http://")),
            "failing": settings(nowhere, nowhere, failing.url, failing.url.removeprefix("http://")),
            "elsewhere": settings(nowhere, nowhere, elsewhere.url, elsewhere.url.removeprefix("http://")),
        }  # fmt: skip


def settings(database: str, store: str, service: str, prometheus: str) -> World:
    return {
        "database_url": f"postgresql://no_such_reader:{DATABASE}@{database}/no_such_books?connect_timeout=2",
        "store_url": f"postgresql://no_such_writer:{STORE}@{store}/no_such_books?connect_timeout=2",
        "prometheus_url": f"http://somebody:{PROMETHEUS}@{prometheus}",
        "service_url": service,
        "service_admin_key": ADMIN_KEY,
        "alias_key": ALIAS_KEY,
        "report_targets": f"json://somebody:{TARGET}@127.0.0.1:1/{TARGET}",
        "deadline_seconds": "2",
    }


def test_every_secret_is_set(worlds: dict[str, World]) -> None:
    for world in worlds.values():
        assert {secret for secret in SECRETS if secret in " ".join(world.values())} == {*SECRETS} - {
            COOKIE,
            CLIENT,
        }


@pytest.mark.parametrize("world", ["nothing answers", "no such host", "refused", "failing", "elsewhere"])
def test_no_page_and_no_log_line_holds_one(
    configure: Configure,
    worlds: dict[str, World],
    world: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, "dashboard")
    configure(**worlds[world])
    for page in PAGES:
        at = opened(page, person=ADMIN, **({"job": JOB} if page == "job" else {}))
        shown.safe(at)
        for secret in KEPT:
            assert not shown.holds(at, secret), f"{page} shows {secret}"
    free_of_secrets(caplog.text, *capfd.readouterr())
    for record in caplog.records:
        if record.exc_info:
            free_of_secrets("".join(traceback.format_exception(*record.exc_info)))


@pytest.mark.parametrize("world", ["nothing answers", "refused", "failing"])
def test_no_command_tells_one(
    configure: Configure, worlds: dict[str, World], world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    configure(**worlds[world])
    for command in COMMANDS:
        told = CliRunner().invoke(app, command)
        assert told.exit_code, command
        assert isinstance(told.exception, SystemExit), command
        free_of_secrets(told.output)


FAULTY: dict[str, str] = {
    "OPS_DATABASE_URL": f"mysql://me:{DATABASE}@db/books",
    "OPS_STORE_URL": f"postgresql://me:{STORE}@db:no-port/books",
    "OPS_PROMETHEUS_URL": f"ftp://me:{PROMETHEUS}@prometheus",
    "OPS_SERVICE_URL": f"ftp://me:{ADMIN_KEY}@service",
    "OPS_REPORT_TARGETS": f"nonsense://{TARGET}",
}


@pytest.mark.parametrize("name", FAULTY)
def test_faulty_settings_are_told_without_them(
    configure: Configure, worlds: dict[str, World], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    configure(**worlds["nothing answers"])
    monkeypatch.setenv(name, FAULTY[name])
    shell_settings.load.cache_clear()
    free_of_secrets(CliRunner().invoke(app, ["doctor"]).output)
    at = opened()
    assert not [secret for secret in KEPT if shown.holds(at, secret)]


def free_of_secrets(*texts: str) -> None:
    for secret in KEPT:
        for text in texts:
            assert secret not in text, f"{secret} in …{text[max(0, text.find(secret) - 300) :][:600]}"


SIGN_IN = f"""
[auth]
redirect_uri = "http://127.0.0.1/oauth2callback"
cookie_secret = "{COOKIE}"
client_id = "console"
client_secret = "{CLIENT}"
server_metadata_url = "http://127.0.0.1:1/.well-known/openid-configuration"
client_kwargs = {{ code_challenge_method = "S256" }}
"""
PATHS = (
    "/readyz",
    "/metrics",
    "/healthz",
    "/",
    "/_stcore/health",
    "/nowhere",
    "/auth/login",
    "/oauth2callback?code=x",
)


@pytest.mark.parametrize("auth", ["demo", "oidc"])
def test_a_process_keeps_them(worlds: dict[str, World], auth: str, tmp_path: Path) -> None:
    """In its whole output, and in all that it answers to whoever looks after it."""
    file = tmp_path / "secrets.toml"
    file.write_text(SIGN_IN)
    variables = {f"OPS_{name.upper()}": value for name, value in worlds["refused"].items()}
    beside = {"OPS_ROLLUP_SECONDS": "1", "OPS_AUTH": auth, "OPS_SETTINGS_FILE": str(file)}
    with console.running(tmp_path, **variables, **beside) as running:
        with httpx.Client(base_url=running.url, trust_env=False, timeout=30) as client:
            answers = [client.get(path) for path in PATHS]
        for answer in answers:
            free_of_secrets(answer.text, str(answer.headers), str(answer.url))
        assert json.loads(answers[0].text)
    free_of_secrets(running.written())
    assert "Traceback" not in running.written()
