"""What a prompt template is: immutable, versioned, a function from values to three texts, and the reader of the replies it asks for."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.agents.reading import Reading, Shown, Spoken
from app.agents.scene import Scene, Seat


@dataclass(frozen=True, slots=True)
class Prompt:
    """One turn's prompt. `system` is byte-identical between cycles, `market` between contestants of one cycle, `account` is one's own."""

    system: str
    market: str
    account: str

    @property
    def user(self) -> str:
        """The user message: what everybody sees, then what only this contestant sees."""
        return self.market + self.account

    @property
    def messages(self) -> list[dict[str, str]]:
        """OpenAI chat messages."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a prompt family, named `family@version`. A changed word is a new version; `fingerprint` is over every word of it.

    `system(scene, language)` must depend only on rules and contract terms; `market(scene, language)` only on the scene;
    `account(scene, seat, language)` holds the rest. `read` turns what a model said into a Reading and never raises for it.
    `reply_schema` is JSON schema for hosts that enforce one.
    """

    family: str
    version: int
    languages: tuple[str, ...]
    words: str
    system: Callable[[Scene, str], str]
    market: Callable[[Scene, str], str]
    account: Callable[[Scene, Seat, str], str]
    read: Callable[[Spoken, Shown], Reading]
    reply_schema: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """`family@version`."""
        return f"{self.family}@{self.version}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the template's words."""
        return hashlib.sha256(self.words.encode()).hexdigest()
