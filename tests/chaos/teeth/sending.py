"""Broken builds: how an entry is sent, and what is done when nobody knows whether it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import attrs

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import AnswerLostError, Call, Result
from surefill.adapters.wire.session import Session
from surefill.application.adopt import may_be_older
from surefill.application.desk import Desk
from surefill.application.manager import OrderExecutionManager
from surefill.application.resolve import resolve
from surefill.application.submit import Wanted, _intent, submit
from surefill.domain.book import plan_of
from surefill.domain.errors import JournalError
from surefill.domain.events import Answered, Event, Intent, Seen
from surefill.domain.ids import Leg
from surefill.domain.leg_state import Fate, LegState
from surefill.domain.order import ZERO
from surefill.domain.report import ExecutionReport, Outcome
from surefill.domain.resolution import Round, absent
from surefill.domain.signal_state import SignalState
from surefill.domain.timings import Timings
from tests.chaos.matrix.steps import Step
from tests.chaos.teeth import scenarios as told
from tests.chaos.teeth.broken_build import BrokenBuild, Claim
from tests.chaos.teeth.layers import cell, crashes, seeds
from tests.chaos.teeth.patch import attribute, function
from tests.chaos.teeth.probes import by_test, crash_points, scenarios

_record, _carry, _resolve, _before = Desk.record, Session.carry, resolve, OrderExecutionManager._before
_fate = cast("property", vars(LegState)["fate"])


def _sent_again(desk: Desk, leg: LegState) -> LegState:
    state = desk.known_state(leg.intent.signal_id)
    attempt = state.next_attempt(Leg.ENTRY)
    request = plan_of(state).entry(attempt)
    watermark = leg.intent.watermark
    order = Wanted(signal_id=state.signal_id, leg=Leg.ENTRY, attempt=attempt, request=request, watermark=watermark)
    (again,) = submit(desk, order)
    return again


def _resend_blindly(desk: Desk, leg: LegState, *, until_ms: int) -> None:
    if leg.intent.leg is Leg.ENTRY:
        leg = _sent_again(desk, leg)
    if leg.fate is Fate.OPEN_QUESTION:
        _resolve(desk, leg, until_ms=until_ms)


def _resend_if_not_found(desk: Desk, leg: LegState, *, until_ms: int) -> None:
    if leg.intent.leg is Leg.ENTRY:
        found = desk.exchange.find([leg.intent.request.key]).get(leg.client_id)
        if found is None:
            leg = _sent_again(desk, leg)
        else:
            desk.record(Seen(desk.now_ms(), leg.intent.signal_id, leg.client_id, found), vital=True)
    if leg.fate is Fate.OPEN_QUESTION:
        _resolve(desk, leg, until_ms=until_ms)


def _absent_after_three(intent: Intent, rounds: tuple[Round, ...], timings: Timings) -> bool:
    del intent, timings
    return len(rounds) >= 3


def _without_intents(desk: Desk, *events: Event, vital: bool = False) -> None:
    desk.absorb(*(event for event in events if isinstance(event, Intent)))
    _record(desk, *(event for event in events if not isinstance(event, Intent)), vital=vital)


def _sent_before_written(desk: Desk, *orders: Wanted) -> tuple[LegState, ...]:
    prepared = [desk.exchange.prepare(order.request) for order in orders]
    intents = [_intent(desk, *pair) for pair in zip(orders, prepared, strict=True)]
    desk.absorb(*intents)
    replies = desk.exchange.send_together(prepared)
    now, pairs = desk.now_ms(), zip(orders, replies, strict=True)
    answers = [Answered(now, order.signal_id, order.request.client_id, reply) for order, reply in pairs]
    desk.record(*intents, *answers, vital=True)
    return tuple(desk.known_state(order.signal_id).legs[order.request.client_id] for order in orders)


def _whatever_the_disk_says(desk: Desk, *events: Event, vital: bool = False) -> None:
    del vital
    try:
        _record(desk, *events, vital=True)
    except JournalError:
        desk.absorb(*events)


def _signed_anew(session: Session, calls: Sequence[Call]) -> tuple[Result, ...]:
    results = list(_carry(session, calls))
    for place, (call, result) in enumerate(zip(calls, results, strict=True)):
        if isinstance(result, AnswerLostError) and call.method == "POST":
            again = attrs.evolve(call, params={**call.params, "timestamp": str(session.stamp())})
            (results[place],) = _carry(session, [again])
    return tuple(results)


def _unanswered_is_unsent(leg: LegState) -> Fate:
    fate = cast("Fate", _fate.__get__(leg))
    return Fate.NOTHING if fate is Fate.OPEN_QUESTION and leg.reply is None else fate


def _absent_is_unsent(leg: LegState) -> Fate:
    fate = cast("Fate", _fate.__get__(leg))
    return Fate.NOTHING if fate is Fate.ABSENT else fate


def _free_if_not_filled(manager: OrderExecutionManager, signal_id: str, digest: str) -> ExecutionReport | None:
    report = _before(manager, signal_id, digest)
    return None if report is not None and report.outcome is Outcome.NOT_FILLED else report


def _took_effect_if_filled(state: SignalState) -> bool:
    return state.executed(Leg.ENTRY) > ZERO or state.executed(Leg.EXIT) > ZERO


def _never(desk: Desk, state: SignalState) -> bool:
    del desk, state
    return False


def _always_the_first(state: SignalState, leg: Leg) -> int:
    del state, leg
    return 1


_LOST = Fault.reply_lost(leg="E", nth=1)
_INVISIBLE = Fault.visibility_lag(8_000, trades=True, positions=True)
_GHOST = Fault.visibility_lag(40_000, trades=True, positions=True)

BUILDS: Final = (
    BrokenBuild(
        name="blind retry",
        broken="an entry whose answer is lost is sent again at once",
        patches=(function(resolve, _resend_blindly),),
        claims=(
            Claim({"I1"}, scenarios((told.made(_LOST), told.entered))),
            cell("A2", Step.ENTRY),
            seeds("I1", among=range(6, 9)),
        ),
    ),
    BrokenBuild(
        name="resend after the first not-found",
        broken="an entry that one query does not show is sent again",
        patches=(function(resolve, _resend_if_not_found),),
        claims=(
            Claim({"I1"}, scenarios((told.made(_LOST), told.entered), (told.made(_LOST, _INVISIBLE), told.entered))),
            seeds("I1", among=range(6, 9)),
        ),
    ),
    BrokenBuild(
        name="absence by count",
        broken="three looks that find nothing prove absence, whenever they were",
        patches=(function(absent, _absent_after_three),),
        claims=(by_test("tests/unit/test_resolution.py::test_absence_needs_all_of_it"),),
    ),
    BrokenBuild(
        name="absent is unsent",
        broken="an entry believed absent counts as never sent, and nobody looks for it again",
        patches=(attribute(LegState, "fate", property(_absent_is_unsent)),),
        claims=(Claim({"I2", "I11"}, scenarios((told.made(_LOST, _GHOST), told.entered))),),
    ),
    BrokenBuild(
        name="id free after an absence",
        broken="a signal whose entry was reported NOT_FILLED is carried out again when it is repeated",
        patches=(
            attribute(OrderExecutionManager, "_before", _free_if_not_filled),
            attribute(SignalState, "took_effect", property(_took_effect_if_filled)),
        ),
        claims=(Claim({"I1"}, scenarios((told.made(_LOST, _GHOST), told.asked_twice))),),
    ),
    BrokenBuild(
        name="intent skipped",
        broken="intents are kept in memory and never written",
        patches=(attribute(Desk, "record", _without_intents),),
        claims=(
            Claim({"I4"}, scenarios((told.made(), told.entered))),
            seeds("I4"),
            crashes("an entry", at="POST order"),
        ),
    ),
    BrokenBuild(
        name="intent after send",
        broken="an intent is written together with its answer",
        patches=(function(submit, _sent_before_written),),
        claims=(Claim({"I4"}, scenarios((told.made(), told.entered))),),
    ),
    BrokenBuild(
        name="disk error passed over",
        broken="an entry is sent although its intent could not be written",
        patches=(attribute(Desk, "record", _whatever_the_disk_says),),
        claims=(Claim({"I4"}, scenarios((told.on_a_broken_disk, told.entered))), cell("H3", Step.POSITION)),
    ),
    BrokenBuild(
        name="signed anew",
        broken="below the core, a request without an answer is stamped anew and sent again",
        patches=(attribute(Session, "carry", _signed_anew),),
        claims=(Claim({"I1"}, scenarios((told.made(_LOST), told.entered))), cell("A2", Step.ENTRY)),
    ),
    BrokenBuild(
        name="id used again after a crash",
        broken="an intent without an answer counts as unsent: nobody asks for it, and its id is used again",
        patches=(
            function(may_be_older, _never),
            attribute(LegState, "fate", property(_unanswered_is_unsent)),
            attribute(SignalState, "next_attempt", _always_the_first),
        ),
        claims=(
            Claim({"I1"}, crash_points(told.shared, told.repeated_after_a_crash, at="POST order")),
            crashes("an entry", at="POST order"),
        ),
    ),
)
