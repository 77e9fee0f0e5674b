"""Every setting of the arena as one frozen object, read once at start. Only main and cli see it.

Sources, strongest first: environment, `backend/.env`, defaults; contestants and limits from `arena.toml`. A wrong value raises
SettingsError, whose text is one sentence naming the variable and the fix. Keys are kept as SecretStr and never written anywhere.
"""

import difflib
import ipaddress
import os
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, Self

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from app.agents.baselines import HELD_COIN, Baseline
from app.arena_file import (
    DEFAULT_BASELINES,
    ArenaFile,
    ArenaFileError,
    ContestantKind,
    ContestantSpec,
    ExecutionSpec,
    Limits,
    at_the_table,
    read_arena_file,
)
from app.llm.price_row import PriceRow
from app.llm.profiles import PROFILES, SANDBOX, Profile

BACKEND = Path(__file__).resolve().parent.parent
PATHS = ("data_dir", "tape")


class SettingsError(Exception):
    """A setting that can't be used; the text says which and what to do."""


DEFAULT_LINE_UP = tuple(
    at_the_table(spec, PROFILES)
    for spec in (
        ContestantSpec(id="qwen3", name="Qwen", provider="qwen"),
        ContestantSpec(id="deepseek", name="DeepSeek", provider="deepseek"),
        ContestantSpec(id="kimi", name="Kimi", provider="kimi"),
    )
)

_BOOLS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class Settings(BaseModel):
    """The settings, checked. Variables of the same name in capitals; meanings and defaults are documented in `.env.example`."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    scheduler_enabled: bool = True
    scheduler_interval_minutes: int = Field(5, ge=1, le=1440)
    initial_capital: Decimal = Field(Decimal("10000.0"), gt=0, le=Decimal("1e12"))
    database_url: str | None = None
    data_dir: Path = BACKEND / "data"
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    web_port: int = Field(3000, ge=0, le=65535)
    admin_token: SecretStr | None = None
    market: str = "bitget"
    market_base_url: str | None = None
    symbols: tuple[str, ...] = ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE")
    arena_file: Path | None = None
    tape: Path | None = None
    sandbox_speed: int = Field(1, ge=1, le=3600)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    line_up: tuple[ContestantSpec, ...] = DEFAULT_LINE_UP
    profiles: Mapping[str, Profile] = PROFILES
    price_rows: tuple[PriceRow, ...] = ()
    limits: Limits = Limits()
    execution: ExecutionSpec = ExecutionSpec()
    keys: Mapping[str, SecretStr] = Field(default_factory=dict, repr=False)

    @field_validator("scheduler_enabled", mode="before")
    @classmethod
    def _plain_bool(cls, value: object) -> object:
        if isinstance(value, str):
            if value.strip().lower() not in _BOOLS:
                raise ValueError("must be true or false")
            return _BOOLS[value.strip().lower()]
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("initial_capital", mode="before")
    @classmethod
    def _finite(cls, value: object) -> object:
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            raise ValueError("must be a number of USDT, like 10000.0") from None
        if not number.is_finite():
            raise ValueError("must be a finite number of USDT")
        return number

    @field_validator("symbols", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(part.strip().upper() for part in value.split(",") if part.strip())
        if not names:
            raise ValueError("must name at least one coin, like BTC,ETH")
        if len(set(names)) != len(names):
            raise ValueError("names a coin twice")
        bad = [name for name in names if not name.isascii() or not name.isalnum()]
        if bad:
            raise ValueError(f"must be base coins separated by commas, like BTC,ETH; not {', '.join(bad)}")
        return names

    @field_validator("market_base_url", "database_url")
    @classmethod
    def _has_scheme(cls, value: str | None) -> str | None:
        if value is not None and "://" not in value:
            raise ValueError("must be a URL with a scheme, like http://host:port or postgresql://user@host/name")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.loopback and self.admin_token is None:
            raise ValueError(f"HOST is {self.host}, which others can reach: set ADMIN_TOKEN to a long random text, or HOST=127.0.0.1")
        if self.tape is not None and not self.demo:
            raise ValueError("TAPE is played by the sandbox only: remove TAPE, or set MARKET=sandbox")
        if self.sandbox_speed != 1 and not self.demo:
            raise ValueError("SANDBOX_SPEED is for the sandbox only: remove it, or set MARKET=sandbox")
        if self.tape is not None and not self.tape.is_dir():
            raise ValueError(f"TAPE is not a folder: {self.tape}")
        if self.port == self.web_port and self.port != 0:
            raise ValueError(f"PORT and WEB_PORT are both {self.port}: give them different numbers")
        if not self.demo and not any(self.key_of(spec) for spec in self.models):
            names = ", ".join(sorted({spec.key_variable for spec in self.models if spec.key_variable}))
            raise ValueError(f"MARKET is {self.market} but no model has a key: set one of {names}, or remove MARKET to see the demo")
        scripted = next((spec.id for spec in self.models if spec.provider == SANDBOX.name and spec.base_url is None), None)
        if scripted is not None and not self.demo:
            raise ValueError(
                f"{scripted} is a scripted model, which plays in the sandbox only: take it out of arena.toml, or set MARKET=sandbox"
            )
        return self._bitcoin_for_its_holder()

    def _bitcoin_for_its_holder(self) -> Self:
        holder = next((spec for spec in self.line_up if spec.baseline is Baseline.BUY_AND_HOLD), None)
        if holder is not None and HELD_COIN not in self.symbols:
            raise ValueError(
                f"SYMBOLS has no {HELD_COIN}, which the baseline {holder.id} buys: add it, or take the baseline out of arena.toml"
            )
        return self

    @property
    def models(self) -> tuple[ContestantSpec, ...]:
        """The contestants that are models: baselines need no key and never make an arena real."""
        return tuple(spec for spec in self.line_up if spec.kind is ContestantKind.MODEL)

    @property
    def demo(self) -> bool:
        """Whether prices come from the sandbox: then the arena says DEMO everywhere and keeps its own database."""
        return self.market == "sandbox"

    @property
    def real_models(self) -> bool:
        """Whether a host is really asked: by a key, or one that needs none. Scripted models are none."""
        return bool(self.keys) or _any_keyless(self.line_up)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def database(self) -> str:
        """URL of the database: DATABASE_URL, else the SQLite file under DATA_DIR."""
        return self.database_url or f"sqlite:///{self.data_dir / ('demo.db' if self.demo else 'tiltyard.db')}"

    def profile_of(self, spec: ContestantSpec) -> Profile | None:
        """How the contestant's provider wants to be spoken to; None for a baseline."""
        return None if spec.provider is None else self.profiles[spec.provider]

    def key_of(self, spec: ContestantSpec) -> SecretStr | None:
        """The contestant's key, or None when its variable is not set; a baseline has none."""
        if spec.kind is ContestantKind.BASELINE:
            return None
        return self.keys.get(spec.key_variable) if spec.key_variable else SecretStr("none")


