"""The service's releases: about one a week, the newest some hours before now."""

from __future__ import annotations

from dataclasses import dataclass

from demo.rhythm import DAY, HOUR


@dataclass(frozen=True)
class Release:
    """A version of the service, in use since age seconds before the history's end."""

    version: str
    commit: str
    age: float


RELEASES = (
    Release("1.4.0", "5b1f0c2", 93.2 * DAY),
    Release("1.4.1", "9d03e6a", 83.9 * DAY),
    Release("1.5.0", "27c81bf", 76.1 * DAY),
    Release("1.5.1", "f4e0927", 69.8 * DAY),
    Release("1.6.0", "c84e71d", 61.1 * DAY),
    Release("1.6.1", "03ba5d8", 55.0 * DAY),
    Release("1.6.2", "8e6f214", 46.9 * DAY),
    Release("1.7.0", "b1970ce", 39.2 * DAY),
    Release("1.7.1", "64d2a3f", 33.0 * DAY),
    Release("1.8.0", "e07a9b4", 25.1 * DAY),
    Release("1.8.1", "7af36c0", 16.2 * DAY),
    Release("1.8.2", "d25b8e1", 7.8 * DAY),
    # It draws the pages of a series all at once, which is more than picture-one takes.
    Release("1.9.0", "4c6e19d", 3.7 * HOUR),
)
NEWEST = RELEASES[-1]
