"""Ids that several of the history's tables share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.columns import chosen, hexadecimal, instants, joined
from demo.kinds import KINDS
from demo.past import Past


@dataclass(frozen=True)
class Names:
    """Ids that several tables share: one job id a job, one worker name an attempt."""

    job_ids: pa.Array
    users: pa.Array
    workers: pa.Array


def names(past: Past) -> Names:
    """The same ids for the same past."""
    random = np.random.default_rng([past.course.seed, 4])
    stamp = pc.strftime(instants(np.floor(past.created)).cast(pa.timestamp("s", tz="UTC")), "%Y%m%d_%H%M%S")
    place = random.integers(0, 2, len(past.attempts))
    releases = np.searchsorted(past.course.release_begins, past.attempts.begun) - 1
    workers = [f"books-{place}-{release.commit}" for release in past.course.releases for place in ("a", "b")]
    return Names(
        job_ids=joined(chosen(KINDS, past.kind_of), stamp, hexadecimal(random, len(past), 8), separator="_"),
        users=chosen(past.users.keys, past.user_of),
        workers=chosen(workers, np.maximum(releases, 0) * 2 + np.where(past.left_open, 1, place)),
    )
