"""A cost that is no number is no price: everything is as if the ledger held NULL in its place."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from actions.rollup_check import check
from actions.rollups import roll_up
from dashboard import connections, fetch
from dashboard.report import making
from dashboard.report.weeks import Week
from dashboard.settings import ROOT
from queries import job_search
from queries.job_language import parse
from tests.actions.usage_stage import FILL, KEY, MORE, TABLES
from tests.dashboard.conftest import Configure
from tests.pages.guardrail_screen import ADMIN
from tests.pages.screen import opened, press, run, table, words
from tests.pages.test_cost_emergency import ACT, SPEND, screen
from tests.queries.conftest import run as run_sql
from tests.service_process import ServiceProcesses

# As a deployment may have it: the reference service's own column holds no infinity.
WIDE = "alter table cost_events alter column cost_usd type numeric"
NARROW = "alter table cost_events alter column cost_usd type numeric(18, 9) using null"
# The steps of a book, so that a retry has a price; and credits, which are prices.
STEPS = """
update cost_events set step = case when event_id like '%-1' then 'generate_story' else 'generate_images' end,
    kind = case when event_id like '%-1' then 'llm' else 'image' end
"""
CREDITS = "update cost_events set cost_usd = -0.05 where event_id like '%3-2' and cost_usd is not null"
STUCK = """
insert into jobs (id, status, current_step, error_code, user_key, created_at, updated_at)
select 'job_' || status, status, 'generate_images', code, 'key-1', at - interval '50 min', at - interval '40 min'
  from (select now() at time zone 'utc' as at) clock,
       (values ('running', null), ('failed', 'IMAGE_FAILED')) made(status, code);
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
select id || number, now() - interval '45 min', id, 1, 'key-1', 'p', 'llm', 'm', 'generate_story', 'succeeded', 1,
       case when number = 1 then 0.25 end
  from jobs, generate_series(1, 2) number where id in ('job_running', 'job_failed')
"""
NULLS = "update cost_events set cost_usd = null where model = 'unpriced'"
MARK = "update cost_events set model = 'unpriced' where cost_usd is null"
ODD = """
update cost_events set units = 'NaN', cost_usd = (array['NaN', 'Infinity', '-Infinity']::numeric[])[1 +
    abs(hashtext(event_id)) % 3] where model = 'unpriced'
