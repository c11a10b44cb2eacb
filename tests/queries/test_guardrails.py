"""Who has how many open jobs, on both deployments."""

from __future__ import annotations

from queries import guardrails
from queries.aliases import Aliases
from tests.queries.conftest import connect, run


def test_open_jobs_by_user_most_first_and_without_those_that_ended(newer_url: str, aliases: Aliases) -> None:
    rows = (("a", "queued"), ("b", "running"), ("b", "queued"), ("b", "done"), ("c", "failed"))
    run(
        newer_url,
        *(
            f"insert into jobs (id, status, user_key) values ('job_{number}', '{status}', '{user}')"  # noqa: S608
            for number, (user, status) in enumerate(rows)
        ),
    )
    with connect(newer_url) as (connection, schema):
        found = guardrails.open_by_user(connection, schema, aliases)
    assert [(one.alias, one.jobs) for one in found] == [(aliases.alias("b"), 2), (aliases.alias("a"), 1)]


def test_the_older_deployment_tells_it_too(older_url: str, aliases: Aliases) -> None:
    with connect(older_url) as (connection, schema):
        found = guardrails.open_by_user(connection, schema, aliases)
    assert sum(one.jobs for one in found) == 6
    assert [one.jobs for one in found] == sorted((one.jobs for one in found), reverse=True)
