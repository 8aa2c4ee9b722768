"""Time at the exchange: ticks, timers and loaded feeds, in order."""

from decimal import Decimal

import pytest

from surefill.adapters.venue import Candle, Quote, Venue
from tests.venue.desk import BTC, START_MS, Desk, listing


def quotes(*prices: str, every_ms: int = 10) -> list[Quote]:
    return [Quote(START_MS + 10 + index * every_ms, BTC, last=Decimal(price)) for index, price in enumerate(prices)]


def test_time_does_not_run_backwards() -> None:
    """A tick or an advance into the past raises and changes nothing."""
    desk = Desk()
    now_ms = desk.venue.now_ms

    with pytest.raises(ValueError, match="came after the clock"):
        desk.venue.tick(Quote(now_ms - 1, BTC, last=Decimal(1)))
    with pytest.raises(ValueError, match="cannot go back"):
        desk.venue.advance_to(now_ms - 1)
    assert desk.venue.now_ms == now_ms


def test_a_tick_of_an_unlisted_symbol_is_refused() -> None:
    """A quote of a symbol that exchangeInfo does not name raises, before the clock moves."""
    desk = Desk()

    with pytest.raises(ValueError, match="NOPEUSDT is not listed"):
        desk.venue.tick(Quote(desk.venue.now_ms + 5, "NOPEUSDT", last=Decimal(1)))
    assert desk.venue.now_ms == START_MS + 1


def test_stepping_through_a_feed() -> None:
    """Each step does one thing; the last one is followed by False."""
    desk = Desk(last=None)
    desk.venue.load(quotes("60000", "60100"))

    assert desk.venue.next_event_ms() == START_MS + 10
    assert [desk.venue.step(), desk.venue.now_ms - START_MS] == [True, 10]
    assert [desk.venue.step(), desk.venue.now_ms - START_MS] == [True, 20]
    assert desk.venue.step() is False
    assert desk.venue.next_event_ms() is None
    assert desk.ok("GET", "/fapi/v1/ticker/price", symbol=BTC)["price"] == "60100.00"


def test_without_feed_and_timers_nothing_happens() -> None:
    """A venue left alone has no next event, and the clock still advances."""
    desk = Desk(last=None)

    assert desk.venue.step() is False
    desk.wait(1000)
    assert desk.venue.now_ms == START_MS + 1000


def test_timers_are_events() -> None:
    """A child on its way is an event of its own, between the quotes and before one of the same millisecond."""
    desk = Desk(last=None)
    desk.venue.load(quotes("60000", "58000", "58100", "58200"))
    desk.venue.step()
    desk.buy()
    desk.stop()
    seen = []
    while desk.venue.step():
        seen.append((desk.venue.now_ms - START_MS, desk.algo("sl")["algoStatus"]))

    assert seen == [(20, "TRIGGERING"), (30, "TRIGGERING"), (40, "FINISHED"), (40, "FINISHED")]
    assert desk.fills()[-1]["price"] == "58099.8"


def test_advancing_plays_what_is_due() -> None:
    """advance_to does everything up to and including its time, no more."""
    desk = Desk(last=None)
    desk.venue.load(quotes("60000", "60100", "60200"))

    desk.venue.advance_to(START_MS + 20)

    assert desk.venue.now_ms == START_MS + 20
    assert desk.ok("GET", "/fapi/v1/ticker/price", symbol=BTC)["price"] == "60100.00"
    assert desk.venue.next_event_ms() == START_MS + 30


def test_a_tick_by_hand_comes_after_what_is_due() -> None:
    """A tick first plays the feed up to its time."""
    desk = Desk(last=None)
    desk.venue.load(quotes("60000", "60100"))
    desk.venue.tick(Quote(START_MS + 15, BTC, last=Decimal(1000)))

    assert desk.venue.next_event_ms() == START_MS + 20
    assert len(desk.ok("GET", "/fapi/v1/ticker/price")) == 1


def test_loading_replaces_the_feed() -> None:
    """What was left of an earlier feed is dropped."""
    desk = Desk(last=None)
    desk.venue.load(quotes("60000", "60100"))
    desk.venue.step()
    desk.venue.load(quotes("50000", every_ms=1))

    assert desk.venue.step()
    assert desk.ok("GET", "/fapi/v1/ticker/price", symbol=BTC)["price"] == "50000.00"
    assert desk.venue.step() is False


