"""The player on the real exchange: where stops and targets of a candle feed are filled."""

from decimal import Decimal
from typing import NoReturn

from surefill.adapters.venue import Candle, FillModel, Quote, Venue, VenueSettings
from surefill.adapters.venue.fill_model import NoSlippage
from tests.venue.desk import BTC, START_MS, Desk

INTERVAL_MS = 3_600_000
EXACT_FILLS = VenueSettings(fill=FillModel(slippage=NoSlippage(), synthetic_half_spread_ticks=0))


def candle(index: int, opened: int, high: int, low: int, close: int, volume: str = "1000") -> Candle:
    open_ms = START_MS + 1_000 + index * INTERVAL_MS
    numbers = (Decimal(number) for number in (opened, high, low, close, volume))
    return Candle(open_ms, open_ms + INTERVAL_MS - 1, BTC, *numbers)


def desk_on(*candles: Candle, settings: VenueSettings = EXACT_FILLS) -> Desk:
    desk = Desk(settings=settings, last=None)
    desk.venue.load(candles)
    assert desk.venue.step()
    return desk


def run(venue: Venue) -> None:
    while venue.step():
        pass


def fills_after(desk: Desk, known: int) -> list[tuple[object, object]]:
    run(desk.venue)
    return [(row["client_order_id"], row["price"]) for row in desk.fills()[known:]]


def test_a_candle_that_spans_both_hits_the_stop() -> None:
    """Stop and target of a long position in one candle: the stop is filled, at its price, and the target is not."""
    desk = desk_on(candle(0, 60_000, 62_000, 58_000, 60_000))
    desk.buy()
    desk.stop("sl", triggerPrice="59000")
    desk.target("tp", triggerPrice="61000")

    assert fills_after(desk, 1) == [("sl", "59000")]
    assert desk.amount() == 0


def test_a_candle_that_spans_both_hits_the_stop_of_a_short() -> None:
    """The mirror image: a short position's stop above the price comes before its target below."""
    desk = desk_on(candle(0, 60_000, 62_000, 58_000, 60_000))
    desk.sell()
    desk.stop("sl", triggerPrice="61000", side="BUY")
    desk.target("tp", triggerPrice="59000", side="BUY")

    assert fills_after(desk, 1) == [("sl", "61000")]


def test_a_target_alone_in_the_candle_is_hit() -> None:
    """A candle that reaches the target but not the stop ends at the target."""
    desk = desk_on(candle(0, 60_000, 62_000, 59_500, 60_000))
    desk.buy()
    desk.stop("sl", triggerPrice="59000")
    desk.target("tp", triggerPrice="61000")

    assert fills_after(desk, 1) == [("tp", "61000")]


def test_a_gap_fills_the_stop_at_the_open() -> None:
    """A stop that lies between a close and the next open is filled at that open, not at its own price."""
    desk = desk_on(candle(0, 60_000, 60_500, 59_500, 60_000), candle(1, 55_000, 56_000, 54_000, 55_500))
    desk.buy()
    desk.stop("sl", triggerPrice="59000")

    assert fills_after(desk, 1) == [("sl", "55000")]


def test_triggers_on_the_mark_price_stop_the_path_too() -> None:
    """Candles bring no mark price, so mark follows last, and a stop on it is filled at its price as well."""
    desk = desk_on(candle(0, 60_000, 62_000, 58_000, 60_000))
    desk.buy()
    desk.stop("sl", triggerPrice="59000", workingType="MARK_PRICE")

    assert fills_after(desk, 1) == [("sl", "59000")]


def test_orders_of_one_candle_share_its_size() -> None:
    """A candle of volume 1 lets 0.1 be taken from each side in all; the next candle shows its size anew."""
    desk = desk_on(candle(0, 60_000, 60_001, 59_999, 60_000, volume="1"), candle(1, 60_000, 60_001, 59_999, 60_000))
    first, second = desk.buy("0.070"), desk.buy("0.070")
    desk.venue.advance_to(START_MS + INTERVAL_MS - 1)
    third = desk.buy("0.070")
    desk.venue.advance_to(START_MS + 1_000 + INTERVAL_MS)
    fourth = desk.buy("0.070")

    assert [order["executedQty"] for order in (first, second, third, fourth)] == ["0.070", "0.030", "0.000", "0.070"]
    assert [order["status"] for order in (first, second, third, fourth)] == ["FILLED", "EXPIRED", "EXPIRED", "FILLED"]


def test_a_candle_without_volume_fills_nothing() -> None:
    """Where nobody traded, nobody takes the other side: the order expires."""
    desk = desk_on(candle(0, 60_000, 60_000, 60_000, 60_000, volume="0"))

    assert desk.buy()["status"] == "EXPIRED"


def test_equal_feeds_give_equal_ledgers() -> None:
    """The path through the candles is decided by the market alone: two runs write the same bytes."""
    ledgers = []
    for _ in range(2):
        desk = desk_on(*(candle(n, 60_000, 60_000 + 700 * n, 60_000 - 600 * n, 60_000) for n in range(4)))
        desk.buy()
        desk.stop("sl", triggerPrice="59000")
        desk.target("tp", triggerPrice="61000")
        run(desk.venue)
        ledgers.append(list(desk.venue.ledger.to_jsonl()))

    assert ledgers[0] == ledgers[1]


class Untouchable(list[tuple[int, int, int]]):
    """A heap that may not be looked at."""

    def _refuse(self, *_: object) -> NoReturn:
        raise AssertionError("an idle tick looked at the resting orders")

    __getitem__ = __iter__ = __len__ = pop = _refuse


def test_an_idle_tick_looks_at_no_resting_order() -> None:
    """Whole ticks between the nearest triggers, last and mark alike, leave the resting orders of both kinds alone."""
    desk = Desk(settings=VenueSettings(enforce_limits=False))
    for number in range(20):
        working_type = "MARK_PRICE" if number % 2 else "CONTRACT_PRICE"
        desk.stop(f"down-{number}", triggerPrice=str(59_000 - number), workingType=working_type)
        desk.stop(f"up-{number}", triggerPrice=str(61_000 + number), side="BUY", workingType=working_type)
    market = desk.venue.market(BTC)
    for triggers in (market.contract_triggers, market.mark_triggers):
        assert len(triggers) == 20
        triggers._rising, triggers._falling = Untouchable(), Untouchable()

    rows = len(desk.venue.ledger.rows)
    for price in range(59_001, 60_999, 37):
        desk.venue.tick(Quote(desk.venue.now_ms + 1, BTC, last=Decimal(price), mark=Decimal(price)))

    assert len(desk.venue.ledger.rows) == rows
