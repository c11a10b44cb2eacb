"""The page of bulk actions: the list, one of them with its verdict, controls and results, and who may do what."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from actions import bulks
from actions.bulks import Order
from dashboard import connections
from dashboard.components import bulk_results
from queries.bulk_models import Bulk, BulkState
from queries.models import Job
from tests.actions.bulk_rows import until
from tests.actions.conftest import OPERATOR as ACTOR
from tests.actions.conftest import job
from tests.dashboard.conftest import Configure
from tests.pages.screen import OPERATOR, VIEWER, bulk_now, button, labels, opened, press, refreshed, table, words
from tests.queries.conftest import run

PAUSE, RESUME, STOP = "Pause", "Resume", "Stop after those under way"


@pytest.fixture
def quiet(newer: str, configure: Configure) -> Iterator[str]:
    """A console that shows bulk actions, while a store of its own keeps the runner from touching them."""
    configure(database_url=newer)
    connections.runner().close()
    yield newer


def many(count: int) -> list[Job]:
    return [job(f"job_{number:03d}") for number in range(count)]


def started(number: int = 3, bulk_id: str = "b-1", **changes: Any) -> Bulk:
    fields: dict[str, Any] = {
        "action": "job.retry",
        "parameters": {"from": "failed_step"},
        "reason": "it is *back*",
    }
    order = Order(jobs=many(number), **fields | changes)
    return bulks.start(connections.door(), ACTOR, order, bulk_id=bulk_id, limit=1000)


def done(url: str, number: int) -> None:
    """The first jobs have ended, some seconds ago."""
    run(
        url,
        "update ops.bulk_jobs set state = 'done', message = 'Retried: the job is queued.',"  # noqa: S608
        " began_at = clock_timestamp() - interval '9 s', ended_at = clock_timestamp() - interval '5 s'"
        f" where position <= {number}",
        "update ops.bulks set created_at = created_at - interval '2 min', state_at = state_at - interval '2 min',"
        " holder = 'somebody', leased_until = clock_timestamp() + interval '1 hour'",
    )


def test_nothing_yet(quiet: str) -> None:
    at = opened("bulks")
    assert "There was no bulk action yet" in words(at)
    assert len(at.dataframe) == 0


def test_the_list_is_newest_first(quiet: str) -> None:
    started(3, "b-1", filter="status:failed", reason="the first")
    started(4, "b-2", action="job.cancel", parameters={})
    bulks.pause(connections.door(), ACTOR, "b-1", request_id="r-1")
    at = opened("bulks")
    assert "1 bulk action is paused. 3 jobs wait for somebody to resume them. 1 bulk action is running." in words(
        at
    )
    first, second = table(at)
    assert first["when"].startswith("bulks?batch=b-2#20")
    assert (first["action"], first["state"], first["tally"], first["jobs"]) == (
        "Cancel",
        "running",
        "4 not touched",
        "4",
    )
    assert (second["state"], second["filter"], second["reason"]) == ("paused", "status:failed", "the first")
    assert (first["filter"], first["who"], first["progress"]) == ("chosen by hand", ACTOR.name, 0)


def test_one_that_runs(quiet: str) -> None:
    started(100, filter="status:failed since:2h", per_minute=20)
    done(quiet, 60)
    at = opened("bulks", batch="b-1")
    assert "Retrying: 60 of 100 jobs are through, 20 a minute: about 2 min left." in words(at)
    assert "60 done · 40 not touched" in words(at)
    assert "it is *back*" in [one.value for one in at.text]
    assert f"{ACTOR.name} (operator)" in [one.value for one in at.text]
    assert "Retry: At the step where it stopped" in [one.value for one in at.text]
    (link,) = [one for one in at.get("page_link") if "status" in one.proto.label]
    assert link.proto.query_string == "q=status%3Afailed+since%3A2h"


def test_one_that_nobody_works_on(quiet: str) -> None:
    started(3)
    run(quiet, "update ops.bulks set state_at = state_at - interval '1 min'")
    assert "No console works on it now." in words(opened("bulks", batch="b-1"))


def test_one_that_paused_by_itself(quiet: str) -> None:
    started(3)
    run(
        quiet,
        "update ops.bulks set state = 'paused', state_by = '',"
        """ why = '{"error": "ServiceUnreachable", "fields": {"detail": "no *connection*"}}'""",
    )
    at = opened("bulks", batch="b-1")
    assert "Paused by itself: 0 of 3 jobs are through." in words(at)
    assert "The service cannot be reached (no *connection*). Nothing was done. 3 jobs are not touched." in words(
        at
    )
    assert {RESUME, STOP} < set(labels(at))
    assert PAUSE not in labels(at)


def test_one_that_is_finished(quiet: str) -> None:
    started(3)
    done(quiet, 3)
    run(quiet, "update ops.bulks set state = 'finished', ended_at = created_at + interval '2 min'")
    at = opened("bulks", batch="b-1")
    assert "All done: 3 jobs in 2 min." in words(at)
    assert not {PAUSE, RESUME, STOP, "Set the pace"} & set(labels(at))
    run(quiet, "update ops.bulk_jobs set state = 'skipped' where position = 2")
    assert "Finished in 2 min: 2 done · 1 skipped." in words(refreshed(at))


def test_there_is_none_of_that_id(quiet: str) -> None:
    at = opened("bulks", batch="nonsense")
    assert "There is no bulk action of this id." in words(at)
    assert len(at.dataframe) == 0


def test_pause_resume_pace_and_stop(quiet: str) -> None:
    started(100)
    at = press(opened("bulks", batch="b-1"), PAUSE)
    assert f"Paused by {OPERATOR}: 0 of 100 jobs are through." in words(at)
    assert bulk_now("b-1").state is BulkState.PAUSED
    at = press(at, RESUME)
    assert bulk_now("b-1").state is BulkState.RUNNING
    at.number_input(key="bulk-per-minute").set_value(20)
    at = press(at, "Set the pace")
    assert bulk_now("b-1").per_minute == 20
    assert "20 a minute: about 5 min left" in words(at)
    at = press(at, "As fast as it goes")
    assert bulk_now("b-1").per_minute is None
    at = press(at, STOP)
    assert f"Stopped by {OPERATOR}: 0 of 100 jobs are through. 100 jobs were not touched." in words(at)
    assert not {PAUSE, RESUME, STOP} & set(labels(at))


def test_a_click_that_comes_too_late_says_so(quiet: str) -> None:
    started(3)
    at = opened("bulks", batch="b-1")
    bulks.stop(connections.door(), ACTOR, "b-1", request_id="r-1")
    at = press(at, PAUSE)
    assert "This bulk action is stopped now: nothing was changed." in words(at)


def test_who_may_not_sees_no_button(quiet: str, configure: Configure) -> None:
    started(3)
    for at in (opened("bulks", batch="b-1", person=VIEWER), opened("stuck", batch="b-1", person=VIEWER)):
        assert "3 not touched" in words(at)
        assert not {PAUSE, RESUME, STOP, "Set the pace"} & set(labels(at))
    configure(read_only=True)
    at = opened("bulks", batch="b-1")
    assert not {PAUSE, RESUME, STOP, "Set the pace"} & set(labels(at))
    assert "This console is read-only (OPS_READ_ONLY)" in words(at)


def test_what_could_not_be_recorded_is_not_offered(quiet: str) -> None:
    started(3)
    run(quiet, "alter table ops.acknowledgements rename to away")
    at = opened("bulks", batch="b-1")
    assert button(at, PAUSE).disabled
    assert "Nothing can be done from here, since it could not be recorded." in words(at)


def test_results_by_outcome_and_page_by_page(quiet: str) -> None:
    started(60)
    done(quiet, 55)
    run(
        quiet,
        "update ops.bulk_jobs set state = 'skipped', message = 'x',"
        """ error = '{"error": "StateChanged", "fields": {"status": "running"}}' where position = 3""",
    )
    at = opened("bulks", batch="b-1")
    assert [row["job"] for row in table(at)] == [f"job?job=job_{number:03d}" for number in range(50)]
    at = press(at, "Next page")
    assert at.query_params["after"] == "50"
    rows = table(at)
    assert [row["job"] for row in rows] == [f"job?job=job_{number:03d}" for number in range(50, 60)]
    assert [row["outcome"] for row in rows] == ["done"] * 5 + ["not touched"] * 5
    at = press(at, "First page")
    assert len(table(at)) == 50
    (skipped,) = table(opened("bulks", batch="b-1", outcome="skipped"))
    assert skipped["message"].startswith("Somebody or something changed this job meanwhile: it is running now.")
    assert (skipped["status"], skipped["step"]) == ("failed", "generate_images")
    assert "No job of this bulk action is in this state." in words(opened("bulks", batch="b-1", outcome="failed"))


def test_all_results_as_a_file(quiet: str) -> None:
    started(60, estimates={})
    done(quiet, 60)
    header, *rows = csv.reader(io.StringIO(bulk_results.as_csv("b-1").decode("utf-8-sig")))
    assert header[:3] == ["position", "job_id", "state"]
    assert [(row[1], row[2]) for row in rows] == [(f"job_{number:03d}", "done") for number in range(60)]


def test_the_panel_follows_to_the_page(newer: str) -> None:
    started(3, action="job.acknowledge", parameters={})
    connections.runner().wake()
    until(lambda: bulk_now("b-1").ended_at)
    at = opened("stuck", batch="b-1")
    assert "Acknowledge · 3 jobs · 3 done" in words(at)
    assert [row["result"] for row in table(at, 0)] == ["done"] * 3
    (link,) = [one for one in at.get("page_link") if one.proto.label == "Open its page"]
    assert link.proto.query_string == "batch=b-1"


def test_a_large_one_has_its_table_on_its_page(quiet: str) -> None:
    started(51)
    bulks.stop(connections.door(), ACTOR, "b-1", request_id="r-1")
    at: AppTest = opened("stuck", batch="b-1")
    assert "Retry · 51 jobs · 51 not touched" in words(at)
    assert len(at.dataframe) == 0
    assert len(table(refreshed(opened("bulks", batch="b-1")))) == 50
