"""Faults strike where and when they are told to, do what their names say, and leave a record."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.simulated import Fault, FaultKind, FaultPlan, Latency, fault_named
from surefill.adapters.simulated.fault import Conditions, leg_letter
from surefill.adapters.venue import Quote
from surefill.adapters.wire import calls
from surefill.adapters.wire.call import Call
from surefill.adapters.wire.parameters import order_call
from surefill.domain.errors import ExchangeUnavailableError, OutcomeUnknownError, RateLimitedError, ValidationError
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.domain.snapshot import Watermark
from tests.exchange_info import START_MS
from tests.paper import ENTRY, STOP, enter, paper, protect
from tests.wire_script import market_request

SEND_ENTRY, SEND_STOP = order_call(ENTRY), order_call(STOP)
READ_ENTRY, READ_STOP = calls.order_of(ENTRY.key), calls.order_of(STOP.key)
LIST = calls.open_algo_orders("BTCUSDT")


@pytest.mark.parametrize(
    ("conditions", "struck"),
    [
        ({}, [SEND_ENTRY, SEND_STOP]),
        ({"leg": "E"}, [SEND_ENTRY]),
        ({"leg": "S"}, [SEND_STOP]),
        ({"leg": "X"}, []),
        ({"symbol": "BTCUSDT"}, [SEND_ENTRY, SEND_STOP]),
        ({"symbol": "ETHUSDT"}, []),
        ({"method": "GET"}, [READ_ENTRY, READ_STOP, LIST]),
        ({"method": "GET", "leg": "S"}, [READ_STOP]),
        ({"method": "GET", "symbol": "BTCUSDT"}, [READ_ENTRY, LIST]),
        ({"path": "algoOrder"}, [SEND_STOP, READ_STOP]),
        ({"path": "/fapi/v1/order"}, [SEND_ENTRY, READ_ENTRY]),
        ({"path": "openAlgoOrders"}, [LIST]),
        ({"method": "POST", "path": "openAlgoOrders"}, []),
        ({"path": "Order"}, []),
    ],
)
def test_where_a_fault_strikes(conditions: Conditions, struck: list[Call]) -> None:
    """Method, path, leg and symbol choose among requests; with neither method nor path only sent orders are meant."""
    fault = Fault.reply_lost(**conditions)

    assert [call for call in (SEND_ENTRY, SEND_STOP, READ_ENTRY, READ_STOP, LIST) if fault.concerns(call)] == struck


def test_a_setting_is_not_a_sent_order() -> None:
    """POST leverage is no order: a fault without method and path lets it pass."""
    assert not Fault.reply_lost().concerns(calls.set_leverage("BTCUSDT", 5))


def test_a_lag_concerns_every_read() -> None:
    """Visibility needs no method: it is about what is read."""
    lag = Fault.visibility_lag(100)

    assert [lag.concerns(call) for call in (SEND_ENTRY, READ_ENTRY, LIST)] == [False, True, True]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"nth": 2}, [2]),
        ({"from_ms": START_MS + 3}, [3, 4, 5]),
        ({"until_ms": START_MS + 3}, [1, 2]),
        ({"from_ms": START_MS + 2, "until_ms": START_MS + 4}, [2, 3]),
        ({"from_ms": START_MS + 2, "nth": 2}, [3]),
        ({}, [1, 2, 3, 4, 5]),
        ({"probability": 0}, []),
        ({"probability": 1}, [1, 2, 3, 4, 5]),
    ],
)
def test_when_a_fault_strikes(conditions: Conditions, expected: list[int]) -> None:
    """The nth match, a window of exchange time (start included, end not), a probability."""
    plan = FaultPlan(Fault.request_lost(**conditions))

    assert [n for n in range(1, 6) if plan.strike(SEND_ENTRY, START_MS + n)] == expected


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_equal_seeds_strike_equally(seed: int, probability: float) -> None:
    """The same plan over the same requests strikes in the same places."""
    first, second = (FaultPlan(Fault.reply_lost(probability=probability), seed=seed) for _ in range(2))

    for n in range(20):
        assert first.strike(SEND_ENTRY, n) == second.strike(SEND_ENTRY, n)


def test_a_plan_off_neither_strikes_nor_counts() -> None:
    """Switched off the plan is not there; switched on it goes on counting where it was; cleared it is empty."""
    plan = FaultPlan(Fault.reply_lost(nth=2))
    assert (plan.enabled, plan.strike(SEND_ENTRY, 1)) == (True, ())
    plan.off()
    assert (plan.enabled, plan.strike(SEND_ENTRY, 2)) == (False, ())
    plan.on()
    assert [fault.kind for fault in plan.strike(SEND_ENTRY, 3)] == [FaultKind.REPLY_LOST]
    plan.add(Fault.unreachable())
    assert [fault.kind for fault in plan.strike(SEND_ENTRY, 4)] == [FaultKind.UNREACHABLE]
    plan.clear()
    assert plan.strike(SEND_ENTRY, 5) == ()
    assert [(one.at_ms, one.kind, one.method, one.path, one.client_id) for one in plan.log] == [
        (3, FaultKind.REPLY_LOST, "POST", "/fapi/v1/order", ENTRY.client_id),
        (4, FaultKind.UNREACHABLE, "POST", "/fapi/v1/order", ENTRY.client_id),
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fault.reply_lost(nth=0),
        lambda: Fault.reply_lost(probability=1.5),
        lambda: Fault.reply_lost(leg="Z"),
        lambda: Fault.reply_lost(method="PATCH"),
        lambda: Fault.reply_lost(wen=1),  # type: ignore[call-arg]  # a misspelt condition, as a configuration may have
        lambda: Fault.latency(-1),
        lambda: Fault("reply_lost", {}),  # type: ignore[arg-type]  # a name where the kind belongs
        lambda: FaultPlan("reply_lost"),  # type: ignore[arg-type]  # likewise
        lambda: fault_named("reply_last"),
        lambda: fault_named("latency"),
        lambda: fault_named("reply_lost", nth="one"),
        lambda: fault_named("reply_lost", wen=1),
    ],
)
def test_what_no_fault_is_called_is_refused(make: Callable[[], object]) -> None:
    """Unknown names, legs, methods and conditions are refused at once: a fault that never strikes proves nothing."""
    with pytest.raises(ValidationError):
        make()


def test_faults_can_be_named() -> None:
    """Every kind has a name for configurations, with the same options."""
    assert fault_named("reply_lost", leg="E", nth=1) == Fault.reply_lost(leg="E", nth=1)
    assert fault_named("refused", code=-2019) == Fault.refused(-2019)
    assert fault_named("visibility_lag", lag_ms=5) == Fault.visibility_lag(5)
    for kind in FaultKind:
        try:
            assert fault_named(kind.value).kind is kind
        except ValidationError as error:
            assert "missing" in str(error)  # noqa: PT017  # an option is needed; the name was known


def test_legs_are_read_off_our_ids_only() -> None:
    """The letter after the stem, in whatever namespace; other people's ids have none."""
    assert [leg_letter(market_request(leg).client_id) for leg in (Leg.ENTRY, Leg.EXIT)] == ["E", "X"]
    assert [leg_letter(text) for text in ("", "web_abc", "sf-short")] == [None, None, None]


