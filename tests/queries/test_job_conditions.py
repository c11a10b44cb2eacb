"""The same filter means the same jobs in the list, its pages, the counts, the ids and the file, everywhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from queries import job_search, jobs
from queries.aliases import Aliases
from queries.filter_errors import QualifierNotOffered
from queries.job_filter import JobFilter, exactly
from queries.job_language import parse
from queries.job_search import Count, Position
from queries.schema import ServiceSchema
from tests.queries import odd_jobs
from tests.queries.conftest import connect
from tests.queries.odd_jobs import CODES, STEPS, ZONE, Row

ALIASES = Aliases("a key for tests")
USER, OTHER = (ALIASES.alias(key) for key in odd_jobs.USERS[:2])
DEPLOYMENTS = ("newer", "aware", "older")


@dataclass(frozen=True)
class Here:
    """A deployment with the odd jobs in it."""

    name: str
    connection: Connection
    schema: ServiceSchema
    rows: tuple[Row, ...]
    inserted: datetime

    def expected(self, wanted: JobFilter) -> list[str]:
        return odd_jobs.expected(self.rows, wanted, self.inserted, ALIASES)

    def count(self, wanted: JobFilter) -> Count:
        return job_search.count(self.connection, self.schema, ALIASES, wanted, timezone=ZONE)

    def ids(self, wanted: JobFilter) -> list[str]:
        return list(job_search.matching_ids(self.connection, self.schema, ALIASES, wanted, timezone=ZONE))


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def here(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    newer_template: str,
    older_template: str,
) -> Iterator[Here]:
    newer = request.param != "older"
    url = new_database(newer_template if newer else older_template)
    made = odd_jobs.rows()
    inserted = odd_jobs.insert(url, made, newer=newer)
    if request.param == "aware":
        odd_jobs.aware(url)
    with connect(url) as (connection, schema):
        yield Here(request.param, connection, schema, tuple(made), inserted)


TEXTS = (
    "",
    "status:failed",
    "status:failed,queued",
    'status:"PAUSED?"',
    "status:fail",
    "status:no",
    "id:job_*",
    "id:*00000f*",
    "id:job_extra_20261123_000000_00000001,job_20261123_000000_00000002",
    "id:job_2026_*",
    f"user:{USER}",
    f"user:{USER},{OTHER} status:failed",
    "user:user-00000000",
    "kind:series",
    "kind:job,series",
    "kind:%",
    "kind:job_",
    "step:generate_images",
    "step:a*b",
    "step:a\\*b",
    'step:"표지 그리는 중..."',
    "step:*%*",
    "step:*_",
    'step:"back\\\\\\\\slash"',
    "error:none",
    "error:none,IMAGE_TIMEOUT",
    "error:IMAGE_*",
    "error:A*B",
    "error:A\\*B",
    "error:%",
    "error:*",
    "error:\\none",
    "text:timed",
    'text:"TIMED OUT","100%"',
    "text:%,_",
    'text:"\\\\"',
    "text:재시도",
    "since:2h",
    "since:1d until:3h",
    "until:2d",
    "since:7d",
    "created:>=1d",
    "created:2d..1d status:failed",
    "attempts:>=2",
    "attempts:1,3",
    "attempts:>1,<4",
    "cost:>0.2",
    "cost:0",
    "cost:<=0.000000001",
    "cost:>=0.1,<0.3",
    "since:00:00",
    "until:00:00",
    "created:>=2020-01-01",
    "created:<2020-01-01",
    f"status:failed error:IMAGE_* since:3d user:{USER},{OTHER} attempts:>=2 cost:>=0",
)


def offered(here: Here, wanted: JobFilter) -> bool:
    return here.name != "older" or not (wanted.attempts or wanted.cost)


@pytest.mark.parametrize("text", TEXTS)
def test_every_question_means_the_same_jobs(here: Here, text: str) -> None:
    wanted = parse(text, ZoneInfo(ZONE))
    if not offered(here, wanted):
        with pytest.raises(QualifierNotOffered):
            here.ids(wanted)
        return
    check(here, wanted)


@pytest.mark.parametrize("seed", range(40))
def test_filters_put_together_by_chance(here: Here, seed: int) -> None:
    """Two or three of the filters above as one: the values of one field are added."""
    chance = random.Random(seed)  # noqa: S311
    wanted = JobFilter()
    for text in chance.sample(TEXTS, chance.randint(2, 3)):
        other = parse(text, ZoneInfo(ZONE))
        set_fields = {name: getattr(other, name) for name in other.__slots__ if getattr(other, name)}
        wanted = replace(wanted, **set_fields)
    if offered(here, wanted):
        check(here, wanted)


def check(here: Here, wanted: JobFilter) -> None:
    found = here.expected(wanted)
    asked = (here.connection, here.schema, ALIASES, wanted)
    assert here.ids(wanted) == found
    assert here.count(wanted) == Count(len(found), capped=False)
    assert [job.id for job in job_search.export(*asked, timezone=ZONE)] == found
    assert pages(here, wanted) == found
    assert list(job_search.matching_ids(*asked, timezone=ZONE, limit=3)) == found[:3]
    above = Position(*place(here, found[2])) if len(found) > 2 else None
    newer = job_search.newer(*asked, timezone=ZONE, after=above)
    assert newer == (2 if above else len(found))


def pages(here: Here, wanted: JobFilter, size: int = 60) -> list[str]:
    """Read page by page, each place written into an address and read again."""
    found: list[str] = []
    before: Position | None = None
    while True:
        page = job_search.search(
            here.connection, here.schema, ALIASES, wanted, timezone=ZONE, before=before, limit=size
        )
        found += [job.id for job in page]
        if len(page) < size:
            return found
        before = Position.read(str(Position(page[-1].created_at, page[-1].id)))
        assert before is not None


def place(here: Here, job_id: str) -> tuple[datetime, str]:
    job = jobs.get(here.connection, here.schema, ALIASES, job_id)
    assert job is not None
    return job.created_at, job.id


def test_the_odd_jobs_are_odd_enough(here: Here) -> None:
    """A filter that no job fulfils, or each, would prove little."""
    sizes = {text: len(here.expected(parse(text, ZoneInfo(ZONE)))) for text in TEXTS}
    empty = {text for text, size in sizes.items() if not size}
    assert empty <= {
        *("status:fail", "status:no", "user:user-00000000", "kind:%", "kind:job_", "created:<2020-01-01"),
        *("id:job_2026_*", "since:00:00", "until:00:00"),
    }
    assert sizes[""] == len(here.rows)
    created = [row.created for row in here.rows]
    assert len(set(created)) < len(created) - 50


@pytest.mark.parametrize("code", sorted(set(CODES) - {None}, key=str))
def test_one_code_is_found_exactly(here: Here, code: str) -> None:
    found = here.ids(JobFilter(errors=(exactly(code),)))
    assert found
    assert sorted(found) == sorted(row.id for row in here.rows if (row.code or "") == code)


@pytest.mark.parametrize("step", STEPS)
def test_one_step_is_found_exactly(here: Here, step: str) -> None:
    found = here.ids(JobFilter(steps=(exactly(step),)))
    assert sorted(found) == sorted(row.id for row in here.rows if row.step == step)
