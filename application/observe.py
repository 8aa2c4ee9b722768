"""Looking at the exchange, and taking what it shows into the book."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import attrs

from ..domain.alarm import AlarmKind
from ..domain.audit_record import AuditType
from ..domain.book import plan_of
from ..domain.errors import AuthenticationError, JournalError, OrderExecutionError, RateLimitedError
from ..domain.events import Missed, Seen
from ..domain.ids import Leg, parse_ours, stem
from ..domain.instrument import Instrument
from ..domain.leg_sets import covers
from ..domain.leg_state import LegState
from ..domain.order import ZERO, Order, OrderStatus
from ..domain.protection_policy import OnLateFill
from ..domain.reply import ReplyKind
from ..domain.signal_state import SignalState
from ..domain.snapshot import CancelOutcome, Snapshot
from ..domain.symbol_book import SymbolBook
from .desk import Desk
from .takeover import KINDS, shown, take_over, tell_order


def peek(desk: Desk, symbol: str, *, patient: bool = False) -> Snapshot:
    """Read position and open orders of *symbol*; where no stop is listed, or nothing is read, have it looked at soon.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    began = desk.now_ms()
    try:
        with desk.exchange.telling(lambda listed: _note_unlisted(desk, symbol, listed, began)):
            return (desk.patient if patient else desk.exchange).snapshot(symbol)
    except (OrderExecutionError, AuthenticationError):
        desk.hasten(symbol)
        raise


def look(desk: Desk, symbol: str, *, patient: bool = False) -> Snapshot:
    """Read position and open orders of *symbol*, take our orders into the book, and note what is missing or in doubt.

    *patient* may retry the read: only where nothing is unprotected meanwhile.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    snapshot = peek(desk, symbol, patient=patient)
    take_over(desk, tuple(desk.symbol_book(symbol).brackets), shown(snapshot))
    _strays(desk, symbol, snapshot)
    legs = _legs(desk, symbol)
    changed = [
        Seen(snapshot.at_ms, legs[order.client_id].intent.signal_id, order.client_id, order)
        for order in shown(snapshot)
        if order.client_id in legs and _is_news(legs[order.client_id], order)
    ]
    _take(desk, changed)
    book = desk.symbol_book(symbol)
    _note_doubts(desk, book, snapshot)
    gaps = book.missing(snapshot)
    since = desk.missing_since_ms.get(symbol, {})
    desk.missing_since_ms[symbol] = {direction: since.get(direction, snapshot.at_ms) for direction in gaps}
    return snapshot


def _note_unlisted(desk: Desk, symbol: str, listed: tuple[Order, ...], began_ms: int) -> None:
    """Note since when no stop of a position is listed: the alarm must not wait for the rest of the look."""
    resting = {order.client_id for order in listed if order.resting}
    for state in desk.symbol_book(symbol).brackets:
        live = [leg for leg in state.of(Leg.STOP) if leg.client_id in resting]
        if state.naked_since_ms is not None or not state.needs_stop or covers(live, state.open_quantity):
            desk.unlisted_ms.pop(state.signal_id, None)
        else:
            desk.unlisted_ms.setdefault(state.signal_id, began_ms)
            desk.hasten(symbol)


def looked(desk: Desk, symbol: str) -> None:
    """The look has come to its end: what it showed is decided, and kept in the journal."""
    for state in desk.signals_on(symbol):
        desk.unlisted_ms.pop(state.signal_id, None)


def _note_doubts(desk: Desk, book: SymbolBook, snapshot: Snapshot) -> None:
    """Note since when more is held than is known to be ours, where an entry of unknown outcome may have opened it.

    A later read that lags behind does not take that back; only what became of the entry does.
    """
    foreign = book.foreign(snapshot)
    for state in book.brackets:
        if not any(state.doubtful_entries):
            desk.doubted_ms.pop(state.signal_id, None)
        elif plan_of(state).direction in foreign:
            desk.doubted_ms.setdefault(state.signal_id, snapshot.at_ms)


def inquire(desk: Desk, legs: Iterable[LegState]) -> None:
    """Ask for orders by id and take the answers into the book.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    wanted = tuple(legs)
    began = desk.now_ms()
    found = desk.exchange.find([leg.intent.request.key for leg in wanted])
    events: list[Seen | Missed] = []
    for leg in wanted:
        order = found.get(leg.client_id)
        if order is not None:
            events.append(Seen(began, leg.intent.signal_id, leg.client_id, order))
        else:
            events.append(Missed(began, leg.intent.signal_id, leg.client_id))
    _take(desk, events)


