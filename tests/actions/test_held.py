"""When a bulk action stops by itself, and which of its jobs then have their turn again."""

from __future__ import annotations

from datetime import timedelta

from actions.audit import Outcome
from actions.bulk_steps import Meaning
from actions.errors import ProviderUnavailable, ServiceUnavailable
from actions.held import Held, Unwritten
from actions.leases import Item, Leased, Settled
from queries.audit_models import Result
from queries.bulk_models import BulkState, ItemState
from queries.errors import OpsError
from tests.actions.conftest import job

DOWN, LOST = ProviderUnavailable(seconds=30), ServiceUnavailable(detail="no answer")
BULK = Leased("b-1", "ann", "operator", "job.retry", {}, "why", BulkState.RUNNING)


class Bench:
    """A bulk action whose jobs end as a test wants, one after another."""

    def __init__(self) -> None:
        self.held, self.unwritten, self.position = Held(BULK, go=True), Unwritten(), 0

    def end(self, outage: OpsError | None = None) -> None:
        self.position += 1
        result = Result.DONE if outage is None else Result.FAILED
        outcome = Outcome("r", "job_1", result, "", {}, outage)
        self.add(Meaning(Settled("b-1", self.position, ItemState(result.value)), outcome, outage))

    def add(self, meaning: Meaning) -> None:
        self.unwritten.add(self.held, Item("b-1", self.position, 0, job()), meaning)

    @property
    def pauses(self) -> list[str]:
        return [type(error).__name__ for _, error in self.unwritten.pauses]

    @property
    def again(self) -> set[int]:
        """The positions that have their turn again."""
        return {position for _, positions in self.unwritten.untouched for position in positions}


def test_three_in_a_row_stop_it() -> None:
    bench = Bench()
    for outage in (DOWN, None, DOWN, DOWN):
        bench.end(outage)
    assert (bench.pauses, bench.held.go) == ([], True)
    bench.end(DOWN)
    assert (bench.pauses, bench.held.go, bench.again) == (["ProviderUnavailable"], False, {3, 4, 5})


def test_what_may_have_been_done_has_no_second_turn() -> None:
    bench = Bench()
    for outage in (LOST, DOWN, LOST):
        bench.end(outage)
    assert (bench.pauses, bench.again) == (["ServiceUnavailable"], {2})


def test_what_was_under_way_meets_the_same_outage() -> None:
    """Also where others were not begun in between."""
    bench = Bench()
    for _ in range(3):
        bench.end(DOWN)
    bench.add(Meaning(Settled("b-1", 99, ItemState.WAITING)))
    bench.end(DOWN)
    assert bench.again == {1, 2, 3, 4}


def test_after_a_resume_it_is_patient_again() -> None:
    bench = Bench()
    for _ in range(3):
        bench.end(DOWN)
    bench.held.renew(BULK, until=1.0)
    bench.end(DOWN)
    assert (bench.held.go, bench.held.outages) == (True, 1)


def test_a_wait_makes_it_ask_when_the_next_may_begin() -> None:
    bench = Bench()
    bench.held.due = float("inf")
    bench.add(Meaning(Settled("b-1", 1, ItemState.WAITING, again=True), wait=timedelta(seconds=7)))
    assert (bench.unwritten.waits, bench.held.due, bench.held.go) == ([("b-1", timedelta(seconds=7))], 0.0, True)


def test_a_doubt_is_not_the_end() -> None:
    bench = Bench()
    bench.held.due = float("inf")
    assert bench.held.is_through
    bench.add(Meaning())
    assert not bench.held.is_through
    assert not bench.unwritten
