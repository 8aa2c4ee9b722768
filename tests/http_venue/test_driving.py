"""Time and prices of an exchange that real clients talk to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import pytest

from surefill.adapters.clock import SystemClock
from surefill.adapters.http_venue import HandDriver, RealTimeDriver, VenueServer, retimed
from surefill.adapters.simulated.timeline import Timeline
from surefill.adapters.venue import Candle, Quote, Venue, VenueSettings
from surefill.domain.errors import ConfigurationError, ValidationError
from surefill.wiring import demo_exchange_info
from tests.http_venue.client import Client
from tests.wire_script import HandClock

START_MS = 1_795_300_000_000
NEVER_MS = 3_600_000


def made_venue() -> Venue:
    return Venue(demo_exchange_info(), balances={"USDT": Decimal(10_000)}, start_ms=START_MS)


def quote(at_ms: int, last: str = "60000") -> Quote:
    return Quote(at_ms, "AAAUSDT", last=Decimal(last))


def candle(open_ms: int, length_ms: int = 60_000) -> Candle:
    price = Decimal(60_000)
    return Candle(open_ms, open_ms + length_ms - 1, "AAAUSDT", price, price, price, price, Decimal(1))


def test_time_runs_with_the_clock() -> None:
    """Exchange time begins where the exchange stood, and each request finds it as far on as the clock."""
    clock = HandClock(5_000)
    server = VenueServer(made_venue(), keys={"sim-a": "x"}, time=RealTimeDriver(clock, beat_ms=NEVER_MS))
    with server, Client(server) as client:
        assert client.raw("GET", "/fapi/v1/time").body == {"serverTime": START_MS}
        clock.at_ms += 1_234
        assert client.raw("GET", "/fapi/v1/time").body == {"serverTime": START_MS + 1_234}
        clock.at_ms -= 600
        assert client.raw("GET", "/fapi/v1/time").body == {"serverTime": START_MS + 1_234}

    clock.at_ms += 100_000
    server.tick("AAAUSDT", last=60_000)
    assert server.timeline.now_ms == START_MS + 1_234


def test_the_beat_plays_the_feed() -> None:
    """Nobody asks anything, and the market moves all the same."""
    clock, driver = HandClock(), None
    driver = RealTimeDriver(clock, beat_ms=1)
    timeline = Timeline(made_venue())
    played = threading.Event()

    def feed() -> Iterator[Quote]:
        yield quote(START_MS + 10)
        played.set()

    timeline.load(feed())
    driver.start(timeline)
    clock.at_ms += 20
    assert played.wait(10)
    driver.stop()
    driver.stop()

    with timeline:
        assert (timeline.now_ms, timeline.venue.market("AAAUSDT").last > 0) == (START_MS + 20, True)


def test_a_feed_that_fails_is_reported() -> None:
    """The reason is kept, the feed ends, the exchange goes on; by hand and in real time."""

    def broken() -> Iterator[Quote]:
        yield quote(START_MS + 10)
        raise ValueError("line 7 was no number")

    for driver in (RealTimeDriver(HandClock(), beat_ms=NEVER_MS), HandDriver()):
        server = VenueServer(made_venue(), keys={"sim-a": "x"}, time=driver)
        server.load(broken())
        with server:
            assert server.failure is None
            assert driver.travel(server.timeline, 50, lambda _: False)
            clock = getattr(driver, "_clock", HandClock())
            clock.at_ms += 50
            driver.keep_up(server.timeline)
            assert str(server.failure) == "line 7 was no number"
            assert server.timeline.now_ms == START_MS + 50


def test_nothing_of_a_failed_feed_is_played() -> None:
    """After the first mistake the rest of a feed moves nothing: who knows what it is worth."""
    timeline, driver = Timeline(made_venue()), HandDriver()
    timeline.load([quote(START_MS + 10), quote(START_MS + 5), quote(START_MS + 20, "70000")])

    driver.travel(timeline, 50, lambda _: False)

    assert "back in time" in str(driver.failure)
    assert timeline.venue.handle("GET", "/fapi/v1/ticker/price", {"symbol": "AAAUSDT"}).body["price"] == "60000.00"


def test_prices_are_made_by_hand() -> None:
    """What is None stays; a bid and ask without size are ample; what is no price is refused."""
    with VenueServer(made_venue(), keys={"sim-a": "x"}, time=HandDriver()) as server, Client(server) as client:
        server.tick("AAAUSDT", last="60000", bid="59999.9", ask="60000.1", mark="60001")
        book = client.raw("GET", "/fapi/v1/ticker/bookTicker?symbol=AAAUSDT").body
        assert (book["bidPrice"], book["askPrice"]) == ("59999.90", "60000.10")
        server.tick("AAAUSDT", bid="59999.8", bid_quantity="2")
        assert client.raw("GET", "/fapi/v1/ticker/bookTicker?symbol=AAAUSDT").body["bidQty"] == "2.000"
        assert client.raw("GET", "/fapi/v1/premiumIndex?symbol=AAAUSDT").body["markPrice"] == "60001.00000000"
        for symbol, price in (("AAAUSDT", "-1"), ("NOSUCH", "1")):
            with pytest.raises(ValidationError):
                server.tick(symbol, last=price)


def test_recorded_data_is_played_now() -> None:
    """Whenever it was recorded it begins now, at its own pace, gaps included."""
    feed: list[Quote | Candle] = [candle(0), candle(60_000), quote(180_000)]

    assert list(retimed(feed, START_MS)) == [
        candle(START_MS),
        candle(START_MS + 60_000),
        quote(START_MS + 180_000),
    ]


def test_it_may_be_hurried() -> None:
    """Sixty times as fast an hour takes a minute; candles stay in order and do not overlap."""
    feed = [candle(7_000 + hour * 3_600_000, 3_600_000) for hour in range(3)]

    played = list(retimed(iter(feed), START_MS, Decimal(60)))

    assert [(item.open_ms - START_MS, item.close_ms - START_MS) for item in played if isinstance(item, Candle)] == [
        (0, 59_999),
        (60_000, 119_999),
        (120_000, 179_999),
    ]


def test_every_speed_keeps_the_order() -> None:
    """An odd speed rounds times down to milliseconds and still keeps candles apart."""
    feed = [candle(number * 1_000, 1_000) for number in range(100)]

    played = [item for item in retimed(feed, START_MS, Decimal("7.3")) if isinstance(item, Candle)]

    assert all(one.close_ms < other.open_ms for one, other in pairwise(played))


@pytest.mark.parametrize("speed", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity"), 1])
def test_a_speed_is_above_zero(speed: Decimal) -> None:
    """A speed is a finite Decimal above 0."""
    with pytest.raises(ValidationError):
        retimed([], START_MS, speed)


def test_too_fast_is_refused() -> None:
    """A candle of a millisecond has no open and close."""
    with pytest.raises(ValidationError, match="slower"):
        list(retimed([candle(0)], START_MS, Decimal(60_000)))


def test_an_exchange_of_today() -> None:
    """Built from a listing the exchange begins at this machine's time, and recorded data begins with it."""
    server = VenueServer.from_exchange_info(
        demo_exchange_info(),
        keys={"sim-a": "x"},
        balances={"USDT": Decimal(1)},
        settings=VenueSettings(hedge_mode=True),
    )
    machine = SystemClock()
    began_ms = server.timeline.now_ms
    assert 0 <= machine.now_ms() - began_ms < 60_000
    server.replay([quote(5_000), quote(7_000, "61000")], Decimal(2))

    server.timeline.advance_to(began_ms + 1_000)

    answer = server.venue.handle("GET", "/fapi/v1/ticker/price", {"symbol": "AAAUSDT"})
    assert (answer.body["price"], answer.body["time"]) == ("61000.00", began_ms + 1_000)
    assert server.venue.handle("GET", "/fapi/v1/positionSide/dual", {"timestamp": str(began_ms + 1_000)}).body == {
        "dualSidePosition": True
    }


def test_an_impossible_exchange_is_refused() -> None:
    """What is no listing, or no balance, is refused by name."""
    with pytest.raises(ConfigurationError, match="symbols"):
        VenueServer.from_exchange_info({}, keys={"sim-a": "x"}, balances={})
    with pytest.raises(ConfigurationError, match="balance"):
        VenueServer.from_exchange_info(demo_exchange_info(), keys={"sim-a": "x"}, balances={"USDT": Decimal(-1)})


def test_a_clock_of_its_own() -> None:
    """Without a clock a driver takes the machine's."""
    driver, timeline = RealTimeDriver(), Timeline(made_venue())
    driver.start(timeline)
    driver.keep_up(timeline)
    driver.stop()
    assert START_MS <= timeline.now_ms < START_MS + 60_000
