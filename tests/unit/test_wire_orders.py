"""Orders and fills as Binance shows them become the domain's."""

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.wire.fields import ParseError
from surefill.adapters.wire.orders import (
    average_of,
    parse_algo_order,
    parse_algo_orders,
    parse_order,
    parse_orders,
    parse_trades,
    with_child,
)
from surefill.domain.order import OrderKind, OrderStatus
from surefill.domain.side import PositionSide, Side, TriggerPrice
from tests.wire_script import NOW_MS, algo_row, order_row, trade_row

S = OrderStatus


def test_a_regular_order_is_read_whole() -> None:
    """Every field of the domain's order comes from its place in the row."""
    order = parse_order(order_row(positionSide="LONG", reduceOnly=True, closePosition=True))

    assert order.client_id == order_row()["clientOrderId"]
    assert (order.exchange_id, order.symbol, order.side) == ("70123456789", "BTCUSDT", Side.BUY)
    assert (order.kind, order.status, order.conditional) == (OrderKind.MARKET, S.FILLED, False)
    assert (order.quantity, order.executed_quantity) == (Decimal("0.010"), Decimal("0.010"))
    assert (order.average_price, order.updated_ms) == (Decimal("64210.55"), NOW_MS)
    assert (order.position_side, order.reduce_only, order.close_position) == (PositionSide.LONG, True, True)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("NEW", S.NEW),
        ("PARTIALLY_FILLED", S.PARTIALLY_FILLED),
        ("FILLED", S.FILLED),
        ("CANCELED", S.CANCELED),
        ("REJECTED", S.REJECTED),
        ("EXPIRED", S.EXPIRED),
        ("EXPIRED_IN_MATCH", S.EXPIRED),
    ],
)
def test_every_documented_status_has_a_name(status: str, expected: OrderStatus) -> None:
    """The seven statuses of regular orders."""
    assert parse_order(order_row(status=status)).status is expected


def test_orders_of_other_kinds_are_seen_as_other() -> None:
    """A limit order somebody placed by hand is shown, as OTHER."""
    (order,) = parse_orders([order_row(type="LIMIT", origType="LIMIT")])

    assert order.kind is OrderKind.OTHER


def test_the_average_falls_back_on_the_quote_volume() -> None:
    """Without avgPrice the average is cumQuote / executedQty; nothing executed has none."""
    assert parse_order(order_row(avgPrice="0.00")).average_price == Decimal("64210.55")
    assert parse_order(order_row(avgPrice="", cumQuote="0")).average_price is None
    assert parse_order(order_row(executedQty="0", avgPrice="64210.55")).average_price is None


def test_missing_optional_fields_are_defaults() -> None:
    """A row with the mandatory fields alone parses; unknown fields do not matter."""
    optional = {"avgPrice", "cumQuote", "reduceOnly", "positionSide", "closePosition", "updateTime"}
    row = {name: value for name, value in order_row(newField=[1]).items() if name not in optional}

    order = parse_order(row)

    assert (order.reduce_only, order.position_side, order.updated_ms) == (False, PositionSide.BOTH, 0)


@pytest.mark.parametrize(
    "name", ["clientOrderId", "orderId", "symbol", "side", "type", "status", "origQty", "executedQty"]
)
def test_missing_mandatory_fields_are_named(name: str) -> None:
    """Each mandatory field is missed by its name."""
    row = order_row()
    del row[name]

    with pytest.raises(ParseError, match=f"order.{name}"):
        parse_order(row)


def test_a_resting_stop_is_read_whole() -> None:
    """The algo service's names: orderType, algoStatus, quantity, triggerPrice, workingType."""
    algo = parse_algo_order(algo_row())
    order = algo.order

    assert (order.exchange_id, order.kind, order.status) == ("1000001271234567", OrderKind.STOP, S.NEW)
    assert (order.quantity, order.executed_quantity, order.average_price) == (Decimal("0.010"), Decimal(0), None)
    assert (order.trigger_price, order.trigger_on) == (Decimal("63000.00"), TriggerPrice.MARK)
    assert (order.conditional, order.reduce_only, order.resting) == (True, True, True)
    assert (algo.child_id, algo.complete) == (None, True)


