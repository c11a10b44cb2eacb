"""The alerting rules: right by promtool, each with its three cases, its runbook section and its page."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from dashboard import navigation, runbook
from demo import prometheus
from demo.prometheus import RULES
from queries.job_language import parse
from tests.prometheus.rules import TESTS, Check, Rule, alerts, binaries, checks

EXAMPLE = RULES.parent / "alertmanager.example.yml"
THRESHOLDS = {
    "StuckJobs": ["> 0", "> 5"],
    "LowSuccessRate": ["< 0.9", "< 0.8"],
    "QueueNearLimit": ["> 0.5", ">= 1"],
    "ImageFailures": ["> 0.05", "> 0.15"],
    "LLMErrors": ["> 0.02", "> 0.1"],
    "DatabasePoolNearlyFull": ["> 0.8"],
    "MonitorDead": ["> 600"],
}
# They tell that there is nothing to go by.
WITHOUT_METRICS = ("ServiceDown", "MetricsMissing", "ConsoleDown")


def promtool(*arguments: str) -> str:
    done = subprocess.run([str(binaries().promtool), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_rules_are_in_order_for_promtool_and_loaded_by_the_configuration(tmp_path: Path) -> None:
    configuration = tmp_path / "prometheus.yml"
    prometheus.configure(configuration, service="127.0.0.1:1", console="127.0.0.1:2")
    told = promtool("check", "config", str(configuration))
    assert f"{len(list(RULES.glob('*.yml')))} rule files found" in told
    assert "duplicate" not in promtool("check", "rules", *map(str, RULES.glob("*.yml")))


@pytest.mark.parametrize("path", sorted(TESTS.glob("*.yml")), ids=lambda path: path.stem)
def test_they_fire_and_stay_silent_as_told(path: Path) -> None:
    promtool("test", "rules", str(path))


@pytest.mark.parametrize("rule", alerts(), ids=str)
def test_each_alert_is_seen_firing_quiet_and_without_traffic(rule: Rule) -> None:
    def cases(words: str) -> list[Check]:
        return [check for check in checks() if check.case.startswith(words)]

    assert any(check.fires(rule) for check in cases(f"{rule.name} fires")), "no case shows it firing"
    assert any(check.silent(rule) for check in cases(f"{rule.name} stays quiet")), "no case shows it quiet"
    assert any(check.silent(rule) for check in cases("without traffic")), "no case shows it without traffic"
    assert cases(f"{rule.name} does not flap"), "no case shows it steady"


@pytest.mark.parametrize("rule", alerts(), ids=str)
def test_each_alert_tells_what_to_do_and_where(rule: Rule) -> None:
    assert {"for", "keep_firing_for"} <= rule.written.keys(), "it would flap"
    assert rule.written["labels"]["severity"] in ("warning", "critical")
    assert {"summary", "description", "watches", "runbook", "page"} <= rule.notes.keys()
    assert "$value" in rule.notes["summary"] + rule.notes["description"] or rule.name in (
        *("ServiceDown", "MetricsMissing", "BreakerOpen", "ConsoleDown"),
    )
    assert "needs" in rule.notes or rule.name in WITHOUT_METRICS, "its silence may mean nothing"
    told = runbook.section(rule.notes["runbook"])
    assert rule.notes["runbook"] == f"operating.md#{rule.name.lower()}"
    assert told is not None
    assert all(f"**{word}**" in told for word in ("Means", "Look", "Do"))
    page, _, query = rule.notes["page"].partition("?")
    assert page in {entry.name for entries in navigation.CONTENTS.values() for entry in entries}
    for text in parse_qs(query).get("q", ()):
        parse(text, UTC)


def test_the_thresholds_are_the_contract_s() -> None:
    for name, expected in THRESHOLDS.items():
        for rule, ends in zip(named(name), expected, strict=True):
            assert rule.written["expr"].endswith(ends)


def named(name: str) -> list[Rule]:
    return [rule for rule in alerts() if rule.name == name]


def test_the_alertmanager_example_has_a_receiver_for_each_route_and_no_secret() -> None:
    example = yaml.safe_load(EXAMPLE.read_text())
    receivers = {receiver["name"] for receiver in example["receivers"]}
    assert {route["receiver"] for route in routes(example["route"])} == receivers
    kinds = {kind for receiver in example["receivers"] for kind in receiver if kind != "name"}
    assert kinds == {"webhook_configs", "slack_configs", "email_configs"}
    secrets = [
        (key, value)
        for key, value in pairs(example)
        if any(word in key for word in ("password", "credentials", "api_url", "token", "secret"))
    ]
    assert len(secrets) == 3
    assert all(key.endswith("_file") and value.startswith("/") for key, value in secrets)


def routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for one in route.get("routes", ()):
        yield from routes(one)


def pairs(node: object) -> Iterator[tuple[str, str]]:
    """Every key with its value, however deep, where that is a text."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [(key, value)] if isinstance(value, str) else pairs(value)
    elif isinstance(node, list):
        for one in node:
            yield from pairs(one)
