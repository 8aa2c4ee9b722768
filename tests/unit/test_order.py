"""Orders: what may be asked for, and which changes of what is seen are believed."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from surefill.domain.errors import ValidationError
from surefill.domain.ids import Leg
from surefill.domain.order import (
    ARCS,
    CANCELLABLE,
    FINAL,
    PURPOSE_OF_LEG,
    OrderKey,
    OrderKind,
    OrderStatus,
    Purpose,
)
from surefill.domain.side import PositionSide, TriggerPrice
from tests.doubles import ONE, a_bracket, an_order

_LIFE = {
    "NEW": "PARTIALLY_FILLED FILLED CANCELED EXPIRED REJECTED TRIGGERING TRIGGERED",
    "TRIGGERING": "TRIGGERED REJECTED FILLED PARTIALLY_FILLED EXPIRED CANCELED",
    "TRIGGERED": "PARTIALLY_FILLED FILLED CANCELED EXPIRED",
    "PARTIALLY_FILLED": "PARTIALLY_FILLED FILLED CANCELED EXPIRED",
    "CANCELED": "FILLED CANCELED",
    "EXPIRED": "FILLED EXPIRED",
    "FILLED": "",
    "REJECTED": "",
}


def test_the_life_of_an_order_is_this_table() -> None:
    """The arcs are exactly these, and every status has its line."""
    table = {(OrderStatus[here], OrderStatus[there]) for here, line in _LIFE.items() for there in line.split()}

    assert set(_LIFE) == set(OrderStatus.__members__)
    assert table == ARCS


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("CANCELED", "FILLED"),  # the cancel was shown first, but the fill was faster
        ("EXPIRED", "FILLED"),  # late trades after the expiry was shown
        ("NEW", "REJECTED"),  # accepted, then refused when it triggered: margin is checked only there
        ("NEW", "TRIGGERED"),  # the moment in TRIGGERING was not seen
        ("TRIGGERING", "FILLED"),  # the child's fill is shown before TRIGGERED
    ],
)
def test_surprising_arcs_are_followed(here: str, there: str) -> None:
    """What really happens at the exchange is believed, however odd it looks."""
    before = an_order(status=OrderStatus[here])
    after = an_order(status=OrderStatus[there], executed_quantity=ONE if there == "FILLED" else Decimal(0))

    assert before.seen_again(after) is after


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("CANCELED", "NEW"),
        ("FILLED", "CANCELED"),
        ("TRIGGERED", "NEW"),
        ("TRIGGERED", "TRIGGERING"),
        ("REJECTED", "NEW"),
        ("EXPIRED", "CANCELED"),
        ("PARTIALLY_FILLED", "NEW"),
    ],
)
def test_stale_readings_are_dropped(here: str, there: str) -> None:
    """A later read served by a replica that lags behind does not bring an order back to an earlier state."""
    before = an_order(status=OrderStatus[here])

    assert before.seen_again(an_order(status=OrderStatus[there])) is before


def test_a_fill_never_shrinks() -> None:
    """A reading that shows less executed than is known is dropped, even on a listed arc."""
    before = an_order(status=OrderStatus.PARTIALLY_FILLED, executed_quantity=Decimal("0.6"))
    after = an_order(status=OrderStatus.CANCELED, executed_quantity=Decimal("0.5"))

    assert before.seen_again(after) is before


@pytest.mark.parametrize("status", ["CANCELED", "EXPIRED", "PARTIALLY_FILLED"])
def test_more_of_it_was_filled(status: str) -> None:
    """The same status with more executed is a truer sight, also after the order had ended."""
    before = an_order(status=OrderStatus[status], executed_quantity=Decimal("0.3"))
    after = an_order(status=OrderStatus[status], executed_quantity=Decimal("0.5"))

    assert before.seen_again(after) is after


@pytest.mark.parametrize(
    ("here", "there"), [("CANCELED", "PARTIALLY_FILLED"), ("TRIGGERED", "TRIGGERED"), ("REJECTED", "FILLED")]
)
def test_a_fill_is_believed_even_from_a_stale_reading(here: str, there: str) -> None:
    """What a replica shows as executed was executed: the size is taken over, the status stays."""
    before = an_order(status=OrderStatus[here])
    stale = an_order(status=OrderStatus[there], executed_quantity=Decimal("0.5"), average_price=Decimal(90))

    believed = before.seen_again(stale)

    assert believed == attrs.evolve(before, executed_quantity=Decimal("0.5"), average_price=Decimal(90))
    assert believed.seen_again(stale) == believed


def test_a_price_once_known_stays_known() -> None:
    """Of two sights that agree the one with the average price is kept."""
    priced = an_order(status=OrderStatus.FILLED, executed_quantity=ONE, average_price=Decimal(90))
    bare = attrs.evolve(priced, average_price=None)

    assert bare.seen_again(priced) is priced
    assert priced.seen_again(bare) is priced
    assert bare.seen_again(attrs.evolve(bare, updated_ms=5)).updated_ms == 5


def test_final_orders_and_cancellable_ones() -> None:
    """Nothing of a final order rests; an order in the act of triggering cannot be cancelled."""
    final = {"FILLED", "CANCELED", "EXPIRED", "REJECTED"}

    assert {status.name for status in FINAL} == {s.name for s in OrderStatus if an_order(status=s).final} == final
    assert {status.name for status in CANCELLABLE} == {"NEW", "PARTIALLY_FILLED", "TRIGGERED"}
    assert [status.name for status in OrderStatus if an_order(status=status).resting] == ["NEW"]


def test_legs_spend_from_their_own_budget() -> None:
    """Stops and targets count as protection, and only exits as exits."""
    assert {leg.name: purpose for leg, purpose in PURPOSE_OF_LEG.items()} == {
        "ENTRY": Purpose.ENTRY,
        "STOP": Purpose.PROTECTION,
        "TARGET": Purpose.PROTECTION,
        "EXIT": Purpose.EXIT,
    }
    assert set(PURPOSE_OF_LEG) == set(Leg)


def test_where_to_look_for_an_order() -> None:
    """Stops are looked up in the conditional service, market orders in the other, by the id they were sent with."""
    bracket = a_bracket()
    stop, entry = bracket.stop(ONE, 1), bracket.entry(1)

    assert stop.key == OrderKey("BTCUSDT", stop.client_id, conditional=True) == an_order(stop).key
    assert entry.key == OrderKey("BTCUSDT", entry.client_id, conditional=False) == an_order(entry).key


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"quantity": Decimal(0)}, "quantity: "),
        ({"quantity": Decimal(-1)}, "quantity: "),
        ({"quantity": Decimal("Infinity")}, "quantity: "),
        ({"quantity": 0.1}, "quantity: "),
        ({"kind": OrderKind.OTHER}, "kind: OTHER"),
        ({"kind": OrderKind.MARKET}, "kind was MARKET"),
        ({"trigger_price": None}, "kind was STOP"),
        ({"trigger_on": None}, "kind was STOP"),
        ({"trigger_price": Decimal(0)}, "trigger_price: "),
        ({"trigger_price": Decimal("NaN")}, "trigger_price: "),
        ({"position_side": PositionSide.LONG}, "reduce_only: "),
    ],
)
def test_a_stop_that_makes_no_sense_cannot_be_asked_for(changes: dict[str, Any], problem: str) -> None:
    """A stop has a size, a trigger and what triggers it, and is reduce-only or names its side, never both."""
    with pytest.raises(ValueError, match=problem):
        attrs.evolve(a_bracket().stop(ONE, 1), **changes)


@pytest.mark.parametrize("changes", [{"trigger_price": Decimal(90)}, {"trigger_on": TriggerPrice.MARK}])
def test_a_market_order_has_no_trigger(changes: dict[str, Any]) -> None:
    """Even half a trigger on a market order is refused."""
    with pytest.raises(ValueError, match="belong to conditional orders, kind was MARKET"):
        attrs.evolve(a_bracket().entry(1), **changes)


def test_a_negative_fill_cannot_be_seen() -> None:
    """An order with less than nothing executed does not exist, and neither does one with a garbled size."""
    with pytest.raises(ValueError, match="executed_quantity: was negative"):
        an_order(executed_quantity=Decimal("-0.1"))
    with pytest.raises(ValidationError, match="executed_quantity"):
        an_order(executed_quantity=Decimal("NaN"))