def take_outcomes(desk: Desk, symbol: str, outcomes: Iterable[CancelOutcome]) -> None:
    """Take what cancels showed of our orders into the book: one may have filled before it could be cancelled."""
    began, legs = desk.now_ms(), _legs(desk, symbol)
    seen: list[Seen] = []
    for outcome in outcomes:
        leg, order = legs.get(outcome.client_id), outcome.order
        if leg is not None and order is None and outcome.cancelled and leg.order is not None:
            # an old order without a fill is not shown any more once it is cancelled: the answer is all there will be
            order = attrs.evolve(leg.order, status=OrderStatus.CANCELED)
        if leg is not None and order is not None:
            seen.append(Seen(began, leg.intent.signal_id, leg.client_id, order))
    _take(desk, seen)


def ask_prices(desk: Desk, state: SignalState) -> None:
    """Ask once for the prices of fills that are not known yet: the last report of *state* is about to be written."""
    legs = [leg for leg in state.legs.values() if leg.order is not None and leg.order.average_price is None]
    unpriced = [leg for leg in legs if leg.executed > ZERO]
    if not unpriced:
        return
    try:
        inquire(desk, unpriced)
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, state.symbol)


def book_for(desk: Desk, symbol: str, snapshot: Snapshot, *, flatten: bool) -> SymbolBook:
    """Return our side of *symbol*, with the stray orders of ours that *snapshot* shows."""
    book = attrs.evolve(desk.symbol_book(symbol), leg_sizes=_leg_sizes(desk, symbol))
    strays = _strays(desk, symbol, snapshot)
    if not strays:
        return attrs.evolve(book, flatten=flatten)
    known = {stem(desk.namespace, signal_id): signal_id for signal_id in signal_ids(desk)}
    over = {each for each in set(strays.values()) if each in known and _traded(desk, known[each])}
    orphans = frozenset(client_id for client_id, its_stem in strays.items() if its_stem in over)
    return attrs.evolve(book, flatten=flatten, orphan_ids=orphans, unknown_ids=frozenset(strays) - orphans)


def _strays(desk: Desk, symbol: str, snapshot: Snapshot) -> dict[str, str]:
    """Return the stems of orders of ours that belong to no open signal, by client id.

    Whatever the look was for: the symbol is looked after until they are gone, or their signals are known again.
    """
    open_stems = {stem(desk.namespace, state.signal_id) for state in desk.signals_on(symbol)}
    strays = {
        order.client_id: ours.stem
        for order in shown(snapshot)
        if (ours := parse_ours(order.client_id, desk.namespace)) is not None and ours.stem not in open_stems
    }
    if not strays:
        desk.strayed.discard(symbol)
    elif symbol not in desk.strayed:
        desk.strayed.add(symbol)
        desk.hasten(symbol)
    return strays


def _leg_sizes(desk: Desk, symbol: str) -> dict[str, Decimal]:
    """Return what legs can be of, where the exchange has refused one of ours because its rules had changed."""
    if symbol not in desk.regridded:
        return {}
    try:
        instrument = desk.exchange.instrument(symbol)
    except (OrderExecutionError, AuthenticationError):
        return {}
    return {
        state.signal_id: instrument.floor_quantity(state.open_quantity, market=True)
        for state in desk.symbol_book(symbol).brackets
    }


def _traded(desk: Desk, signal_id: str) -> bool:
    """Whether the journal knows that the signal was carried out; if not, it knows nothing of the signal's orders."""
    state = desk.past_state_if_readable(signal_id)
    return state is not None and state.took_effect


def signal_ids(desk: Desk) -> tuple[str, ...]:
    """Return every id the journal knows; none when it cannot be read: then no stray is taken for an orphan."""
    try:
        return desk.journal.signal_ids()
    except JournalError as error:
        desk.store_failed(journal=str(error))
        return ()


