"""The stage of the demonstration: a simulated exchange, a manager, and a market that goes where the story needs it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Final

import attrs

from surefill.application.manager import OrderExecutionManager
from surefill.domain.numbers import EXACT
from surefill.domain.report import ExecutionReport
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.wiring import SimulatedExchange

TICK_MS: Final = 1_000
_STEPS: Final = 8
_LOOKS_MAX: Final = 20
_TRAFFIC: Final = frozenset({"request", "answer"})
_AMPLE: Final = Decimal(1_000)


@attrs.define
class Stage:
    """Moves prices and carries out signals; after each move the manager reconciles what changed.

    Attributes:
        exchange: the simulated exchange.
        manager: on it.
        random: makes every run of one seed the same, and of another seed different.
        ticks: the price grain by symbol.
        prices: the last price by symbol.
        asked: every signal given so far, in order, with its quantity.
    """

    exchange: SimulatedExchange
    manager: OrderExecutionManager
    random: Random
    ticks: Mapping[str, Decimal]
    prices: dict[str, Decimal] = attrs.field(factory=dict[str, Decimal])
    asked: dict[str, tuple[Signal, Decimal | None]] = attrs.field(factory=dict[str, tuple[Signal, Decimal | None]])
    _first_reports: dict[str, ExecutionReport] = attrs.field(factory=dict[str, ExecutionReport])
    _rows_seen: int = 0

    def open_market(self, symbol: str, about: int) -> Decimal:
        """Quote *symbol* for the first time, at *about* so many ticks, up to a twentieth more; return the price."""
        ticks = about + self.random.randrange(about // 20)
        return self.move(symbol, EXACT.multiply(self.ticks[symbol], ticks))

    def move(self, symbol: str, price: Decimal, size: Decimal = _AMPLE) -> Decimal:
        """Quote *symbol* a second later at *price*, *size* on either side of the book; return the price."""
        tick = self.ticks[symbol]
        self.exchange.tick(
            symbol,
            last=price,
            bid=EXACT.subtract(price, tick),
            ask=EXACT.add(price, tick),
            bid_quantity=size,
            ask_quantity=size,
            at_ms=self.exchange.clock.now_ms() + TICK_MS,
        )
        self.prices[symbol] = price
        self._reconcile(symbol)
        return price

    def walk(self, symbol: str, ticks: int) -> Decimal:
        """Let the price wander until it is *ticks* away from where it is; return where it arrived."""
        start = self.prices[symbol]
        for step in range(1, _STEPS):
            way = ticks * step // _STEPS + self.random.randrange(-abs(ticks) // 16, abs(ticks) // 16 + 1)
            self.move(symbol, self.away(start, symbol, way))
        return self.move(symbol, self.away(start, symbol, ticks))

    def away(self, price: Decimal, symbol: str, ticks: int) -> Decimal:
        """Return the price *ticks* above *price*, below it when negative."""
        return EXACT.add(price, EXACT.multiply(self.ticks[symbol], ticks))

    def signal(
        self, name: str, symbol: str, kind: SignalType, quantity: str | None, stop_ticks: int = 0, target_ticks: int = 0
    ) -> ExecutionReport:
        """Carry out a signal whose stop and target lie so many ticks away from the price; 0 means none."""
        price = self.prices[symbol]
        signal = Signal(
            id=name,
            symbol=symbol,
            type=kind,
            stop_loss=self.away(price, symbol, stop_ticks) if stop_ticks else None,
            take_profit=self.away(price, symbol, target_ticks) if target_ticks else None,
        )
        self.asked[name] = (signal, None if quantity is None else Decimal(quantity))
        report = self.manager.execute_signal(signal, self.asked[name][1])
        self._first_reports[name] = report
        self._reconcile(symbol)
        return report

    def report(self, name: str) -> ExecutionReport:
        """Return how a signal stands now; a refused one stands where it stood, for its id was not used up."""
        return self.manager.report(name) or self._first_reports[name]

    def _reconcile(self, symbol: str) -> None:
        """Look, if anything happened: a look costs requests, and the exchange counts them."""
        for _ in range(_LOOKS_MAX):
            rows = self.exchange.ledger.since(self._rows_seen)
            self._rows_seen += len(rows)
            if all(row["kind"] in _TRAFFIC for row in rows):
                break
            self.manager.reconcile(symbol)
