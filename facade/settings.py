"""What the environment variables say, read strictly and in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NoReturn

import attrs

from surefill.domain.errors import ConfigurationError, ValidationError
from surefill.domain.ids import checked_text
from surefill.domain.numbers import EXACT, decimal_of, plain

API_KEY: Final = "BINANCE_API_KEY"
API_SECRET: Final = "BINANCE_API_SECRET"  # noqa: S105 - the variable's name, not a secret
AUDIT_DIR: Final = "AUDIT_LOG_DIR"
WARNING_THRESHOLD: Final = "RATE_LIMIT_WARNING_THRESHOLD"
HARD_THRESHOLD: Final = "RATE_LIMIT_HARD_THRESHOLD"
CACHE_HOURS: Final = "EXCHANGE_INFO_CACHE_HOURS"
ENVIRONMENT: Final = "SUREFILL_ENVIRONMENT"
KEY_ENVIRONMENT: Final = "SUREFILL_KEY_ENVIRONMENT"
KEY_FILE: Final = "SUREFILL_KEY_FILE"
LIVE: Final = "SUREFILL_LIVE"
NAMESPACE: Final = "SUREFILL_NAMESPACE"
STATE_DIR: Final = "SUREFILL_STATE_DIR"

LIVE_WORDS: Final = "I-UNDERSTAND"
AUDIT_DIR_DEFAULT: Final = Path("logs/audit")
STATE_DIR_DEFAULT: Final = Path("var/surefill")
CACHE_HOURS_MAX: Final = 168

_OURS: Final = (ENVIRONMENT, KEY_ENVIRONMENT, KEY_FILE, LIVE, NAMESPACE, STATE_DIR)
_NAMES: Final = ("testnet", "live")
_MARKS: Final = ("testnet", "live", "local")
_ALIKE: Final = 0.85
_URL: Final = re.compile(r"https?://[^/@\s]+/?", re.ASCII)


@attrs.frozen(kw_only=True)
class Settings:
    """How the process is to trade, as its environment variables say. Keys are not in it, only where they come from.

    Attributes:
        environment: ``testnet``, ``live`` or ``local``.
        url: where a local exchange listens; None for Binance's own.
        keys_given: whether the variables name an API key.
        key_environment: what the key in the variables is marked for; a key file carries its own mark.
        live_confirmed: whether ``SUREFILL_LIVE`` says the words.
        namespace: the name under which signal ids are unique.
        state_dir: the folder of journal and kill file; one for each environment unless named.
        audit_dir: the folder of the audit log; None when not named.
        warning_percent: the share of each request limit past which a warning is logged.
        hard_percent: the share of each request limit past which no entry starts.
        cache_hours: how long the trading rules are believed, in hours.
    """

    environment: str = "testnet"
    url: str | None = attrs.field(default=None, repr=False)
    keys_given: bool = False
    key_environment: str | None = None
    live_confirmed: bool = False
    namespace: str = "default"
    state_dir: Path = STATE_DIR_DEFAULT / "testnet"
    audit_dir: Path | None = None
    warning_percent: int = 80
    hard_percent: int = 90
    cache_hours: int = 24

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read *environ*; a variable that is empty counts as not set.

        Raises:
            ConfigurationError: naming the variable, and what to write. Neither keys nor addresses are repeated.
        """
        _refuse_misspelt(environ)
        environment, url = _environment(environ)
        warning, hard = _percent(environ, WARNING_THRESHOLD, 80), _percent(environ, HARD_THRESHOLD, 90)
        if warning > hard:
            _fail(WARNING_THRESHOLD, f"must not be above {HARD_THRESHOLD}, was {warning} % above {hard} %")
        audit_dir = _folder(environ, AUDIT_DIR)
        return cls(
            environment=environment,
            url=url,
            keys_given=_keys_given(environ),
            key_environment=_mark(environ),
            live_confirmed=_live(environ),
            namespace=_namespace(environ),
            state_dir=_folder(environ, STATE_DIR) or STATE_DIR_DEFAULT / environment,
            audit_dir=audit_dir,
            warning_percent=warning,
            hard_percent=hard,
            cache_hours=_hours(environ),
        )


def _refuse_misspelt(environ: Mapping[str, str]) -> None:
    """A misspelt variable would silently be its default; what is not like any of ours is somebody else's."""
    for name in environ:
        if name.startswith("SUREFILL_") and name not in _OURS:
            alike = get_close_matches(name, _OURS, n=1, cutoff=_ALIKE)
            if alike:
                raise ConfigurationError(f"{name}: there is no such variable; did you mean {alike[0]}?")


def _environment(environ: Mapping[str, str]) -> tuple[str, str | None]:
    value = environ.get(ENVIRONMENT) or "testnet"
    if value in _NAMES:
        return value, None
    if _URL.fullmatch(value) is None:
        advice = "write testnet, live, or the address of a local exchange, such as http://127.0.0.1:8080"
        _fail(f"{ENVIRONMENT}, or --environment", advice)
    return "local", value


def _keys_given(environ: Mapping[str, str]) -> bool:
    if environ.get(KEY_FILE):
        return True
    given = [name for name in (API_KEY, API_SECRET) if environ.get(name)]
    if len(given) == 1:
        (missing,) = {API_KEY, API_SECRET} - set(given)
        _fail(missing, f"set it, too: {given[0]} is of no use without it")
    return bool(given)


def _mark(environ: Mapping[str, str]) -> str | None:
    value = environ.get(KEY_ENVIRONMENT) or None
    if value is not None and value not in _MARKS:
        _fail(KEY_ENVIRONMENT, f"write {', '.join(_MARKS[:-1])} or {_MARKS[-1]}, was {value[:20]!a}")
    return value


def _live(environ: Mapping[str, str]) -> bool:
    value = environ.get(LIVE) or None
    if value not in (None, LIVE_WORDS):
        _fail(LIVE, f"write {LIVE_WORDS} to trade with real money, or leave it out")
    return value is not None


def _namespace(environ: Mapping[str, str]) -> str:
    try:
        return checked_text(environ.get(NAMESPACE) or "default", "namespace")
    except ValidationError as error:
        _fail(NAMESPACE, error.problem)


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name) or None
    if value is None:
        return None
    if "\0" in value or not value.strip():
        _fail(name, "write the path of a folder")
    return Path(value)


def _percent(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name)
    if not value:
        return default
    advice = "write a share from 0.01 to 1 with at most two decimals, such as 0.8"
    try:
        percent = EXACT.multiply(decimal_of(value, name), Decimal(100))
    except ValidationError:
        _fail(name, f"{advice}, was {value[:20]!a}")
    if not 1 <= percent <= 100 or percent != int(percent):
        _fail(name, f"{advice}, was {plain(EXACT.divide(percent, Decimal(100)))}")
    return int(percent)


def _hours(environ: Mapping[str, str]) -> int:
    value = environ.get(CACHE_HOURS)
    if not value:
        return 24
    if not (value.isascii() and value.isdigit() and len(value) <= 4 and 1 <= int(value) <= CACHE_HOURS_MAX):
        _fail(CACHE_HOURS, f"write whole hours from 1 to {CACHE_HOURS_MAX}, such as 24, was {value[:20]!a}")
    return int(value)


def _fail(name: str, problem: str) -> NoReturn:
    raise ConfigurationError(f"{name}: {problem}")
