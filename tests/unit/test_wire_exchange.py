"""The port over a scripted wire: which requests it makes, and what it makes of the answers."""

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from surefill.adapters.wire.account import WireExchange
from surefill.adapters.wire.call import AnswerLostError, Call, NotSentError, WireAnswer
from surefill.domain.errors import (
    ConfigurationError,
    ExchangeUnavailableError,
    OrderRejectedError,
    OutcomeUnknownError,
    RateLimitedError,
    ValidationError,
)
from surefill.domain.ids import Leg
from surefill.domain.order import OrderKey, OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.domain.side import MarginType, PositionMode
from surefill.domain.snapshot import Watermark
from tests.exchange_info import made_exchange_info, made_symbol
from tests.wire_script import (
    NOW_MS,
    HandClock,
    Script,
    algo_row,
    market_request,
    order_row,
    refusal,
    stop_request,
    trade_row,
    wire_exchange,
)

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
MODE = "/fapi/v1/positionSide/dual"
INFO = "/fapi/v1/exchangeInfo"
BALANCE = "/fapi/v3/balance"
REGULAR_KEY = market_request().key
STOP_KEY = stop_request().key


def paths(script: Script) -> list[str]:
    return [f"{call.method} {call.path.rpartition('/')[2]}" for call in script.calls]


def test_signed_requests_carry_a_rising_stamp() -> None:
    """Reads carry recvWindow 5000 and their own timestamp, orders 3000; no two share one."""
    script = Script().body("GET", BALANCE, []).body("POST", ORDER, order_row())
    exchange = wire_exchange(script)

    exchange.balance()
    exchange.balance()
    exchange.send(exchange.prepare(market_request()))

    stamps = [(call.params["recvWindow"], int(call.params["timestamp"]) - NOW_MS) for call in script.calls]
    assert stamps == [("5000", 0), ("5000", 1), ("3000", 2)]


def test_market_data_is_not_signed() -> None:
    """ExchangeInfo needs neither key nor timestamp."""
    script = Script().body("GET", INFO, made_exchange_info())

    wire_exchange(script).instrument("BTCUSDT")

    assert (script.calls[0].signed, dict(script.calls[0].params)) == (False, {})


def test_the_digest_covers_what_is_sent() -> None:
    """The parameters on the wire are those that were prepared, stamp included."""
    script = Script().body("POST", ORDER, order_row())
    exchange = wire_exchange(script)
    prepared = exchange.prepare(market_request())

    exchange.send(prepared)

    assert script.calls[0].params == prepared.parameters
    assert prepared.parameters["timestamp"] == str(prepared.timestamp_ms)
    assert prepared.not_after_ms - prepared.timestamp_ms == 3_000


@pytest.mark.parametrize(("age_ms", "kind"), [(1_500, ReplyKind.ACCEPTED), (1_501, ReplyKind.NOT_SENT)])
def test_half_the_window_is_the_limit(age_ms: int, kind: ReplyKind) -> None:
    """At exactly half its window an order still goes out; a millisecond later it does not."""
    script, clock = Script().body("POST", ORDER, order_row()), HandClock()
    exchange = wire_exchange(script, clock)
    prepared = exchange.prepare(market_request())
    clock.at_ms += age_ms

    assert exchange.send(prepared).kind is kind
    assert len(script.calls) == (kind is ReplyKind.ACCEPTED)


def test_what_was_sent_is_forgotten_when_the_exchange_refuses_it_anyway() -> None:
    """The guard against sending twice does not grow: an order long past its window is NOT_SENT instead."""
    script, clock = Script().body("POST", ORDER, order_row()), HandClock()
    exchange = wire_exchange(script, clock)
    prepared = exchange.prepare(market_request())
    exchange.send(prepared)
    clock.at_ms += 6_001

    exchange.send(exchange.prepare(market_request(Leg.EXIT)))

    assert exchange.send(prepared).kind is ReplyKind.NOT_SENT
    assert len(script.calls) == 2


