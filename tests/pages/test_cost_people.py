"""Who and what the money went to, against the ledger's rows; what burns, against a real Prometheus."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import connections
from dashboard.components import cost_burn, cost_burn_now, cost_users, usage_span
from dashboard.components.queue_span import Span
from queries import burn, metrics
from queries.models import Series
from queries.prometheus import Prometheus
from tests.dashboard.conftest import Configure
from tests.pages.screen import run, table, words
from tests.pages.usage_rows import KEYS, add_call, add_jobs
from tests.queries.conftest import run as run_sql
from tests.queries.scraping import DEADLINE, exporting, scraping

# This Prometheus knows no more than some seconds.
SECONDS = Span(timedelta(minutes=5), timedelta(seconds=1), timedelta(minutes=1))
AT = datetime(2026, 11, 23, tzinfo=UTC)
PAGE = """
from dashboard.components import cost_burn, cost_jobs, cost_users, usage_span

days = usage_span.lately(2)
for part in (lambda: cost_users.show(days), lambda: cost_jobs.show(days), cost_burn.show):
    part()
"""
# Two replicas; images cost four times as much as words, and nothing went to the voice.
EXPORTED = """
bookgen_api_cost_usd_total{{provider="picture-one",kind="image",replica="a"}} {four}
bookgen_api_cost_usd_total{{provider="picture-one",kind="image",replica="b"}} {four}
bookgen_api_cost_usd_total{{provider="story-llm",kind="llm",replica="a"}} {two}
bookgen_api_cost_usd_total{{provider="voice-one",kind="tts",replica="a"}} 7
"""
CALL = """
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
select id || attempt, now(), id, attempt, user_key, 'picture-one', 'image', 'm', 'generate_images', 'succeeded', 1,
    case status when 'failed' then 2 else 0.013 * row_number() over (order by attempt, id) end
