"""The engine of a replay: market data drives the simulated exchange, signals come in when they are due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

import attrs

from surefill.application.manager import OrderExecutionManager
from surefill.cli.accounts import ZERO
from surefill.cli.equity import EquityCurve
from surefill.cli.signals_file import TimedSignal
from surefill.domain.numbers import EXACT
from surefill.domain.report import ExecutionReport
from surefill.domain.timings import Timings
from surefill.wiring import Candle, Quote, SimulatedExchange

DAY_MS: Final = 86_400_000
SETTLING_MS: Final = 60_000
"""How long, after the last event, what is still to be done is given time to come to rest."""
LOOKS_MAX: Final = 20
"""Reconciles in a row, each because the one before changed something; what then is still moving has its due time."""
STRIDE_MS: Final = 7 * DAY_MS
"""How far one goes at a time while nothing is open."""

_TRAFFIC: Final = frozenset({"request", "answer"})


def replay_timings() -> Timings:
    """Return the waits of a replay: those of live trading but for the guard's idle look.

    Every change of the ledger is looked at the moment it happens, so nothing is gained by looking every few seconds of
    six years; once a day remains.
    """
    return Timings(guard_ms=DAY_MS)


@attrs.frozen
class Executed:
    """One line of the signal file and the report it got; None when it lay outside the market data."""

    timed: TimedSignal
    report: ExecutionReport | None


@attrs.define
class Replay:
    """One run of signals over market data.

    A tick comes before a signal of the same millisecond. The manager reconciles after each change of the ledger, and
    when one of its duties is due. A signal is carried out at its moment, or, while an earlier one is still being
    carried out, right after that. Signals before `first_ms` or after `last_ms` are not given to the manager: there is
    no price they could be judged by.

    Attributes:
        exchange: fresh; its clock stands before the first event.
        manager: on that exchange.
        symbol: what is traded.
        first_ms: the first moment of the market data.
        last_ms: its last moment.
        equity: shown every fill, and every price while something is open.
    """

    exchange: SimulatedExchange
    manager: OrderExecutionManager
    symbol: str
    first_ms: int
    last_ms: int
    equity: EquityCurve
    _due_ms: int | None = None
    _steps: Iterator[object] = iter(())
    _progress: Callable[[int], None] | None = None
    _rows_seen: int = 0

    def run(
        self,
        feed: Iterable[Quote | Candle],
        signals: Sequence[TimedSignal],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Executed, ...]:
        """Play *feed* to its end and carry out *signals*, sorted by time, on the way.

        Args:
            feed: what `first_ms` and `last_ms` were learnt from.
            signals: all of `symbol`.
            progress: told the exchange's time often.

        Returns:
            one entry per signal, in order.
        """
        self._steps = self.exchange.play(feed)
        self._progress = progress
        self._changed()
        self.equity.mark(self.first_ms, ZERO)
        executed: list[Executed] = []
        for timed in signals:
            if not self.first_ms <= timed.at_ms <= self.last_ms:
                executed.append(Executed(timed, None))
                continue
            self._play_until(timed.at_ms)
            executed.append(Executed(timed, self.manager.execute_signal(timed.signal, timed.quantity)))
            self._catch_up()
        self._play_until(self.last_ms)
        self._come_to_rest()
        return tuple(executed)

    def _play_until(self, at_ms: int) -> None:
        """Play everything up to and including *at_ms*, duties included, and let the clock show it."""
        while True:
            wake_ms = at_ms if self._due_ms is None else min(at_ms, self._due_ms)
            next_ms = self.exchange.venue.next_event_ms()
            if self._due_ms is None and next_ms is not None and next_ms < at_ms:
                self._sleep_until(min(at_ms, next_ms + STRIDE_MS))  # nothing of ours is open: no tick can change that
                self._mark()
            elif next_ms is not None and next_ms <= max(wake_ms, self.exchange.clock.now_ms()):
                self._step()
            elif self._due_ms is not None and self._due_ms <= at_ms:
                self._sleep_until(self._due_ms)
                self.manager.reconcile_due()
                self._catch_up()
            else:
                self._sleep_until(at_ms)
                return

    def _step(self) -> None:
        next(self._steps, None)
        if self._changed():
            self.manager.reconcile(self.symbol)
            self._catch_up()
        self._mark()

    def _catch_up(self) -> None:
        """Reconcile as long as there is news in the ledger; what a reconcile itself did is news too."""
        for _ in range(LOOKS_MAX):
            if not self._changed():
                break
            self.manager.reconcile(self.symbol)
        self._due_ms = self.manager.next_due()

    def _changed(self) -> bool:
        """Whether anything but traffic was written to the ledger since the last time it was asked."""
        rows = self.exchange.ledger.since(self._rows_seen)
        self._rows_seen += len(rows)
        self.equity.take(rows)
        return any(row["kind"] not in _TRAFFIC for row in rows)

    def _mark(self) -> None:
        market = self.exchange.venue.market(self.symbol)
        price = EXACT.scaleb(Decimal(market.mark), -market.rules.price_decimals)
        now_ms = self.exchange.clock.now_ms()
        self.equity.mark(now_ms, price)
        if self._progress is not None:
            self._progress(now_ms)

    def _come_to_rest(self) -> None:
        """After the last event: look once more, and work off what is due soon."""
        until_ms = self.exchange.clock.now_ms() + SETTLING_MS
        self.manager.reconcile(self.symbol)
        self._catch_up()
        while self._due_ms is not None and self._due_ms <= until_ms:
            self._play_until(self._due_ms)

    def _sleep_until(self, at_ms: int) -> None:
        left_ms = at_ms - self.exchange.clock.now_ms()
        if left_ms > 0:
            self.exchange.clock.sleep(left_ms / 1000)