def test_a_lost_reply_was_executed() -> None:
    """UNKNOWN after our patience is over, while the exchange has filled it: found afterwards."""
    exchange = paper(FaultPlan(Fault.reply_lost(leg="E", nth=1)), Latency(timeout_ms=700))
    sent_ms = exchange.clock.now_ms()

    reply = enter(exchange)

    assert reply.kind is ReplyKind.UNKNOWN
    assert exchange.clock.now_ms() == sent_ms + 700
    assert exchange.find([ENTRY.key])[ENTRY.client_id].status is OrderStatus.FILLED


def test_a_lost_request_was_not() -> None:
    """The same to whoever sent it, but nothing ever arrived."""
    exchange = paper(FaultPlan(Fault.request_lost(leg="E")))

    assert enter(exchange).kind is ReplyKind.UNKNOWN
    assert exchange.find([ENTRY.key]) == {}
    assert all(row["path"] != "/fapi/v1/order" or row["method"] != "POST" for row in requests(exchange.ledger.rows))


def requests(rows: object) -> list[dict[str, object]]:
    return [row for row in rows if row["kind"] == "request"]  # type: ignore[attr-defined]  # rows of the ledger


def test_an_unreachable_exchange_is_known_at_once() -> None:
    """NOT_SENT, no time lost; a read is unavailable."""
    exchange = paper(FaultPlan(Fault.unreachable(), Fault.unreachable(method="GET", path="balance")))
    sent_ms = exchange.clock.now_ms()

    assert enter(exchange).kind is ReplyKind.NOT_SENT
    assert exchange.clock.now_ms() == sent_ms
    with pytest.raises(ExchangeUnavailableError):
        exchange.balance()


