"""The story of jobs as the real service writes it: failed and retried, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest

from queries import job_money, job_quality, job_story, job_timeline, jobs
from queries.aliases import Aliases
from queries.job_models import CallSum, Check, Ending, Moderation, Span
from queries.models import Job
from tests.queries.conftest import connect
from tests.service.driver import OPERATOR, Driver
from tests.service_process import ServiceProcesses

BEFORE_IMAGES = [
    "queued", "normalize", "moderate_input", "generate_story",
    "generate_character_sheet", "generate_image_prompts",
]  # fmt: skip


@dataclass(frozen=True)
class Story:
    job: Job
    spans: tuple[Span, ...]
    money: tuple[CallSum, ...]
    checks: tuple[Check, ...]
    moderation: Moderation

    @property
    def wasted(self) -> Decimal:
        return sum((one.wasted for one in self.money), Decimal(0))


@pytest.fixture(scope="module")
def driver(
    new_database: Callable[[str], str], newer_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Driver]:
    url = new_database(newer_template)
    with (
        ServiceProcesses(url, tmp_path_factory.mktemp("service"), workers=1, monitor=False) as service,
        Driver(service) as opened,
    ):
        yield opened


def story(driver: Driver, job_id: str) -> Story:
    aliases = Aliases("k")
    with connect(driver.service.database_url) as (connection, schema):
        job = jobs.get(connection, schema, aliases, job_id)
        kept = job_story.events(connection, schema, aliases, job_id)
        calls = job_story.calls(connection, schema, job_id)
        checks = job_story.checks(connection, schema, job_id)
        moderation = job_story.moderation(connection, schema, aliases, job_id)
    assert job is not None
    assert kept is not None
    assert calls is not None
    assert checks is not None
    assert moderation is not None
    spans = job_timeline.spans(kept.events, job.status, job.updated_at)
    return Story(job, spans, job_money.sums(calls, job.status), checks, moderation)


def names(found: Story, attempt: int) -> list[str]:
    return [span.name for span in found.spans if span.attempt == attempt]


@pytest.mark.parametrize("start", ["failed_step", "start"])
def test_a_book_that_failed_and_was_retried(driver: Driver, start: str) -> None:
    driver.reset()
    driver.switch("storage-one", "down")
    job_id = driver.order()
    driver.wait_for(job_id, "failed")
    failed = story(driver, job_id)
    *_, last = failed.spans
    assert (last.name, last.ending, last.why) == ("package", Ending.FAILED, "STORAGE_UPLOAD_FAILED")
    assert failed.wasted == sum(one.usd for one in failed.money) > 0
    assert failed.checks == ()

    driver.switch("storage-one", "ok", reset_breaker=True)
    assert driver.act(job_id, "retry", **{"from": start}).status_code == 202
    driver.wait_for(job_id, "done")
    done = story(driver, job_id)
    begun = (
        ["package"]
        if start == "failed_step"
        else [*BEFORE_IMAGES[1:], "generate_images", "moderate_output", "package"]
    )
    assert names(done, 1) == [*BEFORE_IMAGES, "generate_images", "moderate_output", "package"]
    assert names(done, 2) == ["queued", *begun]
    retried = next(span for span in done.spans if span.cause == "retried")
    assert (retried.by, retried.why) == (OPERATOR, "a test")
    images = next(span for span in done.spans if span.name == "generate_images")
    assert (images.images, images.total, images.placeholders) == (12, 12, 0)
    bought_again = sum(one.usd for one in done.money if one.attempt == 1 and one.kind != "storage")
    assert done.wasted == (0 if start == "failed_step" else bought_again)
    assert job_quality.mean(done.checks) is not None
    assert done.moderation.input is not None
    assert done.moderation.input["flagged"] == "false"


def test_a_book_that_was_cancelled(driver: Driver) -> None:
    driver.reset()
    driver.switch("picture-one", "hanging")
    job_id = driver.order()
    driver.wait_for(job_id, "running", "generate_images")
    running = story(driver, job_id).spans[-1]
    assert (running.name, running.ended) == ("generate_images", None)
    assert driver.act(job_id, "cancel").status_code == 202
    cancelled = story(driver, job_id)
    last = cancelled.spans[-1]
    assert (last.name, last.ending, last.by, last.why) == ("generate_images", Ending.CANCELLED, OPERATOR, "a test")
    assert names(cancelled, 1) == [*BEFORE_IMAGES, "generate_images"]
    assert cancelled.wasted == sum(one.usd for one in cancelled.money)
    driver.switch("picture-one", "ok", reset_breaker=True)