@pytest.mark.parametrize(
    ("result", "kind", "refusal_seen"),
    [
        (NotSentError("the connection was refused"), ReplyKind.NOT_SENT, Refusal.UNREACHABLE),
        (AnswerLostError("reset"), ReplyKind.UNKNOWN, None),
        (refusal(-2019), ReplyKind.REJECTED, Refusal.MARGIN),
    ],
)
def test_what_happened_on_the_way_is_a_reply(
    result: WireAnswer | NotSentError | AnswerLostError, kind: ReplyKind, refusal_seen: Refusal | None
) -> None:
    """Not sent, lost, refused: never an exception."""
    exchange = wire_exchange(Script().on("POST", ORDER, result))

    reply = exchange.send(exchange.prepare(market_request()))

    assert (reply.kind, reply.refusal) == (kind, refusal_seen)


def test_a_retryable_refusal_says_how_long_to_wait() -> None:
    """The wait of a 429 comes along with the reply, and holds the next entry back, but no exit."""
    script = Script().on("POST", ORDER, WireAnswer(429, {"code": -1015, "msg": ""}, {"Retry-After": "2"}))
    exchange = wire_exchange(script)

    first = exchange.send(exchange.prepare(market_request()))
    held = exchange.send(exchange.prepare(market_request()))
    exchange.send(exchange.prepare(market_request(Leg.EXIT)))

    assert (first.kind, first.retry_after_ms) == (ReplyKind.RETRYABLE, 2_000)
    assert (held.kind, held.refusal, held.retry_after_ms) == (ReplyKind.NOT_SENT, Refusal.RATE_LIMITED, 2_000)
    assert len(script.calls) == 2


def test_a_ban_holds_reads_back_too() -> None:
    """In a ban nothing goes out: each call would make it longer."""
    script = Script().on("GET", BALANCE, WireAnswer(418, None))
    exchange = wire_exchange(script)
    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            exchange.balance()
        assert caught.value.refusal is Refusal.BANNED

    assert len(script.calls) == 1
    assert exchange.capacity().banned_until_ms == NOW_MS + 120_000


def test_one_order_not_sent_does_not_stop_the_others() -> None:
    """Of three sent together the stale one stays behind; each reply is at its place."""
    script, clock = Script().body("POST", ORDER, order_row()).body("POST", ALGO, algo_row()), HandClock()
    exchange = wire_exchange(script, clock)
    stale = exchange.prepare(market_request(Leg.EXIT))
    clock.at_ms += 2_000

    replies = exchange.send_together([exchange.prepare(market_request()), stale, exchange.prepare(stop_request())])

    assert [reply.kind for reply in replies] == [ReplyKind.ACCEPTED, ReplyKind.NOT_SENT, ReplyKind.ACCEPTED]
    assert paths(script) == ["POST order", "POST algoOrder"]


def test_find_asks_the_service_of_each_key() -> None:
    """Regular keys in the order service, conditional ones in the algo service; -2013 is missing, not an error."""
    script = Script().body("GET", ORDER, order_row()).refuse("GET", ALGO, -2013)
    exchange = wire_exchange(script)

    found = exchange.find([REGULAR_KEY, STOP_KEY])

    assert list(found) == [REGULAR_KEY.client_id]
    assert paths(script) == ["GET order", "GET algoOrder"]


def test_find_raises_what_is_no_absence() -> None:
    """Any other refusal of the read is an error."""
    with pytest.raises(ExchangeUnavailableError):
        wire_exchange(Script().refuse("GET", ORDER, -1000)).find([REGULAR_KEY])
    with pytest.raises(ExchangeUnavailableError):
        wire_exchange(Script().refuse("GET", ORDER, -2013, status=500)).find([REGULAR_KEY])


def test_a_success_that_speaks_of_2013_is_unreadable() -> None:
    """Only a refusal means absence; a 200 with an error body means nothing."""
    script = Script().body("GET", ORDER, {"code": -2013, "msg": "Order does not exist."})

    with pytest.raises(ExchangeUnavailableError, match="could not be read"):
        wire_exchange(script).find([REGULAR_KEY])


