"""The past as rows of the service's tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from demo.books import Attempts
from demo.columns import chosen, decimals, hexadecimal, instants, joined, only
from demo.endings import BY_CODE, DONE, ENDINGS, FINISHED, LOST
from demo.names import Names
from demo.past import Past
from demo.prices import STEPS
from demo.rhythm import Floats, Integers
from demo.sayings import MESSAGES
from service import steps
from service.books import LONGEST_WORDS, PASS_SCORE
from service.providers import ALL, IMAGES_PER_BOOK

FLAGGED = '{"flagged": true, "categories": ["forbidden_content"], "words": ["weapon"], "read": 9}'
CLEAN = '{"flagged": false, "categories": [], "words": [], "read": 9}'


def jobs(past: Past, shared: Names) -> pa.Table:
    """One row a job, as its last attempt left it."""
    random = np.random.default_rng([past.course.seed, 5])
    final = past.attempts.where(past.final)
    final = final.where(np.argsort(final.job))
    count = len(final)
    progress = np.array([*(steps.PROGRESS[step] for step in STEPS), 100])
    retried = final.number > 1
    return pa.table(
        {
            "id": shared.job_ids,
            "status": chosen([ending.status for ending in ENDINGS], final.ending),
            "progress": progress[final.last],
            "current_step": chosen([*STEPS, steps.DONE], final.last),
            "error_code": chosen([ending.code for ending in ENDINGS], final.ending),
            "error_message": _messages(random, final.ending),
            "retry_count": final.number - 1,
            "last_retry_at": only(instants(final.asked, zone=None), retried),
            "idempotency_key": only(hexadecimal(random, count, 32), random.random(count) < 0.8),  # noqa: PLR2004
            "profile_id": joined("profile-", pa.array(random.integers(1, 4, count)).cast(pa.string())),
            "moderation_input": _verdicts(final, steps.Step.MODERATE_INPUT, BY_CODE["SAFETY_INPUT"]),
            "moderation_output": _verdicts(final, steps.Step.MODERATE_OUTPUT, BY_CODE["SAFETY_OUTPUT"]),
            "trace_id": hexadecimal(random, count, 32),
            "user_key": shared.users,
            "created_at": instants(past.created, zone=None),
            "updated_at": instants(np.where(final.ending == LOST, _entered_last(final), final.closed), zone=None),
        }
    )


def _entered_last(made: Attempts) -> Floats:
    """When each attempt's last step began: the last touch of a row whose worker died."""
    entered: Floats = made.starts[np.arange(len(made)), np.minimum(made.last, FINISHED - 1)]
    return entered


def _messages(random: np.random.Generator, ending: Integers) -> pa.Array:
    """An exception's text for each failed job, null for the others."""
    said = [MESSAGES[item.code or ""] if item.status == "failed" else (None,) for item in ENDINGS]
    lengths = np.array([len(choices) for choices in said])
    offsets = np.cumsum(lengths) - lengths
    within = (random.random(len(ending)) * lengths[ending]).astype(np.int64)
    return chosen([message for choices in said for message in choices], offsets[ending] + within)


def _verdicts(final: Attempts, step: steps.Step, refused: int) -> pa.Array:
    """What moderation said, null where it was not reached."""
    reached = (final.last > STEPS.index(step)) | (final.ending == refused)
    return only(chosen([CLEAN, FLAGGED], (final.ending == refused).astype(np.int64)), reached)


def cost_events(past: Past, shared: Names) -> pa.Table:
    """One row a call, oldest first."""
    random = np.random.default_rng([past.course.seed, 6])
    made, every = past.attempts, past.calls
    order = np.argsort(every.at, kind="stable")
    attempt, provider = every.attempt[order], every.provider[order]
    job = made.job[attempt]
    name = chosen([item.name for item in ALL], provider)
    at = instants(every.at[order])
    return pa.table(
        {
            "event_id": joined(name, hexadecimal(random, len(order), 24), separator="-"),
            "occurred_at": at,
            "recorded_at": at,
            "job_id": shared.job_ids.take(pa.array(job)),
            "attempt": made.number[attempt],
            "user_key": shared.users.take(pa.array(job)),
            "provider": name,
            "kind": chosen([item.kind for item in ALL], provider),
            "model": chosen([item.model for item in ALL], provider),
            "step": chosen(STEPS, every.step[order]),
            "outcome": chosen(["failed", "succeeded"], every.succeeded[order].astype(np.int64)),
            "units": every.units[order],
            "cost_usd": decimals(every.nano[order], every.unpriced[order]),
        }
    )


def quality_checks(past: Past, shared: Names) -> pa.Table:
    """Six rows a book."""
    random = np.random.default_rng([past.course.seed, 7])
    books = past.attempts.where(past.final & (past.attempts.ending == DONE))
    ids, at = shared.job_ids.take(pa.array(books.job)), instants(books.closed)
    parts = [
        pa.table(
            {
                "job_id": ids,
                "checked_at": at,
                "check": pa.array([name] * len(books), pa.string()),
                "score": np.round(score, 3),
                "passed": np.round(score, 3) >= PASS_SCORE,
                "detail": joined(pa.array(number).cast(pa.string()), words),
            }
        )
        for name, score, number, words in _scores(random, past, books)
    ]
    return pa.concat_tables(parts)


def _scores(
    random: np.random.Generator, past: Past, books: Attempts
) -> Iterator[tuple[str, Floats, Integers, str]]:
    """Each check's name, its score and detail for each book.

    The newest release draws its characters a little less alike.
    """
    count = len(books)
    yield "forbidden_content", np.ones(count), np.zeros(count, np.int64), " forbidden words"
    words = random.integers(250, 290, count)
    yield "text_length", np.minimum(1, LONGEST_WORDS / words), words, " words"
    repeated = random.binomial(IMAGES_PER_BOOK, 0.03, count)
    yield "repetition", 1 - repeated / IMAGES_PER_BOOK, repeated, " repeated pages"
    different = random.integers(44, 62, count)
    yield "vocabulary_diversity", np.minimum(1, different / 52), different, " different words"
    usual = np.where(books.closed > past.course.release_begins[-1], 0.93, 0.97)
    likeness = random.triangular(0.7, usual, 1.0)
    yield "character_consistency", likeness, np.full(count, IMAGES_PER_BOOK), " pages with the main character"
    missing = books.placeholders
    images = f" of {IMAGES_PER_BOOK} images are placeholders"
    yield "placeholder_images", 1 - missing / IMAGES_PER_BOOK, missing, images
