"""A paper exchange whose verbs can be scripted: for what no fault at the door can bring about, and for crashes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from surefill.adapters.simulated import FaultPlan, Latency, SimulatedExchange
from surefill.adapters.venue import Venue
from surefill.domain.budget import Capacity
from surefill.domain.instrument import Instrument
from surefill.domain.order import Order, OrderKey, OrderRequest
from surefill.domain.reply import Reply
from surefill.domain.side import MarginType
from surefill.domain.snapshot import (
    Balance,
    CancelOutcome,
    History,
    Position,
    Reference,
    Snapshot,
    SymbolSettings,
    Watermark,
)
from surefill.ports.exchange import Prepared

T = TypeVar("T")
Line = Callable[..., Any]
"""Called in a verb's place with the verb itself and its arguments."""


class Crash(BaseException):
    """The process died here. No `except Exception` of anybody catches it."""


class ScriptedExchange(SimulatedExchange):
    """The paper exchange; `script["snapshot"] = line` puts *line* in the place of that verb.

    `verbs` counts the calls of every verb.
    """

    def __init__(
        self, venue: Venue, *, namespace: str, faults: FaultPlan | None = None, latency: Latency | None = None
    ) -> None:
        super().__init__(venue, namespace=namespace, faults=faults, latency=latency)
        self.script: dict[str, Line] = {}
        self.verbs: list[str] = []
        self.pretends_real_time = False

    @contextmanager
    def plainly(self) -> Iterator[None]:
        """Without script and without faults while the block lasts."""
        script, faults = self.script, self.faults.enabled
        self.script = {}
        self.faults.off()
        try:
            yield
        finally:
            self.script = script
            if faults:
                self.faults.on()

    @property
    def real_time(self) -> bool:
        return self.pretends_real_time

    def _play(self, verb: str, itself: Callable[..., T], *args: Any, **options: Any) -> T:
        self.verbs.append(verb)
        line = self.script.get(verb)
        if line is None:
            return itself(*args, **options)
        played: T = line(itself, *args, **options)
        return played

    def prepare(self, request: OrderRequest) -> Prepared:
        return self._play("prepare", super().prepare, request)

    def send(self, prepared: Prepared) -> Reply:
        return self._play("send", super().send, prepared)

    def send_together(self, prepared: Sequence[Prepared]) -> tuple[Reply, ...]:
        return self._play("send_together", super().send_together, prepared)

    def find(self, keys: Sequence[OrderKey]) -> Mapping[str, Order]:
        return self._play("find", super().find, keys)

    def history(self, symbol: str, since: Watermark | None = None) -> History:
        return self._play("history", super().history, symbol, since)

    def snapshot(self, symbol: str) -> Snapshot:
        return self._play("snapshot", super().snapshot, symbol)

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        return self._play("open_orders", super().open_orders, symbol)

    def positions(self) -> tuple[Position, ...]:
        return self._play("positions", super().positions)

    def balance(self) -> tuple[Balance, ...]:
        return self._play("balance", super().balance)

    def reference(self, symbol: str) -> Reference:
        return self._play("reference", super().reference, symbol)

    def instrument(self, symbol: str, *, refresh: bool = False) -> Instrument:
        return self._play("instrument", super().instrument, symbol, refresh=refresh)

    def settings(self, symbol: str) -> SymbolSettings:
        return self._play("settings", super().settings, symbol)

    def configure(self, symbol: str, *, leverage: int | None = None, margin_type: MarginType | None = None) -> None:
        self._play("configure", super().configure, symbol, leverage=leverage, margin_type=margin_type)

    def cancel(self, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
        return self._play("cancel", super().cancel, keys)

    def cancel_everything(self, symbol: str) -> None:
        self._play("cancel_everything", super().cancel_everything, symbol)

    def income(self, since_ms: int) -> Decimal:
        return self._play("income", super().income, since_ms)

    def capacity(self) -> Capacity:
        return self._play("capacity", super().capacity)
