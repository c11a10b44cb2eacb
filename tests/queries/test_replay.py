"""The replay does what a plain simulation does, instant by instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from queries.replay import Came, held_by, places, reached, turned_away

START = datetime(2026, 11, 1, tzinfo=UTC)
# So few instants that many things happen at the same one.
INSTANTS = st.integers(0, 30).map(lambda second: START + timedelta(seconds=second))
VALUES = st.integers(0, 6).map(Decimal)


@st.composite
def came(draw: st.DrawFn) -> list[Came]:
    """Jobs of three users, some of which held a place more than once, in any order."""
    jobs = []
    for number in range(draw(st.integers(0, 25))):
        turns = sorted(draw(st.lists(INSTANTS, min_size=2, max_size=6).filter(lambda found: len(found) % 2 == 0)))
        held = tuple(zip(turns[::2], turns[1::2], strict=True))
        jobs.append(Came(f"job_{number:02}", draw(st.sampled_from("abc")), turns[0], held))
    return draw(st.permutations(jobs))


def simulated(jobs: Sequence[Came], value: Decimal, since: datetime, *, own: bool) -> list[str]:
    """One request after another; who holds a place is looked up anew for each."""
    made: list[Came] = []
    refused: list[str] = []
    for job in sorted(jobs, key=lambda one: (one.created_at, one.id)):
        beside = [one for one in made if not own or one.user_key == job.user_key]
        held = sum(start <= job.created_at < end for one in beside for start, end in one.held)
        if job.created_at >= since and held >= value:
            refused.append(job.id)
        else:
            made.append(job)
    return refused


@given(came(), VALUES, INSTANTS)
def test_those_are_turned_away_that_a_simulation_refuses(
    jobs: list[Came], value: Decimal, since: datetime
) -> None:
    for own in (False, True):
        found = [job.id for job in turned_away(jobs, own=own, since=since, value=value)]
        assert found == simulated(jobs, value, since, own=own)


@given(came())
def test_without_a_value_every_job_holds_its_places(jobs: list[Came]) -> None:
    for job, found in places(jobs, own=False, since=START):
        before = [one for one in jobs if (one.created_at, one.id) < (job.created_at, job.id)]
        assert found == sum(start <= job.created_at < end for one in before for start, end in one.held)


EVENTS = ("created", "retried", "recovered", "done", "failed", "cancelled", "step")


@given(st.lists(st.tuples(INSTANTS, st.sampled_from(EVENTS)), max_size=8).map(sorted), INSTANTS)
def test_a_job_holds_a_place_unless_it_ended_and_nobody_retried_it(
    events: list[tuple[datetime, str]], instant: datetime
) -> None:
    ended = START + timedelta(seconds=31)
    held = held_by(START - timedelta(seconds=1), events, ended)
    turns = [event for at, event in events if at <= instant and event != "step"]
    open_now = not turns or turns[-1] in {"created", "retried", "recovered"}
    assert any(start <= instant < end for start, end in held) == open_now
    assert all(start <= end for start, end in held)


def test_the_end_of_the_row_ends_what_no_event_ended() -> None:
    created, failed, retried, ended = (START + timedelta(minutes=minute) for minute in range(4))
    events = [(created, "created"), (failed, "failed"), (retried, "retried")]
    assert held_by(created, events, ended) == ((created, failed), (retried, ended))
    assert held_by(created, events, created) == ((created, failed), (retried, retried))


@given(
    st.lists(st.tuples(INSTANTS, st.integers(0, 50).map(Decimal)), max_size=20).map(sorted),
    st.integers(1, 300).map(Decimal),
    st.integers(0, 20).map(Decimal),
)
def test_reached_by_the_first_call_that_fills_the_sum(
    spent: list[tuple[datetime, Decimal]], value: Decimal, before: Decimal
) -> None:
    found = reached(spent, value, before)
    sums = [before + sum((usd for _, usd in spent[: number + 1]), Decimal(0)) for number in range(len(spent))]
    full = [number for number, total in enumerate(sums) if total >= value]
    if not full:
        assert found is None
    else:
        assert found == (spent[full[0]][0], sums[full[0]] - spent[full[0]][1])
