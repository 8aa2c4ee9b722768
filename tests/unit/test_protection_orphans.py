"""Orders of ours that belong to nothing."""

from collections.abc import Iterable

import attrs
import pytest

from surefill.domain.actions import Action, CancelOrphans, Raise
from surefill.domain.alarm import AlarmKind
from surefill.domain.order import CANCELLABLE, Order, OrderStatus
from tests.doubles import ONE, SYMBOL, a_book, a_bracket, a_snapshot, a_tale, an_order, decisions

_STOP = an_order(a_bracket(signal_id="gone").stop(ONE, 1))
_ENTRY = an_order(a_bracket(signal_id="gone").entry(1))
_FOREIGN = attrs.evolve(_STOP, client_id="web_1")


def _decide(
    orders: Iterable[Order], *, held: str = "1", orphans: Iterable[Order] = (), unknown: Iterable[Order] = ()
) -> tuple[Action, ...]:
    book = a_book(
        orphan_ids=frozenset(order.client_id for order in orphans),
        unknown_ids=frozenset(order.client_id for order in unknown),
    )
    return decisions(book=book, snapshot=a_snapshot(held=held if held != "0" else (), orders=orders))


@pytest.mark.parametrize("held", ["0", "1"])
def test_orders_of_closed_signals_are_cancelled(held: str) -> None:
    """What a closed signal left behind, in either service, is cancelled whatever is held; others' orders stay."""
    actions = _decide([_STOP, _FOREIGN, _ENTRY], held=held, orphans=[_STOP, _ENTRY])

    assert actions == (CancelOrphans((_STOP.key, _ENTRY.key)),)


@pytest.mark.parametrize("status", OrderStatus)
def test_only_what_can_be_cancelled_is_cancelled(status: OrderStatus) -> None:
    """An orphan in the act of triggering, or at its end, is left to itself."""
    order = attrs.evolve(_STOP, status=status)

    actions = _decide([order], orphans=[order])

    assert actions == ((CancelOrphans((order.key,)),) if status in CANCELLABLE else ())


def test_orders_of_unknown_signals_are_spared_while_something_is_held() -> None:
    """They may be the only stop of a position whose journal was lost: a person is told, nothing is cancelled."""
    (alarm,) = _decide([_STOP], unknown=[_STOP])

    assert isinstance(alarm, Raise)
    assert (alarm.kind, alarm.signal_id) == (AlarmKind.FOREIGN_CHANGE, None)
    assert f"{SYMBOL} has orders of ours ({_STOP.client_id}) of signals the journal does not know" in alarm.text
    assert "execute those signals again to adopt them, or cancel the orders" in alarm.text


def test_orders_of_unknown_signals_go_once_flat() -> None:
    """With nothing held they protect nothing, and are cancelled like any orphan, without an alarm."""
    assert _decide([_STOP, _FOREIGN], held="0", unknown=[_STOP]) == (CancelOrphans((_STOP.key,)),)


def test_orphans_go_while_unknown_ones_are_spared() -> None:
    """Both kinds at once: the known one is cancelled, the other told of."""
    cancel, alarm = _decide([_STOP, _ENTRY], orphans=[_ENTRY], unknown=[_STOP])

    assert cancel == CancelOrphans((_ENTRY.key,))
    assert isinstance(alarm, Raise)


@pytest.mark.parametrize("held", ["0", "1"])
def test_others_orders_are_never_touched(held: str) -> None:
    """Orders without our mark are nobody's orphans."""
    assert _decide([_FOREIGN], held=held) == ()


def test_orders_of_open_signals_are_no_orphans() -> None:
    """A bracket's own legs are left alone beside an orphan that goes."""
    tale = a_tale()
    book = a_book(tale, orphan_ids=frozenset({_STOP.client_id}))

    assert decisions(tale, book=book, others=[_STOP]) == (CancelOrphans((_STOP.key,)),)