def test_a_triggered_stop_is_completed_from_its_child() -> None:
    """FINISHED without a full fill: the order service tells what the child did, and the fills at what price."""
    child = order_row(orderId=7, status="CANCELED", executedQty="0.004", avgPrice=None, cumQuote=None, side="SELL")
    script = (
        Script()
        .body("GET", ALGO, algo_row(algoStatus="FINISHED", actualOrderId="7", actualQty="0.004"))
        .body("GET", ORDER, child)
        .body(
            "GET", "/fapi/v1/userTrades", [trade_row(1, qty="0.001", price="10"), trade_row(2, qty="0.003", price="20")]
        )
    )

    order = wire_exchange(script).find([STOP_KEY])[STOP_KEY.client_id]

    assert (order.status, order.executed_quantity) == (OrderStatus.CANCELED, Decimal("0.004"))
    assert (order.average_price, order.conditional) == (Decimal("17.5"), True)
    assert script.calls[1].params["orderId"] == script.calls[2].params["orderId"] == "7"


def test_a_child_not_yet_visible_leaves_the_stop_as_it_is() -> None:
    """The algo service is ahead of the order service: what is known is returned."""
    script = Script().body("GET", ALGO, algo_row(algoStatus="TRIGGERED", actualOrderId="7")).refuse("GET", ORDER, -2013)

    assert wire_exchange(script).find([STOP_KEY])[STOP_KEY.client_id].status is OrderStatus.TRIGGERED


def test_a_filled_stop_needs_no_second_read() -> None:
    """Size and price are both in the row."""
    row = algo_row(algoStatus="FINISHED", actualOrderId="7", actualQty="0.010", actualPrice="62991.1")
    script = Script().body("GET", ALGO, row)

    order = wire_exchange(script).find([STOP_KEY])[STOP_KEY.client_id]

    assert (order.status, order.average_price, len(script.calls)) == (OrderStatus.FILLED, Decimal("62991.1"), 1)


def snapshot_script(positions: list[object]) -> Script:
    return (
        Script()
        .body("GET", "/fapi/v1/openAlgoOrders", [algo_row()])
        .body("GET", "/fapi/v1/openOrders", [])
        .body("GET", "/fapi/v3/positionRisk", positions)
        .body("GET", MODE, {"dualSidePosition": False}, {"dualSidePosition": True})
    )


def test_a_snapshot_reads_orders_before_positions() -> None:
    """So a position that opens meanwhile never makes its stop look like an orphan; the mode is read once a minute."""
    script, clock = snapshot_script([]), HandClock()
    exchange = wire_exchange(script, clock)

    first = exchange.snapshot("BTCUSDT")
    clock.at_ms += 59_999
    exchange.snapshot("BTCUSDT")
    clock.at_ms += 1
    third = exchange.snapshot("BTCUSDT")

    reads = ["GET openAlgoOrders", "GET openOrders", "GET positionRisk"]
    assert paths(script) == [*reads, "GET dual", *reads, *reads, "GET dual"]
    assert (first.at_ms, first.mode, third.mode) == (NOW_MS, PositionMode.ONE_WAY, PositionMode.HEDGE)
    assert [order.client_id for order in first.conditionals] == [STOP_KEY.client_id]


def test_what_a_longer_read_has_shown_is_told_before_it_goes_on() -> None:
    """The list of conditionals, and the orders of a history, are known before the next request leaves; then no more."""
    script = snapshot_script([]).body("GET", "/fapi/v1/allOrders", order_page(1, 2))
    script.body("GET", "/fapi/v1/userTrades", [])
    exchange = wire_exchange(script)
    told: list[tuple[list[str], list[str]]] = []

    with exchange.telling(lambda orders: told.append(([order.exchange_id for order in orders], paths(script)))):
        exchange.snapshot("BTCUSDT")
        exchange.history("BTCUSDT", Watermark(1, 9))
        exchange.history("BTCUSDT")
    exchange.snapshot("BTCUSDT")

    looked = ["GET openAlgoOrders", "GET openOrders", "GET positionRisk", "GET dual"]
    listed = [str(algo_row()["algoId"])]
    assert told == [(listed, looked[:1]), (["2"], [*looked, "GET allOrders"])]


