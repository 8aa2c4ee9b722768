"""A hypothesis machine that trades on a world, breaks it in every way it knows, and judges after each step."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from surefill.domain.halt import HaltLevel
from surefill.testing.invariants import Violation
from surefill.testing.swarm.events import (
    CancelAll,
    CancelLeg,
    Die,
    Down,
    Halt,
    LoseJournal,
    Move,
    SetLeverage,
    Start,
    Tighten,
    Trade,
    Wait,
)
from surefill.testing.swarm.script import SIZES
from surefill.testing.swarm.signals import Again, Close, Conflict, Enter
from surefill.testing.swarm.states import both_states
from surefill.testing.swarm.weather import FAULTS, SHARES
from surefill.testing.world import SYMBOLS, World

_SYMBOL = st.sampled_from(SYMBOLS)
_SIDE = st.sampled_from(("BUY", "SELL"))
_GRAINS = st.integers(1, 50)
_DISTANCE = st.integers(10, 600).map(lambda hundredths: Decimal(hundredths).scaleb(-2))
_SHIFT = st.integers(-60, 60).map(lambda hundredths: Decimal(hundredths).scaleb(-2))
_JUMP = st.sampled_from((-25, -7, -3, 3, 7, 25)).map(Decimal)


class TradingStateMachine(RuleBasedStateMachine):
    """Signals, prices, faults, deaths and other people, in any order; the invariants hold after each of them.

    Override `make_world` to put your own journal, audit log, policy, limits or timings under test, and switch off by
    the class attributes what your set-up rules out::

        class OurMachine(TradingStateMachine):
            def make_world(self) -> World:
                return World(protection=OUR_POLICY, open_journal=OUR_JOURNAL)

        TestOurs = OurMachine.TestCase

    Attributes:
        faults: requests, answers and reads go wrong.
        crashes: the process dies at any of its touches of the outside, and comes back.
        losses: the journal is lost.
        others: somebody trades on the account by hand, and cancels our legs.
        drills: the caller halts, cancels everything, changes leverage and limits.
        jumps: prices jump through stops, and hours pass with nobody there.
    """

    faults: ClassVar[bool] = True
    crashes: ClassVar[bool] = True
    losses: ClassVar[bool] = True
    others: ClassVar[bool] = True
    drills: ClassVar[bool] = True
    jumps: ClassVar[bool] = True

    ids: Bundle[str] = Bundle("ids")
    world: World

    def make_world(self) -> World:
        """Return a fresh world; called once for each example."""
        return World()

    @initialize()
    def begin(self) -> None:
        """Set the world up."""
        self.world = self.make_world()

    # signals

    @rule(
        target=ids,
        symbol=_SYMBOL,
        is_long=st.booleans(),
        grains=_GRAINS,
        stop=_DISTANCE,
        profit=st.none() | _DISTANCE,
    )
    def enter(self, symbol: str, is_long: bool, grains: int, stop: Decimal, profit: Decimal | None) -> str:  # noqa: FBT001 - hypothesis names them
        """Hand in an entry."""
        name = self._next_id()
        Enter(
            id=name,
            symbol=symbol,
            is_long=is_long,
            quantity=SIZES[symbol] * grains,
            stop_percent=stop,
            target_percent=profit,
        ).run(self.world)
        return name

    @rule(target=ids, symbol=_SYMBOL, is_long=st.booleans(), grains=st.none() | _GRAINS)
    def close_position(self, symbol: str, is_long: bool, grains: int | None) -> str:  # noqa: FBT001 - likewise
        """Hand in a close, of all or of a part."""
        name = self._next_id()
        quantity = None if grains is None else SIZES[symbol] * grains
        Close(id=name, symbol=symbol, is_long=is_long, quantity=quantity).run(self.world)
        return name

    @rule(name=ids)
    def again(self, name: str) -> None:
        """Hand in an old signal again."""
        Again(id=name).run(self.world)

    @rule(name=ids)
    def conflict(self, name: str) -> None:
        """Hand in something else under an old id."""
        Conflict(id=name).run(self.world)

    # the market and the clock

    @rule(symbol=_SYMBOL, percent=_SHIFT)
    def tick(self, symbol: str, percent: Decimal) -> None:
        """Let a price move a little."""
        Move(symbol=symbol, percent=percent).run(self.world)

    @rule(seconds=st.sampled_from((0.3, 1, 4, 12, 40)))
    def wait(self, seconds: float) -> None:
        """Let time pass, the owner at work."""
        Wait(seconds=seconds).run(self.world)

    @precondition(lambda self: self.jumps)
    @rule(symbol=_SYMBOL, percent=_JUMP)
    def jump(self, symbol: str, percent: Decimal) -> None:
        """Let a price jump through stops and targets."""
        Move(symbol=symbol, percent=percent).run(self.world)

    @precondition(lambda self: self.jumps and self.crashes)
    @rule(seconds=st.sampled_from((5, 120, 3_600, 36_000)))
    def outage(self, seconds: float) -> None:
        """Let nobody be there for minutes or hours."""
        Down(seconds=seconds).run(self.world)

    # faults and deaths

    @precondition(lambda self: self.faults)
    @rule(name=st.sampled_from(sorted(FAULTS)), share=st.sampled_from(SHARES))
    def break_with(self, name: str, share: float) -> None:
        """Let one more fault strike from now on."""
        self.world.break_with(FAULTS[name](share))

    @precondition(lambda self: self.faults)
    @rule()
    def heal(self) -> None:
        """End all faults."""
        self.world.faults.clear()

    @precondition(lambda self: self.crashes)
    @rule(after=st.integers(1, 120))
    def die(self, after: int) -> None:
        """Let the process end at a touch of the outside to come."""
        Die(after=after).run(self.world)

    @precondition(lambda self: self.crashes)
    @rule(dies_after=st.none() | st.integers(1, 60))
    def start(self, dies_after: int | None) -> None:
        """Start the next process, which may end during its recovery."""
        Start(dies_after=dies_after).run(self.world)

    @precondition(lambda self: self.losses and self.crashes)
    @rule()
    def lose_journal(self) -> None:
        """Let the next process find nothing."""
        LoseJournal().run(self.world)

    # other people, and the caller's other hands

    @precondition(lambda self: self.others)
    @rule(symbol=_SYMBOL, side=_SIDE, grains=_GRAINS, takes_back=st.booleans())
    def trade_by_hand(self, symbol: str, side: str, grains: int, takes_back: bool) -> None:  # noqa: FBT001 - likewise
        """Let somebody else trade."""
        Trade(symbol=symbol, side=side, quantity=SIZES[symbol] * grains, takes_back=takes_back).run(self.world)

    @precondition(lambda self: self.others)
    @rule(symbol=_SYMBOL, place=st.integers(0, 3))
    def cancel_by_hand(self, symbol: str, place: int) -> None:
        """Let somebody cancel a leg of ours."""
        CancelLeg(symbol=symbol, place=place).run(self.world)

    @precondition(lambda self: self.drills)
    @rule(symbol=_SYMBOL)
    def cancel_everything(self, symbol: str) -> None:
        """Let the caller cancel his own protection."""
        CancelAll(symbol=symbol).run(self.world)

    @precondition(lambda self: self.drills)
    @rule(level=st.sampled_from(tuple(HaltLevel)[1:]), seconds=st.sampled_from((0, 8)))
    def halt(self, level: HaltLevel, seconds: float) -> None:
        """Let the caller halt, and resume after a while."""
        Halt(level=level, seconds=seconds).run(self.world)

    @precondition(lambda self: self.drills)
    @rule(symbol=_SYMBOL, leverage=st.sampled_from((1, 5, 20)))
    def set_leverage(self, symbol: str, leverage: int) -> None:
        """Let the caller change the leverage."""
        SetLeverage(symbol=symbol, leverage=leverage).run(self.world)

    @precondition(lambda self: self.drills and self.crashes)
    @rule(notional=st.sampled_from((100, 1_000, 10_000)))
    def tighten(self, notional: int) -> None:
        """Let the next process have a tighter limit."""
        Tighten(max_order_notional=Decimal(notional)).run(self.world)

    # the judge

    @invariant()
    def every_promise_holds(self) -> None:
        """Judge what is new."""
        if hasattr(self, "world"):
            self._refute(self.world.look())

    def teardown(self) -> None:
        """Heal everything: it must come to rest, with every promise kept."""
        if hasattr(self, "world") and not self.world.violations:
            self._refute(self.world.settle())

    def _refute(self, found: Iterable[Violation]) -> None:
        broken = [f"{each.invariant} at {each.time_ms} {each.symbol}: {each.text}" for each in found]
        if broken:
            raise AssertionError("\n".join([*broken, *both_states(self.world)]))

    def _next_id(self) -> str:
        return f"s{len(self.world.signals) + 1}"
