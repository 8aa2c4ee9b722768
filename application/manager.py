"""The thin public face: what a host calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self

from ..domain.alarm import AlarmKind
from ..domain.audit_record import AuditType
from ..domain.book import Book
from ..domain.errors import ConfigurationError, SignalConflict, ValidationError
from ..domain.events import Halted, Resumed
from ..domain.halt import HaltLevel
from ..domain.ids import checked_text
from ..domain.instrument import Instrument
from ..domain.limits import RiskLimits
from ..domain.numbers import Number, positive
from ..domain.order import Order
from ..domain.protection_policy import ProtectionPolicy
from ..domain.refusal import Declined, Refusal
from ..domain.report import ExecutionReport
from ..domain.retry_policy import RetryPolicy
from ..domain.side import MarginType, PositionSide
from ..domain.signal import Signal
from ..domain.snapshot import Balance, Position
from ..domain.timings import Timings
from ..ports.alerts import Alerts
from ..ports.audit import Audit
from ..ports.exchange import Exchange
from ..ports.journal import Journal
from ..ports.kill_switch import KillSwitch
from .cancel_all import CancelReport, cancel_all
from .close import execute_close
from .desk import Desk
from .duties import due_symbols, next_due_ms
from .execute import execute_entry
from .guarding import guarding
from .protect import protect
from .reconcile import ReconcileReport, reconcile, strays
from .reports import refused
from .status import Status, status
from .unprotected import patience_ms, tell_unprotected, unprotected

_RECOVERY = ""
"""What `Once` knows the recovery by; no signal has an empty id."""


class OrderExecutionManager:
    """Turns signals into positions that are opened at most once and are protected, closed, or loudly reported.

    Nothing is built behind your back: every collaborator is handed in, no thread is started, no signal handler
    installed. Safe to call from many threads; the same signal from several threads has one effect and one report. A
    verb that may send or write refuses to work in a forked child, with ConfigurationError.

    Args:
        exchange: where to trade.
        journal: durable memory; a live exchange refuses one in memory.
        audit: what happened, for people.
        alerts: called with every alarm.
        retry: waits between attempts of what is known not to have happened.
        protection: what to do when protection cannot be had.
        limits: hard limits on entries; all off by default.
        timings: every wait and deadline.
        host_guards: the host calls `reconcile()` whenever `next_due()` says so.
        namespace: under which signal ids are unique; the exchange's own unless given.
        kill_switch: asked before every entry whether somebody outside wants a halt.
        on_close: called last by `close`, whatever happened before; for what was built for this manager alone.

    Raises:
        ConfigurationError: the parts cannot keep the promise together.
        JournalError: the journal cannot be read.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        journal: Journal,
        audit: Audit,
        alerts: Alerts,
        retry: RetryPolicy | None = None,
        protection: ProtectionPolicy | None = None,
        limits: RiskLimits | None = None,
        timings: Timings | None = None,
        host_guards: bool = False,
        namespace: str | None = None,
        kill_switch: KillSwitch | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        if exchange.real_time and not journal.durable:
            raise ConfigurationError(
                "a live exchange needs a journal that survives the process: use SqliteJournal(path)"
            )
        self._desk = Desk(
            exchange=exchange.direct,
            patient=exchange,
            journal=journal,
            audit=audit,
            alerts=alerts,
            namespace=checked_text(exchange.namespace if namespace is None else namespace, "namespace"),
            retry=RetryPolicy() if retry is None else retry,
            protection=ProtectionPolicy() if protection is None else protection,
            limits=RiskLimits() if limits is None else limits,
            timings=Timings() if timings is None else timings,
            host_guards=host_guards,
            kill_switch=kill_switch,
            book=Book.of(journal.scan_open()),
        )
        self._recovered = False
        self._on_close = on_close

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # signals

    def execute_signal(self, signal: Signal, quantity: Number | None = None) -> ExecutionReport:
        """Carry out *signal* once; the same id again returns its latest report.

        Args:
            signal: the decision.
            quantity: base units; rounded down to the grid. For closes None means all of ours.

        Returns:
            what became of it. Refusals and rejections are reports too: `raise_for_outcome()` turns them into
            exceptions.

        Raises:
            ValidationError: the input was wrong; nothing was claimed, nothing sent.
            SignalConflict: the id was used before with other contents.
            ConfigurationError: called in a forked child, or from within a callback for the same symbol.
        """
        desk = self._desk
        desk.check_process()
        size = None if quantity is None else positive(quantity, "quantity")
        if size is None and signal.type.is_entry:
            raise ValidationError("quantity", "an entry needs one, in base units")
        if desk.closing:
            return refused(desk, signal, Declined(Refusal.CLOSING, "the manager was closed; build a new one"))
        digest = signal.digest(size)
        desk.turns.refuse_reentry(signal.symbol)
        self._recover()
        if not desk.exchange.real_time:
            self.reconcile_due()
        with self._attended(desk.timings.unknown_call_ms), desk.once.of(signal.id):
            before = self._before(signal.id, digest)
            if before is not None:
                return before
            with desk.turns.of(signal.symbol):
                if size is not None and signal.type.is_entry:
                    return execute_entry(desk, signal, size, digest)
                return execute_close(desk, signal, size, digest)

    def report(self, signal_id: str) -> ExecutionReport | None:
        """Return the latest report of a signal, also after a restart; None when the id was never used up."""
        state = self._desk.state(signal_id) or self._desk.past_state(signal_id)
        return None if state is None or state.released else state.report

    # duties

    def reconcile(self, symbol: str | None = None) -> ReconcileReport:
        """Hold what should be against what the exchange shows and mend the difference; on one symbol, or on all."""
        desk = self._desk
        desk.check_process()
        with self._attended():
            if symbol is not None:
                return reconcile(desk, (symbol,), patient=True)
            self._recovered = True
            return reconcile(desk, (*desk.symbols(), *strays(desk)), patient=True)

    def reconcile_due(self) -> ReconcileReport:
        """Work off only what is due now: cheap to call often.

        It does not wait for symbols that another thread is at work on: whoever works there protects what is there.
        """
        desk = self._desk
        desk.check_process()
        for symbol in desk.symbols():
            tell_unprotected(desk, symbol)  # in time, also while that thread waits for an answer
        with self._attended():
            due = tuple(symbol for symbol in due_symbols(desk) if not desk.turns.taken(symbol))
            return reconcile(desk, due, patient=False)

    def next_due(self) -> int | None:
        """Return when `reconcile_due()` should next be called, exchange time in UTC ms; None when nothing is open."""
        return next_due_ms(self._desk)

    def guarding(self, interval: float = 2.0) -> AbstractContextManager[None]:
        """Run a thread that works off what is due, looking every *interval* seconds, as long as the block lasts.

        Raises:
            ValidationError: the interval was not positive.
        """
        return guarding(self._desk, self.reconcile_due, interval)

    # account

    def get_position(self, symbol: str, side: PositionSide | None = None) -> Position | None:
        """Return the open position on *symbol*, or None when flat.

        Raises:
            ValidationError: a hedge account holds both; name the side.
            OrderExecutionError, AuthenticationError: the exchange did not answer.
        """
        positions = self._desk.patient.snapshot(symbol).positions
        if side is not None:
            return next((each for each in positions if each.position_side is side), None)
        if len(positions) > 1:
            raise ValidationError(
                "side", f"{symbol} holds a long and a short position; name PositionSide.LONG or SHORT"
            )
        return positions[0] if positions else None

    def positions(self) -> tuple[Position, ...]:
        """Return every open position of the account.

        Raises:
            OrderExecutionError, AuthenticationError: the exchange did not answer.
        """
        return self._desk.patient.positions()

    def get_account_balance(self, asset: str = "USDT") -> Balance:
        """Return the balance of one asset.

        Raises:
            ValidationError: the wallet does not list it.
            OrderExecutionError, AuthenticationError: the exchange did not answer.
        """
        for balance in self._desk.patient.balance():
            if balance.asset == asset:
                return balance
        raise ValidationError("asset", f"the futures wallet lists no {asset!r}")

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return open regular and conditional orders, anybody's.

        Raises:
            OrderExecutionError, AuthenticationError: the exchange did not answer.
        """
        return self._desk.patient.open_orders(symbol)

    def cancel_all_orders(self, symbol: str, *, only_ours: bool = True) -> CancelReport:
        """Cancel open orders on *symbol* in both services, stops included.

        Protection that is gone so is not put back: the caller's word beats the guard. What could not be cancelled is
        in the report, and is guarded as before. A wish that a failed journal could not keep dies with the process: the
        next one protects the position again, as the alarm says.

        Raises:
            OrderExecutionError, AuthenticationError: nobody could look what is open; nothing was cancelled.
            ConfigurationError: called in a forked child, or from within a callback for the same symbol.
        """
        self._desk.check_process()
        with self._attended(), self._desk.turns.of(symbol):
            return cancel_all(self._desk, symbol, only_ours=only_ours)

    def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set the leverage of *symbol*; "already so" is success.

        Raises:
            ValidationError: it was no whole number from 1.
            OrderExecutionError, AuthenticationError: the exchange refused it, or did not answer.
        """
        self._desk.check_process()
        if type(leverage) is not int or leverage < 1:
            raise ValidationError("leverage", f"must be a whole number from 1, was {leverage!r}")
        self._desk.patient.configure(symbol, leverage=leverage)
        self._note_setting(symbol, "set_leverage", {"leverage": leverage})

    def set_margin_type(self, symbol: str, margin_type: MarginType) -> None:
        """Set the margin type of *symbol*; "already so" is success.

        Raises:
            OrderExecutionError, AuthenticationError: the exchange refused it, or did not answer.
        """
        self._desk.check_process()
        self._desk.patient.configure(symbol, margin_type=margin_type)
        self._note_setting(symbol, "set_margin_type", {"margin_type": margin_type.value})

    # instruments

    def instrument(self, symbol: str) -> Instrument:
        """Return the trading rules in force on *symbol*.

        Raises:
            OrderExecutionError, AuthenticationError: there is no such symbol, or the exchange did not answer.
        """
        return self._desk.patient.instrument(symbol)

    def format_price(self, symbol: str, price: Number) -> str:
        """Return *price* floored to the tick; raises as `instrument`, and ValidationError unless above zero."""
        return self.instrument(symbol).format_price(positive(price, "price"))

    def format_quantity(self, symbol: str, quantity: Number) -> str:
        """Return *quantity* floored to the step; raises as `instrument`, and ValidationError unless above zero."""
        return self.instrument(symbol).format_quantity(positive(quantity, "quantity"))

    # switch

    def status(self) -> Status:
        """Return how everything stands; no request is sent."""
        return status(self._desk)

    def halt(self, level: HaltLevel, *, reason: str) -> None:
        """Set the kill switch; it survives a restart, and only `resume()` releases it. Protection and exits go on.

        FLATTEN_OURS closes every position of ours with the next reconcile, which this call does at once. A journal that
        fails does not keep it from being obeyed, only from surviving a restart.

        Raises:
            ValidationError: the level was NONE, or no reason was given.
        """
        self._desk.check_process()
        if level is HaltLevel.NONE:
            raise ValidationError("level", "use resume() to end a halt")
        desk = self._desk
        desk.record(Halted(desk.now_ms(), level, checked_text(reason, "reason")), vital=True)
        desk.note(AuditType.HALTED, "halt", response={"level": level.name, "reason": reason})
        desk.alarm(AlarmKind.HALTED, f"halted at {level.name}: {reason}", once=True)
        if level >= HaltLevel.FLATTEN_OURS:
            self.reconcile()

    def resume(self, *, reason: str) -> None:
        """Release the kill switch; entries are taken again. A halt from outside is released outside: it comes again.

        Raises:
            ValidationError: no reason was given.
            JournalError: it could not be kept; the halt stands.
        """
        desk = self._desk
        desk.check_process()
        desk.record(Resumed(desk.now_ms(), checked_text(reason, "reason")))
        desk.note(AuditType.RESUMED, "resume", response={"reason": reason})

    def close(self) -> None:
        """Take no more work, let calls under way end, protect what is naked for a while, and release the stores.

        The exchange stays open: whoever built it closes it. Closing twice is harmless.
        """
        desk = self._desk
        if desk.closing:
            return
        desk.closing = True
        try:
            desk.once.wait_for_others()
            for symbol in desk.symbols():
                self._drain(symbol)
        finally:
            desk.closed = True  # whoever is between two turns takes no other
            desk.turns.wait_for_others()
            with ExitStack() as last:
                if self._on_close is not None:
                    last.callback(self._on_close)
                last.callback(desk.journal.close)
                last.callback(desk.audit.close)
                desk.note(AuditType.STOPPED, "close")

    def _attended(self, call_ms: int | None = None) -> AbstractContextManager[None]:
        """Whatever is asked of the exchange meanwhile, alarms of naked positions come in time, and the call ends."""
        desk = self._desk
        until_ms = desk.now_ms() + (desk.timings.call_ms if call_ms is None else call_ms)
        return desk.exchange.attended(lambda: patience_ms(desk, until_ms=until_ms))

    def _drain(self, symbol: str) -> None:
        desk = self._desk
        if any(unprotected(desk, symbol)):
            with self._attended(), desk.turns.of(symbol):
                until_ms = desk.now_ms() + desk.timings.drain_ms
                protect(desk, symbol, until_ms=until_ms, done=lambda: not any(unprotected(desk, symbol)))

    def _before(self, signal_id: str, digest: str) -> ExecutionReport | None:
        state = self._desk.state(signal_id) or self._desk.past_state_if_readable(signal_id)
        if state is None:
            return None
        if state.claim.digest != digest:
            raise SignalConflict(signal_id)
        return None if state.released else state.report

    def _recover(self) -> None:
        """Before the first signal: bring everything the journal holds open to where it should be."""
        with self._desk.once.of(_RECOVERY):
            if self._recovered:
                return
            self._recovered = True
            open_symbols = self._desk.symbols()
            self._desk.note(AuditType.STARTED, "recover", response={"open_symbols": ", ".join(open_symbols)})
            if open_symbols:
                self.reconcile()

    def _note_setting(self, symbol: str, operation: str, values: dict[str, object]) -> None:
        self._desk.note(AuditType.CONFIG_CHANGED, operation, symbol=symbol, order_data=values)
