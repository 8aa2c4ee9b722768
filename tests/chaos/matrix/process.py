"""Family G: what happens to the process that trades."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

import attrs

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import Call, Result
from surefill.application.manager import OrderExecutionManager
from surefill.domain.alarm import Alarm
from surefill.testing.world import Lifeline, World
from tests.chaos.matrix.case import Armed, Check, Listed
from tests.chaos.matrix.checks import both, fill_told, one_entry
from tests.chaos.matrix.events import (
    for_a_while,
    happens,
    keeping_late_fills,
    pass_through,
)
from tests.chaos.matrix.family import Way, fault, proved
from tests.chaos.matrix.scenario import TRADES, Closing, Scenario, scenario_of
from tests.chaos.matrix.steps import ALL, Step

T = TypeVar("T")
_JOURNAL: Final = "tests/integration/test_sqlite_journal.py"
_ALARMING: Final = frozenset({Step.POSITION, Step.STOP, Step.STOP_QUERY, Step.CANCEL, Step.LATE_WATCH})


@attrs.frozen(kw_only=True)
class Surviving(Scenario):
    """Another scenario, whose host goes on when a call is cut short: it waits, and asks for the same signal again."""

    inner: Scenario

    def before(self, world: World) -> None:
        """Come to where the step begins."""
        self.inner.before(world)

    def during(self, world: World) -> None:
        """Go on, whatever is thrown."""
        try:
            self.inner.during(world)
        except (KeyboardInterrupt, MemoryError, SystemExit):
            world.wait(5)
        if not world.alive:
            world.restart()
        world.execute(self.trade.entry(), self.trade.quantity)
        world.wait(12)


def surviving(step: Step, seed: int) -> Scenario:
    """Return what is done at *step*, by a host that goes on."""
    inner = scenario_of(step, seed)
    return Surviving(trade=inner.trade, inner=inner)


def _dies(*, after: bool) -> Callable[[World, Step], Armed]:
    """Return what ends the process just before the second request of a step, or just after the first answer."""

    def inject(world: World, step: Step) -> Armed:
        def act(world: World) -> bool:
            world.lifeline.ends_at = len(world.lifeline.points) + (1 if after else 2)
            return world.alive

        return happens(world, step, act)

    return inject


def _throws(error: type[BaseException]) -> Callable[[World, Step], Armed]:
    """Return what throws *error* out of a request, once: it was sent, and nobody knows what came of it."""

    def inject(world: World, step: Step) -> Armed:
        thrown = [0]

        def mangle(call: Call, result: Result) -> Result:
            if step.concerns(call) and not thrown[0]:
                thrown[0] = 1
                raise error
            return result

        pass_through(world, mangle)
        return Armed(struck=lambda: thrown[0])

    return inject


class _BrokenBell(list[Alarm]):
    """Hears an alarm, and breaks."""

    rung = 0

    def append(self, alarm: Alarm, /) -> None:
        """Hear it."""
        super().append(alarm)
        self.rung += 1
        raise RuntimeError("the bell is broken")


def _bell_breaks(world: World, step: Step) -> Armed:
    """Let the host's alarm callback raise whenever it is called, while the requests of the step find no way out."""
    now_ms, bell = world.now_ms, _BrokenBell(world.notebook.alarms)
    world.break_with(*(Fault.unreachable(**for_a_while(place, now_ms, 8_000)) for place in step.places))
    world.notebook.alarms = bell
    return Armed(struck=lambda: bell.rung)


class _Holding(Closing):
    """A protected position, and some time."""

    def during(self, world: World) -> None:
        """Wait."""
        world.wait(15)


def _alarming(step: Step, seed: int) -> Scenario:
    """Return what is done at *step*, so that something is held where reads fail."""
    if step in (Step.POSITION, Step.STOP_QUERY):
        return _Holding(trade=TRADES[seed % len(TRADES)])
    return scenario_of(step, seed)


def nothing_more(manager: OrderExecutionManager) -> None:
    """Do nothing after the close."""
    del manager


def _starts_dying(world: World, step: Step) -> Armed:
    """Let the process die at ten starts in a row, each a little further on its way."""
    deaths = [0]

    def act(world: World) -> bool:
        world.lifeline.ends_at = len(world.lifeline.points) + 1
        return world.alive

    armed = happens(world, step, act)

    def struck() -> int:
        if armed.struck():
            for point in range(1, 11):
                world.restart(Lifeline(ends_at=point))
                deaths[0] += not world.alive
            world.restart()
            world.wait(12)
        return deaths[0]

    return Armed(struck=struck)