def load_settings(environment: Mapping[str, str] | None = None, backend: Path = BACKEND) -> Settings:
    """Read environment, `.env` and `arena.toml`. Raises SettingsError with one sentence for the first thing that is wrong."""
    env_file = backend / ".env"
    written = {name: value for name, value in dotenv_values(env_file).items() if value is not None} if env_file.is_file() else {}
    values = {**written, **(os.environ if environment is None else environment)}
    values = {name: value for name, value in values.items() if value.strip() != ""}
    arena = _arena(values.get("ARENA_FILE"), backend)
    line_up = _line_up(arena, values)
    _refuse_unknown(written, line_up, env_file)
    keys = {
        spec.key_variable: SecretStr(values[spec.key_variable]) for spec in line_up if spec.key_variable and spec.key_variable in values
    }
    line_up = _playing(line_up, arena, keys)
    fields: dict[str, Any] = {name: values[name.upper()] for name in _VARIABLES if name.upper() in values}
    fields |= {name: placed(fields[name], backend) for name in PATHS if name in fields}
    if "market" not in fields and not keys and not _any_keyless(line_up):
        fields["market"] = "sandbox"
    fields |= {"limits": arena.limits, "execution": arena.execution, "profiles": arena.profiles, "price_rows": arena.price_rows}
    try:
        return Settings(**fields, line_up=line_up, keys=keys)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def _line_up(arena: ArenaFile, values: Mapping[str, str]) -> tuple[ContestantSpec, ...]:
    """Everybody that could play: the default models, then the file's blocks, then the baselines; a block replaces its namesake."""
    own = {spec.id for spec in arena.contestants}
    defaults = tuple(at_the_table(_overridden(spec, values), arena.profiles) for spec in DEFAULT_LINE_UP if spec.id not in own)
    entered = {spec.baseline for spec in arena.contestants}
    listed = DEFAULT_BASELINES if arena.baselines is None else arena.baselines
    coins = values.get("SYMBOLS", HELD_COIN).upper()
    if arena.baselines is None and HELD_COIN not in {one.strip() for one in coins.split(",")}:
        listed = tuple(one for one in listed if one is not Baseline.BUY_AND_HOLD)
    baselines = tuple(ContestantSpec(id=one, baseline=one) for one in listed if one not in entered and one not in own)
    return (*defaults, *arena.contestants, *baselines)


