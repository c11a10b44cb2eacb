"""The rules in a world where a minute lasts a second, and a real Prometheus that runs them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from demo.postgres import free_port
from demo.prometheus import RULES
from tests.prometheus.rules import binaries

FACTOR = 60
# Alerts stay pending long enough for a page to be looked at.
PENDING_FACTOR = 20
_MILLISECONDS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+)([smhd])")
_WINDOW = re.compile(r"\[(\d+[smhd])\]")


def write(folder: Path) -> None:
    """Copies of all rules into the folder, every duration divided by its factor."""
    folder.mkdir()
    for path in RULES.glob("*.yml"):
        document = yaml.safe_load(path.read_text())
        for group in document["groups"]:
            group["rules"] = [_scaled(rule) for rule in group["rules"]]
        (folder / path.name).write_text(yaml.safe_dump(document))


def shorter(duration: str, factor: int = FACTOR) -> str:
    """5m is 5000ms."""
    found = _DURATION.fullmatch(duration)
    assert found is not None, f"{duration} is no duration of one unit"
    return f"{int(found[1]) * _MILLISECONDS[found[2]] // factor}ms"


@contextmanager
def prometheus(service: int, folder: Path) -> Iterator[str]:
    """The address of one that scrapes the service's port and runs these rules; it may not be ready."""
    write(folder / "rules")
    configuration, port = folder / "prometheus.yml", free_port()
    configuration.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 500ms}\n"
        "rule_files: ['rules/*.yml']\n"
        f"scrape_configs: [{{job_name: bookgen, static_configs: [{{targets: ['127.0.0.1:{service}']}}]}}]\n"
    )
    command = [
        str(binaries().prometheus),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _scaled(rule: dict[str, Any]) -> dict[str, Any]:
    factors = {"for": PENDING_FACTOR, "keep_firing_for": FACTOR}
    waits = {name: shorter(rule[name], factor) for name, factor in factors.items() if name in rule}
    return {**rule, **waits, "expr": _WINDOW.sub(lambda found: f"[{shorter(found[1])}]", rule["expr"])}