@attrs.define(kw_only=True)
class SharedWorld(World):
    """A world whose manager another thread may close: when the call under way has ended, so has the process.

    Attributes:
        closing: that thread.
    """

    closing: threading.Thread | None = None

    def call(self, work: Callable[[OrderExecutionManager], T], verb: str = "call") -> T | None:
        """Let the owner do something, and let whoever closes it meanwhile come to an end."""
        try:
            return super().call(work, verb)
        finally:
            if self.closing is not None:
                self.closing.join(60)
                self.closing = None
                self.crash()


def shared(step: Step, seed: int) -> World:
    """Return a world whose manager another thread may close."""
    del step
    return SharedWorld(seed=seed)


def closes_meanwhile(
    world: World, step: Step, *, then: Callable[[OrderExecutionManager], object] = nothing_more
) -> Armed:
    """Let another thread of the host close the manager while the call under way waits for an answer of the step."""
    ended: list[bool] = []

    def work(manager: OrderExecutionManager) -> None:
        manager.close()
        then(manager)
        ended.append(True)

    def act(world: World) -> bool:
        manager = world.manager
        if manager is None or not isinstance(world, SharedWorld):
            return False
        world.closing = threading.Thread(target=work, args=(manager,), daemon=True)
        world.closing.start()
        world.closing.join(PATIENCE_SECONDS)
        return True

    armed = happens(world, step, act)
    return Armed(struck=lambda: armed.struck() if ended else 0)


PATIENCE_SECONDS: Final = 0.02
"""How long the answer is held back for the other thread to come as far as it can."""
_KNOWN: Final[Check] = both(one_entry, fill_told)

CASES: Final[tuple[Listed, ...]] = (
    *fault(
        "G1",
        "the process is killed",
        Way(steps=ALL, inject=_dies(after=True), expect=_KNOWN, scenario=surviving, variant="after the answer"),
        Way(steps=ALL, inject=_dies(after=False), expect=_KNOWN, scenario=surviving, variant="one point later"),
    ),
    *fault(
        "G2",
        "SIGTERM: another thread closes the manager",
        Way(steps=ALL - {Step.TIME}, inject=closes_meanwhile, expect=_KNOWN, world=shared),
        elsewhere="the time is asked before the first call of a process is under way",
    ),
    *fault(
        "G3",
        "the host's alarm callback raises",
        Way(steps=_ALARMING, inject=_bell_breaks, expect=_KNOWN, world=keeping_late_fills, scenario=_alarming),
        elsewhere="nothing that goes wrong at this step is alarmed: the entry is refused, or the look after it tells",
    ),
    *fault(
        "G4",
        "Ctrl-C between send and record",
        Way(steps=ALL, inject=_throws(KeyboardInterrupt), expect=_KNOWN, scenario=surviving),
    ),
    *fault(
        "G5",
        "no memory is left",
        Way(steps=ALL, inject=_throws(MemoryError), expect=_KNOWN, scenario=surviving),
    ),
    proved(
        "G6",
        "the process forks",
        "tests/application/test_manager.py::test_a_forked_child_may_not_work",
        "tests/binance/test_lanes.py::test_after_a_fork_the_child_sends_nothing",
        f"{_JOURNAL}::test_a_forked_child_is_kept_out",
        "tests/unit/test_audit_files.py::test_a_forked_process_needs_its_own",
    ),
    proved(
        "G7",
        "the interpreter ends with threads at work",
        "tests/chaos/matrix/test_shutdown.py::test_an_interpreter_ends_although_somebody_guards",
        "tests/binance/test_lanes.py::test_a_thread_refused_by_the_interpreter_is_not_sent",
    ),
    *fault(
        "G8",
        "the process dies at every start",
        Way(steps=ALL, inject=_starts_dying, expect=_KNOWN),
    ),
    proved(
        "G9",
        "an older journal is opened by a newer version",
        f"{_JOURNAL}::test_an_older_form_is_brought_up_to_date",
        f"{_JOURNAL}::test_a_failed_upgrade_leaves_the_old_form",
        "tests/unit/test_codec.py::test_fields_added_later_may_be_missing",
    ),
    proved(
        "G10",
        "a newer journal is opened by an older version",
        f"{_JOURNAL}::test_what_is_no_journal_is_refused",
        "tests/integration/test_sqlite_damage.py::test_an_unknown_kind_of_event_is_not_passed_over",
    ),
)
