"""The paper exchange: its time, its hand-made market, its feeds, and how it is built."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from surefill.adapters.simulated import Latency, SimulatedExchange
from surefill.adapters.venue import Candle, FillModel, NoSlippage, Quote, VenueSettings
from surefill.domain.errors import ConfigurationError, ValidationError
from surefill.domain.ids import Leg
from surefill.domain.order import OrderStatus
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Side
from tests.exchange_info import START_MS, WALLET, made_exchange_info
from tests.paper import ENTRY, STOP, enter, paper, protect
from tests.wire_script import market_request


def test_a_request_takes_the_time_of_its_way() -> None:
    """Up, then down: the order arrives after the first half, the reply after both."""
    exchange = paper(latency=Latency(up_ms=30, down_ms=50))

    enter(exchange)

    assert exchange.clock.now_ms() == START_MS + 80
    arrived = next(row for row in exchange.ledger.rows if row["kind"] == "request")
    assert arrived["time_ms"] == START_MS + 30


def test_the_default_way_is_not_instant() -> None:
    """Paper is not faster than the wire: 20 ms each way unless told otherwise."""
    exchange = paper()

    exchange.balance()

    assert exchange.clock.now_ms() == exchange.clock.monotonic_ms() == START_MS + 40


@pytest.mark.parametrize(
    "options",
    [{"up_ms": -1}, {"down_ms": 1.5}, {"up_ms": True}, {"up_ms": 3_000, "down_ms": 2_000}, {"timeout_ms": 40}],
)
def test_impossible_ways_are_refused(options: dict[str, int]) -> None:
    """Negative or fractional times, or a patience shorter than the way."""
    with pytest.raises(ValidationError):
        Latency(**options)


def test_sleeping_moves_the_market() -> None:
    """Time passes only when somebody sleeps; a stop that is due fires meanwhile."""
    exchange = paper()
    enter(exchange)
    protect(exchange)
    exchange.tick("BTCUSDT", last="62900")
    before_ms = exchange.clock.now_ms()

    exchange.clock.sleep(0)
    assert exchange.clock.now_ms() == before_ms
    exchange.clock.sleep(0.0001)
    assert exchange.clock.now_ms() == before_ms + 1
    exchange.clock.sleep(0.5)

    assert exchange.clock.now_ms() == before_ms + 501
    assert exchange.find([STOP.key])[STOP.client_id].status is OrderStatus.FILLED


def test_a_hand_made_book_is_traded_against() -> None:
    """A buy takes the ask, a sale the bid; without sizes they are ample."""
    exchange = paper()
    exchange.tick("BTCUSDT", bid="63999.9", ask=64001)

    enter(exchange)
    exchange.send(exchange.prepare(market_request(Leg.EXIT, Side.SELL)))

    fills = [(row["side"], row["price"]) for row in exchange.ledger.rows if row["kind"] == "fill"]
    assert fills == [("BUY", "64001"), ("SELL", "63999.9")]


def test_a_hand_made_size_is_all_there_is() -> None:
    """An ask of 0.004 fills 0.004 of 0.010; the rest expires."""
    exchange = paper()
    exchange.tick("BTCUSDT", bid=63999, bid_quantity=1, ask="64001.0", ask_quantity="0.004")

    reply = enter(exchange)

    assert reply.order is not None
    assert (reply.order.status, reply.order.executed_quantity) == (OrderStatus.EXPIRED, Decimal("0.004"))


def test_a_tick_may_lie_ahead() -> None:
    """A tick at a later time moves the clock there; mark and last may differ."""
    exchange = paper()

    exchange.tick("BTCUSDT", last=64100, mark="64090.5", at_ms=START_MS + 5_000)

    assert exchange.clock.now_ms() == START_MS + 5_000
    reference = exchange.reference("BTCUSDT")
    assert (reference.last, reference.mark) == (Decimal(64100), Decimal("64090.5"))


@pytest.mark.parametrize(
    "tick",
    [
        lambda exchange: exchange.tick("BTCUSDT"),
        lambda exchange: exchange.tick("BTCUSDT", last=64000.5),
        lambda exchange: exchange.tick("BTCUSDT", last="64_000"),
        lambda exchange: exchange.tick("BTCUSDT", last=0),
        lambda exchange: exchange.tick("BTCUSDT", last=1, at_ms=START_MS - 1),
        lambda exchange: exchange.tick("BTCUSDT", bid=2, ask=1),
        lambda exchange: exchange.tick("BTCUSDT", bid=1, bid_quantity=-1),
        lambda exchange: exchange.tick("BTCUSDT", bid_quantity=1),
        lambda exchange: exchange.tick("NOSUCH", last=1),
    ],
)
def test_impossible_ticks_are_refused(tick: Callable[[SimulatedExchange], None]) -> None:
    """Floats, garbage, the past, crossed books, unlisted symbols: a ValidationError, and time stands still."""
    exchange = paper()

    with pytest.raises(ValidationError):
        tick(exchange)

    assert exchange.clock.now_ms() == START_MS


def quote(after_ms: int, last: str) -> Quote:
    return Quote(START_MS + after_ms, "BTCUSDT", last=Decimal(last))


def test_playing_takes_one_step_per_change() -> None:
    """Each quote is a step, each trigger that fires another; the steps tell when the account changed."""
    exchange = paper()
    enter(exchange)
    protect(exchange)

    steps = list(exchange.play([quote(1_000, "63900"), quote(2_000, "62900"), quote(3_000, "62950")]))

    assert [(step.at_ms - START_MS, step.ledger_rows_added > 0) for step in steps] == [
        (1_000, False),
        (2_000, True),
        (2_020, True),
        (3_000, False),
    ]


def test_what_happens_between_steps_is_counted_in_the_next() -> None:
    """Trading between two steps shows in the next step's rows; reading alone does not."""
    exchange = paper()
    added = []
    for index, step in enumerate(exchange.play([quote(1_000 * n, "64000") for n in range(1, 4)])):
        added.append(step.ledger_rows_added > 0)
        if index == 0:
            exchange.balance()
        if index == 1:
            assert enter(exchange).kind is ReplyKind.ACCEPTED

    assert added == [False, False, True]


