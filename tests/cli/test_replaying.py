from decimal import Decimal
from typing import cast

import attrs

from surefill.application.manager import OrderExecutionManager
from surefill.cli.equity import EquityCurve
from surefill.cli.replaying import LOOKS_MAX, Replay, replay_timings
from surefill.cli.signals_file import TimedSignal
from surefill.cli.track import Track
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.wiring import SimulatedExchange, demo_exchange_info, hand_ticks, paper_exchange

START_MS = 1_795_300_000_000
SYMBOL = "AAAUSDT"


@attrs.define
class Restless:
    """A manager whose first looks change something, and whose duties are due when they are told to be."""

    exchange: SimulatedExchange
    changes: int
    dues_ms: list[int] = attrs.field(factory=list[int])
    calls: list[tuple[str, int]] = attrs.field(factory=list[tuple[str, int]])

    def execute_signal(self, signal: Signal, quantity: Decimal | None) -> None:
        assert quantity is not None
        self._note(signal.id)
        self.reconcile(SYMBOL)

    def reconcile(self, symbol: str) -> None:
        self._note("look")
        if self.changes:
            self.changes -= 1
            self.exchange.configure(symbol, leverage=10 + self.changes % 2)

    def reconcile_due(self) -> None:
        self._note("due")
        self.dues_ms.pop(0)

    def next_due(self) -> int | None:
        return self.dues_ms[0] if self.dues_ms else None

    def _note(self, what: str) -> None:
        self.calls.append((what, self.exchange.clock.now_ms() - START_MS))


def run(
    changes: int, dues_ms: list[int], *signals_ms: int
) -> tuple[list[tuple[str, int]], list[int], SimulatedExchange]:
    """Replay six ticks, one a second, with a restless manager; return its calls and the moments that were told."""
    exchange = paper_exchange(demo_exchange_info(), balances={"USDT": Decimal(1000)}, start_ms=START_MS - 1000)
    manager = Restless(exchange, changes, [START_MS + due_ms for due_ms in dues_ms])
    told: list[int] = []
    replay = Replay(
        exchange,
        cast("OrderExecutionManager", manager),
        SYMBOL,
        START_MS,
        START_MS + 5_000,
        EquityCurve(Track(START_MS, START_MS + 5_000)),
    )
    signal = Signal(id="s", symbol=SYMBOL, type=SignalType.LONG_ENTRY)
    timed = [TimedSignal(START_MS + at_ms, signal, Decimal(1), 1) for at_ms in signals_ms]
    feed = hand_ticks([(START_MS + second * 1000, SYMBOL, "60000") for second in range(6)])
    replay.run(feed, timed, told.append)
    return manager.calls, [at_ms - START_MS for at_ms in told], exchange


def test_what_a_look_changes_is_looked_at_again() -> None:
    """As long as a look leaves news in the ledger another follows, at once, and then none."""
    calls, _, _ = run(3, [], 2_500)

    begun = calls.index(("s", 2_500))
    assert [what for what, _ in calls[begun:-1]] == ["s", "look", "look", "look", "look"]
    assert calls[-1][0] == "look"


def test_looks_in_a_row_are_bounded() -> None:
    """A manager that never comes to rest does not keep the replay from going on."""
    calls, _, exchange = run(10_000, [], 1_000)

    assert LOOKS_MAX < len(calls) < 4 * LOOKS_MAX
    assert exchange.clock.now_ms() >= START_MS + 5_000


def test_duties_are_worked_off_when_they_are_due() -> None:
    """Duties fall between ticks and signals where they belong; soon after the end too, but not much later."""
    calls, _, exchange = run(0, [1_500, 3_000, 40_000, 999_999], 2_000)

    # The manager is asked for its duties after a signal: what was due before is late.
    assert calls[:2] == [("s", 2_000), ("look", 2_000)]
    assert calls[2:] == [("due", 2_000), ("due", 3_000), ("look", 5_000), ("due", 40_000)]
    assert exchange.clock.now_ms() == START_MS + 40_000


def test_signals_right_after_each_other_wait_for_each_other() -> None:
    """A signal whose moment passes while another is carried out comes right after it; none is lost."""
    calls, told, _ = run(1, [], 1_000, 1_001, 4_000)

    at = [at_ms for what, at_ms in calls if what == "s"]
    assert at[0] == 1_000
    assert 1_001 < at[1] < 1_200
    assert at[2] == 4_000
    assert told == sorted(told)


def test_the_timings_of_a_replay_are_those_of_trading() -> None:
    """Only the idle look at a position is rarer; every deadline is the same."""
    assert attrs.evolve(replay_timings(), guard_ms=5_000) == type(replay_timings())()
