from decimal import Decimal

from surefill.cli.track import Track
from surefill.wiring import Candle, Quote


def test_quotes_and_candles_are_passed_on_and_taken_in() -> None:
    """A feed comes out as it went in; the last price counts, without one the bid, and a mark alone is no price."""
    one = Decimal(1)
    feed: list[Quote | Candle] = [
        Candle(0, 100, "A", open=Decimal(5), high=Decimal(9), low=Decimal(2), close=Decimal(6), volume=one),
        Quote(3_000_000, "A", last=Decimal(7)),
        Quote(6_000_000, "A", bid=Decimal(4), bid_quantity=one, ask=Decimal(5), ask_quantity=one),
        Quote(9_000_000, "A", mark=Decimal(99)),
    ]
    track = Track(0, 10_000_000)

    assert list(track.watch(feed)) == feed
    assert [(each.at_ms, *map(int, (each.low, each.high, each.last))) for each in track.intervals] == [
        (100, 2, 9, 6),
        (3_000_000, 7, 7, 7),
        (6_000_000, 4, 4, 4),
    ]
