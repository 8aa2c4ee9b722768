"""An account on a simulated exchange, an owner who trades on it, dies and comes back, and the judge of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

import attrs

from surefill.adapters.audit import MemoryAudit
from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault, FaultPlan, Latency, SimulatedExchange
from surefill.adapters.venue import VenueSettings
from surefill.application.manager import OrderExecutionManager
from surefill.domain.alarm import Alarm
from surefill.domain.ids import stem
from surefill.domain.limits import RiskLimits
from surefill.domain.numbers import EXACT
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.report import ExecutionReport
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.signal import Signal
from surefill.domain.timings import Timings
from surefill.ports.audit import Audit
from surefill.ports.journal import Journal
from surefill.testing.invariants import Asked, Violation, Watch
from surefill.testing.invariants.evidence import Called, Life, Told
from surefill.testing.invariants.filters import filters_by_symbol
from surefill.testing.world.lifeline import Killed, Lifeline
from surefill.testing.world.market import PRICES, START_MS, WALLET
from surefill.testing.world.notebook import Notebook, as_it_came
from surefill.testing.world.stillness import Stillness
from surefill.testing.world.witnesses import WitnessedAudit, WitnessedBell, WitnessedJournal, WitnessedWire
from surefill.wiring import demo_exchange_info

T = TypeVar("T")
CONVERGE_MS = 60_000
"""How long after the last fault everything may take to come to rest."""
LAST_LOOKS_MS = 10_000
"""So long before the end of that time the owner is looking again, whatever it saw before."""
STILL_ROUNDS = 2
"""After so many rounds in which nothing happened another look would show the owner nothing else."""
WATCHING = frozenset({"GUARD", "LATE_WATCH"})
"""Duties of an owner who only looks whether anything happens."""


@attrs.define(kw_only=True)
class World:
    """Everything happens through it, so that it can be seen, broken, healed and judged.

    A process that dies (`lifeline`) leaves exchange and journal as they were; `restart` is the next process, with no
    memory but the journal. While it is dead, calls return None.

    Attributes:
        seed: of the exchange's ids; whoever draws draws from it too.
        faults: what goes wrong on the way to the exchange.
        settings, latency, balances: the simulated exchange's switches, how long its answers take, the wallet's start.
        protection, limits, retry, timings: as handed to every manager.
        open_journal: opens the store for the next process; by default one memory for all of them.
        open_audit: opens the audit log of the next process.
        listing: the exchangeInfo.
        lifeline: where the process in force dies, if anywhere.
        notebook: what the witnesses at its edges wrote down.
        owner: the number of the process, from 1.
        watch: the judge.
        alarms: every alarm so far.
        reports: the latest report given, by signal id.
        signals: what was asked, by signal id.
        prices: the last price of each symbol, quote units.
        violations: every broken promise so far.
        exchange: the account.
        journal: the store that the latest process opened.
        manager: what trades now; None while nobody is alive.
    """

    seed: int = 1
    faults: FaultPlan = attrs.field(factory=FaultPlan)
    settings: VenueSettings | None = None
    latency: Latency | None = None
    protection: ProtectionPolicy = attrs.field(factory=ProtectionPolicy)
    limits: RiskLimits = attrs.field(factory=RiskLimits)
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    timings: Timings = attrs.field(factory=Timings)
    balances: Mapping[str, Decimal] = attrs.field(factory=lambda: dict(WALLET))
    open_journal: Callable[[], Journal] | None = None
    open_audit: Callable[[], Audit] = MemoryAudit
    listing: Mapping[str, object] = attrs.field(factory=demo_exchange_info)
    lifeline: Lifeline = attrs.field(factory=Lifeline)
    notebook: Notebook = attrs.field(factory=Notebook)
    watch: Watch = attrs.field(init=False)
    alarms: list[Alarm] = attrs.field(factory=list[Alarm])
    reports: dict[str, ExecutionReport] = attrs.field(factory=dict[str, ExecutionReport])
    signals: dict[str, tuple[Signal, Decimal | None]] = attrs.field(factory=dict[str, tuple[Signal, Decimal | None]])
    prices: dict[str, Decimal] = attrs.field(factory=lambda: dict(PRICES))
    violations: list[Violation] = attrs.field(factory=list[Violation])
    owner: int = 0
    exchange: SimulatedExchange = attrs.field(init=False)
    journal: Journal = attrs.field(init=False)
    manager: OrderExecutionManager | None = attrs.field(init=False, default=None)
    _ticks: dict[str, Decimal] = attrs.field(init=False)
    _asked: dict[str, Asked] = attrs.field(factory=dict[str, Asked])
    _memory: MemoryJournal = attrs.field(factory=MemoryJournal)
    _lost: bool = False

    def __attrs_post_init__(self) -> None:
        self.exchange = SimulatedExchange.from_exchange_info(
            self.listing,
            balances=self.balances,
            start_ms=START_MS,
            seed=self.seed,
            faults=self.faults,
            namespace="world",
            latency=self.latency,
            settings=self.settings,
        )
        self.notebook.exchange = self.exchange
        self._ticks = {symbol: filters.tick for symbol, filters in filters_by_symbol(self.listing).items()}
        self.watch = Watch.over(self.listing, asked=self._asked, timings=self.timings, limits=self.limits)
        for symbol, price in self.prices.items():
            self.tick(symbol, price)
        self.restart()

    # the market

    @property
    def now_ms(self) -> int:
        """Exchange time."""
        return self.exchange.clock.now_ms()

    def tick(self, symbol: str, price: Decimal) -> None:
        """Let the market trade at *price*."""
        self.prices[symbol] = price
        self.exchange.tick(symbol, last=price)

    def move(self, symbol: str, percent: Decimal) -> None:
        """Let the price change by so many percent, to the nearest tick below."""
        tick = self._ticks[symbol]
        wish = EXACT.multiply(self.prices[symbol], EXACT.add(Decimal(1), percent.scaleb(-2)))
        self.tick(symbol, max(tick, EXACT.multiply(tick, EXACT.divide_int(wish, tick))))

    def by_hand(self, method: str, path: str, params: Mapping[str, str]) -> object:
        """Let somebody else act on the account, through no client of ours; return the answer's body."""
        self.notebook.by_hand.append(self.notebook.seq() + 1)
        return self.exchange.venue.handle(method, path, {"timestamp": str(self.now_ms), **params}).body

    # the owner

    @property
    def alive(self) -> bool:
        """Whether a process trades."""
        return self.manager is not None

    def execute(self, signal: Signal, quantity: Decimal | None = None) -> ExecutionReport | None:
        """Carry out a signal; None when the process is dead, or died over it."""
        self.signals[signal.id] = signal, quantity
        if signal.type.is_entry and quantity is not None:
            self._asked.setdefault(stem(self.exchange.namespace, signal.id), Asked.of(signal, quantity))
        return self._report(lambda manager: manager.execute_signal(signal, quantity), "execute_signal")

    def report(self, signal_id: str) -> ExecutionReport | None:
        """Ask for the latest report of a signal."""
        return self._report(lambda manager: manager.report(signal_id), "report")

    def call(self, work: Callable[[OrderExecutionManager], T], verb: str = "call") -> T | None:
        """Let the owner do something; None when it is dead, or died over it. Its exceptions pass through."""
        if self.manager is None:
            return None
        began_ms, raised = self.now_ms, None
        try:
            return work(self.manager)
        except Killed:
            self._end()
            raised = "Killed"
            return None
        except Exception as error:
            raised = type(error).__name__
            raise
        finally:
            if raised != "Killed":
                self.notebook.called.append(
                    Called(verb=verb, began_ms=began_ms, ended_ms=self.now_ms, owner=self.owner, raised=raised)
                )

    def wait(self, seconds: float) -> None:
        """Let time pass, the owner working off what is due as `guarding()` would; with nobody alive it just passes."""
        end_ms = self.now_ms + round(seconds * 1000)
        while self.now_ms < end_ms:
            due_ms = None if self.manager is None else self.manager.next_due()
            next_ms = end_ms if due_ms is None else min(end_ms, max(due_ms, self.now_ms + 250))
            self.exchange.clock.sleep((next_ms - self.now_ms) / 1000)
            self.call(lambda manager: manager.reconcile_due(), "reconcile_due")

    def reconcile(self) -> None:
        """Let the owner look at everything."""
        self.call(lambda manager: manager.reconcile(), "reconcile")

    def crash(self) -> None:
        """End the process here and now."""
        if self.manager is not None:
            self._end()

    def restart(self, lifeline: Lifeline | None = None) -> None:
        """Start the next process: it knows what the journal holds. Whatever was alive is dead from now on."""
        self.crash()
        self.lifeline = Lifeline() if lifeline is None else lifeline
        self.owner += 1
        self.notebook.lives.append(Life(owner=self.owner, at_ms=self.now_ms, alive=True, lost_journal=self._lost))
        self._lost = False
        self.journal = self._memory if self.open_journal is None else self.open_journal()
        try:
            self.manager = OrderExecutionManager(
                self.exchange.another_client(tap=WitnessedWire(self.notebook, self.lifeline, self.owner)),
                journal=WitnessedJournal(self.journal, self.notebook, self.lifeline, self.owner),
                audit=WitnessedAudit(self.open_audit(), self.notebook, self.lifeline),
                alerts=WitnessedBell(self.notebook, self.lifeline),
                protection=self.protection,
                limits=self.limits,
                retry=self.retry,
                timings=self.timings,
            )
        except Killed:
            self._end()
            return
        self.reconcile()

    def lose_journal(self) -> None:
        """End the process, and let the next one find an empty journal."""
        self.crash()
        self._memory, self._lost = MemoryJournal(), True

    # the judge

    def look(self) -> tuple[Violation, ...]:
        """Judge what is new; an empty result means that every invariant holds so far."""
        evidence = self.notebook.evidence()
        self.alarms += evidence.alarms
        found = self.watch.judge(evidence, now_ms=self.now_ms)
        self.violations += found
        return found

    def settle(self) -> tuple[Violation, ...]:
        """Heal everything, give it `CONVERGE_MS`, and judge: it must have come to rest.

        While nothing happens the owner looks a few times and at the end of that time, not every few seconds.

        Returns:
            every broken promise so far.
        """
        self.faults.off()
        self.notebook.mangle = as_it_came
        if self.manager is None:
            self.restart()
        self.reconcile()
        self._come_to_rest()
        self.look()
        self.violations += self.watch.at_rest(self.manager.status(), now_ms=self.now_ms) if self.manager else ()
        return tuple(self.violations)

    def break_with(self, *faults: Fault) -> None:
        """Add faults."""
        self.faults.add(*faults)

    def _come_to_rest(self) -> None:
        """Let `CONVERGE_MS` pass; an owner who has nothing to do, and saw that twice, sleeps until something happens.

        All is judged by what happens at the exchange, and it is asked again at the end: what only time brings about
        comes to light there.
        """
        end_ms, round_ms = self.now_ms + CONVERGE_MS, self.timings.guard_ms + 1_000
        stillness, sleeps = Stillness(self.notebook), False
        while self.now_ms < end_ms:
            if sleeps:
                self.exchange.clock.sleep(1)
            else:
                self.wait(min(round_ms, end_ms - self.now_ms) / 1000)
            stillness.note()
            is_early = end_ms - self.now_ms > LAST_LOOKS_MS
            sleeps = is_early and stillness.rounds >= STILL_ROUNDS and (sleeps or self._only_watches())

    def _only_watches(self) -> bool:
        return self.manager is None or all(duty.kind.name in WATCHING for duty in self.manager.status().duties)

    def _report(
        self, work: Callable[[OrderExecutionManager], ExecutionReport | None], verb: str
    ) -> ExecutionReport | None:
        report = self.call(work, verb)
        if report is not None:
            self.reports[report.signal_id] = report
            self.notebook.told.append(
                Told(report=report, at_ms=self.now_ms, after_seq=self.notebook.seq(), owner=self.owner)
            )
        return report

    def _end(self) -> None:
        self.lifeline.dead = True
        self.manager = None
        self.notebook.lives.append(Life(owner=self.owner, at_ms=self.now_ms, alive=False))
