"""What makes a bulk action stop by itself, and what does not."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from structlog.testing import capture_logs

from actions import bulks
from actions.audit import Door
from actions.client import ServiceClient
from actions.release import WORKERS, Runner
from queries.bulk_models import BulkState, ItemState
from queries.errors import NotConfigured
from tests.actions.bulk_rows import at_rest, change, ended, items, many, started, told
from tests.actions.conftest import OPERATOR, Rows
from tests.actions.odd_service import OddService, refusal, status
from tests.actions.releases import RETRIED, by_job, by_path, running

DOWN = status(500, text="broken")


def test_it_does_not_run_into_an_outage(runner: Runner, door: Door, store: sa.Engine, service: OddService) -> None:
    service.answer(DOWN)
    started(door, many(300))
    bulk = at_rest(store)
    assert (bulk.state, bulk.state_by) == (BulkState.PAUSED, "")
    assert bulk.why is not None
    assert bulk.why.name in ("ServiceUnavailable", "ServiceUnreachable")
    assert 3 <= len(service.seen) <= 2 * WORKERS
    assert bulk.untouched >= 300 - 2 * WORKERS
    # What certainly did nothing waits again; what may have done something is for a person to look at.
    assert bulk.counts[ItemState.FAILED] <= len(service.seen)
    assert bulk.untouched + bulk.counts[ItemState.FAILED] == 300


def test_what_an_outage_turned_away_has_its_turn_after_it(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    service.answer(refusal(503, "provider_unavailable", {"Retry-After": "30"}))
    started(door, many(30))
    bulk = at_rest(store)
    assert (bulk.state, told(bulk)) == (BulkState.PAUSED, {ItemState.WAITING: 30})
    assert bulk.why is not None
    assert (bulk.why.name, bulk.why.fields) == ("ProviderUnavailable", {"seconds": 30})
    service.answer(RETRIED)
    resumed = bulks.resume(door, OPERATOR, "b-1", request_id="r-1")
    assert (resumed.why, resumed.state) == (None, BulkState.RUNNING)
    assert told(ended(store)) == {ItemState.DONE: 30}


def test_single_failures_stop_nothing(runner: Runner, door: Door, store: sa.Engine, service: OddService) -> None:
    down = refusal(503, "provider_unavailable", {"Retry-After": "30"})
    service.answer(by_path({f"job_{number}": down for number in range(0, 10, 5)}))
    started(door, many(10), per_minute=1200)
    assert told(ended(store)) == {ItemState.DONE: 8, ItemState.REFUSED: 2}


def test_a_service_that_asks_to_wait_is_waited_for(
    runner: Runner, door: Door, store: sa.Engine, service: OddService, rows: Rows
) -> None:
    service.answer(status(429, {"detail": "slow down"}, headers={"Retry-After": "1"}), RETRIED)
    started(door, many(1))
    assert told(ended(store)) == {ItemState.DONE: 1}
    (item,) = items(store)
    assert item.attempt == 1
    first, second = rows(
        "select intent.at as began, outcome.at as ended, outcome.result from ops.audit_log intent"
        " join ops.audit_log outcome using (request_id) where intent.phase = 'intent'"
        " and outcome.phase = 'outcome' and intent.batch_id = 'b-1' order by intent.id"
    )
    assert (first["result"], second["result"]) == ("failed", "done")
    assert second["began"] - first["ended"] > timedelta(milliseconds=900)


def test_a_service_that_asks_to_wait_for_hours_is_not(
    runner: Runner, door: Door, store: sa.Engine, service: OddService
) -> None:
    service.answer(status(429, {"detail": "tomorrow"}, headers={"Retry-After": "36000"}))
    started(door, many(30))
    bulk = at_rest(store)
    assert (bulk.state, bulk.why and bulk.why.name) == (BulkState.PAUSED, "ServiceBusy")
    assert told(bulk) == {ItemState.WAITING: 30}


def test_what_the_door_refuses_to_one_it_refuses_to_all(
    door: Door, store: sa.Engine, service: OddService, client: ServiceClient, rows: Rows
) -> None:
    started(door, many(300))
    change(store, "update ops.bulks set role = 'viewer'")
    with running(door, lambda: client):
        bulk = at_rest(store)
    assert (bulk.why and bulk.why.name, told(bulk)) == ("PermissionDenied", {ItemState.WAITING: 300})
    assert service.seen == []
    assert 0 < len(rows("select * from ops.audit_log where result = 'refused'")) <= WORKERS * 2


def test_what_cannot_be_recorded_is_not_begun(
    door: Door, store: sa.Engine, service: OddService, client: ServiceClient
) -> None:
    started(door, many(300))
    change(store, "alter table ops.audit_log rename to away")
    with running(door, lambda: client):
        bulk = at_rest(store)
        assert (bulk.why and bulk.why.name, told(bulk)) == ("NotRecorded", {ItemState.WAITING: 300})
        assert service.seen == []
        change(store, "alter table ops.away rename to audit_log")
        service.answer(RETRIED)
        bulks.resume(door, OPERATOR, "b-1", request_id="r-1")
        assert told(ended(store)) == {ItemState.DONE: 300}
    assert set(by_job(service).values()) == {1}


def test_a_console_without_the_service_says_so(door: Door, store: sa.Engine) -> None:
    def client() -> ServiceClient:
        raise NotConfigured(what="The service's control API", setting="OPS_SERVICE_URL")

    with running(door, client):
        started(door, many(30))
        bulk = at_rest(store)
    assert (bulk.state, bulk.why and bulk.why.name) == (BulkState.PAUSED, "NotConfigured")
    assert told(bulk) == {ItemState.WAITING: 30}


def test_a_job_that_blows_up_takes_no_other_with_it(runner: Runner, door: Door, store: sa.Engine) -> None:
    with capture_logs() as logs:
        started(door, many(5), action="job.snooze", parameters={"until": "tomorrow"})
        assert told(ended(store)) == {ItemState.FAILED: 5}
    assert {item.message for item in items(store)} == {"ValueError"}
    blown_up = sorted(entry["job_id"] for entry in logs if entry["log_level"] == "error")
    assert blown_up == [f"job_{number}" for number in range(5)]