@pytest.mark.parametrize(
    ("changes", "status", "executed", "complete"),
    [
        ({"algoStatus": "TRIGGERING"}, S.TRIGGERING, "0", True),
        ({"algoStatus": "TRIGGERED", "actualOrderId": "7"}, S.TRIGGERED, "0", False),
        ({"algoStatus": "TRIGGERED", "actualQty": "0.010", "actualPrice": "5"}, S.TRIGGERED, "0.010", False),
        ({"algoStatus": "FINISHED", "actualQty": "0.010", "actualPrice": "5"}, S.FILLED, "0.010", True),
        ({"algoStatus": "FINISHED", "actualQty": "0.010", "actualPrice": "0.0"}, S.FILLED, "0.010", False),
        ({"algoStatus": "FINISHED", "actualQty": "0.004", "actualPrice": "5"}, S.EXPIRED, "0.004", False),
        ({"algoStatus": "FINISHED", "actualQty": "0.000"}, S.EXPIRED, "0", False),
        ({"algoStatus": "FINISHED"}, S.EXPIRED, "0", False),
        ({"algoStatus": "CANCELED"}, S.CANCELED, "0", True),
        ({"algoStatus": "EXPIRED"}, S.EXPIRED, "0", True),
        ({"algoStatus": "REJECTED", "rm": "Reduce Only reject"}, S.REJECTED, "0", True),
    ],
)
def test_the_life_of_a_conditional_order(
    changes: dict[str, object],
    status: OrderStatus,
    executed: str,
    complete: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """FINISHED is FILLED only when all was executed; where the row does not tell all, it says so."""
    algo = parse_algo_order(algo_row(**changes))

    assert (algo.order.status, algo.order.executed_quantity) == (status, Decimal(executed))
    assert algo.complete is complete
    assert algo.order.reason == changes.get("rm", "")


def test_a_row_of_the_open_list_lacks_the_actual_fields() -> None:
    """OpenAlgoOrders may leave out actualQty; child id zero or empty is none."""
    row = algo_row(actualOrderId="0")
    del row["actualQty"]

    assert parse_algo_order(row).child_id is None


@pytest.mark.parametrize(
    ("changes", "kind", "quantity", "trigger"),
    [
        ({"orderType": "TAKE_PROFIT_MARKET"}, OrderKind.TARGET, "0.010", "63000.00"),
        ({"orderType": "TRAILING_STOP_MARKET", "triggerPrice": ""}, OrderKind.OTHER, "0.010", None),
        ({"closePosition": True, "quantity": "0"}, OrderKind.STOP, "0", "63000.00"),
        ({"closePosition": True, "quantity": None}, OrderKind.STOP, "0", "63000.00"),
        ({"triggerPrice": "0.000"}, OrderKind.STOP, "0.010", None),
    ],
)
def test_conditional_orders_of_other_makers_parse(
    changes: dict[str, object], kind: OrderKind, quantity: str, trigger: str | None
) -> None:
    """What people place by hand: targets, trailing stops, stops that close the whole position."""
    order = parse_algo_order(algo_row(**changes)).order

    assert (order.kind, order.quantity) == (kind, Decimal(quantity))
    assert order.trigger_price == (None if trigger is None else Decimal(trigger))


def test_an_envelope_around_the_open_list_is_opened() -> None:
    """Some clients saw the list inside an object; an object without it is refused."""
    assert len(parse_algo_orders({"algoOrders": [algo_row()]})) == 1
    with pytest.raises(ParseError, match="algo orders: must be a JSON array"):
        parse_algo_orders({"orders": []})


@pytest.mark.parametrize(("child", "expected"), [(S.NEW, S.TRIGGERED), (S.EXPIRED, S.EXPIRED), (S.FILLED, S.FILLED)])
def test_the_child_tells_what_was_done(child: OrderStatus, expected: OrderStatus) -> None:
    """Status, size, price and time are the child's; identity and trigger stay the stop's."""
    stop = parse_algo_order(algo_row(algoStatus="TRIGGERED")).order
    done = attrs.evolve(parse_order(order_row(updateTime=NOW_MS + 5)), status=child)

    merged = with_child(stop, done)

    assert (merged.status, merged.executed_quantity) == (expected, done.executed_quantity)
    assert (merged.average_price, merged.updated_ms) == (done.average_price, NOW_MS + 5)
    assert (merged.client_id, merged.exchange_id, merged.conditional) == (stop.client_id, stop.exchange_id, True)


def test_fills_are_read_whole() -> None:
    """A row of userTrades; the order it belongs to by the exchange's id."""
    (trade,) = parse_trades([trade_row(5, side="SELL")])

    assert (trade.trade_id, trade.exchange_order_id, trade.side) == (5, "70123456789", Side.SELL)
    assert (trade.price, trade.quantity, trade.time_ms) == (Decimal("64210.55"), Decimal("0.010"), NOW_MS)


def test_the_average_of_fills_is_weighted() -> None:
    """1 at 10 and 3 at 20 average 17.5; no fills, no average."""
    trades = parse_trades([trade_row(1, price="10", qty="1"), trade_row(2, price="20", qty="3")])

    assert average_of(trades) == Decimal("17.5")
    assert average_of(()) is None


def test_fills_of_absurd_size_are_refused_not_rounded() -> None:
    """A sum or an average that does not fit the exact context is garbage, not a reason to crash."""
    least, most = "0." + "0" * 29 + "1", "9" * 40
    too_long = parse_trades([trade_row(1, price=most, qty=most), trade_row(2, price=least, qty=least)])
    too_large = parse_trades([trade_row(1, price=most, qty=most), trade_row(2, price=most, qty="1")])

    with pytest.raises(ParseError, match="digits"):
        average_of(too_long)
    with pytest.raises(ParseError, match="average price"):
        average_of(too_large)


ORDER_FIELDS = {
    "clientOrderId": {"client_id"},
    "orderId": {"exchange_id"},
    "symbol": {"symbol"},
    "side": {"side"},
    "positionSide": {"position_side"},
    "type": {"kind"},
    "status": {"status"},
    "origQty": {"quantity"},
    "executedQty": {"executed_quantity", "average_price"},
    "avgPrice": {"average_price"},
    "reduceOnly": {"reduce_only"},
    "closePosition": {"close_position"},
    "updateTime": {"updated_ms"},
}
"""What each field of `order_row` may tell; a field that is not named tells nothing."""

ALGO_FIELDS = {
    "clientAlgoId": {"client_id"},
    "algoId": {"exchange_id"},
    "symbol": {"symbol"},
    "side": {"side"},
    "positionSide": {"position_side"},
    "orderType": {"kind"},
    "algoStatus": {"status", "complete"},
    "quantity": {"quantity", "status", "complete"},
    "actualOrderId": {"child_id"},
    "actualPrice": {"average_price", "complete"},
    "actualQty": {"executed_quantity", "average_price", "status", "complete"},
    "triggerPrice": {"trigger_price"},
    "workingType": {"trigger_on"},
    "reduceOnly": {"reduce_only"},
    "closePosition": {"close_position"},
    "updateTime": {"updated_ms"},
    "triggerTime": {"triggered_ms"},
}
"""The same for `algo_row`."""

GARBAGE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0", "-1", "NaN", "1e999", "FINISHED", [], {}, ["0.010"], {"quantity": "1"}])
)