def test_a_refusal_for_the_mode_makes_us_look_again() -> None:
    """After -4061 the next snapshot reads the mode anew."""
    script = snapshot_script([]).refuse("POST", ORDER, -4061)
    exchange = wire_exchange(script)
    exchange.snapshot("BTCUSDT")

    exchange.send(exchange.prepare(market_request()))

    assert exchange.snapshot("BTCUSDT").mode is PositionMode.HEDGE


def test_a_snapshot_shows_its_own_symbol_only() -> None:
    """A row of another symbol in the answer is not taken for a position of this one."""
    row = {"symbol": "ETHUSDT", "positionSide": "BOTH", "positionAmt": "1", "entryPrice": "2"}

    exchange = wire_exchange(snapshot_script([row]))

    assert exchange.snapshot("BTCUSDT").positions == ()
    assert [held.symbol for held in exchange.positions()] == ["ETHUSDT"]


def order_page(first: int, last: int) -> list[object]:
    return [order_row(orderId=order_id) for order_id in range(first, last + 1)]


def pages_of(count: int) -> Callable[[Call], WireAnswer]:
    """Orders 1 to *count*, a thousand a page, from the id asked for."""

    def answer(call: Call) -> WireAnswer:
        first = int(call.params["orderId"])
        return WireAnswer(200, order_page(first, min(first + 999, count)))

    return answer


def test_history_reads_page_after_page() -> None:
    """2,500 orders come in three pages that overlap by one; none is missing, none is double."""
    script = Script().on("GET", "/fapi/v1/allOrders", pages_of(2_500)).body("GET", "/fapi/v1/userTrades", [])

    history = wire_exchange(script).history("BTCUSDT", Watermark(3, 9))

    assert [int(order.exchange_id) for order in history.orders] == list(range(4, 2_501))
    assert history.watermark == Watermark(2_500, 9)
    asked = [call.params["orderId"] for call in script.calls if "orderId" in call.params]
    assert asked == ["3", "1002", "2001"]


def test_history_starts_at_one() -> None:
    """The watermark zero asks from id 1: Binance takes 0 for no id at all."""
    script = Script().body("GET", "/fapi/v1/allOrders", []).body("GET", "/fapi/v1/userTrades", [trade_row(4)])

    history = wire_exchange(script).history("BTCUSDT", Watermark())

    assert [call.params.get("orderId") or call.params.get("fromId") for call in script.calls] == ["1", "1"]
    assert history.watermark == Watermark(0, 4)


@pytest.mark.parametrize(
    ("second", "problem"), [(order_page(1_002, 1_500), "does not join"), (order_page(1, 1_000), "does not go on")]
)
def test_history_with_a_hole_is_refused(second: list[object], problem: str) -> None:
    """A page that does not begin where the last one ended, or never advances, is no history."""
    script = Script().body("GET", "/fapi/v1/allOrders", order_page(1, 1_000), second)

    with pytest.raises(ExchangeUnavailableError, match=problem):
        wire_exchange(script).history("BTCUSDT", Watermark())


def test_the_newest_watermark_costs_one_row_each() -> None:
    """Without a watermark the newest order and the newest fill are asked for, and nothing is listed."""
    script = (
        Script().body("GET", "/fapi/v1/allOrders", [order_row()]).body("GET", "/fapi/v1/userTrades", [trade_row(8)])
    )

    history = wire_exchange(script).history("BTCUSDT")

    assert (history.orders, history.trades, history.watermark) == ((), (), Watermark(70123456789, 8))
    assert [call.params["limit"] for call in script.calls] == ["1", "1"]


