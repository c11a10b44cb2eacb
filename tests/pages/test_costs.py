"""The Costs page: its numbers beside sums that SQL alone makes of the same rows, and what it lacks sources for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from tests.components.drawn import values
from tests.dashboard.conftest import Configure
from tests.pages.screen import labels, markdown, numbers, opened, refreshed, run, words
from tests.queries.conftest import run as run_sql
from tests.service_process import ServiceProcesses

# Books of eighty days, two a day at noon and one at its first moment; every seventh failed, with its calls.
JOBS = """
insert into jobs (id, status, progress, current_step, error_code, user_key, created_at, updated_at)
select 'job_' || day || '_' || number, case when bad then 'failed' else 'done' end, 100, 'done',
    case when bad then 'IMAGE_FAILED' end, 'sk_live_1', at, at + interval '2 min'
from generate_series(0, 79) day, generate_series(0, 2) number,
    lateral (select timezone('utc', date_trunc('day', now(), 'UTC')) - day * interval '1 day'
        + case number when 0 then interval '0' else interval '12 h' end as at,
        (day * 3 + number) % 7 = 0 as bad) made
where at <= timezone('utc', now())
"""
CALLS = """
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
select id || kind || call, created_at at time zone 'utc', id, 1, user_key,
    case kind when 'llm' then 'word-one' else 'picture-one' end, kind, 'm',
    case kind when 'llm' then 'generate_story' else 'generate_images' end, 'succeeded', 1,
    case when kind = 'llm' then 0.0123 else 1.2 + (hashtext(id) % 100) * 0.001 end
from jobs, (values ('llm'), ('image')) kinds (kind), generate_series(1, 4) call
"""
UNPRICED = "update cost_events set cost_usd = null where event_id like '%llm1' and starts_with(job_id, 'job_1_')"
# Yesterday is three times as dear, for its images.
DEAR = "update cost_events set cost_usd = cost_usd * 4 where kind = 'image' and starts_with(job_id, 'job_1_')"
SPENT_SINCE = """
select coalesce(sum(cost_usd), 0) from cost_events where occurred_at >= date_trunc(%s, now(), 'UTC')
"""
THIRTY_DAYS = """
select sum(cost_usd), sum(cost_usd) filter (where status = 'failed'), count(*) filter (where cost_usd is null),
    count(distinct id) filter (where status = 'done')
from cost_events join jobs on id = job_id where occurred_at >= date_trunc('day', now(), 'UTC') - interval '29 days'
"""
# Of the last so many days, today with them, whether or not anything was spent on it yet.
BY_DAY = """
select timezone(zone, occurred_at)::date, sum(cost_usd) from cost_events, (values (%s, %s)) asked (zone, days)
where timezone(zone, occurred_at)::date > timezone(zone, now())::date - days group by 1 order by 1 desc
"""


@pytest.fixture
def spent(newer: str) -> str:
    """Eighty days of books; its database's address."""
    run_sql(newer, JOBS, CALLS, UNPRICED, DEAR)
    return newer


def asked(url: str, question: str, *values: object) -> tuple[Any, ...]:
    with psycopg.connect(url) as connection:
        return tuple(connection.execute(question.encode(), values).fetchall())


def figure(at: AppTest, key: str) -> Any:
    """What the browser draws under this key."""
    (found,) = [one.proto.spec for one in at.get("plotly_chart") if key in one.proto.id]
    return json.loads(found)


def bars(at: AppTest) -> dict[date, Decimal]:
    """The height of each day's bars together."""
    sums: dict[date, Decimal] = {}
    for trace in figure(at, "cost-daily")["data"]:
        if trace["type"] == "bar":
            for day, usd in zip(trace["x"], values(trace["y"]), strict=True):
                found = datetime.fromisoformat(day).date()
                sums[found] = sums.get(found, Decimal(0)) + Decimal(str(usd))
    return sums


def dollars(told: str) -> Decimal:
    return Decimal(told.replace("$", "").replace(",", ""))


def cents(usd: Decimal) -> Decimal:
    return Decimal(usd).quantize(Decimal("0.01"))


def same_days(drawn: dict[date, Decimal], rows: Sequence[tuple[date, Decimal]]) -> bool:
    return {day: cents(usd) for day, usd in drawn.items() if usd} == {day: cents(usd) for day, usd in rows}


