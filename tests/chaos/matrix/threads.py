"""Family K: many threads, several owners, callbacks that call back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import attrs

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import Call, Result
from surefill.application.manager import OrderExecutionManager
from surefill.domain.errors import ConfigurationError
from surefill.domain.report import Outcome
from surefill.testing.world import World
from tests.chaos.matrix.case import Armed, Check, Listed, NotApplicable
from tests.chaos.matrix.checks import both, ends, fill_told, flat, one_entry
from tests.chaos.matrix.events import (
    event,
    first_of,
    happens,
    keeping_late_fills,
    pass_through,
    reaches_target,
    runs_through_live_stop,
    trade_of,
)
from tests.chaos.matrix.family import Way, fault, proved
from tests.chaos.matrix.process import closes_meanwhile, shared
from tests.chaos.matrix.scenario import CLOSE, SIGNAL, TRADES, Closing, Scenario, Trade
from tests.chaos.matrix.steps import ALL, Step

THREADS: Final = 6
WAIT_SECONDS: Final = 60.0
Work = Callable[[], object]


@attrs.frozen(kw_only=True)
class Together(Scenario):
    """Several things are asked at once, each by a thread of its own.

    Attributes:
        hold: whether a position is open before.
        works: what is asked, of the world and its trade.
    """

    hold: bool = False
    works: Callable[[World, Trade], Iterable[Work]]

    def before(self, world: World) -> None:
        """Open a position, if there is to be one."""
        if self.hold:
            world.execute(self.trade.entry(), self.trade.quantity)

    def during(self, world: World) -> None:
        """Ask, and give it some time."""
        together(*self.works(world, self.trade))
        world.wait(12)


def together(*works: Work) -> list[object]:
    """Let threads that start together do the works; return what they gave.

    Raises:
        TimeoutError: one of them never came back.
        BaseException: what one of them raised.
    """
    start, results, raised = threading.Barrier(len(works)), dict[int, object](), list[BaseException]()

    def run(number: int, work: Work) -> None:
        start.wait(WAIT_SECONDS)
        try:
            results[number] = work()
        except SystemExit:
            results[number] = None  # the thread was ended on purpose
        except BaseException as error:  # noqa: BLE001 - handed on to whoever started the threads
            raised.append(error)

    threads = [threading.Thread(target=run, args=each, daemon=True) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("a thread never came back: a deadlock")
    if raised:
        raise raised[0]
    return [results[number] for number in range(len(works))]


def _same(world: World, trade: Trade) -> Iterable[Work]:
    """The same signal, many times."""
    return [lambda: world.execute(trade.entry(), trade.quantity)] * THREADS


def _one_symbol(world: World, trade: Trade) -> Iterable[Work]:
    """Different signals on one symbol."""
    names = (SIGNAL, *(f"beside-{number}" for number in range(1, THREADS)))
    return [partial(world.execute, trade.entry(name), trade.quantity) for name in names]


def _many_symbols(world: World, trade: Trade) -> Iterable[Work]:
    """Signals on every symbol, closes among them."""
    yield lambda: world.execute(trade.entry(), trade.quantity)
    for other in TRADES:
        yield partial(world.execute, other.entry(f"beside-{other.symbol}"), other.quantity)
        yield partial(world.execute, other.close(f"close-{other.symbol}"))


def _closes(world: World, trade: Trade) -> Iterable[Work]:
    """A close of everything, many times and under many ids, while somebody reconciles."""
    yield lambda: world.execute(trade.close(CLOSE))
    yield lambda: world.execute(trade.close(CLOSE))
    yield lambda: world.execute(trade.close("close-too"))
    yield lambda: world.call(lambda manager: manager.reconcile())


def _scenario(
    works: Callable[[World, Trade], Iterable[Work]], *, hold: bool = False
) -> Callable[[Step, int], Scenario]:
    return lambda _, seed: Together(trade=TRADES[seed % len(TRADES)], works=works, hold=hold)


def _closing(step: Step, seed: int) -> Scenario:
    del step
    return Closing(trade=TRADES[seed % len(TRADES)])


def _lost_answers(world: World, step: Step) -> Armed:
    """Let the first answer of the step get lost while they all wait."""
    world.break_with(*(Fault.reply_lost(**first_of(place)) for place in step.places))
    return Armed(struck=lambda: len(world.faults.log))


def _crowded(world: World, step: Step) -> Armed:
    """Count the requests of the step that were made while the threads stood in line."""
    return happens(world, step, lambda _: True)


def _kills_a_thread(world: World, step: Step) -> Armed:
    """Let the first thread that gets an answer of the step end there, while the others wait for its turn."""
    killed = [0]

    def mangle(call: Call, result: Result) -> Result:
        if step.concerns(call) and not killed[0] and threading.current_thread() is not threading.main_thread():
            killed[0] = 1
            raise SystemExit
        return result

    pass_through(world, mangle)
    return Armed(struck=lambda: killed[0])


def _calls_back(world: World, step: Step) -> Armed:
    """Let a callback of the network call back into the manager for the symbol that is worked on."""

    def act(world: World) -> bool:
        manager, trade = world.manager, trade_of(world)
        if manager is None:
            return False
        for work in (
            lambda: manager.execute_signal(trade.entry("inner"), trade.quantity),
            lambda: manager.execute_signal(trade.close("inner-close")),
            lambda: manager.cancel_all_orders(trade.symbol),
            lambda: manager.reconcile(trade.symbol),
        ):
            try:
                work()
            except ConfigurationError:
                continue
            raise AssertionError("a call from within a call was let in")
        return True

    return happens(world, step, act)


def _goes_on_after_close(world: World, step: Step) -> Armed:
    """Let a timer of the host call once more after the manager was closed."""

    def then(manager: OrderExecutionManager) -> None:
        manager.close()
        manager.reconcile_due()
        manager.next_due()
        manager.status()

    return closes_meanwhile(world, step, then=then)


_OPEN: Final = frozenset(
    {Step.EXCHANGE_INFO, Step.SETTINGS, Step.POSITION, Step.ENTRY, Step.STOP, Step.STOP_QUERY, Step.TARGET}
)
_CLOSING: Final = frozenset({Step.EXIT, Step.CANCEL})
_RACING: Final = frozenset({Step.POSITION, Step.TRADES, Step.STOP_QUERY, Step.EXIT})
_IN_TURN: Final = ALL - {Step.TIME, Step.SETTINGS, Step.STARTUP}
_LOSABLE: Final = frozenset({Step.EXCHANGE_INFO, Step.POSITION, Step.ENTRY, Step.STOP, Step.STOP_QUERY, Step.TARGET})
_ONCE: Final[Check] = both(one_entry, fill_told)
_SENT_ALONE: Final = "no thread stands in line for this step: it is one process's start, or the watch of one signal"
_HOME: Final = "tests/integration/test_wiring.py"

CASES: Final[tuple[Listed, ...]] = (
    *fault(
        "K1",
        "many threads, one signal",
        Way(steps=_OPEN, inject=_crowded, expect=_ONCE, scenario=_scenario(_same)),
        Way(steps=_LOSABLE, inject=_lost_answers, expect=_ONCE, scenario=_scenario(_same), variant="an answer lost"),
        Way(steps=_CLOSING, inject=_crowded, expect=both(_ONCE, flat), scenario=_scenario(_closes, hold=True)),
        elsewhere=_SENT_ALONE,
    ),
    *fault(
        "K2",
        "many threads, one symbol",
        Way(steps=_OPEN, inject=_crowded, expect=fill_told, scenario=_scenario(_one_symbol)),
        Way(
            steps=_LOSABLE,
            inject=_lost_answers,
            expect=fill_told,
            scenario=_scenario(_one_symbol),
            variant="an answer lost",
        ),
        elsewhere=_SENT_ALONE,
    ),
    *fault(
        "K3",
        "many threads, every symbol",
        Way(steps=_OPEN, inject=_crowded, expect=fill_told, scenario=_scenario(_many_symbols)),
        Way(
            steps=_LOSABLE,
            inject=_lost_answers,
            expect=fill_told,
            scenario=_scenario(_many_symbols),
            variant="an answer lost",
        ),
        elsewhere=_SENT_ALONE,
    ),
    *fault(
        "K4",
        "a close races with the target, or the stop",
        Way(
            steps=_RACING,
            inject=event(reaches_target),
            expect=both(ends(Outcome.CLOSED), flat),
            scenario=_closing,
            variant="the target",
        ),
        Way(
            steps=_RACING - {Step.EXIT},
            inject=event(runs_through_live_stop),
            expect=both(ends(Outcome.CLOSED), flat),
            scenario=_closing,
            variant="the stop",
        ),
        elsewhere="a close makes no request of this step while its position's orders rest",
    ),
    proved(
        "K5",
        "two managers in one process",
        f"{_HOME}::test_one_folder_one_owner",
        "tests/integration/test_sqlite_journal.py::test_two_names_of_one_file_are_one_journal",
        "tests/application/test_manager.py::test_a_second_manager_that_claims_first_wins",
    ),
    proved(
        "K6",
        "two processes on one machine",
        "tests/integration/test_from_env.py::test_a_second_owner_is_refused_and_leaves_nothing_open",
        "tests/integration/test_sqlite_journal.py::test_a_forked_child_is_kept_out",
        "tests/integration/test_sqlite_faults.py::test_a_second_writer_is_noticed",
    ),
    NotApplicable(
        id="K7",
        what="two machines",
        steps=ALL,
        reason="lock and journal lie on one local disk, and a network disk is refused: a second machine cannot open "
        "them; with a journal of its own it is another owner, and needs another namespace",
    ),
    *fault(
        "K8",
        "a thread ends while it has the turn",
        Way(steps=_OPEN, inject=_kills_a_thread, expect=one_entry, scenario=_scenario(_same)),
        elsewhere=_SENT_ALONE,
    ),
    *fault(
        "K9",
        "a callback calls back",
        Way(steps=_IN_TURN, inject=_calls_back, expect=fill_told, world=keeping_late_fills),
        elsewhere="this request is made outside of any symbol's turn; a call from there is an ordinary call",
    ),
    *fault(
        "K10",
        "a timer rings while the manager closes",
        Way(steps=ALL - {Step.TIME}, inject=_goes_on_after_close, expect=fill_told, world=shared),
        elsewhere="the time is asked before the first call of a process is under way",
    ),
)