@pytest.mark.parametrize(
    ("fault", "kind", "refusal"),
    [
        (Fault.refused(-2019, "Margin is insufficient."), ReplyKind.REJECTED, Refusal.MARGIN),
        (Fault.refused(-1008, status=503), ReplyKind.RETRYABLE, Refusal.OVERLOADED),
        (Fault.refused(-1000, "Service Unavailable.", 503), ReplyKind.RETRYABLE, Refusal.OVERLOADED),
        (Fault.unclear(executed=False), ReplyKind.UNKNOWN, None),
        (Fault.unclear(executed=False, code=-1007, status=408), ReplyKind.UNKNOWN, None),
    ],
)
def test_a_refusal_keeps_the_order_out(fault: Fault, kind: ReplyKind, refusal: Refusal | None) -> None:
    """The answer is the fault's, and the exchange never saw the order."""
    exchange = paper(FaultPlan(fault))

    reply = enter(exchange)

    assert (reply.kind, reply.refusal) == (kind, refusal)
    assert exchange.positions() == ()


def test_an_unclear_answer_may_hide_a_fill() -> None:
    """503 "Unknown error" although the order was executed."""
    exchange = paper(FaultPlan(Fault.unclear(executed=True)))

    assert enter(exchange).kind is ReplyKind.UNKNOWN
    assert len(exchange.positions()) == 1


def test_a_ban_is_felt_by_everything() -> None:
    """After one 418 no request goes out until its end."""
    exchange = paper(FaultPlan(Fault.refused(-1003, "Way too many requests", 418, nth=1)))
    enter(exchange)
    seen = len(exchange.ledger.rows)

    with pytest.raises(RateLimitedError):
        exchange.balance()
    assert len(exchange.ledger.rows) == seen
    exchange.clock.sleep(120)
    assert len(exchange.balance()) == 1


def test_a_delay_within_the_window_only_takes_time() -> None:
    """Later than usual, but within window and patience: accepted."""
    exchange = paper(FaultPlan(Fault.latency(2_000)))
    sent_ms = exchange.clock.now_ms()

    assert enter(exchange).kind is ReplyKind.ACCEPTED
    assert exchange.clock.now_ms() == sent_ms + 2_040


def test_a_delay_beyond_the_window_is_refused_by_the_exchange() -> None:
    """The timestamp is too old on arrival: -1021, nothing executed."""
    exchange = paper(FaultPlan(Fault.latency(3_500)))

    reply = enter(exchange)

    assert (reply.kind, reply.refusal, reply.code) == (ReplyKind.RETRYABLE, Refusal.CLOCK, -1021)
    assert exchange.positions() == ()


@pytest.mark.parametrize(("delay_ms", "positions"), [(2_000, 1), (4_000, 0)])
def test_a_delay_beyond_our_patience_arrives_all_the_same(delay_ms: int, positions: int) -> None:
    """We give up first; the order arrives later and is executed if its window is still open then."""
    exchange = paper(FaultPlan(Fault.latency(delay_ms)), Latency(timeout_ms=1_000))

    assert enter(exchange).kind is ReplyKind.UNKNOWN
    assert exchange.positions() == ()
    exchange.clock.sleep(delay_ms / 1000)
    assert len(exchange.positions()) == positions


def test_a_late_order_arrives_between_two_steps_of_a_feed() -> None:
    """Playing a feed delivers what is under way, in time order, as a step of its own."""
    exchange = paper(FaultPlan(Fault.latency(2_000)), Latency(timeout_ms=1_000))
    enter(exchange)

    steps = list(exchange.play([]))

    assert [(step.at_ms - START_MS, step.ledger_rows_added > 0) for step in steps] == [(2_020, True)]
    assert len(exchange.positions()) == 1


def test_a_late_order_arrives_after_the_quote_of_its_millisecond() -> None:
    """Market data of the same moment comes first: the late order trades at the new price."""
    exchange = paper(FaultPlan(Fault.latency(2_000)), Latency(timeout_ms=1_000))
    enter(exchange)

    steps = list(exchange.play([Quote(START_MS + 2_020, "BTCUSDT", last=Decimal(65_000))]))

    assert [step.at_ms - START_MS for step in steps] == [2_020, 2_020]
    assert [row["price"] for row in exchange.ledger.rows if row["kind"] == "fill"] == ["65000.2"]


def test_a_plan_can_be_had_from_its_exchange() -> None:
    """The exchange hands out its plan, to be added to; without one it has an empty one."""
    exchange = paper()

    exchange.faults.add(Fault.refused(-2019))

    assert enter(exchange).code == -2019


def test_a_lost_answer_to_a_read_or_a_cancel() -> None:
    """A read is unavailable; of a cancel nobody knows, and it was done."""
    plan = FaultPlan(Fault.reply_lost(method="DELETE"), Fault.reply_lost(method="GET", path="openOrders"))
    exchange = paper(plan)
    enter(exchange)
    protect(exchange)

    with pytest.raises(OutcomeUnknownError):
        exchange.cancel([STOP.key])
    with pytest.raises(ExchangeUnavailableError):
        exchange.open_orders("BTCUSDT")
    plan.off()
    assert exchange.open_orders("BTCUSDT") == ()