def test_a_stop_that_triggered_is_cancelled_in_the_order_service() -> None:
    """-2011 from the algo service: its child, under the same id, is cancelled where it lives."""
    script = (
        Script()
        .refuse("DELETE", ALGO, -2011)
        .body("DELETE", ORDER, order_row(status="CANCELED"))
        .body("GET", ALGO, algo_row(algoStatus="CANCELED"))
    )

    (outcome,) = wire_exchange(script).cancel([STOP_KEY])

    assert outcome.cancelled
    assert outcome.order is not None
    assert outcome.order.status is OrderStatus.CANCELED
    assert paths(script) == ["DELETE algoOrder", "DELETE order", "GET algoOrder"]


def test_an_order_that_is_gone_is_shown() -> None:
    """Neither service can cancel it: it comes back as it is now, with the exchange's words."""
    script = (
        Script()
        .refuse("DELETE", ALGO, -2011)
        .refuse("DELETE", ORDER, -2011, text="Unknown order sent.")
        .body("GET", ALGO, algo_row(algoStatus="TRIGGERING"))
    )

    (outcome,) = wire_exchange(script).cancel([STOP_KEY])

    assert (outcome.cancelled, outcome.text) == (False, "Unknown order sent.")
    assert outcome.order is not None
    assert outcome.order.status is OrderStatus.TRIGGERING


@pytest.mark.parametrize(
    ("key", "path", "body", "status"),
    [
        (REGULAR_KEY, ORDER, order_row(status="CANCELED"), OrderStatus.CANCELED),
        (STOP_KEY, ALGO, algo_row(algoStatus="CANCELED"), OrderStatus.CANCELED),
        (STOP_KEY, ALGO, {"algoId": 1, "clientAlgoId": STOP_KEY.client_id, "code": "200", "msg": "success"}, None),
    ],
)
def test_a_cancelled_order_is_shown_as_far_as_the_answer_does(
    key: OrderKey, path: str, body: object, status: OrderStatus | None
) -> None:
    """DELETE order shows the order; DELETE algoOrder was seen with and without it."""
    (outcome,) = wire_exchange(Script().body("DELETE", path, body)).cancel([key])

    assert outcome.cancelled
    assert (None if outcome.order is None else outcome.order.status) is status


UNCLEAR: list[object] = [None, {}, [], "success", 200, {"code": 200}, {"status": "CANCELED"}]
UNCLEAR_REGULAR: list[object] = [
    order_row(status="NEW"),
    order_row(status="FILLED"),
    order_row(status="CANCELED", clientOrderId="another"),
    order_row(status="CANCELED", symbol="ETHUSDT"),
    {"orderId": 1, "clientOrderId": REGULAR_KEY.client_id, "code": 200, "msg": "success"},
]
UNCLEAR_ALGO: list[object] = [
    algo_row(),
    algo_row(algoStatus="CANCELED", clientAlgoId="another"),
    {"algoId": 1, "clientAlgoId": "another", "code": "200", "msg": "success"},
    {"algoId": 1, "clientAlgoId": STOP_KEY.client_id, "code": "201", "msg": "accepted"},
    {"algoId": 1, "clientAlgoId": STOP_KEY.client_id, "msg": "success"},
    {"clientAlgoId": STOP_KEY.client_id, "code": "200", "msg": "success"},
    {"algoId": 1, "clientAlgoId": STOP_KEY.client_id, "code": True},
]


@pytest.mark.parametrize(
    ("key", "body"),
    [
        *((REGULAR_KEY, body) for body in (*UNCLEAR, *UNCLEAR_REGULAR)),
        *((STOP_KEY, body) for body in (*UNCLEAR, *UNCLEAR_ALGO)),
    ],
)
def test_a_success_that_does_not_say_so_is_no_cancel(key: OrderKey, body: object) -> None:
    """A 200 of the wrong shape, of another order or of another state leaves the question open: the order is shown."""
    path, row = (ALGO, algo_row()) if key.conditional else (ORDER, order_row(status="NEW", executedQty="0"))
    (outcome,) = wire_exchange(Script().body("DELETE", path, body).body("GET", path, row)).cancel([key])

    assert not outcome.cancelled
    assert "unclear" in outcome.text
    assert outcome.order is not None
    assert outcome.order.status is OrderStatus.NEW


