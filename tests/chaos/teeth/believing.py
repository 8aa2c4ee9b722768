"""Broken builds: what an answer, or its absence, is taken for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.classify import classify, rule_of
from surefill.adapters.wire.codes import CODES, Rule
from surefill.adapters.wire.orders import parse_order
from surefill.adapters.wire.problem import Problem
from surefill.application.desk import Desk
from surefill.application.observe import inquire
from surefill.application.reports import entry_outcome
from surefill.domain.events import Seen
from surefill.domain.ids import Leg
from surefill.domain.leg_state import LegState
from surefill.domain.order import ZERO, Order, OrderRequest, OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.report import Outcome
from surefill.domain.signal_state import SignalState
from tests.chaos.matrix.steps import Step
from tests.chaos.teeth import scenarios as told
from tests.chaos.teeth.broken_build import BrokenBuild, Claim
from tests.chaos.teeth.layers import cell
from tests.chaos.teeth.patch import entry, function
from tests.chaos.teeth.probes import scenarios

_REJECTED: Final = Rule(ReplyKind.REJECTED, Refusal.BAD_REQUEST)
_rule_of, _classify, _inquire, _parse_order, _entry_outcome = rule_of, classify, inquire, parse_order, entry_outcome


def _internal_error_is_final(status: int, problem: Problem) -> Rule | None:
    return _REJECTED if problem.code == -1001 else _rule_of(status, problem)


def _whatever_has_a_code_is_final(status: int, problem: Problem) -> Rule | None:
    rule = _rule_of(status, problem)
    return _REJECTED if rule is None and problem.code is not None else rule


def _what_cannot_be_read_is_final(status: int, body: object, request: OrderRequest) -> Reply:
    reply = _classify(status, body, request)
    if reply.kind is ReplyKind.UNKNOWN and not isinstance(body, Mapping):
        return Reply(ReplyKind.REJECTED, refusal=Refusal.BAD_REQUEST, text="no JSON")
    return reply


def _not_found_is_cancelled(desk: Desk, legs: Iterable[LegState]) -> None:
    wanted = tuple(legs)
    _inquire(desk, wanted)
    for leg in wanted:
        if leg.order is None:
            desk.record(Seen(desk.now_ms(), leg.intent.signal_id, leg.client_id, _cancelled(leg)), vital=True)


def _cancelled(leg: LegState) -> Order:
    request = leg.intent.request
    return Order(
        client_id=leg.client_id,
        exchange_id="1",
        symbol=request.symbol,
        side=request.side,
        kind=request.kind,
        status=OrderStatus.CANCELED,
        quantity=request.quantity,
        executed_quantity=ZERO,
        average_price=None,
        reduce_only=request.reduce_only,
        position_side=request.position_side,
        trigger_price=request.trigger_price,
        trigger_on=request.trigger_on,
        conditional=request.kind.conditional,
    )


def _expired_is_unfilled(row: object) -> Order:
    order = _parse_order(row)
    expired = order.status is OrderStatus.EXPIRED
    return attrs.evolve(order, executed_quantity=ZERO, average_price=None) if expired else order


def _filled_is_protected(state: SignalState) -> Outcome:
    return Outcome.PROTECTED if state.open_quantity > ZERO else _entry_outcome(state)


def _unknown_is_not_filled(state: SignalState) -> Outcome:
    outcome = _entry_outcome(state)
    return Outcome.NOT_FILLED if outcome is Outcome.UNKNOWN else outcome


_HTML: Final = (200, "<html>maintenance</html>")

BUILDS: Final = (
    BrokenBuild(
        name="-1001 as a rejection",
        broken="an internal error of the exchange (-1001) is taken for a refusal",
        patches=(function(rule_of, _internal_error_is_final),),
        claims=(
            Claim(
                {"I2", "I11"},
                scenarios((told.made(Fault.unclear(executed=True, code=-1001, leg="E", nth=1)), told.entered)),
            ),
            cell("B13", Step.ENTRY),
        ),
    ),
    BrokenBuild(
        name="an unknown code as a rejection",
        broken="an error code that is on no list is taken for a refusal",
        patches=(function(rule_of, _whatever_has_a_code_is_final),),
        claims=(
            Claim(
                {"I2", "I11"},
                scenarios(
                    (told.made(Fault.unclear(executed=True, code=-9_999, status=400, leg="E", nth=1)), told.entered)
                ),
            ),
            cell("C17", Step.ENTRY),
        ),
    ),
    BrokenBuild(
        name="HTML with status 200 as a rejection",
        broken="a success that is no JSON is taken for a refusal",
        patches=(function(classify, _what_cannot_be_read_is_final),),
        claims=(Claim({"I2", "I11"}, scenarios((told.made(), told.showing("a", Leg.ENTRY, _HTML, told.entered)))),),
    ),
    BrokenBuild(
        name="not found as cancelled",
        broken="an order that a query does not show is taken for cancelled",
        patches=(function(inquire, _not_found_is_cancelled),),
        claims=(
            Claim(
                {"I2", "I11"},
                scenarios(
                    (
                        told.made(Fault.reply_lost(leg="E", nth=1), Fault.visibility_lag(8_000, trades=True)),
                        told.entered,
                    )
                ),
            ),
            cell("A3", Step.ENTRY),
        ),
    ),
    BrokenBuild(
        name="filled in part and expired as unfilled",
        broken="an order that expired is taken for unfilled, whatever was executed",
        patches=(function(parse_order, _expired_is_unfilled),),
        claims=(Claim({"I2", "I11"}, scenarios((told.made(), told.entered_in_a_thin_book))), cell("E1", Step.ENTRY)),
    ),
    BrokenBuild(
        name="no margin as flat",
        broken="an exit refused for lack of margin (-2019) is taken for a position that is gone",
        patches=(entry(CODES, -2019, Rule(ReplyKind.REJECTED, Refusal.REDUCE_ONLY)),),
        claims=(Claim({"I11"}, scenarios((told.made(Fault.refused(-2019, leg="X")), told.closed))),),
    ),
    BrokenBuild(
        name="filled as protected",
        broken="an entry is reported PROTECTED as soon as it is filled",
        patches=(function(entry_outcome, _filled_is_protected),),
        claims=(Claim({"I11"}, scenarios((told.made(Fault.refused(-1111, leg="S")), told.entered))),),
    ),
    BrokenBuild(
        name="unknown as not filled",
        broken="an entry of which nobody knows anything is reported NOT_FILLED",
        patches=(function(entry_outcome, _unknown_is_not_filled),),
        claims=(
            Claim(
                {"I11"},
                scenarios(
                    (
                        told.made(
                            Fault.reply_lost(leg="E", nth=1),
                            Fault.unreachable(method="GET", from_ms=told.AT_MS + 2_000),
                        ),
                        told.entered,
                    )
                ),
            ),
        ),
    ),
)
