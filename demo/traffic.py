"""People who ask the running service for books, over HTTP, in the rhythm of the history.

python -m demo.traffic SERVICE_URL SEED TIMEZONE, with the admin key in DEMO_ADMIN_KEY (the simulator's switch).
"""

from __future__ import annotations

import heapq
import os
import signal
import sys
import time
from collections.abc import Callable
from itertools import count

import httpx
import numpy as np

from demo import crowds
from demo.parts import KEY_VARIABLE
from demo.rhythm import MINUTE, seconds_to_next
from demo.users import ABUSE_REQUESTS, ABUSERS, Users, new_key, rotated_gaps, users
from service.providers import ALL, PICTURE_ONE, STORY_LLM, VOICE_ONE, Mode

THEMES = ("friendship", "courage", "the sea", "a first day at school", "sharing", "grandparents", "the moon")
REFUSED_WISHES, REFUSED_BOOKS = ("a weapon", "blood"), ("a nightmare", "the casino")
REFUSED_WISH_SHARE, REFUSED_BOOK_SHARE, AUDIO_SHARE = 0.013, 0.007, 0.05
# Whoever has just started the demo is to see a queue soon, and then again.
FIRST_CROWD, FIRST_CROWD_SECONDS = 24, 1.5 * MINUTE
LONGEST_WITHOUT_CROWD = 25 * MINUTE
# Requests are to be refused soon, and then again.
FIRST_BURST_SECONDS, MINUTES_BETWEEN_BURSTS = 4 * MINUTE, 150.0
# Until who changes keys tries another one.
MINUTES_BETWEEN_KEYS = 180.0
MINUTES_BETWEEN_TROUBLES = 50.0
TROUBLE_MINUTES = (2.0, 6.0)
TROUBLES = (
    (PICTURE_ONE, Mode.DOWN),
    (PICTURE_ONE, Mode.RATE_LIMITED),
    (PICTURE_ONE, Mode.SLOW),
    (STORY_LLM, Mode.FAILING),
    (VOICE_ONE, Mode.UNPRICED),
)
TIMEOUT_SECONDS = 10.0

Act = Callable[[], None]


class Traffic:
    """A calendar of things to do; each puts what follows from it into the calendar."""

    def __init__(self, client: httpx.Client, everyone: Users, random: np.random.Generator, timezone: str) -> None:
        self._client = client
        self._users = everyone
        self._random = random
        self._timezone = timezone
        self._numbers = count()
        self._calendar: list[tuple[float, int, Act]] = []

    def run(self) -> None:
        """Ask for books until this process is stopped."""
        for provider in ALL:
            self._switch(provider.name, Mode.OK)
        self._later(seconds_to_next(self._random, self._timezone), self._ordinary)
        self._later(FIRST_CROWD_SECONDS, lambda: self._crowd(FIRST_CROWD))
        self._later(self._to_next_crowd(), self._crowds)
        self._later(FIRST_BURST_SECONDS, self._burst)
        self._later(self._exponential(MINUTES_BETWEEN_KEYS), self._new_key)
        self._later(self._exponential(MINUTES_BETWEEN_TROUBLES), self._trouble)
        print("asking for books", flush=True)
        while True:
            due, _, act = heapq.heappop(self._calendar)
            time.sleep(max(0.0, due - time.monotonic()))
            act()

    def _ordinary(self) -> None:
        self._ask_somebody()
        self._later(seconds_to_next(self._random, self._timezone), self._ordinary)

    def _crowds(self) -> None:
        self._crowd(int(crowds.sizes(self._random, 1)[0]))
        self._later(self._to_next_crowd(), self._crowds)

    def _to_next_crowd(self) -> float:
        return min(crowds.seconds_to_next(self._random, self._timezone), LONGEST_WITHOUT_CROWD)

    def _crowd(self, books: int) -> None:
        """Many ask at once: a queue builds up and is worked off."""
        print(f"a crowd wants {books} books", flush=True)
        for wait in self._random.random(books) * books * crowds.SECONDS_EACH:
            self._later(float(wait), self._ask_somebody)

    def _burst(self) -> None:
        """One user asks for more than a day allows, a book every few seconds."""
        abuser = self._users.keys[int(self._random.integers(0, ABUSERS))]
        waits = np.cumsum(self._random.exponential(15.0, int(self._random.integers(*ABUSE_REQUESTS))))
        for wait in waits:
            self._later(float(wait), lambda: self._ask(abuser))
        self._later(self._exponential(MINUTES_BETWEEN_BURSTS), self._burst)

    def _new_key(self) -> None:
        """One person uses up a key that nobody has seen before."""
        key = new_key(self._random)
        for wait in np.cumsum(rotated_gaps(self._random)):
            self._later(float(wait), lambda: self._ask(key))
        self._later(self._exponential(MINUTES_BETWEEN_KEYS), self._new_key)

    def _trouble(self) -> None:
        """A provider misbehaves for some minutes."""
        provider, mode = TROUBLES[int(self._random.integers(0, len(TROUBLES)))]
        lasts = self._random.uniform(*TROUBLE_MINUTES) * MINUTE
        print(f"{provider.name} is {mode} for {lasts:.0f} s", flush=True)
        self._switch(provider.name, mode)
        self._later(lasts, lambda: self._switch(provider.name, Mode.OK))
        self._later(lasts + self._exponential(MINUTES_BETWEEN_TROUBLES), self._trouble)

    def _ask_somebody(self) -> None:
        somebody = self._users.somebody(self._random, np.zeros(1))
        self._ask(self._users.keys[int(somebody[0])])

    def _ask(self, user_key: str) -> None:
        wish = {
            "title": f"Book {int(self._random.integers(1, 10_000))}",
            "theme": self._theme(),
            "audio": bool(self._random.random() < AUDIO_SHARE),
            "profile_id": f"profile-{int(self._random.integers(1, 4))}",
        }
        headers = {"X-User-Key": user_key, "X-Idempotency-Key": self._random.bytes(16).hex()}
        self._send("POST", "/v1/books", wish, headers)

    def _theme(self) -> str:
        drawn = self._random.random()
        if drawn < REFUSED_WISH_SHARE:
            return self._one_of(REFUSED_WISHES)
        if drawn < REFUSED_WISH_SHARE + REFUSED_BOOK_SHARE:
            return self._one_of(REFUSED_BOOKS)
        return self._one_of(THEMES)

    def _one_of(self, words: tuple[str, ...]) -> str:
        return words[int(self._random.integers(0, len(words)))]

    def _switch(self, provider: str, mode: Mode) -> None:
        key = {"X-Admin-Key": os.environ[KEY_VARIABLE]}
        self._send("PUT", f"/v1/simulator/providers/{provider}", {"mode": mode}, key)

    def _send(self, method: str, path: str, body: dict[str, object], headers: dict[str, str]) -> None:
        """A refusal is as good as a book; a service that is away is asked again by the next user."""
        try:
            answer = self._client.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            print(f"{method} {path}: {type(error).__name__}", flush=True)
        else:
            print(f"{method} {path}: {answer.status_code}", flush=True)

    def _later(self, seconds: float, act: Act) -> None:
        heapq.heappush(self._calendar, (time.monotonic() + seconds, next(self._numbers), act))

    def _exponential(self, minutes: float) -> float:
        return float(self._random.exponential(minutes * MINUTE))


def main(service_url: str, seed: str, timezone: str) -> None:
    """Ask for books until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    random = np.random.default_rng([int(seed), int(time.time())])
    with httpx.Client(base_url=service_url, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        Traffic(client, users(int(seed)), random, timezone).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
