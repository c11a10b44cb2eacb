"""Alerts as verdicts: all on their own page, those about money on Costs, in one line on the Overview."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dashboard.components import alert_now, assessments
from dashboard.components.alert_now import Told
from dashboard.components.formatting import Zone, ago, clock, count, plain
from dashboard.components.header import zone
from dashboard.components.notices import guarded
from dashboard.components.verdicts import Link, State, Verdict
from dashboard.i18n import t, tn
from dashboard.settings import ROOT
from queries.alerts import AlertRule, AlertState
from queries.errors import NotConfigured, OpsError

COSTS = "costs"
RULES = ROOT / "prometheus" / "rules"
# What the Overview finds out by itself, from the database.
TOLD_BY_OVERVIEW = frozenset(
    {"StuckJobs", "MonitorDead", "QueueNearLimit", "LowSuccessRate", "CostLast24Hours", "BreakerOpen"}
)


def every(rules: Sequence[AlertRule], here: Zone) -> tuple[Verdict, ...]:
    """What fires, worst first, and in one line that nothing else does; how to load rules where there are none."""
    if not rules:
        return (none_loaded(),)
    firing = alert_now.told(rules, AlertState.FIRING)
    return (*(verdict(one, alert_now.link(one), here) for one in firing), *_quiet(rules, len(firing)))


def pending(rules: Sequence[AlertRule], here: Zone) -> Sequence[Verdict]:
    """What will fire if it goes on, and is not told as firing already."""
    return [verdict(one, None, here) for one in _about_to(rules)]


def cost() -> tuple[Verdict, ...]:
    """The alerts whose page is Costs, firing, then pending; a quiet line where there is none."""
    answer = guarded(alert_now.ask)
    if isinstance(answer, OpsError):
        return (assessments.unavailable(t("Cost alerts"), answer),)
    rules = [rule for rule in answer.value if rule.page.partition("?")[0] == COSTS]
    if not rules:
        return (Verdict(State.NO_DATA, t("Cost alerts: no such rule is loaded in Prometheus.")),)
    found = [*alert_now.told(rules, AlertState.FIRING), *_about_to(rules)]
    here = zone()
    return tuple(verdict(one, _to_alerts(alert_now.key(one)), here) for one in found) or _quiet(rules, 0)


def all() -> tuple[Verdict, ...]:
    """One line for the Overview: what fires that it does not tell itself; () where no rule of ours is there."""
    answer = guarded(alert_now.ask)
    if isinstance(answer, NotConfigured) or (not isinstance(answer, OpsError) and not answer.value):
        return ()
    if isinstance(answer, OpsError):
        return (assessments.unavailable(t("Alerts"), answer),)
    firing = alert_now.told(answer.value, AlertState.FIRING)
    others = [one for one in firing if one.rule.name not in TOLD_BY_OVERVIEW]
    if not others:
        return (Verdict(State.OK, t("no other alert firing") if firing else t("no alert firing")),)
    head = tn("{n} alert is firing:", "{n} alerts are firing:", len(others))
    return (Verdict(others[0].state, f"{head} {alert_now.headline(others[0])}", "", _to_alerts("all")),)


def none_loaded() -> Verdict:
    """Prometheus answers and has no alerting rule: how to give it ours."""
    return Verdict(
        State.NO_DATA,
        t("Prometheus has no alerting rules, so nothing raises an alarm."),
        t(
            "Load those that come with the console: copy {folder} beside prometheus.yml, name it under rule_files"
            " and reload Prometheus. See Alerts in docs/operating.md.",
            folder=plain(str(RULES)),
        ),
    )


def verdict(one: Told, link: Link | None, here: Zone) -> Verdict:
    """One alert: what, since when, and in more words."""
    now = datetime.now(UTC)
    since = _since(one, here, now)
    said = " ".join(part for part in (since, plain(one.alert.description)) if part)
    state = State.WARNING if one.alert.state is AlertState.PENDING else one.state
    return Verdict(state, alert_now.headline(one), said, link)


def _since(one: Told, here: Zone, now: datetime) -> str:
    at = one.alert.since
    when = {"time": clock(at, here, now=now), "ago": ago(at, now)}
    if one.alert.state is AlertState.PENDING:
        return t("Pending since {time} ({ago}).", **when)
    since = t("Since {time} ({ago}).", **when)
    if one.alert.calm_since is None:
        return since
    over = t(
        "No longer true since {time}; it ends if it stays so.", time=clock(one.alert.calm_since, here, now=now)
    )
    return f"{since} {over}"


def _about_to(rules: Sequence[AlertRule]) -> Sequence[Told]:
    """Those pending; not where a worse one of the same trouble fires already."""
    firing = {one.trouble for one in alert_now.told(rules, AlertState.FIRING)}
    return [one for one in alert_now.told(rules, AlertState.PENDING) if one.trouble not in firing]


def _quiet(rules: Sequence[AlertRule], firing: int) -> tuple[Verdict, ...]:
    """In one line what is fine, in another what cannot be known."""
    fine = sum(rule.state is AlertState.INACTIVE for rule in rules)
    silent = sum(rule.state is AlertState.NO_DATA for rule in rules)
    told = []
    if fine:
        others = t("{n} of {total} rules are quiet", n=count(fine), total=count(len(rules)))
        told.append(Verdict(State.OK, others if firing else t("no alert firing: {others}", others=others)))
    if silent:
        head = tn("{n} rule has no data:", "{n} rules have no data:", silent)
        told.append(Verdict(State.NO_DATA, head, t("what it watches is not in Prometheus now.")))
    return tuple(told)


def _to_alerts(key: str) -> Link:
    return Link("alerts", t("Show the alerts"), {}, key)