def test_an_unclear_cancel_is_settled_by_what_is_shown() -> None:
    """Shown as cancelled, it is; not shown at all, nobody knows, and the next look at the open orders decides."""
    gone = Script().body("DELETE", ALGO, {}).refuse("GET", ALGO, -2013)
    seen = Script().body("DELETE", ALGO, {}).body("GET", ALGO, algo_row(algoStatus="CANCELED"))

    assert not wire_exchange(gone).cancel([STOP_KEY])[0].cancelled
    assert wire_exchange(seen).cancel([STOP_KEY])[0].cancelled


def test_a_cancel_without_an_answer_is_an_open_question() -> None:
    """It may have worked: OutcomeUnknownError; what was never sent did not."""
    for lost, error in ((AnswerLostError("reset"), OutcomeUnknownError), (NotSentError("x"), ExchangeUnavailableError)):
        with pytest.raises(error):
            wire_exchange(Script().on("DELETE", ALGO, lost)).cancel([STOP_KEY])


def test_cancelling_everything_takes_two_calls() -> None:
    """The conditional orders first, then the regular ones."""
    done = {"code": 200, "msg": "The operation of cancel all open order is done."}
    script = Script().body("DELETE", "/fapi/v1/algoOpenOrders", done).body("DELETE", "/fapi/v1/allOpenOrders", done)

    wire_exchange(script).cancel_everything("BTCUSDT")

    assert paths(script) == ["DELETE algoOpenOrders", "DELETE allOpenOrders"]


@pytest.mark.parametrize("wrong", ["algoOpenOrders", "allOpenOrders"])
@pytest.mark.parametrize("body", [None, [], {}, {"code": 201, "msg": "done"}, {"msg": "done"}])
def test_cancelling_everything_believes_only_a_plain_word(wrong: str, body: object) -> None:
    """A 200 that does not say it is done is an unknown outcome; the other service was asked all the same."""
    done = {"code": 200, "msg": "The operation of cancel all open order is done."}
    script = Script().body("DELETE", "/fapi/v1/algoOpenOrders", done).body("DELETE", "/fapi/v1/allOpenOrders", done)
    script.body("DELETE", f"/fapi/v1/{wrong}", body)

    with pytest.raises(OutcomeUnknownError, match=wrong):
        wire_exchange(script).cancel_everything("BTCUSDT")

    assert paths(script) == ["DELETE algoOpenOrders", "DELETE allOpenOrders"]


@pytest.mark.parametrize("body", [None, [], {}, {"code": 201, "msg": "queued"}, {"leverage": 10}])
def test_a_margin_type_is_set_when_the_exchange_says_so(body: object) -> None:
    """A 200 of the wrong shape leaves open whether it was set; the leverage is not touched then."""
    script = Script().body("POST", "/fapi/v1/marginType", body)

    with pytest.raises(OutcomeUnknownError, match="marginType"):
        wire_exchange(script).configure("BTCUSDT", leverage=5, margin_type=MarginType.ISOLATED)

    assert paths(script) == ["POST marginType"]


def test_already_so_is_success() -> None:
    """-4046 is what Binance says when the margin type is as wished; margin type comes before leverage."""
    script = (
        Script()
        .refuse("POST", "/fapi/v1/marginType", -4046)
        .body("POST", "/fapi/v1/leverage", {"leverage": 5, "symbol": "BTCUSDT", "maxNotionalValue": "1"})
    )

    wire_exchange(script).configure("BTCUSDT", leverage=5, margin_type=MarginType.CROSSED)

    assert paths(script) == ["POST marginType", "POST leverage"]


