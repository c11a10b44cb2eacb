from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from threading import Barrier

import psycopg
import pytest
import sqlalchemy as sa

from dashboard import fetch
from dashboard.shared_cache import frozen
from queries import jobs
from queries.aliases import Aliases
from queries.errors import DatabaseUnavailable, MissingTable, NotConfigured
from queries.prometheus import Prometheus
from queries.schema import ServiceSchema
from tests.dashboard.conftest import Configure


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), (True,)),
        ((1,), (1.0,)),
        ((1,), ("1",)),
        (("a", "b"), ("b", "a")),
        ((["a"],), (("a",),)),
        (({"a": timedelta(1)},), ({"a": timedelta(2)},)),
        ((Decimal(1),), (1,)),
        ((("a",), "b"), ("a", ("b",))),
    ],
)
def test_different_arguments_do_not_share(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert frozen(one) != frozen(other)


def test_equal_arguments_share_whatever_holds_them() -> None:
    one, other = ({"a": [1], "b": {2}},), ({"b": {2}, "a": [1]},)
    assert frozen(one) == frozen(other)
    assert hash(frozen(one)) == hash(frozen(other))


def count_jobs(connection: sa.Connection, schema: ServiceSchema, aliases: Aliases, status: str) -> tuple[int, str]:
    """How many jobs have this status, and the alias of nobody."""
    counted = sa.select(sa.func.count()).where(schema.jobs.c.status == status)
    return connection.execute(counted).scalar_one(), aliases.alias("nobody")


def test_a_query_gets_what_its_signature_asks_for(configure: Configure, older_url: str) -> None:
    here = configure(database_url=older_url)
    fetched = fetch.database(count_jobs, "done")
    assert fetched.value == (17, Aliases(here.user_alias_key).alias("nobody"))
    assert fetched.source == "database"
    assert fetched.at.tzinfo is UTC
    assert timedelta(0) <= datetime.now(UTC) - fetched.at < timedelta(minutes=1)
    assert fetch.database(count_jobs, "done") is fetched
    assert fetch.database(count_jobs, "failed").value != fetched.value


def test_fetch_asks_one_database_once_and_another_anew(
    configure: Configure, new_database: Callable[[str], str], older_template: str, newer_template: str
) -> None:
    configure(database_url=new_database(older_template))
    older = fetch.database(jobs.outcomes, timedelta(days=36500)).value
    configure(database_url=new_database(newer_template))
    assert fetch.database(jobs.outcomes, timedelta(days=36500)).value != older


def test_a_table_that_appears_is_found_at_once(configure: Configure, older_url: str) -> None:
    configure(database_url=older_url, jobs_table="books")
    with pytest.raises(MissingTable):
        fetch.database(count_jobs, "done")
    with psycopg.connect(older_url) as connection:
        connection.execute("create view books as select * from jobs")
    assert fetch.database(count_jobs, "done").value[0] == 17


def test_a_failing_source_says_which_setting(configure: Configure) -> None:
    configure(database_url="postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable, match="OPS_DATABASE_URL"):
        fetch.database(count_jobs, "done")
    with pytest.raises(DatabaseUnavailable, match="OPS_STORE_URL"):
        fetch.store(lambda connection: connection.execute(sa.select(1)))


def test_what_is_not_configured_says_so(configure: Configure) -> None:
    configure(database_url="postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(NotConfigured, match="OPS_PROMETHEUS_URL"):
        fetch.prometheus(Prometheus.instant, "up")
    with pytest.raises(NotConfigured, match="OPS_SERVICE_URL"):
        fetch.service(lambda client: client.capabilities())


def test_twenty_viewers_on_a_real_database(configure: Configure, older_url: str) -> None:
    configure(database_url=older_url, refresh_seconds=60)
    asked, together = count(), Barrier(20)

    def counted(connection: sa.Connection, schema: ServiceSchema) -> int:
        next(asked)
        return int(connection.execute(sa.select(sa.func.count()).select_from(schema.jobs)).scalar_one())

    def view(_: int) -> int:
        together.wait(10)
        return fetch.database(counted).value

    with ThreadPoolExecutor(20) as viewers:
        assert list(viewers.map(view, range(20))) == [58] * 20
    assert next(asked) == 1
