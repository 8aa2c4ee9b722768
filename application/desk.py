"""The workplace all use cases share: the ports, the policies, and the book with the one way to change it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

import attrs
from loguru import logger

from ..domain.alarm import Alarm, AlarmKind
from ..domain.audit_record import AuditRecord, AuditType
from ..domain.book import Book
from ..domain.codec import to_json
from ..domain.errors import ConfigurationError, JournalError, SignalConflict, ValidationError
from ..domain.events import Claimed, Event, Reported
from ..domain.leg_state import LegState
from ..domain.limits import RiskLimits
from ..domain.protection_policy import ProtectionPolicy
from ..domain.report import ExecutionReport
from ..domain.resolution import Round
from ..domain.retry_policy import RetryPolicy
from ..domain.side import Direction
from ..domain.signal_state import SignalState
from ..domain.symbol_book import SymbolBook
from ..domain.timings import Timings
from ..ports.alerts import Alerts
from ..ports.audit import Audit
from ..ports.exchange import Exchange
from ..ports.journal import Journal
from ..ports.kill_switch import KillSwitch
from .log_levels import LEVELS
from .turns import Turns


@attrs.define(kw_only=True)
class Started:
    """An entry of ours that was sent: what the rate and duplicate limits look back on."""

    at_ms: int
    signal_id: str
    symbol: str
    direction: Direction
    quantity: Decimal


@attrs.frozen
class Quota:
    """How many conditional orders were open on the account when they were counted, and ours since."""

    counted_ms: int
    used: int


@attrs.define(kw_only=True)
class Desk:
    """Everything the use cases work with.

    `exchange` answers or fails at once, for work that has a deadline of its own; `patient` may retry a read, for what
    a host waits for. Facts enter through `record`: first the journal, then the book. `note` tells the audit log,
    `alarm` the people. By signal id, `unlisted_ms` keeps since when no list shows the stop and the look could not be
    ended, and `doubted_ms` since when size is shown that an entry of unknown outcome may have opened.
    """

    exchange: Exchange
    patient: Exchange
    journal: Journal
    audit: Audit
    alerts: Alerts
    namespace: str
    retry: RetryPolicy
    protection: ProtectionPolicy
    limits: RiskLimits
    timings: Timings
    host_guards: bool
    kill_switch: KillSwitch | None
    book: Book
    turns: Turns = attrs.field(factory=Turns)
    once: Turns = attrs.field(factory=Turns)
    guards: int = 0
    closing: bool = False
    closed: bool = False
    journal_failure: str | None = None
    audit_failure: str | None = None
    due_ms: dict[str, int] = attrs.field(factory=dict[str, int])
    missing_since_ms: dict[str, dict[Direction, int]] = attrs.field(factory=dict[str, dict[Direction, int]])
    unlisted_ms: dict[str, int] = attrs.field(factory=dict[str, int])
    doubted_ms: dict[str, int] = attrs.field(factory=dict[str, int])
    quota: Quota | None = None
    left_open: set[str] = attrs.field(init=False)
    rounds: dict[str, tuple[Round, ...]] = attrs.field(factory=dict[str, tuple[Round, ...]])
    regridded: set[str] = attrs.field(factory=set[str])
    strayed: set[str] = attrs.field(factory=set[str])
    rules_read_ms: dict[str, int] = attrs.field(factory=dict[str, int])
    entries: list[Started] = attrs.field(factory=list[Started])
    _listeners: list[list[Alarm]] = attrs.field(factory=list[list[Alarm]])
    _alarmed_ms: dict[tuple[object, ...], int] = attrs.field(factory=dict[tuple[object, ...], int])
    _mutex: threading.RLock = attrs.field(factory=threading.RLock)
    started_ms: int = attrs.field(init=False)
    _pid: int = attrs.field(factory=os.getpid)

    def __attrs_post_init__(self) -> None:
        self.started_ms = self.now_ms()
        self.left_open = set(self.book.signals)

    def now_ms(self) -> int:
        """Return exchange time."""
        return self.exchange.clock.now_ms()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count one more thread that works off what is due, while the block lasts; two may begin at once."""
        with self._mutex:
            self.guards += 1
        try:
            yield
        finally:
            with self._mutex:
                self.guards -= 1

    def check_process(self) -> None:
        """Refuse to work in a forked child: it shares sockets and files with its parent.

        Raises:
            ConfigurationError: this is not the process that built the manager.
        """
        if os.getpid() != self._pid:
            raise ConfigurationError("the manager was built in another process; build one after the fork")

    def state(self, signal_id: str) -> SignalState | None:
        """Return what is known of an open signal."""
        with self._mutex:
            return self.book.signals.get(signal_id)

    def known_state(self, signal_id: str) -> SignalState:
        """Return what is known of an open signal.

        Raises:
            ValidationError: there is no such open signal.
        """
        state = self.state(signal_id)
        if state is None:
            raise ValidationError("signal_id", f"no open signal is called {signal_id!r}")
        return state

    def past_state(self, signal_id: str) -> SignalState | None:
        """Return what the journal keeps of a signal, open or closed."""
        return Book.of(self.journal.events_of(signal_id)).signals.get(signal_id)

    def journal_began_ms(self) -> int | None:
        """Return the time of the journal's first event; None while there is none, and when it cannot be read."""
        try:
            return self.journal.created_ms
        except JournalError as error:
            self.store_failed(journal=str(error))
            return None

    def past_state_if_readable(self, signal_id: str) -> SignalState | None:
        """Return the same; None also when the journal cannot be read, which stops entries from then on."""
        try:
            return self.past_state(signal_id)
        except JournalError as error:
            self.store_failed(journal=str(error))
            return None

    def signals_on(self, symbol: str) -> tuple[SignalState, ...]:
        """Return our open signals on one symbol, oldest first, closes included."""
        with self._mutex:
            return tuple([state for state in self.book.signals.values() if state.symbol == symbol])

    def symbol_book(self, symbol: str) -> SymbolBook:
        """Return our side of one symbol."""
        with self._mutex:
            return SymbolBook(
                symbol=symbol,
                signals=self.signals_on(symbol),
                missing_since_ms=dict(self.missing_since_ms.get(symbol, {})),
            )

    def open_questions(self, symbol: str) -> tuple[LegState, ...]:
        """Return entries and exits on *symbol* whose end is not known; while there is one, it takes no entries."""
        return tuple(leg for state in self.signals_on(symbol) for leg in state.open_questions)

    def endangered(self) -> tuple[SignalState, ...]:
        """Return the signals whose position was last known to have no live stop, or is in doubt."""
        with self._mutex:
            return tuple(
                [
                    state
                    for state in self.book.signals.values()
                    if state.naked_since_ms is not None
                    or state.signal_id in self.unlisted_ms
                    or state.signal_id in self.doubted_ms
                ]
            )

    def hasten(self, symbol: str) -> None:
        """Have *symbol* looked at again soon: this look was in vain, or for something else."""
        due_ms = self.due_ms.get(symbol)
        if due_ms is not None:
            self.due_ms[symbol] = min(due_ms, self.now_ms() + self.timings.poll_max_ms)

    def verdict_ms(self) -> int:
        """Return how long to look into one question: with other symbols to look after, one round at a time must do."""
        return self.timings.verdict_ms if len(self.symbols()) <= 1 else 0

    def symbols(self) -> tuple[str, ...]:
        """Return every symbol with something open."""
        with self._mutex:
            return self.book.symbols()

    def record(self, *events: Event, vital: bool = False) -> None:
        """Write facts to the journal, then take them into the book.

        Args:
            events: in the order they became known.
            vital: the facts guard an open position: if the journal fails, they are kept in memory and the work goes on.

        Raises:
            JournalError: the journal failed, and the facts were not vital.
        """
        with self._mutex:
            extended: list[Event] = []
            for event in events:
                extended += [event, *self.book.consequences(event, extended)]
        try:
            self.journal.append(extended)
        except JournalError as error:
            self.store_failed(journal=str(error))
            if not vital:
                raise
        self.absorb(*extended)

    def absorb(self, *events: Event) -> None:
        """Take facts that are in the journal already into the book."""
        with self._mutex:
            for event in events:
                self.book.apply(event)

    def claim(self, event: Claimed) -> None:
        """Take a signal's id in the journal.

        Raises:
            JournalError: it could not be kept.
            SignalConflict: another process of the same journal took it in between.
        """
        if self.journal.claim(event) is not None:
            raise SignalConflict(event.signal_id)
        self.absorb(event)

    def restore(self, state: SignalState) -> None:
        """Take a signal from the journal back into the book."""
        with self._mutex:
            self.book.signals[state.signal_id] = state

    def forget(self, signal_id: str) -> None:
        """Drop a closed signal from memory."""
        with self._mutex:
            self.book.forget(signal_id)
            self.unlisted_ms.pop(signal_id, None)
            self.doubted_ms.pop(signal_id, None)

    def store_failed(self, *, journal: str | None = None, audit: str | None = None) -> None:
        """Remember that a store failed: no entries; protection and exits go on.

        A journal that failed stays so until it is opened anew; an audit log is healed by the next line it takes.
        """
        self.journal_failure = journal or self.journal_failure
        self.audit_failure = audit or self.audit_failure
        if journal is not None:
            text = (
                f"the journal cannot be written ({journal}): entries are refused, protection and exits go on from "
                "memory; make room or repair the disk, then build the manager anew"
            )
        else:
            text = (
                f"the audit log cannot be written ({audit}): entries are refused, protection and exits go on; make "
                "room or repair the disk: entries are taken again once a line could be written"
            )
        self.alarm(AlarmKind.STORE_FAILED, text)

    def note(
        self,
        kind: AuditType,
        operation: str,
        *,
        symbol: str | None = None,
        signal_id: str | None = None,
        client_id: str | None = None,
        order_data: object = None,
        response: object = None,
    ) -> None:
        """Write a line to the audit log; a failure stops entries, never the work at hand.

        Once the manager is closed the log is too, and what is still asked of it leaves no line.
        """
        about = " ".join(part for part in (symbol, signal_id, client_id) if part)
        answered = _object(response)
        logger.log(LEVELS[kind], "{} {} [{}] {}", kind.value, operation, about, answered)
        record = AuditRecord(
            at_ms=self.now_ms(),
            type=kind,
            operation=operation,
            environment=self.exchange.environment,
            symbol=symbol,
            order_data=_object(order_data),
            response=answered,
            signal_id=signal_id,
            client_order_id=client_id,
        )
        try:
            self.audit.write(record)
            self.audit_failure = None
        except JournalError as error:
            if not self.closed:
                self.store_failed(audit=str(error))

    def alarm(
        self, kind: AlarmKind, text: str, *, symbol: str | None = None, signal_id: str | None = None, once: bool = False
    ) -> None:
        """Tell a person now, and again every `alarm_repeat_ms` while it is raised; *once* tells each text once."""
        now = self.now_ms()
        key = (kind, symbol, signal_id, text) if once else (kind, symbol, signal_id)
        with self._mutex:
            before = self._alarmed_ms.get(key)
            if before is not None and (once or now - before < self.timings.alarm_repeat_ms):
                return
            self._alarmed_ms[key] = now
        alarm = Alarm(kind, now, text, symbol, signal_id)
        with self._mutex:
            for heard in self._listeners:
                heard.append(alarm)
        if kind is not AlarmKind.STORE_FAILED:
            audit_type = AuditType.UNPROTECTED if kind is AlarmKind.UNPROTECTED else AuditType.ALARM
            response = {"kind": kind.name, "severity": alarm.severity.value, "text": text}
            self.note(audit_type, "alarm", symbol=symbol, signal_id=signal_id, response=response)
        self._ring(alarm)

    def alarm_due_ms(self, kind: AlarmKind, symbol: str | None, signal_id: str | None) -> int:
        """Return from when on an alarm that is still raised is told again, exchange time; 0 when it never was."""
        with self._mutex:
            before = self._alarmed_ms.get((kind, symbol, signal_id))
        return 0 if before is None else before + self.timings.alarm_repeat_ms

    def _ring(self, alarm: Alarm) -> None:
        try:
            self.alerts(alarm)
        except Exception as error:  # noqa: BLE001 - the bell is the host's code: whatever it raises must not stop the guard
            logger.error("the alert callback raised {}: {}", type(error).__name__, error)

    @contextmanager
    def hearing(self) -> Iterator[list[Alarm]]:
        """Collect the alarms raised while the block lasts."""
        heard: list[Alarm] = []
        with self._mutex:
            self._listeners.append(heard)
        try:
            yield heard
        finally:
            with self._mutex:
                self._listeners = [each for each in self._listeners if each is not heard]

    def entry_sent(self, started: Started) -> None:
        """Remember an entry for the rate and duplicate limits, as long as they look back."""
        window_ms = 1000 * max(60, self.limits.duplicate_window_seconds or 0)
        with self._mutex:
            self.entries = [each for each in self.entries if started.at_ms - each.at_ms <= window_ms]
            self.entries.append(started)

    def report(self, report: ExecutionReport, *also: Event) -> ExecutionReport:
        """Keep the latest report of a signal, and what is to be kept together with it, and return it."""
        self.record(Reported(report.at_ms, report.signal_id, report), *also, vital=True)
        self.note(
            AuditType.REPORTED,
            "report",
            symbol=report.symbol,
            signal_id=report.signal_id,
            response={
                "outcome": report.outcome.value,
                "reason": None if report.reason is None else report.reason.name,
                "filled_quantity": report.filled_quantity,
                "average_price": report.average_price,
            },
        )
        return report


def _object(value: object) -> Mapping[str, object]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): to_json(item) for name, item in value.items()}
    encoded = to_json(value)
    return encoded if isinstance(encoded, dict) else {"value": encoded}