def test_every_number_is_what_sql_makes_of_the_rows(spent: str) -> None:
    at = opened("costs")
    shown, told = numbers(at), words(at)
    ((today,),), ((month,),) = (asked(spent, SPENT_SINCE, part) for part in ("day", "month"))
    ((usd, wasted, unpriced, done),) = asked(spent, THIRTY_DAYS)
    assert dollars(shown["Today"]) == cents(today)
    assert dollars(shown["This month"]) == cents(month)
    assert shown["Cost per book"] == f"${usd / done:.2f}"
    assert shown["Waste"] == f"{100 * wasted / usd:.1f} %"
    assert f"30 days: ${wasted:.2f} bought nothing" in told
    assert shown["Unpriced calls"] == str(unpriced) == "3"
    assert same_days(bars(at), asked(spent, BY_DAY, "UTC", 30))
    # The forecast came, with its band, and its chart begins where the spending ends.
    assert dollars(shown["Month's end, expected"]) >= dollars(shown["This month"]) - 1
    assert "80 %: $" in told
    lines = {trace["name"]: trace for trace in figure(at, "cost-month")["data"]}
    drawn = [usd for usd in lines["spent"]["y"] if usd is not None]
    assert cents(Decimal(str(drawn[-1]))) == cents(month)
    assert {"80 % band", "expected", "last month"} <= set(lines)
    # Yesterday was dear, and the card says for what.
    weekday = f"{list(asked(spent, BY_DAY, 'UTC', 2))[-1][0]:%A}"
    assert "Yesterday cost $" in told
    assert f"times a usual {weekday}" in told
    assert "Most of it for images by picture-one" in told
    assert "Act on spending…" in labels(at)
    # That no Prometheus is configured is no outage.
    assert "cannot be shown now" not in told


def test_days_of_other_zones_and_providers_live_in_the_address(spent: str, configure: Configure) -> None:
    configure(timezone="Asia/Seoul")
    at = opened("costs", span="7d", by="provider", zone="Asia/Seoul")
    assert {trace["name"] for trace in figure(at, "cost-daily")["data"]} >= {"picture-one", "word-one"}
    assert same_days(bars(at), asked(spent, BY_DAY, "Asia/Seoul", 7))
    at.radio(key="by").set_value("kind")
    at.radio(key="span").set_value("90d")
    at = run(at)
    assert {trace["name"] for trace in figure(at, "cost-daily")["data"]} >= {"images", "text"}
    assert at.query_params["span"] == "90d"
    assert "by" not in at.query_params
    assert sum(bars(at).values()) == pytest.approx(asked(spent, "select sum(cost_usd) from cost_events")[0][0])


def test_today_over_its_limits(spent: str, configure: Configure) -> None:
    configure(daily_cost_warning="0.01", daily_cost_critical="1000", monthly_budget="1")
    told = words(opened("costs"))
    assert "spent today, over the threshold of $0.01." in told
    assert "has passed its budget of $1" in told
    configure(daily_cost_critical="0.02")
    assert "spent today, over the threshold of $0.02." in words(refreshed(opened("costs")))


def test_the_services_own_limit(service_now: ServiceProcesses) -> None:
    url = service_now.database_url
    run_sql(url, JOBS, CALLS, "update guardrails set value = 0.5 where name = 'daily_cost_limit_usd'")
    at = opened("costs")
    assert "Today's limit of $0.50 is reached" in words(at)
    assert "The service takes no new books until its day ends" in words(at)
    assert "limit $0.50" in str(figure(at, "cost-daily")["layout"]["annotations"])


def test_the_older_deployment_with_a_price_list(configure: Configure, migrated_url: str) -> None:
    moved = "update jobs set created_at = timezone('utc', now()), updated_at = timezone('utc', now())"
    run_sql(migrated_url, moved)
    configure(database_url=migrated_url, price_per_image="0.04", price_per_llm_call="0.01")
    at = opened("costs")
    told = words(at)
    assert "The service keeps no ledger: every figure is estimated from the price list." in told
    assert "Too little history to tell whether a day is unusual." in told
    assert "no band: it needs 28 closed days, and there are" in told
    ((done,),) = asked(migrated_url, "select count(*) from jobs where status = 'done'")
    # A whole book is twelve images and four texts; what did not become one may have cost a part of that.
    assert dollars(numbers(at)["Today"]) > done * Decimal("0.52")
    assert numbers(at)["Today"] == f"${sum(bars(at).values()):.2f}"
    assert "cannot be shown now" not in told


def test_without_ledger_and_prices_it_says_which_settings_to_give(configure: Configure, migrated_url: str) -> None:
    configure(database_url=migrated_url)
    at = opened("costs")
    told = words(at)
    assert "What is spent is not known: the service keeps no ledger." in told
    assert "OPS_PRICE_PER_IMAGE" in told
    assert set(numbers(at).values()) == {"–"}
    assert "cannot be shown now" not in told


def test_nothing_was_spent_yet_and_nonsense_in_the_address(newer: str) -> None:
    at = opened("costs", span="![a](b)", zone="Mars/Olympus", by="<b>")
    told = words(at)
    assert "span=![a](b)" in told
    assert not any("![" in text for text in markdown(at))
    assert "Nothing was spent in these days." in told
    assert numbers(at)["Today"] == "$0.00"
    assert numbers(at)["Waste"] == "–"


def test_without_prometheus_service_or_database_the_rest_stands(spent: str, configure: Configure) -> None:
    configure(prometheus_url="http://127.0.0.1:1", service_url="http://127.0.0.1:1", service_admin_key="k")
    at = opened("costs")
    told = words(at)
    assert "Prometheus does not answer" in told
    assert same_days(bars(at), asked(spent, BY_DAY, "UTC", 30))
    configure(database_url="postgresql://somebody:a-password@127.0.0.1:1/none")
    told = words(opened("costs"))
    assert "The verdict cannot be shown now." in told
    assert "a-password" not in told
