"""The rules and their promtool tests as they are written, for tests about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dashboard.settings import ROOT
from demo.prometheus import RULES, Binaries, find

TESTS = ROOT / "prometheus" / "tests"
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Rule:
    """One alerting rule as its file says it; key tells it from others of its name."""

    name: str
    file: str
    written: Mapping[str, Any]

    @property
    def key(self) -> Mapping[str, str]:
        return {"alertname": self.name, **self.written["labels"]}

    @property
    def notes(self) -> Mapping[str, str]:
        notes: Mapping[str, str] = self.written["annotations"]
        return notes

    def __str__(self) -> str:
        return "-".join(self.key.values())


@dataclass(frozen=True)
class Check:
    """One expectation of a promtool test: of these alerts (by labels), those and no others are there."""

    case: str
    files: tuple[str, ...]
    asked: Mapping[str, str]
    told: tuple[Mapping[str, str], ...]

    def fires(self, rule: Rule) -> bool:
        """Whether it sees just this rule firing."""
        wanted = {**rule.key, "alertstate": "firing"}
        return any(wanted.items() <= labels.items() for labels in self.told)

    def silent(self, rule: Rule) -> bool:
        """Whether it asks for this rule and does not see it firing."""
        about = all(rule.key.get(name) == value for name, value in self.asked.items() if name != "alertstate")
        return about and rule.file in self.files and not self.fires(rule)


def binaries() -> Binaries:
    found = find()
    assert found is not None, "make test installs Prometheus"
    return found


@cache
def alerts() -> tuple[Rule, ...]:
    """Every alerting rule."""
    return tuple(
        Rule(rule["alert"], path.name, rule)
        for path in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    )


@cache
def checks() -> tuple[Check, ...]:
    """What the promtool tests expect of ALERTS."""
    return tuple(
        Check(
            case["name"],
            files,
            labels(check["expr"]),
            tuple(labels(one["labels"]) for one in check["exp_samples"]),
        )
        for path in sorted(TESTS.glob("*.yml"))
        for document in [yaml.safe_load(path.read_text())]
        for files in [tuple(Path(file).name for file in document["rule_files"])]
        for case in document["tests"]
        for check in case.get("promql_expr_test", ())
        if "ALERTS" in check["expr"]
        for told in [tuple(labels(one["labels"]) for one in check["exp_samples"])]
    )


def labels(text: str) -> Mapping[str, str]:
    """Those of a selector or of a sample, as they are written."""
    return dict(_LABEL.findall(text))