def test_young_orders_are_not_seen_yet() -> None:
    """Both services, singly and in lists, hide what is younger than the lag, and show it later."""
    exchange = paper(FaultPlan(Fault.visibility_lag(1_000)))
    enter(exchange)
    protect(exchange)

    assert exchange.find([ENTRY.key, STOP.key]) == {}
    assert exchange.open_orders("BTCUSDT") == ()
    assert exchange.history("BTCUSDT", Watermark()).orders == ()
    assert len(exchange.history("BTCUSDT", Watermark()).trades) == len(exchange.positions()) == 1
    exchange.clock.sleep(1)
    assert set(exchange.find([ENTRY.key, STOP.key])) == {ENTRY.client_id, STOP.client_id}
    assert len(exchange.open_orders("BTCUSDT")) == 1
    assert len(exchange.history("BTCUSDT", Watermark()).orders) == 1


@pytest.mark.parametrize(("lag_ms", "shown"), [(60, 1), (61, 0)])
def test_the_lag_is_an_exact_age(lag_ms: int, shown: int) -> None:
    """An order is shown from the very millisecond on in which it is as old as the lag."""
    exchange = paper(FaultPlan(Fault.visibility_lag(lag_ms)), Latency(up_ms=20, down_ms=20))
    enter(exchange)
    exchange.clock.sleep(0.02)

    assert len(exchange.find([ENTRY.key])) == shown


def test_fills_and_positions_may_lag_too() -> None:
    """With trades and positions lagging, a fill shows nowhere at first; a closed position still stands for a while."""
    exchange = paper(FaultPlan(Fault.visibility_lag(1_000, trades=True, positions=True)))
    enter(exchange)

    assert (exchange.history("BTCUSDT", Watermark()).trades, exchange.positions()) == ((), ())
    exchange.clock.sleep(1)
    (held,) = exchange.positions()
    assert held.amount == ENTRY.quantity
    exchange.send(exchange.prepare(market_request(Leg.EXIT, ENTRY.side.opposite)))
    assert [one.amount for one in exchange.snapshot("BTCUSDT").positions] == [ENTRY.quantity]
    assert exchange.snapshot("ETHUSDT").positions == ()
    exchange.clock.sleep(1)
    assert exchange.positions() == ()


def test_a_lag_changes_neither_refusals_nor_other_reads() -> None:
    """What the exchange does not know stays unknown; balances and prices are not about orders."""
    exchange = paper(FaultPlan(Fault.visibility_lag(1_000)))

    assert exchange.find([ENTRY.key]) == {}
    assert exchange.balance()[0].asset == "USDT"


def test_several_faults_strike_together() -> None:
    """A delayed order whose reply is lost as well: it arrives late, and we wait our whole patience."""
    exchange = paper(FaultPlan(Fault.latency(500), Fault.reply_lost()), Latency(timeout_ms=2_000))
    sent_ms = exchange.clock.now_ms()

    assert enter(exchange).kind is ReplyKind.UNKNOWN
    assert exchange.clock.now_ms() == sent_ms + 2_000
    assert len(exchange.positions()) == 1


def test_of_two_sent_together_the_faster_arrives_first() -> None:
    """Both leave at once; a delay of the first lets the second overtake it, and the replies keep their places."""
    exchange = paper(FaultPlan(Fault.latency(300, leg="E")))

    entry, stop = exchange.send_together([exchange.prepare(ENTRY), exchange.prepare(STOP)])

    assert (entry.kind, stop.kind) == (ReplyKind.ACCEPTED, ReplyKind.ACCEPTED)
    sent = [row["path"] for row in requests(exchange.ledger.rows)]
    assert sent == ["/fapi/v1/algoOrder", "/fapi/v1/order"]


def test_a_request_waits_no_longer_than_it_may() -> None:
    """A request that may take 300 ms is given up after that, although others wait longer; a longer wait is cut too."""
    exchange = paper(FaultPlan(Fault.request_lost(method="GET", path="balance")), Latency(timeout_ms=1_000))
    for patience_ms, waits_ms in ((300, 300), (None, 1_000), (2_000, 1_000)):
        began = exchange.clock.now_ms()
        with exchange.attended(lambda: patience_ms), pytest.raises(ExchangeUnavailableError):  # noqa: B023 - called in this round
            exchange.balance()
        assert exchange.clock.now_ms() - began == waits_ms
