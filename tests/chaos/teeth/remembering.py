"""Broken builds: what is written down, what a later process makes of it, and what is held to be so."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from sqlite3 import Connection
from typing import Final

from surefill.adapters.journal.chain import check_on_opening
from surefill.adapters.simulated import Fault
from surefill.adapters.wire.classify import _mismatch
from surefill.adapters.wire.meter import Meter
from surefill.application.desk import Desk
from surefill.application.manager import OrderExecutionManager
from surefill.application.observe import _tell_late_fill
from surefill.domain.actions import Action, WriteOff
from surefill.domain.book import Book
from surefill.domain.bracket import Bracket
from surefill.domain.events import Event, Exited, Halted
from surefill.domain.order import Order, OrderRequest
from surefill.domain.protection import _Look
from surefill.domain.report import ExecutionReport
from tests.chaos.matrix.steps import Step
from tests.chaos.teeth import scenarios as told
from tests.chaos.teeth.broken_build import BrokenBuild, Claim
from tests.chaos.teeth.layers import cell, seeds
from tests.chaos.teeth.patch import attribute, function
from tests.chaos.teeth.probes import by_test, scenarios

_stop, _record = Bracket.stop, Desk.record


def _no_exits(book: Book, *what: object) -> tuple[Exited, ...]:
    del book, what
    return ()


def _anybodys(order: Order, request: OrderRequest) -> str:
    del order, request
    return ""


def _unwritten(desk: Desk, *what: object, **more: object) -> None:
    del desk, what, more


def _without_halts(desk: Desk, *events: Event, vital: bool = False) -> None:
    desk.absorb(*(event for event in events if isinstance(event, Halted)))
    _record(desk, *(event for event in events if not isinstance(event, Halted)), vital=vital)


def _whatever_it_says(manager: OrderExecutionManager, signal_id: str, digest: str) -> ExecutionReport | None:
    del digest
    state = manager._desk.state(signal_id) or manager._desk.past_state(signal_id)
    return None if state is None or state.released else state.report


def _unchecked(connection: Connection) -> None:
    del connection


def _any_process(desk: Desk) -> None:
    del desk


def _for_all_that_was_asked(plan: Bracket, quantity: Decimal, attempt: int) -> OrderRequest:
    del quantity
    return _stop(plan, plan.quantity, attempt)


def _gone_at_once(look: _Look) -> Sequence[Action]:
    return [
        WriteOff(state.signal_id, state.open_quantity)
        for direction in look.book.missing(look.snapshot)
        for state in look.book.holding(direction)
    ]


def _nothing_gone(look: _Look) -> Sequence[Action]:
    del look
    return ()


def _untold(desk: Desk, seen: object) -> None:
    del desk, seen


def _disobedient(meter: Meter, *what: object) -> None:
    del meter, what


_LATE_POSITIONS: Final = Fault.visibility_lag(2_500, method="GET", path="positionRisk", positions=True)

_TOO_MANY: Final = Fault.refused(-1003, "Too many requests.", status=429, leg="E", nth=1)

BUILDS: Final = (
    BrokenBuild(
        name="exit forgotten",
        broken="what an exit closes is never taken off the bracket it closes",
        patches=(attribute(Book, "consequences", _no_exits), attribute(_Look, "gone", _nothing_gone)),
        claims=(Claim({"I3"}, scenarios((told.made(), told.closed_in_part))),),
    ),
    BrokenBuild(
        name="stop for what was asked",
        broken="a stop is sent for the size that was asked for, not for what was filled",
        patches=(attribute(Bracket, "stop", _for_all_that_was_asked),),
        claims=(cell("E1", Step.ENTRY),),
    ),
    BrokenBuild(
        name="flat at the first look",
        broken="a position that one look does not show is taken for gone",
        patches=(attribute(_Look, "gone", _gone_at_once),),
        claims=(Claim({"I2", "I11"}, scenarios((told.made(_LATE_POSITIONS), told.entered))),),
    ),
    BrokenBuild(
        name="somebody else's answer",
        broken="an answer is believed although it is about another order",
        patches=(function(_mismatch, _anybodys),),
        claims=(
            Claim({"I11"}, scenarios((told.made(), told.shown_an_old_answer))),
            by_test("tests/unit/test_wire_classify.py::test_a_success_that_is_not_ours_is_unknown"),
        ),
    ),
    BrokenBuild(
        name="audit unwritten",
        broken="nothing is written to the audit log",
        patches=(attribute(Desk, "note", _unwritten),),
        claims=(Claim({"I9"}, scenarios((told.made(), told.entered))), seeds("I9")),
    ),
    BrokenBuild(
        name="late fill untold",
        broken="that an entry reported as not filled was filled after all is told to nobody",
        patches=(function(_tell_late_fill, _untold),),
        claims=(cell("A3", Step.ENTRY),),
    ),
    BrokenBuild(
        name="pause passed over",
        broken="after an answer that asks for a pause, entries go on",
        patches=(attribute(Meter, "_obey", _disobedient),),
        claims=(Claim({"I6"}, scenarios((told.made(_TOO_MANY), told.asked_for_a_pause))),),
    ),
    BrokenBuild(
        name="halt forgotten",
        broken="the kill switch is set in memory only, and a new process trades on",
        patches=(attribute(Desk, "record", _without_halts),),
        claims=(by_test("tests/application/test_restart.py::test_a_halt_survives_a_restart"),),
    ),
    BrokenBuild(
        name="another decision under the same id",
        broken="a signal id that was used stands for whatever comes under it",
        patches=(attribute(OrderExecutionManager, "_before", _whatever_it_says),),
        claims=(by_test("tests/application/test_execute.py::test_an_id_stands_for_one_decision"),),
    ),
    BrokenBuild(
        name="journal unchecked",
        broken="a journal is opened without a look at its checksums",
        patches=(function(check_on_opening, _unchecked),),
        claims=(by_test("tests/integration/test_sqlite_damage.py::test_a_forged_event_is_noticed"),),
    ),
    BrokenBuild(
        name="forked child works",
        broken="a forked child goes on with its parent's connections and files",
        patches=(attribute(Desk, "check_process", _any_process),),
        claims=(by_test("tests/application/test_manager.py::test_a_forked_child_may_not_work"),),
    ),
)
