"""What each step of a book does, and how a claimed job goes through them."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from psycopg_pool import PoolTimeout

from service import books, metrics, moderation, providers, runs
from service.calls import ProviderOut, ShuttingDown, StepFailed, Tools, buy
from service.logs import log
from service.providers import IMAGES_PER_BOOK
from service.runs import Fenced, Run
from service.steps import Step, from_step

NORMALIZE_SECONDS = 0.3
PLACEHOLDERS_ALLOWED = 3


def work(tools: Tools, run: Run) -> None:
    """Take a claimed job through its remaining steps, to its end or back into the queue."""
    try:
        _run_steps(tools, run)
    except StepFailed as failure:
        _fail(tools, run, failure.code, str(failure))
    except ShuttingDown:
        runs.hand_back(tools.pool, run)
        log.info("job handed back", job_id=run.job_id, attempt=run.attempt)
    except (psycopg.Error, PoolTimeout) as error:
        _fail(tools, run, "DB_WRITE_FAILED", f"{type(error).__name__} while the job was running")


def finish_unexpected(tools: Tools, run: Run, error: BaseException) -> None:
    """What a worker does with a job that ended with an error nobody foresaw, or that it has lost."""
    if isinstance(error, Fenced):
        log.info("job was taken away", job_id=run.job_id, attempt=run.attempt)
        return
    log.error("job ended unexpectedly", job_id=run.job_id, attempt=run.attempt, exc_info=error)
    if not isinstance(error, psycopg.Error | PoolTimeout):
        _fail(tools, run, "UNKNOWN", type(error).__name__)


def _fail(tools: Tools, run: Run, code: str, message: str) -> None:
    seconds = runs.fail(tools.pool, run, code, message)
    metrics.finished("failed", code, seconds)
    log.warning("job failed", job_id=run.job_id, attempt=run.attempt, error_code=code)


def _run_steps(tools: Tools, run: Run) -> None:
    metrics.queue_wait.observe(run.waited_seconds)
    for step in from_step(run.start):
        if step is not run.start:
            runs.enter(tools.pool, run, step)
        tools.pause(0)
        started = time.monotonic()
        BODIES[step](tools, run)
        metrics.step_duration.labels(step.value).observe(time.monotonic() - started)
    placeholders = IMAGES_PER_BOOK - len(_images(run))
    seconds = runs.finish(tools.pool, run, books.checks(_pages(run), placeholders, run.job_id))
    metrics.finished("done", None, seconds)
    log.info("job done", job_id=run.job_id, attempt=run.attempt, placeholders=placeholders)


def _wish(run: Run) -> tuple[str, str]:
    """Title and theme; rows that another program queued have neither."""
    return run.request.get("title") or "A book", run.request.get("theme") or "friendship"


def _pages(run: Run) -> list[str]:
    pages: list[str] = run.artefacts.get("pages", [])
    return pages


def _images(run: Run) -> dict[str, str]:
    """Images that were paid for: number -> the provider's request id."""
    images: dict[str, str] = run.artefacts.setdefault("images", {})
    return images


def _normalize(tools: Tools, run: Run) -> None:
    tools.pause(NORMALIZE_SECONDS)
    run.artefacts["wish"] = [" ".join(part.split()) for part in _wish(run)]


def _moderate_input(tools: Tools, run: Run) -> None:
    buy(tools, run, Step.MODERATE_INPUT, providers.MODERATION)
    verdict = moderation.verdict(" ".join(_wish(run)), moderation.FORBIDDEN_WISHES)
    runs.keep_moderation(tools.pool, run, output=False, verdict=verdict)
    if verdict["flagged"]:
        raise StepFailed("SAFETY_INPUT", "the wish was refused by moderation")


def _generate_story(tools: Tools, run: Run) -> None:
    buy(tools, run, Step.STORY, providers.STORY)
    run.artefacts["pages"] = books.story(*_wish(run), seed=run.job_id)


def _generate_character_sheet(tools: Tools, run: Run) -> None:
    run.artefacts["characters"] = buy(tools, run, Step.CHARACTER_SHEET, providers.CHARACTER_SHEET).request_id


def _generate_image_prompts(tools: Tools, run: Run) -> None:
    run.artefacts["prompts"] = buy(tools, run, Step.IMAGE_PROMPTS, providers.IMAGE_PROMPTS).request_id


def _generate_images(tools: Tools, run: Run) -> None:
    """Buy the images that are missing. A few that cannot be had become placeholders; more fail the book."""
    placeholders = 0
    for number in range(1, IMAGES_PER_BOOK + 1):
        if str(number) in _images(run):
            continue
        bought = _image(tools, run, number, last_chance=placeholders >= PLACEHOLDERS_ALLOWED)
        placeholders += not bought
        runs.keep_image(tools.pool, run, number, IMAGES_PER_BOOK, placeholder=not bought)


def _image(tools: Tools, run: Run, number: int, *, last_chance: bool) -> bool:
    """Whether the image could be bought; raises StepFailed where it must be and can't."""
    try:
        _images(run)[str(number)] = buy(tools, run, Step.IMAGES, providers.IMAGE).request_id
    except ProviderOut:
        raise
    except StepFailed:
        if last_chance:
            raise
        return False
    return True


def _moderate_output(tools: Tools, run: Run) -> None:
    buy(tools, run, Step.MODERATE_OUTPUT, providers.MODERATION)
    verdict = moderation.verdict(" ".join(_pages(run)), moderation.FORBIDDEN_RESULTS)
    runs.keep_moderation(tools.pool, run, output=True, verdict=verdict)
    if verdict["flagged"]:
        raise StepFailed("SAFETY_OUTPUT", "the book was refused by moderation")


def _package(tools: Tools, run: Run) -> None:
    if run.request.get("audio"):
        run.artefacts["audio"] = buy(tools, run, Step.PACKAGE, providers.AUDIO).request_id
    run.artefacts["book"] = buy(tools, run, Step.PACKAGE, providers.UPLOAD).request_id


BODIES: dict[Step, Callable[[Tools, Run], None]] = {
    Step.NORMALIZE: _normalize,
    Step.MODERATE_INPUT: _moderate_input,
    Step.STORY: _generate_story,
    Step.CHARACTER_SHEET: _generate_character_sheet,
    Step.IMAGE_PROMPTS: _generate_image_prompts,
    Step.IMAGES: _generate_images,
    Step.MODERATE_OUTPUT: _moderate_output,
    Step.PACKAGE: _package,
}