"""
# What a person reads as money, or as a count of calls without a price.
MONEY = re.compile(r"[-−]?\\?\$[\d.,]*\d|\d+ calls? (?:unpriced|without)|nan|infinity", re.IGNORECASE)
COSTS = ("cost:>0", "cost:<0.3", "cost:>=0.2 cost:<5")
NO_NUMBER = re.compile(r"\b(nan|inf|infinity)\b", re.IGNORECASE)
NOW = datetime.now(UTC)


@pytest.fixture
def ledger(service_now: ServiceProcesses, configure: Configure) -> ServiceProcesses:
    """The console before a ledger of which some calls have no price."""
    configure(alias_key=KEY, statement_timeout_seconds=60, deadline_seconds=30)
    run_sql(service_now.database_url, NARROW, WIDE, FILL, MORE, STEPS, CREDITS, STUCK, MARK)
    return service_now


def shown(at: AppTest) -> dict[str, str]:
    """The money of a page by its places: in tiles, tables and charts, and in what sentences say."""
    told: dict[str, Any] = {f"tile {one.label}": one.value for one in at.metric}
    told |= {f"said {place}": one for place, one in enumerate(MONEY.findall(words(at)))}
    for place in range(len(at.dataframe)):
        for line, row in enumerate(table(at, place)):
            told |= {f"table {place} {line} {name}": one for name, one in row.items() if _is_amount(one)}
    for place, chart in enumerate(at.get("plotly_chart")):
        drawn = json.loads(chart.proto.spec)["data"]
        told |= {f"chart {place} {number}": _amounts(one.get("y")) for number, one in enumerate(drawn)}
    return {place: str(one) for place, one in told.items()}


def _is_amount(one: object) -> bool:
    """No age, which a page that is read later tells otherwise; and no cell that is empty."""
    return "$" in one if isinstance(one, str) else one == one  # noqa: PLR0124


def _amounts(axis: Any) -> Any:
    """Plotly packs numbers as little-endian bytes."""
    if not isinstance(axis, dict):
        return axis
    return np.frombuffer(base64.b64decode(axis["bdata"]), dtype=axis["dtype"]).tolist()


def _page(name: str, **address: str) -> Callable[[], AppTest]:
    return lambda: opened(name, person=ADMIN, **address)


def _dry_run(page: str, key: str, **address: str) -> Callable[[], AppTest]:
    """Retrying what stands in its list."""

    def made() -> AppTest:
        at = opened(page, person=ADMIN, **address)
        at.button(key="select-page").click()
        at = run(at)
        at.button(key=key).click()
        return run(at)

    return made


VIEWS: dict[str, Callable[[], AppTest]] = {
    "overview": _page("overview"),
    "costs": _page("costs"),
    "usage": _page("usage"),
    "user": lambda: opened("user", person=ADMIN, user=connections.aliases().alias("key-1")),
    "jobs": _page("jobs", q="cost:>0"),
    "job": _page("job", job="job_failed"),
    "guardrails": _page("guardrails", limit=SPEND, value="2"),
    "stuck": _page("stuck"),
    "the dry run of what is stuck": _dry_run("stuck", "do-job.retry"),
    "the dry run of a search": _dry_run("jobs", "do-job.retry", q="error:IMAGE_FAILED"),
    "the emergency": lambda: press(screen(), ACT),
}


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_tells_the_same(ledger: ServiceProcesses, view: str) -> None:
    """Before and after it as with NULL; what differs between those two goes by the clock."""
    before, odd, after = (_with(ledger, cost, view) for cost in (NULLS, ODD, NULLS))
    still = {place for place, told in before.items() if after.get(place) == told}
    assert len(still) > len(before) / 2
    assert {place: odd.get(place) for place in still} == {place: before[place] for place in still}
    assert odd.keys() == before.keys()
    assert not [told for told in odd.values() if NO_NUMBER.search(told)]


def _with(ledger: ServiceProcesses, cost: str, view: str) -> dict[str, str]:
    run_sql(ledger.database_url, cost)
    fetch.clear()
    return shown(VIEWS[view]())


def test_the_searches_by_cost_find_the_same(ledger: ServiceProcesses) -> None:
    found = []
    for cost in (NULLS, ODD):
        run_sql(ledger.database_url, cost)
        fetch.clear()
        found.append([_found(text) for text in COSTS])
    assert found[1] == found[0]
    assert all(found[0])


def _found(text: str) -> int:
    return fetch.database(job_search.count, parse(text, UTC), timezone="UTC").value.number


def test_the_weekly_report_tells_the_same(ledger: ServiceProcesses) -> None:
    week = Week.of((NOW - timedelta(days=1)).date())
    made = []
    for cost in (NULLS, ODD):
        run_sql(ledger.database_url, cost)
        fetch.clear()
        made.append(making.numbers(week, "UTC", NOW))
    assert made[0].this.usd > 0
    assert made[0].this.unpriced > 0
    assert made[1] == made[0]


def test_the_roll_up_keeps_the_same(ledger: ServiceProcesses) -> None:
    kept = []
    sides = connections.jobs(), connections.service_schema(), connections.aliases(), connections.store()
    for cost in (NULLS, ODD):
        run_sql(ledger.database_url, cost)
        roll_up(*sides, anew=True)
        assert check(*sides).differences == ()
        with connections.store().connect() as connection:
            kept.append(
                {
                    name: sorted(map(tuple, connection.exec_driver_sql(f"select * from ops.{name}")))  # noqa: S608
                    for name in TABLES
                }
            )
    assert any(row for row in kept[0]["hourly_costs"])
    assert kept[1] == kept[0]


def test_one_place_reads_the_cost() -> None:
    reads = re.compile(r"\.cost_usd\b(?!_)")
    named = [file.name for file in (ROOT / "queries").glob("*.py") if reads.search(file.read_text())]
    assert named == ["call_prices.py"]
