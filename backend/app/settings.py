"""Every setting of the arena as one frozen object, read once at start. Only main and cli see it.

Sources, strongest first: environment, `backend/.env`, defaults; contestants and limits from `arena.toml`. A wrong value raises
SettingsError, whose text is one sentence naming the variable and the fix. Keys are kept as SecretStr and never written anywhere.
"""

import difflib
import ipaddress
import json
import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, Self

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from app.llm.profiles import PROFILES

BACKEND = Path(__file__).resolve().parent.parent
PATHS = ("data_dir", "tape")


class SettingsError(Exception):
    """A setting that can't be used; the text says which and what to do."""


class ContestantSpec(BaseModel):
    """One `[[contestant]]` block: who plays, through which provider profile, with which key variable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")
    name: str | None = None
    provider: str
    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    language: Literal["en", "zh"] = "en"
    prompt: Literal["tiltyard"] = "tiltyard"
    instances: int = Field(1, ge=1, le=50)
    params: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _no_baseline_yet(cls, values: object) -> object:
        if isinstance(values, dict) and "baseline" in values:
            raise ValueError("baseline contestants are not in this release: name a provider instead")
        return values

    @field_validator("params", mode="after")
    @classmethod
    def _as_json(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is sent to a model host: its fractions are JSON numbers, nobody's money."""
        params: dict[str, Any] = json.loads(json.dumps(dict(value), default=float))
        return params

    @field_validator("provider")
    @classmethod
    def _known_provider(cls, value: str) -> str:
        if value not in PROFILES:
            raise ValueError(f"unknown provider {value!r}; known: {', '.join(sorted(PROFILES))}")
        return value

    def copies(self) -> tuple[Self, ...]:
        """The contestants this block stands for: `instances` of them, numbered when there are several."""
        if self.instances == 1:
            return (self,)
        name = self.name or self.id
        numbers = range(1, self.instances + 1)
        return tuple(self.model_copy(update={"id": f"{self.id}-{one}", "name": f"{name} {one}", "instances": 1}) for one in numbers)

    @property
    def key_variable(self) -> str | None:
        """Environment variable that holds the key; None where the provider needs none."""
        return self.api_key_env or PROFILES[self.provider].key_env


class Limits(BaseModel):
    """`[limits]`: what every contestant is held to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_leverage: int = Field(20, ge=1, le=150)
    deadline_seconds: float = Field(240.0, gt=0, le=3600)


class ExecutionSpec(BaseModel):
    """`[execution]`: how fills are simulated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slippage_bps: Decimal = Field(Decimal(5), ge=0, le=500)
    fee_source: Literal["venue"] = "venue"
    fill_timing: Literal["common"] = "common"
    margin_mode: Literal["isolated", "cross"] = "isolated"
    trigger_price: Literal["mark", "last"] = "mark"

    @field_validator("fill_timing", mode="before")
    @classmethod
    def _common_only(cls, value: object) -> object:
        if value == "on_answer":
            raise ValueError('filling on each answer is not in this release: use "common", one book for everybody')
        return value


class ArenaFile(BaseModel):
    """`arena.toml` as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contestant: tuple[ContestantSpec, ...] = ()
    limits: Limits = Limits()
    execution: ExecutionSpec = ExecutionSpec()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [spec.id for spec in self.contestant]
        doubled = sorted({one for one in ids if ids.count(one) > 1})
        if doubled:
            raise ValueError(f"contestant id used twice: {', '.join(doubled)}")
        return self


DEFAULT_LINE_UP = (
    ContestantSpec(id="qwen3", name="Qwen", provider="qwen"),
    ContestantSpec(id="deepseek", name="DeepSeek", provider="deepseek"),
    ContestantSpec(id="kimi", name="Kimi", provider="kimi"),
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
        if not self.demo and not any(self.key_of(spec) for spec in self.line_up):
            names = ", ".join(sorted({spec.key_variable for spec in self.line_up if spec.key_variable}))
            raise ValueError(f"MARKET is {self.market} but no model has a key: set one of {names}, or remove MARKET to see the demo")
        return self

    @property
    def demo(self) -> bool:
        """Whether prices come from the sandbox: then the arena says DEMO everywhere and keeps its own database."""
        return self.market == "sandbox"

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

    def key_of(self, spec: ContestantSpec) -> SecretStr | None:
        """The contestant's key, or None when its variable is not set."""
        return self.keys.get(spec.key_variable) if spec.key_variable else SecretStr("none")


def load_settings(environment: Mapping[str, str] | None = None, backend: Path = BACKEND) -> Settings:
    """Read environment, `.env` and `arena.toml`. Raises SettingsError with one sentence for the first thing that is wrong."""
    env_file = backend / ".env"
    written = {name: value for name, value in dotenv_values(env_file).items() if value is not None} if env_file.is_file() else {}
    values = {**written, **(os.environ if environment is None else environment)}
    values = {name: value for name, value in values.items() if value.strip() != ""}
    arena = _arena(values.get("ARENA_FILE"), backend)
    written_down = tuple(copy for spec in arena.contestant for copy in spec.copies())
    defaults = tuple(spec for spec in DEFAULT_LINE_UP if spec.id not in {one.id for one in written_down})
    line_up = tuple(_overridden(spec, values) for spec in (*defaults, *written_down))
    _refuse_unknown(written, line_up, env_file)
    keys = {
        spec.key_variable: SecretStr(values[spec.key_variable]) for spec in line_up if spec.key_variable and spec.key_variable in values
    }
    own = {spec.id for spec in written_down}
    line_up = tuple(spec for spec in line_up if spec.id in own or spec.key_variable in keys or not own)
    fields: dict[str, Any] = {name: values[name.upper()] for name in _VARIABLES if name.upper() in values}
    fields |= {name: placed(fields[name], backend) for name in PATHS if name in fields}
    if "market" not in fields and not keys and all(spec.key_variable for spec in line_up):
        fields["market"] = "sandbox"
    try:
        return Settings(**fields, line_up=line_up, limits=arena.limits, execution=arena.execution, keys=keys)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


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
    if spec not in DEFAULT_LINE_UP:
        return spec
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
        return ArenaFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}, {where or 'whole file'}: {_reason(first['msg'])}.") from None


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
