"""A world whose owner has a machine's clock, and asks the exchange for the time as the real adapter does.

The clock, what keeps it right and when it asks are those of the adapter for the real exchange; only the way there is
the simulated one.
"""

from __future__ import annotations

from typing import Self

import attrs

from surefill.adapters.binance.clock import ServerClock
from surefill.adapters.binance.timekeeper import Timekeeper
from surefill.adapters.simulated import FaultPlan, Latency, SimulatedExchange
from surefill.adapters.simulated.clock import SimulatedClock
from surefill.adapters.simulated.door import Door
from surefill.adapters.simulated.tap import Tap
from surefill.adapters.simulated.timeline import Timeline
from surefill.adapters.wire.account import WireExchange
from surefill.testing.world import Lifeline, World


@attrs.define
class MachineClock:
    """The clocks of the machine the owner runs on. Implements `ports.clock.Clock`.

    Attributes:
        wall_off_ms: how far its wall clock is from the exchange's; a time server or a person may change it at any time.
        counter_off_ms: how far its counter has been put forward: a machine that was asleep may find it so.
        drift_per_million: how much too fast its counter runs, in millionths.
    """

    timeline: Timeline
    wall_off_ms: int = 0
    counter_off_ms: int = 0
    drift_per_million: int = 0
    _began_ms: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._began_ms = self.timeline.now_ms

    def now_ms(self) -> int:
        """Return the wall clock's time."""
        return self._began_ms + self.monotonic_ms() + self.wall_off_ms

    def monotonic_ms(self) -> int:
        """Return the counter."""
        passed_ms = self.timeline.now_ms - self._began_ms
        return passed_ms + passed_ms * self.drift_per_million // 1_000_000 + self.counter_off_ms

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        SimulatedClock(self.timeline).sleep(seconds)


class TimedExchange(SimulatedExchange):
    """The simulated exchange with clients that have a machine's clock and keep it right by asking for the time."""

    machine: MachineClock

    @classmethod
    def of(cls, exchange: SimulatedExchange) -> Self:
        """Return *exchange* with such clients; it keeps its own, true clock."""
        timed = object.__new__(cls)
        timed.machine = MachineClock(exchange._timeline)
        timed._set_up(
            exchange._timeline, exchange.namespace, exchange._faults, exchange._latency, exchange._cache_hours, None
        )
        return timed

    def another_client(self, *, tap: Tap | None = None) -> SimulatedExchange:
        """Return the client of another process on the same machine."""
        return _TimedClient(
            self._timeline, self.machine, self.namespace, faults=self._faults, latency=self._latency, tap=tap
        )


class _TimedClient(SimulatedExchange):
    def __init__(
        self,
        timeline: Timeline,
        machine: MachineClock,
        namespace: str,
        *,
        faults: FaultPlan,
        latency: Latency,
        tap: Tap | None,
    ) -> None:
        self._timeline, self._faults, self._latency = timeline, faults, latency
        clock = ServerClock(machine)
        timekeeper = Timekeeper(
            clock,
            lambda calls: self._session.carry(calls),  # noqa: PLW0108 - the session is made below
            lambda call: self._session.barrier(call) is None,
        )
        WireExchange.__init__(
            self,
            Door(timeline, faults, latency, tap),
            clock,
            namespace=namespace,
            environment="paper",
            real_time=False,
            before_asking=timekeeper.keep,
            after_carrying=timekeeper.watch,
        )


@attrs.define(kw_only=True)
class TimedWorld(World):
    """A world whose owner may be wrong about the time."""

    def restart(self, lifeline: Lifeline | None = None) -> None:
        """Start the next process, on the same machine."""
        if not isinstance(self.exchange, TimedExchange):
            self.exchange = TimedExchange.of(self.exchange)
            self.notebook.exchange = self.exchange
        super().restart(lifeline)

    @property
    def machine(self) -> MachineClock:
        """The clocks of the machine the owner runs on."""
        if not isinstance(self.exchange, TimedExchange):
            raise TypeError("the world was not set up")
        return self.exchange.machine
