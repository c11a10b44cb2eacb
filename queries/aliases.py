"""Users by alias: the key that stands for a user in the service is their only credential."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

# Of 100,000 users, 6 digits would give some 300 pairs one name, 8 digits about one.
DIGITS = 8
# No two users share one of these.
DIGEST_DIGITS = 32
# More users than anybody sees in a day; a few megabytes.
REMEMBERED = 10_000
# Finding out that nobody has an alias costs a look at every user; a new user may have it soon.
NOBODY_KEPT = timedelta(minutes=1)


class _Memory:
    """The keys of the aliases met last; for use by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._nobody: OrderedDict[str, float] = OrderedDict()

    def add(self, alias: str, keys: frozenset[str]) -> None:
        with self._lock:
            if keys:
                self._keys[alias] = self._keys.get(alias, frozenset()) | keys
                self._keys.move_to_end(alias)
                self._nobody.pop(alias, None)
            else:
                self._nobody[alias] = time.monotonic()
            for kept in (self._keys, self._nobody):
                if len(kept) > REMEMBERED:
                    kept.popitem(last=False)

    def get(self, alias: str) -> frozenset[str] | None:
        with self._lock:
            if alias in self._keys:
                return self._keys[alias]
            asked = self._nobody.get(alias)
        fresh = asked is not None and time.monotonic() - asked < NOBODY_KEPT.total_seconds()
        return frozenset() if fresh else None


@dataclass(frozen=True, slots=True)
class Aliases:
    """Aliases are stable as long as key is, and tell nothing about a user to who has not got it.

    The way back, from an alias to the keys that have it, is only remembered: see queries.users.
    """

    key: str = field(repr=False)
    _memory: _Memory = field(default_factory=_Memory, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("the key of the aliases is empty")

    def alias(self, user_key: str) -> str:
        """Such as user-7f3a9c01."""
        alias = self._alias(user_key)
        self._memory.add(alias, frozenset({user_key}))
        return alias

    def masked(self, text: str, user_key: str) -> str:
        """The text with the user's alias wherever it holds the user's key."""
        return text.replace(user_key, self.alias(user_key)) if user_key and user_key in text else text

    def keys(self, alias: str) -> frozenset[str] | None:
        """The keys met with this alias; none where nobody has it, None where that is not known (any more)."""
        return self._memory.get(alias)

    def find(self, alias: str, user_keys: Iterable[str]) -> frozenset[str]:
        """Those of the keys that have this alias; remembered."""
        found = frozenset(key for key in user_keys if self._alias(key) == alias)
        self._memory.add(alias, found)
        return found

    def digest(self, user_key: str) -> str:
        """What stands for the user in the console's own tables: 32 digits, of which the alias shows the first."""
        digest = hmac.digest(self.key.encode(), user_key.encode("utf-8", "surrogatepass"), "sha256")
        return digest.hex()[:DIGEST_DIGITS]

    def fingerprint(self) -> str:
        """Differs when the key does, and with it every digest; tells nothing about the key."""
        return hmac.digest(self.key.encode(), b"", "sha256").hex()[:DIGEST_DIGITS]

    def _alias(self, user_key: str) -> str:
        return shown(self.digest(user_key))


def shown(digest: str) -> str:
    """The alias of the user with this digest."""
    return f"user-{digest[:DIGITS]}"
