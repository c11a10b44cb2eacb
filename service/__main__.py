"""python -m service migrate | api | worker | monitor | openapi | api-alive | worker-alive | monitor-alive"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import Any

import psycopg
from pydantic import ValidationError

from service import logs
from service.settings import AdminKeyMissing, Settings

COMMANDS = {
    "migrate": ("service.database", "migrate"),
    "api": ("service.commands", "serve_api"),
    "worker": ("service.worker", "main"),
    "monitor": ("service.monitor", "main"),
    "openapi": ("service.commands", "print_api_document"),
    "api-alive": ("service.alive", "api"),
    "worker-alive": ("service.alive", "worker"),
    "monitor-alive": ("service.alive", "monitor"),
}
COUNTING = ("migrate", "api", "worker", "monitor")
MISUSE = 2
FAILURE = 1


def main() -> int:
    """Run one command; 2 where the settings are wrong, 1 where the database does not answer at the start."""
    parser = argparse.ArgumentParser(prog="python -m service", description="The book generation service.")
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args().command
    try:
        return _run(command, _settings(command))
    except ValidationError as error:
        return _complain("; ".join(_sentence(part) for part in error.errors()), MISUSE)
    except AdminKeyMissing as error:
        return _complain(str(error), MISUSE)
    except psycopg.OperationalError as error:
        return _complain(f"the database does not answer: {str(error).strip()}", FAILURE)


def _settings(command: str) -> Settings:
    """The API document is made without a database or a key."""
    given: dict[str, Any] = {"database_url": "postgresql://", "demo": True} if command == "openapi" else {}
    return Settings(**given)


def _run(command: str, settings: Settings) -> int:
    logs.configure(command)
    if command == "api":
        settings.required_admin_key()
    if command in COUNTING:
        _share_metrics(settings)
    # imported only now: prometheus_client reads its variable at its import, and a worker needs no web framework
    module, function = COMMANDS[command]
    getattr(importlib.import_module(module), function)(settings)
    return 0


def _share_metrics(settings: Settings) -> None:
    settings.shared_metrics_dir.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.shared_metrics_dir)


def _sentence(part: Any) -> str:
    """One setting's fault, by the name of its environment variable."""
    name = str(part["loc"][0]) if part["loc"] else "settings"
    variable = name if name.isupper() else f"BOOKGEN_{name.upper()}"
    return f"{variable}: {part['msg']}"


def _complain(sentence: str, status: int) -> int:
    sys.stderr.write(f"service: {sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