def test_requests_take_their_time_from_the_feed() -> None:
    """A quote that is due while a request travels is played on the way, not lost and not late."""
    exchange = paper()
    feed = exchange.play([quote(1_000, "64000"), quote(1_010, "65000"), quote(9_000, "64000")])
    next(feed)

    enter(exchange)

    fills = [row["price"] for row in exchange.ledger.rows if row["kind"] == "fill"]
    assert fills == ["65000.2"]
    assert [step.at_ms - START_MS for step in feed] == [9_000]


def test_candles_can_be_played() -> None:
    """A candle whose low passes the stop fills it."""
    exchange = paper()
    enter(exchange)
    protect(exchange)
    d = Decimal
    candle = Candle(START_MS + 60_000, START_MS + 119_999, "BTCUSDT", d(64000), d(64100), d(62000), d(63500), d(1_000))

    list(exchange.play([candle]))

    assert exchange.positions() == ()


def run_once() -> list[str]:
    exchange = paper()
    enter(exchange)
    protect(exchange)
    for _ in exchange.play([quote(1_000 * n, str(64000 - 300 * n)) for n in range(1, 6)]):
        exchange.snapshot("BTCUSDT")
    return list(exchange.ledger.to_jsonl())


def test_equal_runs_leave_equal_ledgers() -> None:
    """Two runs of the same doings give the same bytes."""
    assert run_once() == run_once()


def test_a_filled_id_is_free_again() -> None:
    """The exchange keeps ids apart among open orders only: a repeated entry fills twice, and the newest is found."""
    exchange = paper()

    first, second = enter(exchange), enter(exchange)

    assert (first.kind, second.kind) == (ReplyKind.ACCEPTED, ReplyKind.ACCEPTED)
    assert exchange.positions()[0].amount == 2 * ENTRY.quantity
    assert first.order is not None
    assert second.order is not None
    assert (
        first.order.exchange_id != exchange.find([ENTRY.key])[ENTRY.client_id].exchange_id == second.order.exchange_id
    )


def test_a_file_makes_the_same_exchange(tmp_path: Path) -> None:
    """ExchangeInfo from a file, by path or by text, is the same as its body."""
    file = tmp_path / "exchangeInfo.json"
    file.write_text(json.dumps(made_exchange_info()), encoding="utf-8")

    for source in (file, str(file), made_exchange_info()):
        exchange = SimulatedExchange.from_exchange_info(source, balances=WALLET, start_ms=START_MS)
        assert exchange.instrument("BTCUSDT").tick.increment == Decimal("0.1")
        assert (exchange.namespace, exchange.environment, exchange.real_time) == ("paper", "paper", False)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "could not be read"),
        ("{", "was no JSON"),
        ("[" * 4_000, "was no JSON"),
        ("[]", "must hold a JSON object"),
        ("{}", "symbols"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: str | None, problem: str) -> None:
    """Missing, broken, or something else: a ConfigurationError that says what is wrong."""
    file = tmp_path / "exchangeInfo.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=problem):
        SimulatedExchange.from_exchange_info(file, balances=WALLET, start_ms=START_MS)


def test_an_impossible_account_is_refused() -> None:
    """A negative balance or start makes no exchange."""
    for balances, start_ms in (({"USDT": Decimal(-1)}, START_MS), (WALLET, -1)):
        with pytest.raises(ConfigurationError):
            SimulatedExchange.from_exchange_info(made_exchange_info(), balances=balances, start_ms=start_ms)


def test_the_fill_model_is_settable() -> None:
    """Fees, spread and slippage come from the settings handed in."""
    fill = FillModel(slippage=NoSlippage(), synthetic_half_spread_ticks=0)
    exchange = paper(settings=VenueSettings(taker_fee=Decimal("0.001"), fill=fill))

    enter(exchange)

    row = next(row for row in exchange.ledger.rows if row["kind"] == "fill")
    assert (row["price"], row["fee"]) == ("64000", "0.64")


def test_a_mid_day_change_of_rules_is_refused_then_learnt() -> None:
    """After the exchange widens its step our size is off the grid; refreshed rules know better."""
    exchange = paper()
    exchange.instrument("BTCUSDT")
    step = {"minQty": "0.003", "maxQty": "1000", "stepSize": "0.003"}
    exchange.venue.change_filters("BTCUSDT", [{"filterType": name, **step} for name in ("LOT_SIZE", "MARKET_LOT_SIZE")])

    assert enter(exchange).code == -4023
    assert exchange.instrument("BTCUSDT", refresh=True).floor_quantity(ENTRY.quantity) == Decimal("0.009")
