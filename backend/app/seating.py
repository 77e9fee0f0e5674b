"""From a line of the settings to a contestant that can be asked: its template, its line to a model host, or the rule it follows."""

import random
from dataclasses import dataclass

from app.agents.templates import find_template
from app.arena_file import ContestantSpec
from app.cycle.parts import Contestant
from app.llm.client import ChatClient
from app.llm.gates import Gates
from app.llm.pool import ConnectionPool
from app.llm.profile import Profile
from app.llm.profiles import COMPATIBLE, SANDBOX
from app.sandbox.child import Child
from app.settings import Settings

SCRIPTED = {"qwen3": "trend-rider", "deepseek": "mean-reverter", "kimi": "breakout-scout"}
"""Which scripted trader of the sandbox stands in for whom in the demo."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What all contestants' lines to their models share."""

    pool: ConnectionPool
    gates: Gates
    sandbox: Child | None


def seated(settings: Settings, spec: ContestantSpec, lines: Lines) -> Contestant:
    """One contestant, ready to be asked; without a host where its key is missing."""
    template = find_template(spec.prompt)
    if spec.baseline is not None:
        return Contestant(
            spec.id,
            spec.title,
            "baseline",
            spec.baseline.value,
            spec.language,
            None,
            template,
            spec.baseline,
            spec.seed,
            settings={"seed": spec.seed},
        )
    profile = settings.profiles[spec.provider or ""]
    key = settings.key_of(spec)
    base_url, model, secret = spec.base_url, spec.model or profile.default_model, key.get_secret_value() if key else None
    if lines.sandbox is not None and _scripted(settings, spec, profile):
        base_url, model, secret = lines.sandbox.models_url, spec.model or SCRIPTED.get(spec.id, "trend-rider"), "demo"
    host = None
    if secret is not None:
        host = ChatClient(
            profile,
            lines.pool,
            api_key=secret,
            chance=random.Random(),  # noqa: S311 - spreads retries
            base_url=base_url,
            model=model,
            params=spec.params,
            reply_schema=template.reply_schema,
            gate=lines.gates.of(profile.name),
        )
    said = {"params": dict(spec.params)} if spec.params else {}
    return Contestant(
        spec.id,
        spec.title,
        profile.name,
        model,
        spec.language,
        host,
        template,
        profile=profile,
        base_url=base_url or profile.base_url,
        settings=said,
    )


def _scripted(settings: Settings, spec: ContestantSpec, profile: Profile) -> bool:
    """Whether the sandbox's model host stands in for one that names no other: for its own profile always, for those that need a key while
    nobody has one.
    """
    if spec.base_url is not None:
        return False
    if profile.name == SANDBOX.name:
        return True
    return not settings.keys and (profile.key_env is not None or profile.name == COMPATIBLE.name)