from jobs, generate_series(1, 2) attempt
"""


@pytest.fixture
def spent(newer: str) -> str:
    """Users with jobs that were paid for twice, calls without a user, one without a price."""
    for number in range(20):
        add_jobs(newer, KEYS[number], 1 + number % 3)
    add_jobs(newer, KEYS[20], 2, failed=1)
    run_sql(newer, CALL)
    add_call(newer, KEYS[30], 0.004)
    add_call(newer, None, 1.5)
    add_call(newer, None, None)
    return newer


def shown() -> AppTest:
    return run(AppTest.from_string(PAGE, default_timeout=60))


def by_key(url: str) -> dict[str | None, Decimal]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select user_key, sum(cost_usd) from cost_events group by 1").fetchall()
    return dict(rows)


def test_who_and_what_the_money_went_to(spent: str) -> None:
    expected, aliases = by_key(spent), connections.aliases()
    at = shown()
    users, jobs = table(at, 0), table(at, 1)
    # Fifteen users, seven others (one of them without a job), no user, the total.
    assert [row["user"] for row in users[-3:]] == ["#7 others", "#no user", "#total"]
    named = {aliases.alias(key): usd for key, usd in expected.items() if key is not None}
    most = sorted(named.items(), key=lambda one: -one[1])[: cost_users.LISTED]
    assert [row["user"] for row in users[:-3]] == [f"user?user={alias}" for alias, _ in most]
    whole = sum(expected.values())
    assert users[0]["share"] == pytest.approx(float(100 * most[0][1] / whole))
    assert (users[-2]["spend"], users[-2]["cumulative"], users[-1]["cumulative"]) == ("$1.50", 100, 100)
    assert sum(row["jobs"] for row in users[:-1]) == users[-1]["jobs"] == 41
    assert users[-1]["finished"] == 41
    told = words(at)
    assert "1 call unpriced" in told
    assert not any(key in str(users) + str(jobs) + told for key in KEYS)

    with psycopg.connect(spent) as connection:
        top, usual = connection.execute(
            "select max(usd), percentile_cont(0.5) within group (order by usd) filter (where status = 'done') from"
            " (select id, status, sum(cost_usd) usd from jobs join cost_events on job_id = id group by 1, 2) each"
        ).fetchall()[0]
    assert len(jobs) == 20
    assert jobs[0]["spend"] == f"${top:.2f}"
    assert jobs[0]["times"] == pytest.approx(float(top) / usual)
    # Of the one that failed nothing is left.
    assert (jobs[0]["status"], jobs[0]["wasted"], jobs[1]["wasted"]) == ("failed", "$4.00", "$0.00")
    # Without Prometheus the burn is the ledger's.
    assert "by the ledger, since Prometheus does not tell" in told
    assert "The threshold of $500 a day (OPS_DAILY_COST_CRITICAL) allows" in told


def test_every_dollar_stands_in_the_file_once(spent: str) -> None:
    found = cost_users.ask(usage_span.lately(2))
    listed = [one.alias for one in found.users[: cost_users.LISTED]]
    assert cost_users.rows(found, listed)[-1]["spend"] == f"${sum(by_key(spent).values()):.2f}"
    names, *lines = csv.reader(io.StringIO(cost_users.as_csv(found).decode("utf-8-sig")))
    usd = [Decimal(line[names.index("usd")]) for line in lines]
    assert sum(usd) == sum(by_key(spent).values()) == found.all.usd
    assert sorted(usd) == sorted(by_key(spent).values())
    assert lines[-1][0] == cost_users.NOBODY


def test_an_older_deployment_is_estimated(hanging: str, configure: Configure) -> None:
    nothing = words(shown())
    assert nothing.count("there is no ledger and no price list") == 2
    assert "What is being spent now is not offered" in nothing
    configure(price_per_image="0.04", price_per_llm_call="0.01")
    at = shown()
    told, users = words(at), table(at, 0)
    assert "estimated from the price list" in told
    found = cost_users.ask(usage_span.lately(2))
    assert sum((one.usd for one in found.users), Decimal(0)) == found.all.usd > 0
    assert users[-1]["user"] == "#total"
    assert connections.settings().database_url == hanging


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    def exported(scrape: int) -> str:
        return EXPORTED.format(two=2 * scrape, four=4 * scrape)

    with exporting(exported) as port, scraping(port, tmp_path_factory.mktemp("prometheus")) as address:
        yield address


def test_what_burns_by_prometheus(
    prometheus: str, newer: str, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost_burn, "LOOKED_BACK", SECONDS)
    configure(prometheus_url=prometheus)
    client = Prometheus(prometheus, "bookgen_", DEADLINE)
    (before,) = client.instant(metrics.cost_usd_per_hour("bookgen_"))
    found = burn.now(client)
    (after,) = client.instant(metrics.cost_usd_per_hour("bookgen_"))
    assert [(one.provider, one.kind) for one in found] == [
        ("picture-one", "image"), ("story-llm", "llm"), ("voice-one", "tts"),
    ]  # fmt: skip
    # It only grows while the window fills.
    assert before.value - 0.01 <= float(sum(one.usd_per_hour for one in found)) <= after.value + 0.01
    assert float(found[0].usd_per_hour / found[1].usd_per_hour) == pytest.approx(4)
    assert found[2].usd_per_hour == 0
    assert burn.now(Prometheus(prometheus, "other_", DEADLINE)) == ()

    add_call(newer, None, 499)
    at = shown()
    now = cost_burn_now.ask()
    assert now is not None
    assert list(now.by_kind) == ["image", "llm", "tts"]
    told = words(at)
    assert "an hour are being spent: images $" in told
    assert "The threshold of $500 a day" in told
    (chart,) = at.get("plotly_chart")
    assert "images at picture-one" in chart.proto.spec
    assert "voice-one" not in chart.proto.spec
    assert "Prometheus" in told


def test_too_many_parts_are_drawn_together() -> None:
    pieces = [Series({"provider": f"p{n}", "kind": "llm"}, ((AT, float(n)),)) for n in range(9)]
    drawn = cost_burn.lines(pieces)
    assert [line.name for line in drawn] == [*(f"text at p{n}" for n in (8, 7, 6, 5)), "others"]
    assert drawn[-1].points == [(AT, 10.0)]
    assert len({line.colour for line in drawn}) == 5
    assert [line.name for line in cost_burn.lines([Series({"kind": "<b>"}, ((AT, 1.0),))])] == ["&lt;b&gt;"]