def _playing(line_up: tuple[ContestantSpec, ...], arena: ArenaFile, keys: Mapping[str, SecretStr]) -> tuple[ContestantSpec, ...]:
    """Beside models of the file, a default one plays only when its key is set."""
    own = {spec.id for spec in arena.contestants}
    if not any(spec.kind is ContestantKind.MODEL for spec in arena.contestants):
        return line_up
    return tuple(spec for spec in line_up if spec.id in own or spec.kind is ContestantKind.BASELINE or spec.key_variable in keys)


def _any_keyless(line_up: tuple[ContestantSpec, ...]) -> bool:
    """Whether a model needs no key, as one on this machine: then the arena is real without any. The sandbox's scripted ones are none."""
    return any(spec.kind is ContestantKind.MODEL and spec.key_variable is None and spec.provider != SANDBOX.name for spec in line_up)


def placed(path: str, backend: Path) -> Path:
    """A relative path means the same whichever folder a command is given in: it starts at the repository, beside README.md."""
    return (backend.parent / Path(path).expanduser()).resolve()


_VARIABLES = (
    "scheduler_enabled",
    "scheduler_interval_minutes",
    "initial_capital",
    "database_url",
    "data_dir",
    "host",
    "port",
    "web_port",
    "admin_token",
    "market",
    "market_base_url",
    "symbols",
    "arena_file",
    "tape",
    "sandbox_speed",
    "log_level",
)


def known_variables(line_up: tuple[ContestantSpec, ...] = DEFAULT_LINE_UP) -> tuple[str, ...]:
    """Names that may stand in `.env`: the settings, and each contestant's key, base URL and model."""
    own = [spec.key_variable for spec in line_up if spec.key_variable]
    overrides = [f"{_prefix(spec)}_{what}" for spec in DEFAULT_LINE_UP for what in ("BASE_URL", "MODEL")]
    return (*(name.upper() for name in _VARIABLES), *own, *overrides)


def _prefix(spec: ContestantSpec) -> str:
    return (spec.key_variable or spec.id).removesuffix("_API_KEY").upper()


def _overridden(spec: ContestantSpec, values: Mapping[str, str]) -> ContestantSpec:
    prefix = _prefix(spec)
    return spec.model_copy(
        update={"base_url": values.get(f"{prefix}_BASE_URL", spec.base_url), "model": values.get(f"{prefix}_MODEL", spec.model)}
    )


def _arena(named: str | None, backend: Path) -> ArenaFile:
    path = placed(named, backend) if named else backend / "arena.toml"
    if not path.is_file():
        if named:
            raise SettingsError(f"ARENA_FILE names {path}, which is not there: correct the path or remove ARENA_FILE.")
        return ArenaFile()
    try:
        return read_arena_file(path)
    except ArenaFileError as error:
        raise SettingsError(str(error)) from None


def _refuse_unknown(written: Mapping[str, str], line_up: tuple[ContestantSpec, ...], env_file: Path) -> None:
    known = known_variables(line_up)
    for name in written:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "remove it; .env.example lists what there is"
            raise SettingsError(f"{env_file} sets {name}, which Tiltyard doesn't know: {hint}")


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    if not first["loc"]:
        return _reason(first["msg"]) + "."
    name = str(first["loc"][0]).upper()
    shown = "" if name in {"ADMIN_TOKEN", "KEYS", "DATABASE_URL"} else f" is {str(first['input'])!r}, which can't be used"
    return f"{name}{shown}: {_reason(first['msg'])}."


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").removesuffix(".")