def test_a_setting_that_did_not_take_is_an_error() -> None:
    """Another leverage echoed, a refusal, or a leverage below 1."""
    echo = {"leverage": 3, "symbol": "BTCUSDT", "maxNotionalValue": "1"}
    exchange = wire_exchange(
        Script().body("POST", "/fapi/v1/leverage", echo).refuse("POST", "/fapi/v1/marginType", -4048)
    )

    with pytest.raises(OrderRejectedError, match="was set to 3"):
        exchange.configure("BTCUSDT", leverage=5)
    with pytest.raises(OrderRejectedError) as caught:
        exchange.configure("BTCUSDT", margin_type=MarginType.ISOLATED)
    with pytest.raises(ValidationError, match="leverage"):
        exchange.configure("BTCUSDT", leverage=0)

    assert (caught.value.refusal, caught.value.code) == (Refusal.LEVERAGE, -4048)


def test_settings_that_are_not_shown_are_not_invented() -> None:
    """SymbolConfig without the symbol is an error."""
    with pytest.raises(ExchangeUnavailableError, match="BTCUSDT"):
        wire_exchange(Script().body("GET", "/fapi/v1/symbolConfig", [])).settings("BTCUSDT")


def price_script(mark_symbol: str = "BTCUSDT") -> Script:
    return (
        Script()
        .body("GET", "/fapi/v1/premiumIndex", {"symbol": mark_symbol, "markPrice": "10.5", "time": NOW_MS - 700})
        .body("GET", "/fapi/v2/ticker/price", {"symbol": "BTCUSDT", "price": "10.4", "time": NOW_MS - 900})
    )


def test_the_reference_is_as_old_as_its_older_half() -> None:
    """Mark 700 ms old, last 900 ms old: 900; a time ahead of ours is no negative age."""
    reference = wire_exchange(price_script()).reference("BTCUSDT")
    ahead = wire_exchange(price_script(), HandClock(NOW_MS - 5_000)).reference("BTCUSDT")

    assert (reference.mark, reference.last) == (Decimal("10.5"), Decimal("10.4"))
    assert (reference.at_ms, reference.age_ms, ahead.age_ms) == (NOW_MS, 900, 0)


def test_prices_of_another_symbol_are_refused() -> None:
    """An answer for another symbol is no price of this one."""
    with pytest.raises(ExchangeUnavailableError, match="another symbol"):
        wire_exchange(price_script("ETHUSDT")).reference("BTCUSDT")


def test_rules_are_read_once_a_day() -> None:
    """24 h are believed; refresh reads at once; an unknown symbol reads anew, but not again within a minute."""
    script, clock = Script().body("GET", INFO, made_exchange_info()), HandClock()
    exchange = wire_exchange(script, clock)

    exchange.instrument("BTCUSDT")
    clock.at_ms += 24 * 3_600_000 - 1
    exchange.instrument("ETHUSDT")
    assert len(script.calls) == 1
    clock.at_ms += 1
    exchange.instrument("BTCUSDT")
    assert len(script.calls) == 2
    exchange.instrument("BTCUSDT", refresh=True)
    assert len(script.calls) == 3
    clock.at_ms += 60_000
    for _ in range(3):
        with pytest.raises(OrderRejectedError) as caught:
            exchange.instrument("NOSUCH")
        assert caught.value.refusal is Refusal.UNKNOWN_SYMBOL
    assert len(script.calls) == 4


def test_a_new_listing_is_found_at_once() -> None:
    """A symbol listed since the rules were read is there at the second look."""
    listed = made_exchange_info(made_symbol(), made_symbol("NEWUSDT"))
    script, clock = Script().body("GET", INFO, made_exchange_info(), listed), HandClock()
    exchange = wire_exchange(script, clock)
    exchange.instrument("BTCUSDT")
    clock.at_ms += 60_000

    assert exchange.instrument("NEWUSDT").symbol == "NEWUSDT"


def test_rules_nobody_can_trade_by_are_refused_by_name() -> None:
    """A tick of 0: SYMBOL_CLOSED, and the other symbols are not concerned."""
    info = made_exchange_info(made_symbol(), made_symbol("BADUSDT", tick="0"))
    exchange = wire_exchange(Script().body("GET", INFO, info))

    with pytest.raises(OrderRejectedError, match="BADUSDT") as caught:
        exchange.instrument("BADUSDT")

    assert caught.value.refusal is Refusal.SYMBOL_CLOSED
    assert exchange.instrument("BTCUSDT").tradeable


