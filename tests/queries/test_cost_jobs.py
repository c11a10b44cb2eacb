"""The jobs that cost most, and what of it was wasted: as job_money says of each of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from queries import cost_calls, cost_jobs, costs, job_money, job_story, usage_changes
from queries.aliases import Aliases
from queries.cost_jobs import DAYS_LIMIT
from queries.models import PriceList
from queries.price_history import PriceHistory, PricesFrom
from queries.schema import ServiceSchema
from tests.queries import cost_rows, usage_rows
from tests.queries.conftest import connect, run
from tests.queries.usage_rows import AUTUMN

NO_PRICES = PriceHistory()
UNTIL = datetime(2026, 11, 1, 3, tzinfo=UTC)
TWENTY: dict[str, Any] = {"since": UNTIL - 20 * timedelta(days=1), "until": UNTIL, "limit": 20}
# Those that touch these days alone: of the others some calls lie outside.
WHOLE = """
select job_id from cost_events group by 1 having min(occurred_at) >= '{since}' and max(occurred_at) < '{until}'
"""


def poor(schema: ServiceSchema) -> ServiceSchema:
    """As of a service whose ledger and jobs have no more columns than they need."""
    assert schema.ledger is not None
    ledger, jobs = (
        sa.Table(
            table.name, sa.MetaData(), *(sa.Column(one.name, one.type) for one in table.c if one.name not in less)
        )
        for table, less in (
            (schema.ledger, {"user_key", "recorded_at"}),
            (schema.jobs, {"retry_count", "error_code"}),
        )
    )
    return ServiceSchema(jobs, ledger, None, None, None, by_status=False)


def test_they_are_those_of_the_ledger_with_their_waste(newer_url: str, aliases: Aliases) -> None:
    cost_rows.fill(newer_url, AUTUMN)
    calls = cost_rows.fated(newer_url)
    in_span = calls[(calls["occurred_at"] >= TWENTY["since"]) & (calls["occurred_at"] < UNTIL)]
    spent = in_span.dropna(subset=["cost_usd"]).groupby("job_id")["cost_usd"].sum()
    with connect(newer_url) as (connection, schema):
        found = cost_jobs.most_expensive(connection, schema, aliases, NO_PRICES, **TWENTY)
        as_poor = cost_jobs.most_expensive(connection, poor(schema), aliases, NO_PRICES, **TWENTY)
        whole = connection.execute(sa.text(WHOLE.format(**TWENTY))).scalars().all()
        stories = {one.job_id: job_story.calls(connection, schema, one.job_id) or () for one in found}
    assert [(one.job_id, one.usd) for one in found] == sorted(spent.items(), key=lambda one: (-one[1], one[0]))[
        :20
    ]
    (gone,) = (one for one in found if one.job_id == "gone")
    assert (gone.user, gone.status) == ("", "")
    told_whole = [one for one in found if one.job_id in whole]
    assert len(told_whole) > 10
    for one in told_whole:
        told = job_money.sums(stories[one.job_id], one.status)
        assert (one.usd, one.wasted) == (sum(part.usd for part in told), sum(part.wasted for part in told))
        assert one.unpriced == sum(part.unpriced for part in told)
    assert {one.attempts for one in found} >= {1, 2, 3}
    assert all(one.user.startswith("user-") and one.kind == "job" for one in found if one is not gone)
    assert [(one.job_id, one.usd, one.wasted) for one in as_poor] == [
        (one.job_id, one.usd, one.wasted) for one in found
    ]


def test_no_more_days_are_read_than_may_be(newer_url: str, aliases: Aliases) -> None:
    cost_rows.fill(newer_url, AUTUMN)
    with connect(newer_url) as (connection, schema):
        asked = (connection, schema, aliases, NO_PRICES)
        all_of_it = cost_jobs.most_expensive(*asked, since=UNTIL - 3 * DAYS_LIMIT, until=UNTIL, limit=3)
        the_newest = cost_jobs.most_expensive(*asked, since=UNTIL - DAYS_LIMIT, until=UNTIL, limit=3)
    assert all_of_it == the_newest
    assert len(the_newest) == 3


def test_without_a_ledger_they_go_by_the_price_list_of_their_day(older_url: str, aliases: Aliases) -> None:
    usage_rows.fill(older_url, AUTUMN, newer=False)
    dear = PriceList(Decimal("0.01"), Decimal("0.04"), tts_per_book=Decimal("0.1"))
    prices = PriceHistory((PricesFrom(None, PriceList(Decimal("0.01"))), PricesFrom(date(2026, 10, 20), dear)))
    with connect(older_url) as (connection, schema):
        assert cost_jobs.most_expensive(connection, schema, aliases, NO_PRICES, **TWENTY) == ()
        found = cost_jobs.most_expensive(connection, schema, aliases, prices, **TWENTY | {"limit": 100})
        created = sa.select(schema.jobs.c.id).where(schema.instant("created_at") >= TWENTY["since"])
        ids = connection.execute(created.where(schema.instant("created_at") < UNTIL)).scalars().all()
        spent = costs.spent_by_job(connection, schema, prices, ids)
    amounts = sorted((one.usd for one in spent.values() if one.usd is not None), reverse=True)
    assert [one.usd for one in found] == amounts[:100]
    assert all(spent[one.job_id].usd == one.usd and one.attempts is None for one in found)
    assert {one.status for one in found if one.wasted == one.usd} == {"cancelled"}
    assert {one.status for one in found if one.wasted is None} == {"done", "paused"}


def test_a_ledger_that_tells_less_is_judged_the_same(newer_url: str) -> None:
    cost_rows.fill(newer_url, AUTUMN)
    with connect(newer_url) as (connection, schema):
        asked = (UNTIL - timedelta(days=9), UNTIL)
        full = cost_calls.hourly_costs(connection, schema, *asked)
        less = cost_calls.hourly_costs(connection, poor(schema), *asked)
    refused = {one for one in full if one.part.error_code}
    assert {(one.hour, one.tally) for one in full if one not in refused} <= {(one.hour, one.tally) for one in less}
    assert sum(one.tally.usd for one in less) == sum(one.tally.usd for one in full)


def test_a_job_that_changed_changes_the_hours_of_all_its_calls(newer_url: str) -> None:
    cost_rows.fill(newer_url, AUTUMN)
    when = "(select max(created_at) from jobs) + interval '1 hour'"
    run(
        newer_url,
        f"update jobs set updated_at = {when} where created_at = (select max(created_at) from jobs where exists"  # noqa: S608
        " (select from cost_events where job_id = jobs.id and attempt = 3))",
    )
    with connect(newer_url) as (connection, schema):
        (changed,) = connection.execute(sa.text("select max(updated_at) from jobs")).scalars()
        since = changed.replace(tzinfo=UTC) - timedelta(minutes=1)
        found = usage_changes.changed_hours(connection, schema, since, since + timedelta(hours=1))
        hours = (
            "select distinct date_trunc('hour', occurred_at) from cost_events where job_id = (select id from jobs"
        )
        expected = connection.execute(
            sa.text(f"{hours} where updated_at = (select max(updated_at) from jobs))")  # noqa: S608
        )
        assert set(expected.scalars()) <= set(found)
        assert len(found) > 2
