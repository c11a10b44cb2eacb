"""Users by alias: the key that stands for a user in the service is their only credential."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

# Of 100,000 users, 6 digits would give some 300 pairs one name, 8 digits about one.
DIGITS = 8


@dataclass(frozen=True, slots=True)
class Aliases:
    """Aliases are stable as long as key is, and tell nothing about a user to who has not got it."""

    key: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("the key of the aliases is empty")

    def alias(self, user_key: str) -> str:
        """Such as user-7f3a9c01."""
        digest = hmac.new(self.key.encode(), user_key.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"user-{digest.hexdigest()[:DIGITS]}"