def test_the_limits_of_the_account_are_learnt() -> None:
    """The limiters in exchangeInfo replace the standard ones."""
    info = made_exchange_info() | {
        "rateLimits": [{"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 7}]
    }
    exchange = wire_exchange(Script().body("GET", INFO, info))
    before = exchange.capacity().allowances

    exchange.instrument("BTCUSDT")

    assert [one.limit for one in before] == [2400, 300, 1200]
    assert [(one.name, one.limit) for one in exchange.capacity().allowances] == [("orders/1m", 7)]


def test_garbage_for_rules_is_an_error() -> None:
    """An exchangeInfo without symbols cannot be read."""
    with pytest.raises(ExchangeUnavailableError, match="could not be read"):
        wire_exchange(Script().body("GET", INFO, {})).instrument("BTCUSDT")


def test_a_namespace_and_a_cache_time_are_needed() -> None:
    """An empty namespace, or rules never believed, are mistakes of the wiring."""
    with pytest.raises(ValidationError, match="namespace"):
        WireExchange(Script(), HandClock(), namespace="", environment="local", real_time=True)
    with pytest.raises(ConfigurationError, match="cache_hours"):
        WireExchange(Script(), HandClock(), namespace="n", environment="local", real_time=True, cache_hours=0)


def test_the_port_says_what_it_is() -> None:
    """Namespace, environment and whether it moves on its own are as wired."""
    exchange = wire_exchange(Script())

    assert (exchange.namespace, exchange.environment, exchange.real_time) == ("test", "local", True)


def test_open_orders_come_from_both_services() -> None:
    """Conditional orders first, then regular ones, of one symbol or of all."""
    limit_order = order_row(type="LIMIT", status="NEW", executedQty="0", clientOrderId="by-hand")
    script = (
        Script().body("GET", "/fapi/v1/openAlgoOrders", [algo_row()]).body("GET", "/fapi/v1/openOrders", [limit_order])
    )

    orders = wire_exchange(script).open_orders()

    assert [order.client_id for order in orders] == [STOP_KEY.client_id, "by-hand"]
    assert ["symbol" in call.params for call in script.calls] == [False, False]


def test_the_same_order_prepared_again_is_another_request() -> None:
    """Two preparations of one request differ in stamp and digest: each may be sent once."""
    script = Script().body("POST", ORDER, order_row())
    exchange = wire_exchange(script)
    first, second = exchange.prepare(market_request()), exchange.prepare(market_request())

    assert first.digest != second.digest
    assert exchange.send(first) == exchange.send(second)
    with pytest.raises(ConfigurationError, match="sent once"):
        exchange.send(attrs.evolve(first))


def test_stamps_begin_anew_after_the_clock_was_set_back() -> None:
    """A clock that was far ahead does not doom every later stamp; within a second they go on rising."""
    clock = HandClock()
    exchange = wire_exchange(Script(), clock)
    first = exchange.prepare(market_request())
    clock.at_ms -= 999
    second = exchange.prepare(market_request())
    clock.at_ms -= 10_000
    third = exchange.prepare(market_request())

    assert [each.timestamp_ms - NOW_MS for each in (first, second, third)] == [0, 1, -10_999]


def test_an_order_under_way_is_counted_already() -> None:
    """While the answer is awaited the budget holds the order, and afterwards what the answer tells."""
    script = Script()
    exchange = wire_exchange(script)
    during: list[int] = []

    def answer(_: Call) -> WireAnswer:
        during.extend(one.used for one in exchange.capacity().allowances if one.counts_orders)
        return WireAnswer(200, order_row(), {"X-MBX-ORDER-COUNT-10S": "7"})

    script.on("POST", ORDER, answer)
    exchange.send(exchange.prepare(market_request()))

    assert during == [1, 1]
    assert [one.used for one in exchange.capacity().allowances if one.counts_orders] == [7, 1]
