"""Putting the parts together: the only place that knows every concrete class."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from surefill.adapters.alerts import LogAlerts
from surefill.adapters.audit import AuditVerdict, JsonLinesAudit, MemoryAudit, audit_files
from surefill.adapters.audit import read as read_audit
from surefill.adapters.audit import verify as verify_audit
from surefill.adapters.journal import MemoryJournal, SqliteJournal
from surefill.adapters.kill_file import KillFile
from surefill.adapters.simulated import Fault, FaultPlan, Latency, SimulatedExchange
from surefill.adapters.venue.feeds import (
    CandleCsv,
    FeedError,
    FeedSummary,
    RawStream,
    candle_csv,
    check,
    hand_ticks,
    random_walk,
    raw_stream,
)
from surefill.adapters.venue.feeds.lines import LineReader
from surefill.adapters.venue.quotes import Candle, Quote
from surefill.application.manager import OrderExecutionManager
from surefill.audited_reads import audited_reads
from surefill.domain.alarm import Alarm
from surefill.domain.errors import ConfigurationError
from surefill.domain.halt import HaltLevel
from surefill.domain.limits import RiskLimits
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.timings import Timings
from surefill.ports.alerts import Alerts
from surefill.ports.exchange import Exchange
from surefill.ports.kill_switch import HaltOrder
from surefill.settings import API_KEY, API_SECRET, AUDIT_DIR_DEFAULT, ENVIRONMENT, KEY_FILE, Settings
from surefill.state_stamp import StateStamp

if TYPE_CHECKING:
    from surefill.adapters.binance import BinanceFutures, Environment
    from surefill.adapters.http_venue import VenueServer as VenueServer  # noqa: PLC0414 - for annotations elsewhere

__all__ = [
    "AuditVerdict",
    "Candle",
    "CandleCsv",
    "Fault",
    "FaultPlan",
    "FeedError",
    "FeedSummary",
    "Latency",
    "LineReader",
    "Quote",
    "RawStream",
    "SimulatedExchange",
    "audit_files",
    "audit_folder",
    "candle_csv",
    "check",
    "demo_exchange_info",
    "environment_of",
    "exchange_from_env",
    "hand_ticks",
    "journal_path",
    "local_exchange",
    "manager_from_env",
    "open_manager",
    "paper_exchange",
    "paper_manager",
    "random_walk",
    "raw_stream",
    "read_audit",
    "read_journal",
    "read_kill_file",
    "remove_kill_file",
    "verify_audit",
    "write_kill_file",
]

JOURNAL_NAME = "journal.sqlite"
AUDIT_NAME = "audit"


def open_manager(
    exchange: Exchange,
    *,
    state_dir: str | os.PathLike[str],
    namespace: str | None = None,
    audit_dir: str | os.PathLike[str] | None = None,
    alerts: Alerts | None = None,
    retry: RetryPolicy | None = None,
    protection: ProtectionPolicy | None = None,
    limits: RiskLimits | None = None,
    timings: Timings | None = None,
    host_guards: bool = False,
    on_close: Callable[[], None] | None = None,
) -> OrderExecutionManager:
    """Build a manager with the usual parts, all kept in *state_dir*.

    A SQLite journal, a JSON Lines audit log, the kill file, and alarms in the log: enable it with
    ``logger.enable("surefill")``, or the alarms go only to *alerts* and the audit log. Reads are retried as *retry*
    says, each retry with a line in the audit log. Closing the manager closes what was built here, not *exchange*.

    Args:
        exchange: paper, local, testnet or live.
        state_dir: a folder of its own for each namespace and environment, on a local disk; made if missing.
        namespace: under which signal ids are unique; the exchange's own unless given.
        audit_dir: the audit log's folder; ``state_dir/audit`` unless given.
        alerts: called with every alarm, besides the log.
        retry, protection, limits, timings: as for `OrderExecutionManager`.
        host_guards: the host calls `reconcile()` itself.
        on_close: called last when the manager is closed, such as ``exchange.close`` where nobody else knows it.

    Raises:
        JournalError: the journal is held by another process, or cannot be read.
        ConfigurationError: the parts cannot keep the promise together, or the folder belongs to another environment.
    """
    folder = Path(state_dir)
    policy = RetryPolicy() if retry is None else retry
    journal = SqliteJournal(folder / JOURNAL_NAME)
    try:
        StateStamp(folder).bind(exchange.environment)
        audit = JsonLinesAudit(folder / AUDIT_NAME if audit_dir is None else audit_dir)
        return OrderExecutionManager(
            audited_reads(exchange, policy, audit),
            journal=journal,
            audit=audit,
            alerts=_bell(alerts),
            retry=policy,
            protection=protection,
            limits=limits,
            timings=timings,
            host_guards=host_guards,
            namespace=namespace,
            kill_switch=KillFile(folder),
            on_close=on_close,
        )
    except BaseException:
        journal.close()
        raise


def manager_from_env(
    environ: Mapping[str, str] | None = None,
    *,
    alerts: Alerts | None = None,
    retry: RetryPolicy | None = None,
    protection: ProtectionPolicy | None = None,
    limits: RiskLimits | None = None,
    timings: Timings | None = None,
    host_guards: bool = False,
) -> OrderExecutionManager:
    """Build a manager on Binance as the environment variables say: the test exchange unless live is switched on.

    ``BINANCE_API_KEY`` and ``BINANCE_API_SECRET``, or ``SUREFILL_KEY_FILE``, name the key. Real money needs three
    things at once: ``SUREFILL_ENVIRONMENT=live``, a key marked so (``SUREFILL_KEY_ENVIRONMENT=live``), and
    ``SUREFILL_LIVE=I-UNDERSTAND``. The journal lies in ``SUREFILL_STATE_DIR`` (``var/surefill/<environment>`` unless
    set), the audit log in ``AUDIT_LOG_DIR`` (``logs/audit``). Closing the manager closes its connections, too.

    Args:
        environ: the variables; those of the process unless given.
        alerts, retry, protection, limits, timings, host_guards: as for `open_manager`.

    Raises:
        ConfigurationError: a variable is missing or wrong; the text names it and says what to write.
        JournalError: as `open_manager` says.
    """
    variables = os.environ if environ is None else environ
    settings = Settings.from_env(variables)
    if not settings.keys_given:
        raise ConfigurationError(
            f"{API_KEY}: set it, and {API_SECRET}, to a key of the environment {settings.environment}; or set "
            f"{KEY_FILE} to a file with both"
        )
    exchange = exchange_from_env(variables)
    try:
        return open_manager(
            exchange,
            state_dir=settings.state_dir,
            audit_dir=settings.audit_dir or AUDIT_DIR_DEFAULT,
            alerts=alerts,
            retry=retry,
            protection=protection,
            limits=limits,
            timings=timings,
            host_guards=host_guards,
            on_close=exchange.close,
        )
    except BaseException:
        exchange.close()
        raise


def exchange_from_env(environ: Mapping[str, str] | None = None) -> BinanceFutures:
    """Build the exchange that the environment variables name, for the caller to close; without a key it reads markets.

    Raises:
        ConfigurationError: as `manager_from_env` says.
    """
    from surefill.adapters.binance import BinanceFutures

    variables = os.environ if environ is None else environ
    settings = Settings.from_env(variables)
    return BinanceFutures(
        environment=environment_of(settings),
        namespace=settings.namespace,
        cache_hours=settings.cache_hours,
        hard_percent=settings.hard_percent,
        warning_percent=settings.warning_percent,
        environ=variables,
    )


def environment_of(settings: Settings) -> Environment:
    """Return where requests go.

    Raises:
        ConfigurationError: a local exchange's address is none of this machine.
    """
    from surefill.adapters.binance import Environment

    if settings.url is not None:
        try:
            return Environment.local(settings.url)
        except ConfigurationError as error:
            raise ConfigurationError(f"{ENVIRONMENT}, or --environment: {error}") from None
    return Environment.LIVE if settings.environment == "live" else Environment.TESTNET


def paper_exchange(
    exchange_info: str | os.PathLike[str] | Mapping[str, object],
    *,
    balances: Mapping[str, Decimal],
    start_ms: int,
    seed: int = 1,
    faults: FaultPlan | None = None,
    latency: Latency | None = None,
    namespace: str = "paper",
) -> SimulatedExchange:
    """Build the simulated exchange."""
    return SimulatedExchange.from_exchange_info(
        exchange_info,
        balances=balances,
        start_ms=start_ms,
        seed=seed,
        faults=faults,
        latency=latency,
        namespace=namespace,
    )


def paper_manager(
    exchange: SimulatedExchange,
    *,
    state_dir: str | os.PathLike[str] | None = None,
    audit_dir: str | os.PathLike[str] | None = None,
    alerts: Alerts | None = None,
    protection: ProtectionPolicy | None = None,
    limits: RiskLimits | None = None,
    timings: Timings | None = None,
) -> OrderExecutionManager:
    """Build a manager on the simulated exchange that leaves on the disk only what is asked for.

    With *state_dir* it is `open_manager`. Without, the journal is kept in memory, which is as good as long as the
    exchange lives in the same process; the audit log too, unless *audit_dir* names a folder.

    Raises:
        JournalError: as `open_manager` does.
    """
    if state_dir is not None:
        return open_manager(
            exchange,
            state_dir=state_dir,
            audit_dir=audit_dir,
            alerts=alerts,
            protection=protection,
            limits=limits,
            timings=timings,
        )
    audit = MemoryAudit() if audit_dir is None else JsonLinesAudit(audit_dir)
    return OrderExecutionManager(
        audited_reads(exchange, RetryPolicy(), audit),
        journal=MemoryJournal(),
        audit=audit,
        alerts=_bell(alerts),
        protection=protection,
        limits=limits,
        timings=timings,
    )


def local_exchange(
    exchange_info: Mapping[str, object],
    *,
    keys: Mapping[str, str],
    balances: Mapping[str, Decimal],
    port: int = 0,
    seed: int = 1,
) -> VenueServer:
    """Build the simulated exchange behind HTTP on this machine, in real time; it listens from `start` on."""
    from surefill.adapters.http_venue import VenueServer

    return VenueServer.from_exchange_info(exchange_info, keys=keys, balances=balances, port=port, seed=seed)


def demo_exchange_info() -> dict[str, object]:
    """Return a small exchangeInfo of invented symbols, for demonstrations and first steps.

    ``AAAUSDT`` moves in ticks of 0.10, ``BBBUSDT`` in ticks of 0.05, and ``测试USDT`` shows that a symbol need not be
    ASCII.
    """
    text = resources.files("surefill").joinpath("demo_exchange_info.json").read_text(encoding="utf-8")
    info: dict[str, object] = json.loads(text)
    return info


def journal_path(state_dir: str | os.PathLike[str]) -> Path:
    """Return where the journal of a state directory lies."""
    return Path(state_dir) / JOURNAL_NAME


def audit_folder(state_dir: str | os.PathLike[str]) -> Path:
    """Return where the audit log of a state directory lies, unless it was put elsewhere."""
    return Path(state_dir) / AUDIT_NAME


def read_journal(state_dir: str | os.PathLike[str]) -> SqliteJournal:
    """Open the journal of a state directory for reading only; its owner may be running.

    Raises:
        ConfigurationError: there is none.
        JournalError: it cannot be read.
    """
    path = journal_path(state_dir)
    if not path.is_file():
        raise ConfigurationError(f"{path} is missing: {state_dir} is no state directory of surefill")
    return SqliteJournal(path, read_only=True)


def read_kill_file(state_dir: str | os.PathLike[str]) -> HaltOrder | None:
    """Return the halt in force from outside, if any."""
    return KillFile(state_dir)()


def write_kill_file(state_dir: str | os.PathLike[str], level: HaltLevel, reason: str) -> Path:
    """Halt the owner process of a state directory; it obeys before its next entry and at its next reconcile."""
    kill_file = KillFile(state_dir)
    kill_file.write(level, reason)
    return kill_file.path


def remove_kill_file(state_dir: str | os.PathLike[str]) -> bool:
    """Take the halt from outside away; the owner notices at its next entry or reconcile."""
    return KillFile(state_dir).remove()


def _bell(alerts: Alerts | None) -> Alerts:
    log = LogAlerts()
    if alerts is None:
        return log

    def ring(alarm: Alarm) -> None:
        log(alarm)
        alerts(alarm)

    return ring