def candle(index: int, open_: str, high: str, low: str, close: str, volume: str = "1000") -> Candle:
    start = START_MS + index * 60_000
    return Candle(
        start, start + 59_999, BTC, Decimal(open_), Decimal(high), Decimal(low), Decimal(close), Decimal(volume)
    )


@pytest.mark.parametrize(("side", "stop", "target"), [("BUY", "59000", "61000"), ("SELL", "61000", "59000")])
def test_when_a_candle_spans_stop_and_target_the_stop_is_first(side: str, stop: str, target: str) -> None:
    """Both directions: the stop fills at its own level, and the target is rejected afterwards."""
    desk = Desk(last=None)
    desk.venue.load([candle(0, "60000", "60000", "60000", "60000"), candle(1, "60000", "62000", "58000", "60500")])
    desk.venue.step()
    desk.buy(side=side)
    exit_side = "SELL" if side == "BUY" else "BUY"
    desk.stop(side=exit_side, triggerPrice=stop)
    desk.target(side=exit_side, triggerPrice=target)
    while desk.venue.step():
        pass

    assert [row["client_order_id"] for row in desk.fills()[1:]] == ["sl"]
    expected = Decimal(stop) + (Decimal("-0.2") if side == "BUY" else Decimal("0.2"))
    assert Decimal(str(desk.fills()[-1]["price"])) == expected
    assert desk.algo("tp")["algoStatus"] == "REJECTED"


def test_mark_triggers_stop_the_path_of_a_candle_too() -> None:
    """Where the mark price follows the last price, a mark trigger within the candle fires at its own level."""
    desk = Desk(last=None)
    desk.venue.load([candle(0, "60000", "60000", "60000", "60000"), candle(1, "60000", "62000", "58000", "60500")])
    desk.venue.step()
    desk.buy()
    desk.stop(workingType="MARK_PRICE")
    desk.stop("nearer", triggerPrice="59500", quantity="0.004")
    while desk.venue.step():
        pass

    assert [row["price"] for row in desk.fills()[1:]] == ["59499.8", "58999.8"]


def test_a_gap_fills_at_the_open() -> None:
    """A candle that opens beyond the stop fills there, worse than the stop."""
    desk = Desk(last=None)
    desk.venue.load([candle(0, "60000", "60000", "60000", "60000"), candle(1, "57000", "57500", "56000", "57000")])
    desk.venue.step()
    desk.buy()
    desk.stop()
    while desk.venue.step():
        pass

    assert desk.fills()[-1]["price"] == "56999.8"


def test_orders_in_one_candle_share_its_volume() -> None:
    """A tenth of the volume is there to take, once."""
    desk = Desk(last=None)
    desk.venue.load([candle(0, "60000", "60100", "59900", "60000", volume="0.1")])
    desk.venue.step()

    assert desk.buy("0.008")["executedQty"] == "0.008"
    desk.venue.step()
    assert desk.buy("0.008")["executedQty"] == "0.002"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_ms": -1}, "start_ms"),
        ({"start_ms": 1.5}, "start_ms"),
        ({"balances": {"USDT": Decimal(-1)}}, "balance"),
        ({"balances": {"USDT": 5}}, "balance"),
        ({"balances": {"USDT": Decimal("NaN")}}, "balance"),
        ({"balances": {"": Decimal(1)}}, "balance"),
        ({"exchange_info": {}}, "symbols"),
        ({"exchange_info": {"symbols": [{}]}}, "symbols"),
        ({"brackets": {BTC: []}}, "at least one row"),
        ({"brackets": {BTC: [{"bracket": 1, "initialLeverage": 0.5}]}}, "parse_float=Decimal"),
    ],
)
def test_a_venue_that_makes_no_sense_is_not_built(arguments: dict[str, object], message: str) -> None:
    """Wrong construction raises a ValueError that names what was wrong."""
    sensible: dict[str, object] = {"exchange_info": listing(), "balances": {}, "start_ms": 0, **arguments}
    info = sensible.pop("exchange_info")

    with pytest.raises(ValueError, match=message):
        Venue(info, **sensible)  # type: ignore[arg-type]  # wrong types are the point
