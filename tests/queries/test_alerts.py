"""What the rules of Prometheus say, and what it means that one says nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from queries import alerts, metrics
from queries.alerts import AlertRule, AlertState
from queries.errors import PrometheusError, PrometheusUnavailable
from queries.prometheus import Prometheus
from tests.queries import odd_prometheus
from tests.queries.told_rules import alert, rule, telling

DEADLINE = timedelta(seconds=20)


def told(rules: object, *there: str) -> tuple[AlertRule, ...]:
    with telling(rules, there) as url:
        return alerts.rules(Prometheus(url, "bookgen_", DEADLINE))


def test_rules_come_worst_first_with_all_that_they_say() -> None:
    asked = [
        rule("Quiet", needs="bookgen_jobs"),
        rule("Waits", alert("pending")),
        rule("Warns", alert()),
        rule("Blind", needs="bookgen_jobs bookgen_gone"),
        rule("Alarms", alert(value="1.5e+01", about={"provider": "p"}), severity="critical", summary="It burns",
             description="Much", watches="Fire", runbook="operating.md#alarms", page="queue?x=1"),
    ]  # fmt: skip
    found = told(asked, "bookgen_jobs")
    assert [(one.name, one.state) for one in found] == [
        ("Alarms", AlertState.FIRING),
        ("Warns", AlertState.FIRING),
        ("Waits", AlertState.PENDING),
        ("Blind", AlertState.NO_DATA),
        ("Quiet", AlertState.INACTIVE),
    ]
    worst, blind, quiet = found[0], found[3], found[4]
    assert (worst.severity, worst.watches, worst.runbook, worst.page) == (
        *("critical", "Fire", "operating.md#alarms", "queue?x=1"),
    )
    assert worst.since == datetime(2026, 11, 23, 2, 14, 0, 123456, UTC)
    assert worst.value == 15
    (one,) = worst.alerts
    assert (one.summary, one.description, one.labels["provider"], one.calm_since) == (
        "It burns",
        "Much",
        "p",
        None,
    )
    assert blind.missing == ("bookgen_gone",)
    assert (quiet.since, quiet.value, quiet.missing) == (None, None, ())


def test_a_rule_that_cannot_be_evaluated_is_not_quiet() -> None:
    broken, new = told([rule("Broken", health="err", error="many-to-many"), rule("New", health="unknown")])
    assert (broken.state, broken.error) == (AlertState.NO_DATA, "many-to-many")
    assert (new.state, new.error) == (AlertState.NO_DATA, "")


def test_what_fires_fires_though_its_metric_is_gone() -> None:
    (one,) = told([rule("Alarms", alert(), needs="bookgen_gone")])
    assert (one.state, one.missing) == (AlertState.FIRING, ("bookgen_gone",))


def test_an_alert_that_is_held_against_flapping_says_since_when_it_is_calm() -> None:
    (one,) = told([rule("Alarms", alert(value="NaN", keepFiringSince="2026-11-23T02:20:00Z"))])
    assert one.alerts[0].calm_since == datetime(2026, 11, 23, 2, 20, tzinfo=UTC)
    assert one.value is None


def test_a_foreign_rule_needs_no_word_of_ours() -> None:
    bare = {"name": "Foreign", "state": "firing", "health": "ok", "alerts": [{**alert(), "labels": None}]}
    (one,) = told([bare])
    assert (one.name, one.state, one.severity, one.page, one.runbook) == ("Foreign", AlertState.FIRING, "", "", "")


def test_no_rules_are_none() -> None:
    assert told([]) == ()


def test_nothing_but_names_of_metrics_is_asked_for() -> None:
    (one,) = told([rule("Odd", needs='up"} bookgen_jobs|up up')], "up")
    assert one.missing == ('up"}', "bookgen_jobs|up")
    assert metrics.present(["a", "b:c"]) == 'group by (__name__) ({__name__=~"a|b:c"})'


@pytest.mark.parametrize(
    "rules", ["text", [7], [{}], [{**rule("A"), "state": "odd"}], [rule("A", {**alert(), "activeAt": "noon"})]]
)
def test_an_answer_that_holds_no_rules_is_one_sentence(rules: Any) -> None:
    with pytest.raises(PrometheusUnavailable, match="its answer holds something else than rules"):
        told(rules)


@pytest.mark.parametrize("name", ["gateway", "html", "other-json", "error-200", "hang-up", "redirect"])
def test_whatever_answers_in_its_place_becomes_a_sentence(name: str) -> None:
    with odd_prometheus.running() as odd, pytest.raises(PrometheusError) as caught:
        alerts.rules(Prometheus(odd.url(name), "bookgen_", DEADLINE))
    assert "hunter2" not in str(caught.value)


def test_the_deadline_holds() -> None:
    with odd_prometheus.running() as odd, pytest.raises(PrometheusUnavailable, match="no complete answer"):
        alerts.rules(Prometheus(odd.url("mute"), "bookgen_", timedelta(milliseconds=200)))
