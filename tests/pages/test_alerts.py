"""The Alerts page, and what of it stands on the Overview and on Costs."""

from __future__ import annotations

from dashboard.components import alert_verdicts
from dashboard.components.verdicts import State
from demo.postgres import free_port
from tests.dashboard.conftest import Configure
from tests.pages.screen import labels, markdown, opened, press, table, words
from tests.queries.told_rules import alert, rule, telling

NOWHERE = "postgresql://somebody@127.0.0.1:1/none"
HOSTILE = "![x](http://evil) **bold** <b>& $x$ :red[y]"
BURN = {"summary": "At this rate 12 hours cost $144.00", "page": "costs", "runbook": "operating.md#costburn"}
RULES = [
    rule("CostBurn", alert(), **BURN),
    rule("CostBurn", alert(), severity="critical", **BURN, description="Both windows."),
    rule("StuckJobs", alert("pending"), summary="3 jobs are stuck.", page="stuck", runbook="x.md#stuckjobs"),
    rule("ImageFailures", alert(about={"provider": "one"}), alert(about={"provider": "two"}),
         summary="Images fail.", page="jobs?q=error:IMAGE_* since:1h", runbook="operating.md#imagefailures"),
    rule("LowSuccessRate", needs="bookgen:enough", watches="Books that succeed", page="jobs"),
    rule("MonitorDead", watches="The monitor", page="stuck"),
    rule(HOSTILE, alert(about={"disk": HOSTILE}), severity=None, runbook="https://wiki.internal/disk"),
]  # fmt: skip


def test_what_fires_comes_first_with_its_runbook_and_the_page_that_repairs_it(configure: Configure) -> None:
    with telling(RULES) as url:
        configure(database_url=NOWHERE, prometheus_url=url, timezone="Asia/Seoul")
        at = opened("alerts")
        told = words(at)
        assert told.index("At this rate 12 hours cost $144.00") < told.index("Images fail.")
        assert told.index("Images fail.") < told.index("3 jobs are stuck.")
        assert told.count("At this rate") == 1, "the warning is told again beside the critical alert"
        assert told.count("Images fail.") == 2
        assert "Since Nov 23 11:14" in told
        assert "Pending since Nov 23 11:14" in told
        assert "1 of 7 rules are quiet" in told
        assert "1 rule has no data: what it watches is not in Prometheus now." in told
        assert [name for name in labels(at) if name.startswith("Open")] == [
            *("Open Costs", "Open Jobs", "Open Jobs"),
        ]
        runbooks = [one.label.replace("\\", "") for one in at.expander]
        assert runbooks[0].startswith("CostBurn: what it means")
        assert len(runbooks) == 4
        assert "stop the intake or lower the daily limit" in told
        assert "Its runbook is elsewhere: https://wiki.internal/disk" in told
        shown = [*markdown(at), *(one.label for one in at.expander)]
        assert not any("![x](" in text or "**bold**" in text or ":red[y]" in text for text in shown)
        rows = table(at)
        assert [row["state"] for row in rows] == [
            *("Critical", "Warning", "Warning", "Warning", "Pending", "No data", "OK"),
        ]
        assert rows[5]["note"] == "missing: bookgen:enough"
        assert rows[6]["watches"] == "The monitor"
        there = press(at, "Open Costs")
        assert there.title[0].value == "Costs"


def test_not_configured_not_there_and_no_rules_look_different(configure: Configure) -> None:
    configure(database_url=NOWHERE)
    assert "The alerts: Prometheus is not configured: set OPS_PROMETHEUS_URL." in words(opened("alerts"))
    configure(prometheus_url=f"http://127.0.0.1:{free_port()}")
    assert "Prometheus does not answer (Connection refused)" in words(opened("alerts"))
    with telling([]) as url:
        configure(prometheus_url=url)
        at = opened("alerts")
        assert "Prometheus has no alerting rules" in words(at)
        assert f"copy {alert_verdicts.RULES} beside prometheus.yml" in words(at)
        assert not at.dataframe


def test_costs_are_told_of_their_own_alerts(configure: Configure) -> None:
    configure(database_url=NOWHERE)
    assert [one.state for one in alert_verdicts.cost()] == [State.NOT_OFFERED]
    with telling(RULES) as url:
        configure(prometheus_url=url)
        (burn,) = alert_verdicts.cost()
        assert burn.state is State.CRITICAL
        assert burn.headline.replace("\\", "") == "At this rate 12 hours cost $144.00"
        assert burn.link is not None
        assert burn.link.page == "alerts"
    with telling(RULES[2:]) as url:
        configure(prometheus_url=url)
        assert [one.state for one in alert_verdicts.cost()] == [State.NO_DATA]
    with telling([rule("CostBurn", page="costs"), rule("UnpricedCalls", page="costs")]) as url:
        configure(prometheus_url=url)
        (quiet,) = alert_verdicts.cost()
        assert (quiet.state, quiet.headline) == (State.OK, "no alert firing: 2 of 2 rules are quiet")


def test_the_overview_tells_in_one_line_what_it_does_not_find_out_itself(newer: str, configure: Configure) -> None:
    with telling([*RULES, rule("BreakerOpen", alert(), summary="The circuit breaker is open.")]) as url:
        configure(prometheus_url=url)
        at = opened()
        assert "4 alerts are firing: At this rate 12 hours cost $144.00" in words(at)
        assert "The circuit breaker is open." not in words(at)
        assert press(at, "Show the alerts").title[0].value == "Alerts"
    with telling([rule("BreakerOpen", alert())]) as url:
        configure(prometheus_url=url)
        assert "no other alert firing" in words(opened())
    with telling([rule("BreakerOpen")]) as url:
        configure(prometheus_url=url)
        assert "no alert firing" in words(opened())
    with telling([]) as url:
        configure(prometheus_url=url)
        assert "firing" not in words(opened())
