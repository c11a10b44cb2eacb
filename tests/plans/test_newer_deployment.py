"""On the newer deployment its own indexes serve every question, on a new PostgreSQL and on an old one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.plans.plans import IndexScan, plans
from tests.plans.questions import QUESTIONS, WITHOUT_LEDGER
from tests.plans.worlds import FILLING_SECONDS, Question, World

pytestmark = pytest.mark.timeout(FILLING_SECONDS)

# What (status, created_at) and the like begin with, by the name of the index.
LEADING = """
select index.indexrelid::regclass::text, attribute.attname
  from pg_index index join pg_attribute attribute on attrelid = indrelid and attnum = indkey[0]
"""
# The ids of a whole history are put into order from as many of each status.
SORTED_ROWS = 150_000
# Such as the one at the end of the index, or the page before a position.
FIRST_FEW_ROWS = 1_000
SKIP_SCANS_SINCE = (18,)


@pytest.fixture(scope="module")
def leading(newer: World) -> dict[str, str]:
    return dict(newer.connection.execute(sa.text(LEADING)).all())


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_an_index_serves(newer: World, leading: dict[str, str], question: Question) -> None:
    _check(newer, leading, question)


@pytest.mark.parametrize("question", WITHOUT_LEDGER, ids=lambda question: question.name)
def test_one_serves_without_a_ledger_too(newer: World, leading: dict[str, str], question: Question) -> None:
    _check(replace(newer, schema=replace(newer.schema, ledger=None)), leading, question)


def _check(world: World, leading: dict[str, str], question: Question) -> None:
    found = plans(world.connection, lambda: question.ask(world))
    assert found
    for plan in found:
        assert plan.read_whole() <= question.whole, plan.statement
        assert not [scan for scan in plan.index_scans() if _reads_it_all(world, scan, leading)], plan.statement
        assert plan.rows_sorted() <= SORTED_ROWS, plan.statement
    assert sum(plan.rows_read("jobs") for plan in found) <= question.reads


def _reads_it_all(world: World, scan: IndexScan, leading: dict[str, str]) -> bool:
    """Only a new PostgreSQL leaves out the values of an index's first column that a question does not name."""
    if not scan.condition:
        return scan.rows > FIRST_FEW_ROWS
    skips = world.connection.dialect.server_version_info >= SKIP_SCANS_SINCE
    return leading[scan.index] not in scan.condition and not skips