def refresh_rules(desk: Desk, symbol: str) -> Instrument | None:
    """Read the trading rules of *symbol* anew: an order was off the grid. None when the exchange does not answer."""
    desk.regridded.add(symbol)
    try:
        return desk.exchange.instrument(symbol, refresh=True)
    except (OrderExecutionError, AuthenticationError) as error:
        unanswered(desk, error, symbol)
        return None


def unanswered(desk: Desk, error: OrderExecutionError | AuthenticationError, symbol: str) -> None:
    """Write down that the exchange did not answer a read."""
    desk.note(
        AuditType.RATE_LIMIT if isinstance(error, RateLimitedError) else AuditType.API_ERROR,
        "read",
        symbol=symbol,
        response={"error": type(error).__name__, "code": error.code, "text": str(error)},
    )


def _legs(desk: Desk, symbol: str) -> dict[str, LegState]:
    return {leg.client_id: leg for state in desk.signals_on(symbol) for leg in state.legs.values()}


def _is_news(leg: LegState, order: Order) -> bool:
    """Whether the sight tells more than is known: an order seen resting again is not worth a line in the journal."""
    return (
        leg.order is None
        or not leg.sighted_ms
        or (
            leg.order.seen_again(order) is not leg.order
            and (leg.order.status is not order.status or leg.order.executed_quantity != order.executed_quantity)
        )
    )


def _take(desk: Desk, events: Sequence[Seen | Missed]) -> None:
    if not events:
        return
    late = [event for event in events if isinstance(event, Seen) and _is_late_fill(desk, event)]
    for event in events:  # before the journal: a crash in between tells it twice, never not at all
        if isinstance(event, Seen):
            _tell_seen(desk, event)
        else:
            _tell_missed(desk, event)
    desk.record(*events, vital=True)
    for seen in late:
        _tell_late_fill(desk, seen)


def _tell_seen(desk: Desk, event: Seen) -> None:
    """Tell of an order whose answer was never read, and of every end."""
    if _is_untold(desk, event):
        tell_order(desk, AuditType.ORDER_PLACED, event)
    if event.order.final:
        tell_order(desk, AuditType.ORDER_UPDATED, event)


def _tell_missed(desk: Desk, event: Missed) -> None:
    """Tell, once, of a stop or target that was sent, or about to be, by a process that kept no answer."""
    leg = desk.known_state(event.signal_id).legs[event.client_id]
    if leg.reply is not None or leg.missing_since_ms is not None or leg.intent.leg not in KINDS:
        return
    desk.note(
        AuditType.OUTCOME_UNKNOWN,
        leg.intent.leg.name.lower(),
        symbol=leg.intent.request.symbol,
        signal_id=event.signal_id,
        client_id=event.client_id,
        order_data=leg.intent.request,
        response={"text": "no answer to it was kept, and it is not found"},
    )


def _is_late_fill(desk: Desk, event: Seen) -> bool:
    """Whether *event* is the first to show that an entry believed absent was filled."""
    leg = desk.known_state(event.signal_id).legs[event.client_id]
    news = leg.executed <= ZERO < event.order.executed_quantity
    return news and leg.intent.leg is Leg.ENTRY and leg.absent_ms is not None


def _is_untold(desk: Desk, event: Seen) -> bool:
    """Whether *event* is the first to show an order whose answer was never read: nobody was told of it yet."""
    leg = desk.known_state(event.signal_id).legs[event.client_id]
    answered = leg.reply is not None and leg.reply.kind is ReplyKind.ACCEPTED
    return leg.order is None and not answered


def _tell_late_fill(desk: Desk, event: Seen) -> None:
    symbol, quantity = event.order.symbol, event.order.executed_quantity
    what = "it is closed" if desk.protection.on_late_fill is OnLateFill.FLATTEN else "it is protected"
    text = f"the entry of signal {event.signal_id!r}, reported as not filled, was filled: {quantity} {symbol}; {what}"
    tell_order(desk, AuditType.LATE_FILL, event)
    desk.alarm(AlarmKind.LATE_FILL, text, symbol=symbol, signal_id=event.signal_id)
