"""What may be done to a job from its page, by whom and when; else why not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from tests.actions.odd_service import OddService
from tests.dashboard.conftest import Configure
from tests.pages.job_rows import JOB, TABLES, add
from tests.pages.screen import VIEWER, button, dialogs, labels, opened, press, words
from tests.queries import conftest as database
from tests.service_process import ServiceProcesses


@pytest.fixture
def odd() -> Iterator[OddService]:
    """A service without a control API."""
    with OddService() as running:
        yield running


@pytest.fixture
def acting(service: ServiceProcesses, configure: Configure) -> Iterator[str]:
    """The console before the running service, which has no job; its database's address."""
    configure(database_url=service.database_url, service_url=service.url, service_admin_key=service.admin_key)
    database.run(service.database_url, "delete from jobs", *(f"delete from {one}" for one in TABLES))  # noqa: S608
    yield service.database_url


def actions(at: AppTest) -> list[str]:
    return [label for label in labels(at) if label.endswith("…")]


def test_a_failed_job_can_be_retried(acting: str) -> None:
    add(acting)
    at = press(opened("job", job=JOB), "Retry…")
    (dialog,) = dialogs(at)
    assert dialog.proto.dialog.title == "Retry 1 job?"
    assert actions(opened("job", job=JOB)) == ["Retry…"]


def test_a_stuck_job_can_be_retried_cancelled_and_acknowledged(acting: str) -> None:
    add(acting, "running", None)
    at = opened("job", job=JOB)
    assert actions(at) == ["Retry…", "Cancel…", "Acknowledge…"]
    assert "Stuck for " in words(at)
    press(at, "Cancel…")
    assert [one.proto.dialog.title for one in dialogs(at)] == ["Cancel 1 job?"]


def test_a_job_that_runs_well_can_only_be_cancelled(acting: str) -> None:
    add(acting, "running", None, story=False)
    database.run(acting, "update jobs set (created_at, last_retry_at, updated_at) = (select n, n, n from"
                         " (select now() at time zone 'utc' as n) clock)")  # fmt: skip
    at = opened("job", job=JOB)
    assert actions(at) == ["Cancel…"]
    assert "A retry is for jobs that failed or are stuck." in words(at)


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_what_has_ended_well_or_for_good_is_left_alone(acting: str, status: str) -> None:
    add(acting, status, None)
    at = opened("job", job=JOB)
    assert actions(at) == []
    assert f"A job that is {status} is neither retried nor cancelled." in words(at)


def test_a_job_that_was_retried_as_often_as_it_may_be(acting: str) -> None:
    add(acting)
    database.run(acting, "update jobs set retry_count = 3")
    at = opened("job", job=JOB)
    assert button(at, "Retry…").disabled
    assert "It was retried 3 times, which is the limit." in words(at)


def test_a_viewer_and_a_read_only_console_have_no_buttons(acting: str, configure: Configure) -> None:
    add(acting)
    viewer = opened("job", person=VIEWER, job=JOB)
    assert actions(viewer) == []
    assert "Failed 41 min ago" in words(viewer)
    configure(read_only=True)
    at = opened("job", job=JOB)
    assert actions(at) == []
    assert "This console is read-only (OPS_READ_ONLY): nothing can be done from here." in words(at)


def test_a_service_without_a_control_api(newer: str, configure: Configure, odd: OddService) -> None:
    add(newer)
    configure(service_url=odd.url, service_admin_key="key")
    at = opened("job", job=JOB)
    assert button(at, "Retry…").disabled
    assert "Not offered by this service: it has no control API for it." in words(at)
