"""Where verbs meet exchanges: which one, with which key, and asking before anything is said to a live one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Final, cast

import attrs
import click

from surefill.cli.option_types import FILE, FOLDER
from surefill.cli.state_dir import PAPER, UNKNOWN, F, NoExchangeError, StateDir
from surefill.domain.errors import ConfigurationError
from surefill.ports.exchange import Exchange
from surefill.settings import ENVIRONMENT, KEY_FILE, NAMESPACE, STATE_DIR, Settings
from surefill.state_stamp import StateStamp

LIVE: Final = "live"
_BINANCES: Final = ("testnet", LIVE)
_NO_KEY: Final = "there is no API key: set BINANCE_API_KEY and BINANCE_API_SECRET, or name a file with --key-file"


@attrs.frozen
class Wanted:
    """Which exchange the command line asks for; what it leaves out, the environment variables say.

    Attributes:
        environment: ``testnet``, ``live`` or a URL.
        key_file: a file with the key.
        namespace: under which the orders were placed.
        yes: do not ask before a live exchange is spoken to.
        state_dir: the folder with the journal.
    """

    environment: str | None = None
    key_file: Path | None = None
    namespace: str | None = None
    yes: bool = False
    state_dir: Path | None = None

    def over(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return *environ* with what the command line says written over it."""
        said = {
            ENVIRONMENT: self.environment,
            KEY_FILE: self.key_file,
            NAMESPACE: self.namespace,
            STATE_DIR: self.state_dir,
        }
        return {**environ, **{name: str(value) for name, value in said.items() if value is not None}}

    @property
    def names_one(self) -> bool:
        """Whether an exchange is named, here or in the variables."""
        return bool(self.environment or os.environ.get(ENVIRONMENT))


@attrs.frozen
class Reached:
    """An exchange that can be asked.

    Attributes:
        exchange: its port.
        host: its address.
        settings: what command line and environment variables said.
    """

    exchange: Exchange
    host: str
    settings: Settings

    @property
    def environment(self) -> str:
        """``local``, ``testnet`` or ``live``."""
        return self.exchange.environment


@contextmanager
def exchange_for(wanted: Wanted, state_dir: Path | None, deed: str) -> Iterator[Reached]:
    """Build the exchange that is wanted, say on stderr where it is, and close it in the end.

    Without an environment, wanted or in the variables, it is the one the state directory belongs to; without that one,
    too, it is the testnet. A live one is not connected to before somebody has said yes to *deed*.

    Args:
        wanted: by the command line.
        state_dir: whose owner trades there; None when the exchange need not fit to any.
        deed: what is about to be done there, as in "close everything?".

    Raises:
        NoExchangeError: none was asked for, and the one that belongs to the state directory cannot be reached.
        ConfigurationError: the one asked for does not fit to the state directory, the key, or the variables; or it is
            live, and nobody said yes.
    """
    from surefill.doctor import admitted  # noqa: PLC0415 - it brings the HTTP client, which most verbs never need

    environ = _environ(wanted, state_dir)
    settings = Settings.from_env(environ)
    if not settings.keys_given:
        if wanted.environment is None:
            raise NoExchangeError(_NO_KEY)
        raise ConfigurationError(_NO_KEY)
    if state_dir is not None:
        StateStamp(state_dir).check(settings.environment)
    with admitted(environ) as patient:
        if patient.exchange is None:
            raise ConfigurationError(patient.failure)
        where = f"{patient.environment} at {patient.host}, key {patient.key}"
        click.echo(f"surefill: {'LIVE, REAL MONEY: ' if patient.environment == LIVE else ''}{where}", err=True)
        ask_if_live(patient.environment, deed, yes=wanted.yes)
        yield Reached(patient.exchange, patient.host, settings)


def ask_if_live(environment: str, deed: str, *, yes: bool) -> None:
    """Ask whether *deed* is meant, if it is about real money.

    Raises:
        ConfigurationError: it is not, or there is nobody to ask; nothing was sent.
    """
    if environment != LIVE or yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(f"this is LIVE, and there is no terminal to ask: to {deed}, add --yes")
    if not click.confirm(f"LIVE, REAL MONEY: {deed}?", default=False, err=True):
        raise ConfigurationError("not confirmed; nothing was sent")


def exchange_options(command: F) -> F:
    """Add ``--environment``, ``--key-file``, ``--namespace`` and ``--yes``; the command gets them as *wanted*."""

    @wraps(command)
    def wanting(
        *, environment: str | None, key_file: Path | None, namespace: str | None, yes: bool, **others: object
    ) -> object:
        return command(wanted=Wanted(environment, key_file, namespace, yes), **others)

    wrapped: Callable[..., object] = wanting
    for option in (
        click.option("--yes", "-y", is_flag=True, help="Do not ask before a live exchange is spoken to."),
        click.option("--namespace", help=f"Under which orders were placed.  [env var: {NAMESPACE}; default: default]"),
        click.option("--key-file", type=FILE, help=f"JSON: api_key, api_secret; chmod 600.  [env var: {KEY_FILE}]"),
        click.option(
            "--environment",
            metavar="testnet|live|URL",
            help=f"Which exchange; a URL is one on this machine (`surefill venue`).  [env var: {ENVIRONMENT}]",
        ),
    ):
        wrapped = option(wrapped)
    return cast("F", wrapped)


def optional_state_dir_option(command: F) -> F:
    """Add ``--state-dir`` for verbs that can do without, given an exchange."""
    return click.option(
        "--state-dir",
        type=FOLDER,
        envvar=STATE_DIR,
        show_envvar=True,
        help="The folder with journal and audit log; needed unless --environment is given.",
    )(command)


def new_state_dir_option(command: F) -> F:
    """Add ``--state-dir`` for verbs that make the folder where it is missing."""
    text = f"Of journal and audit log.  [env var: {STATE_DIR}; default: var/surefill/<environment>]"
    return click.option("--state-dir", type=FOLDER, help=text)(command)


def folder_of(wanted: Wanted, state_dir: Path | None) -> StateDir | None:
    """Return the state directory to look into; None when only the exchange is asked.

    Raises:
        click.UsageError: neither was named.
        ConfigurationError: what was named is no state directory.
    """
    if state_dir is None:
        if not wanted.names_one:
            raise click.UsageError("name --state-dir, --environment, or both")
        return None
    folder = StateDir(state_dir)
    if wanted.environment is None:
        folder.check()
    return folder


def _environ(wanted: Wanted, state_dir: Path | None) -> dict[str, str]:
    environ = wanted.over(os.environ)
    if state_dir is None or wanted.environment is not None:
        return environ
    owner = StateDir(state_dir).environment
    if owner == PAPER:
        raise NoExchangeError(
            f"{state_dir} belongs to a paper exchange, which lives in the process that runs it and ended with it: "
            "ask the manager there, or read on here with `surefill position`, `orders` and `audit explain`"
        )
    if environ.get(ENVIRONMENT):
        return environ
    if owner not in _BINANCES:
        what = "does not say which exchange it belongs to" if owner == UNKNOWN else "belongs to a local exchange"
        raise NoExchangeError(f"{state_dir} {what}: name it with --environment testnet, live or its URL")
    return {**environ, ENVIRONMENT: owner}