def order_told(row: object) -> dict[str, object]:
    """Everything that is read from a regular order."""
    return attrs.asdict(parse_order(row), recurse=False)


def algo_told(row: object) -> dict[str, object]:
    """Everything that is read from a conditional order."""
    algo = parse_algo_order(row)
    return {**attrs.asdict(algo.order, recurse=False), "child_id": algo.child_id, "complete": algo.complete}


@pytest.mark.parametrize(
    ("told", "row", "tells"),
    [
        (order_told, order_row(), ORDER_FIELDS),
        (algo_told, algo_row(), ALGO_FIELDS),
        (algo_told, algo_row(algoStatus="FINISHED", actualQty="0.010", actualPrice="62990.5"), ALGO_FIELDS),
    ],
)
@given(garbage=GARBAGE)
def test_garbage_in_one_field_is_an_error_or_stays_in_its_place(
    told: Callable[[object], dict[str, object]], row: dict[str, object], tells: dict[str, set[str]], garbage: object
) -> None:
    """Whatever stands in one field: a ParseError says why, or all that the other fields tell is read as without it."""
    sound = told(row)
    for field in row:
        try:
            found = told({**row, field: garbage})
        except ParseError:
            assert field in tells, f"{field}, which nobody reads, was refused"
        else:
            changed = {name for name in sound if found[name] != sound[name]}
            assert changed <= tells.get(field, set()), field
