"""Closing at market: reduce-only, at most what is held, and never believed without evidence."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from ..domain.bracket import exit_order
from ..domain.errors import AuthenticationError, OrderExecutionError
from ..domain.events import Allotment
from ..domain.ids import Leg
from ..domain.leg_state import Fate, LegState
from ..domain.numbers import EXACT
from ..domain.order import ZERO
from ..domain.refusal import Refusal
from ..domain.reply import ReplyKind
from ..domain.side import Direction, PositionMode, position_side
from ..domain.signal_state import SignalState, total
from ..domain.snapshot import Snapshot, Watermark
from .decide import glance
from .desk import Desk
from .observe import inquire, refresh_rules, unanswered
from .resolve import resolve
from .settle import settle
from .submit import Wanted, submit
from .unprotected import pause

SLICES_MAX = 50
"""A position larger than so many market orders of maximum size is closed in several reconciles."""

RULES_CHANGED = (Refusal.OFF_GRID, Refusal.TOO_LARGE)
"""Refusals after which the trading rules are read anew: they were kept when the size was chosen."""


def nothing() -> None:
    """Do nothing meanwhile."""


@attrs.frozen(kw_only=True)
class ExitOrder:
    """What is to be closed, in whose name, and whose size it is.

    Attributes:
        signal_id: the signal whose id the orders carry.
        quantity: base units, at most what our signals hold.
        allotments: the brackets concerned, in the order in which they lose size.
        seen: the look by which this was decided, if it was just now: the first slice needs no other.
    """

    signal_id: str
    symbol: str
    direction: Direction
    mode: PositionMode
    quantity: Decimal
    allotments: tuple[Allotment, ...]
    seen: Snapshot | None = None


@attrs.frozen(kw_only=True)
class ExitResult:
    """What came of it.

    Attributes:
        executed: closed by these orders, base units.
        confirmed: the fate of every order is known.
        refusal: why the last order was refused, if it was.
        text: the exchange's words for it.
    """

    executed: Decimal
    confirmed: bool
    refusal: Refusal | None = None
    text: str = ""


def exit_position(
    desk: Desk,
    order: ExitOrder,
    *,
    until_ms: int,
    unknown_until_ms: int = 0,
    verdict_until_ms: int | None = None,
    meanwhile: Callable[[], object] = nothing,
) -> ExitResult:
    """Close `order.quantity` at market, in slices the exchange takes, trying again what is known not to have happened.

    Works until done, or until *until_ms*; an outcome nobody knows is resolved by evidence, for `verdict_ms` but not
    beyond *verdict_until_ms*, and stays an open question when that takes longer. When it is believed absent, another
    is sent until *unknown_until_ms*. *meanwhile* is called now and then while it is being resolved: the rest of the
    symbol must not wait for it.
    """
    executed = ZERO
    failures = 0
    last: LegState | None = None
    held = ZERO
    seen = order.seen
    for _ in range(SLICES_MAX):
        allotments = _open_still(desk, _remaining(order.allotments, executed))
        left = EXACT.subtract(order.quantity, executed)
        if order.allotments and not allotments:
            last, held = (last, held) if executed > ZERO else (None, ZERO)
            break
        if order.allotments:  # a stop or target may have closed a part meanwhile
            left = min(left, total(tuple(each.quantity for each in allotments)))
        slice_size, held = _slice(desk, order, left, seen)
        seen = None
        if slice_size <= ZERO:
            break
        last = _send_slice(desk, order, slice_size, allotments)
        _find_out(desk, last, verdict_until_ms, meanwhile)
        if last.fate is Fate.ABSENT:
            until_ms = max(until_ms, unknown_until_ms)  # it took long to find out
        executed = EXACT.add(executed, last.executed)
        if last.fate in (Fate.OPEN, Fate.OPEN_QUESTION):
            return ExitResult(executed=executed, confirmed=False)
        if last.executed > ZERO:
            continue
        failures += 1
        if not _again(desk, last, failures, until_ms):
            break
    if last is None:
        return _nothing_sent(order, held)
    return ExitResult(
        executed=executed,
        confirmed=True,
        refusal=None if executed > ZERO else last.refusal,
        text="" if last.reply is None else last.reply.text,
    )


def _nothing_sent(order: ExitOrder, held: Decimal) -> ExitResult:
    """Say why there was no size to send: nothing is held, or less than an order may be of."""
    if held <= ZERO or order.quantity <= ZERO:
        text = f"nothing is held {order.direction.value} on {order.symbol}"
        return ExitResult(executed=ZERO, confirmed=True, refusal=Refusal.REDUCE_ONLY, text=text)
    text = f"{min(order.quantity, held)} is less than one step of a market order on {order.symbol}; close it by hand"
    return ExitResult(executed=ZERO, confirmed=True, refusal=Refusal.TOO_SMALL, text=text)


def _send_slice(desk: Desk, order: ExitOrder, size: Decimal, allotments: tuple[Allotment, ...]) -> LegState:
    state = desk.known_state(order.signal_id)
    attempt = state.next_attempt(Leg.EXIT)
    request = exit_order(
        namespace=desk.namespace,
        signal_id=order.signal_id,
        symbol=order.symbol,
        direction=order.direction,
        mode=order.mode,
        quantity=size,
        attempt=attempt,
    )
    (leg,) = submit(
        desk,
        Wanted(
            signal_id=order.signal_id,
            leg=Leg.EXIT,
            attempt=attempt,
            request=request,
            watermark=_watermark(desk, order.symbol),
            allotments=allotments,
        ),
    )
    if leg.refusal is Refusal.REDUCE_ONLY:
        _ask_refused(desk, state)
    return leg


def _find_out(desk: Desk, leg: LegState, until_ms: int | None, meanwhile: Callable[[], object]) -> None:
    """Resolve what became of an exit, or wait for its end; until *until_ms* at most."""
    latest_ms = desk.now_ms() + desk.timings.verdict_ms
    end_ms = latest_ms if until_ms is None else min(latest_ms, until_ms)
    while leg.fate is Fate.OPEN_QUESTION and desk.now_ms() < end_ms:
        resolve(desk, leg, until_ms=min(end_ms, desk.now_ms() + desk.timings.protect_soft_ms))
        meanwhile()
    if leg.fate is Fate.OPEN:
        settle(desk, leg, until_ms=min(end_ms, desk.now_ms() + desk.timings.settle_ms))


def _ask_refused(desk: Desk, state: SignalState) -> None:
    """There was nothing to reduce: perhaps an exit under one of these ids did it, and its memory was lost."""
    refused = [leg for leg in state.of(Leg.EXIT) if leg.refusal is Refusal.REDUCE_ONLY]
    try:
        inquire(desk, refused)
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, state.symbol)


def _slice(desk: Desk, order: ExitOrder, left: Decimal, seen: Snapshot | None) -> tuple[Decimal, Decimal]:
    """Return the next size to send: on the grid, within the market lot, and no more than is held; and what is held."""
    if left <= ZERO:
        return ZERO, ZERO
    try:
        snapshot = glance(desk, order.symbol) if seen is None else seen
        held = snapshot.held(order.direction, position_side(order.mode, order.direction))
        instrument = desk.exchange.instrument(order.symbol)
    except (OrderExecutionError, AuthenticationError):
        return left, ZERO  # the exchange's reduce-only check bounds it; not to try would leave the position open
    maximum = instrument.market_lot.maximum
    bound = min(left, held) if held > ZERO else left  # a read that shows nothing may lag: the exchange will say
    wanted = bound if maximum <= ZERO else min(bound, maximum)
    return instrument.floor_quantity(wanted, market=True), held


def _again(desk: Desk, leg: LegState, failures: int, until_ms: int) -> bool:
    """Whether to try once more; waits for it."""
    if leg.fate is Fate.NOTHING and leg.reply is not None:
        if leg.refusal in RULES_CHANGED and failures == 1:
            refresh_rules(desk, leg.intent.request.symbol)
            return True
        if leg.reply.kind is ReplyKind.REJECTED:
            return False
    wait_ms = int(desk.retry.delay_seconds(failures) * 1000)
    if leg.reply is not None and leg.reply.retry_after_ms is not None:
        wait_ms = max(wait_ms, leg.reply.retry_after_ms)
    if failures >= desk.retry.attempts_max or desk.now_ms() + wait_ms >= until_ms:
        return False
    pause(desk, wait_ms)
    return True


def _remaining(allotments: tuple[Allotment, ...], executed: Decimal) -> tuple[Allotment, ...]:
    """Return what is left of *allotments* after *executed* was taken from their front."""
    left: list[Allotment] = []
    for allotment in allotments:
        taken = min(executed, allotment.quantity)
        executed = EXACT.subtract(executed, taken)
        rest = EXACT.subtract(allotment.quantity, taken)
        if rest > ZERO:
            left.append(Allotment(allotment.signal_id, rest))
    return tuple(left)


def _open_still(desk: Desk, allotments: tuple[Allotment, ...]) -> tuple[Allotment, ...]:
    """Return *allotments* without what is not open any more: a leg of the same bracket was faster."""
    states = {each.signal_id: desk.state(each.signal_id) for each in allotments}
    left = (
        Allotment(each.signal_id, min(each.quantity, ZERO if state is None else state.open_quantity))
        for each in allotments
        for state in (states[each.signal_id],)
    )
    return tuple(each for each in left if each.quantity > ZERO)


def _watermark(desk: Desk, symbol: str) -> Watermark | None:
    try:
        return desk.exchange.history(symbol).watermark
    except (OrderExecutionError, AuthenticationError):
        return None  # one witness less; an exit is not held up for it
