"""On the older deployment a million jobs are read whole: slower, but in time, and what would help is named."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from queries import database, indexes, jobs, schema
from queries.errors import DatabaseTimeout
from queries.filter_errors import QualifierNotOffered
from tests.plans.plans import plans
from tests.plans.questions import QUESTIONS
from tests.plans.worlds import DAY, FILLING_SECONDS, Question, World

pytestmark = pytest.mark.timeout(FILLING_SECONDS)

SOON = timedelta(milliseconds=10)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_it_answers_before_the_time_out(older: World, question: Question) -> None:
    try:
        question.ask(older)
    except QualifierNotOffered as error:
        assert error.fields["needs"] in {"jobs.retry_count", "cost_events"}


def test_a_time_out_comes_with_the_index_that_is_missing(old_million_url: str, older: World) -> None:
    engine = database.engine(old_million_url, statement_timeout=SOON, read_only=True)
    with (
        pytest.raises(DatabaseTimeout),
        database.translated("OPS_DATABASE_URL"),
        engine.connect() as connection,
    ):
        jobs.outcomes(connection, older.schema, DAY)
    engine.dispose()
    (advice,) = indexes.advice(older.connection, older.schema)
    assert advice.matters
    assert _reads_jobs_whole(older)
    with psycopg.connect(old_million_url, autocommit=True) as connection:
        connection.execute(advice.statement.encode())
        assert not _reads_jobs_whole(older)
        connection.execute("drop index ix_jobs_status_created_at")


def _reads_jobs_whole(older: World) -> bool:
    found = schema.discover(older.connection)
    return any(
        plan.read_whole() for plan in plans(older.connection, lambda: jobs.outcomes(older.connection, found, DAY))
    )
