"""What an idle tick costs with 10, 1,000 and 100,000 resting conditional orders on the simulated exchange.

    python bench/triggers.py [--json] [--rounds 7] [--ticks 100000]

The orders are placed through the exchange's own door, then two paths are timed in turns, so that a slow moment of the
machine falls on all sizes alike: the trigger path (the last price moves, nothing fires) and a whole tick (a quote with
book, mark price and clock). What counts is processor time, in the least disturbed round: by the wall clock a busy
machine that takes the processor away in a round of milliseconds would be measured instead. Exit status 1 when the
trigger path takes more than 2 µs, or when the sizes differ by more than a factor of 2 on either path.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import attrs

from surefill.adapters.venue.quotes import Quote
from surefill.adapters.venue.settings import VenueSettings
from surefill.adapters.venue.venue import Venue

SIZES = (10, 1_000, 100_000)
TRIGGER_PATH = "trigger path"
WHOLE_TICK = "whole tick"
MICROSECONDS_MAX = 2.0
RATIO_MAX = 2.0

SYMBOL = "BTCUSDT"
START_MS = 1_735_689_600_000
MIDDLE_TICKS = 600_000
IDLE_TICKS = 1_000
TICK = Decimal("0.10")

EXCHANGE_INFO: dict[str, Any] = {
    "timezone": "UTC",
    "serverTime": START_MS,
    "rateLimits": [],
    "assets": [{"asset": "USDT", "marginAvailable": True}],
    "symbols": [
        {
            "symbol": SYMBOL,
            "pair": SYMBOL,
            "contractType": "PERPETUAL",
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "pricePrecision": 2,
            "quantityPrecision": 3,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "triggerProtect": "0.0500",
            "liquidationFee": "0.012500",
            "marketTakeBound": "0.05",
            "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
            "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "4529764", "tickSize": "0.10"},
                {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
                {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
                {"filterType": "MAX_NUM_ORDERS", "limit": 200},
                {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 200},
                {"filterType": "MIN_NOTIONAL", "notional": "5"},
                {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDown": "0.95"},
            ],
        }
    ],
}  # fmt: skip


@attrs.frozen
class Measurement:
    """The cost of one path with *resting* orders, in microseconds a tick, in the least disturbed round."""

    path: str
    resting: int
    microseconds: float

    @property
    def ticks_per_second(self) -> float:
        """Return the same as a rate."""
        return 1_000_000 / self.microseconds


def exchange_with(resting: int, random: Random) -> Venue:
    """Return an exchange on which *resting* stops wait on both sides of the price, none within the idle band."""
    settings = VenueSettings(enforce_limits=False, open_algo_orders_max=resting)
    venue = Venue(EXCHANGE_INFO, balances={"USDT": Decimal(1_000_000)}, start_ms=START_MS, settings=settings)
    venue.tick(Quote(START_MS, SYMBOL, last=MIDDLE_TICKS * TICK))
    for number in range(resting):
        away = random.randrange(IDLE_TICKS + 1, MIDDLE_TICKS // 4)
        price = MIDDLE_TICKS + away if number % 2 else MIDDLE_TICKS - away
        answer = venue.handle("POST", "/fapi/v1/algoOrder", {
            "algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "BUY" if number % 2 else "SELL", "type": "STOP_MARKET",
            "quantity": "0.010", "triggerPrice": str(price * TICK), "clientAlgoId": f"bench-{number}",
            "timestamp": str(START_MS),
        })  # fmt: skip
        if answer.status != 200:
            raise SystemExit(f"order {number} was refused: {answer.body}")
    return venue


def microseconds_a_call(call: Callable[[Any], None], arguments: Sequence[Any]) -> float:
    """Return what one call takes, the loop included; the collector rests, as it would hit the sizes unevenly."""
    gc.collect()
    gc.disable()
    started = time.thread_time_ns()
    for argument in arguments:
        call(argument)
    passed = time.thread_time_ns() - started
    gc.enable()
    return passed / 1_000 / len(arguments)


def measure(rounds: int, ticks: int) -> list[Measurement]:
    """Time both paths at all sizes, in interleaved rounds."""
    random = Random(1)
    band = [MIDDLE_TICKS + random.randrange(-IDLE_TICKS, IDLE_TICKS + 1) for _ in range(ticks)]
    quotes = [Quote(START_MS, SYMBOL, last=price * TICK) for price in band[: max(1, ticks // 10)]]
    venues = {resting: exchange_with(resting, random) for resting in SIZES}
    rows = {resting: len(venue.ledger.rows) for resting, venue in venues.items()}
    paths: list[tuple[str, int, Callable[[Any], None], Sequence[Any]]] = []
    for resting, venue in venues.items():
        market = venue.market(SYMBOL)
        units_a_tick = market.last // MIDDLE_TICKS
        paths.append((TRIGGER_PATH, resting, market.trigger_tick, [price * units_a_tick for price in band]))
    paths.extend((WHOLE_TICK, resting, venue.tick, quotes) for resting, venue in venues.items())
    best = [float("inf")] * len(paths)
    for _ in range(rounds):
        for place, (_, _, call, arguments) in enumerate(paths):
            best[place] = min(best[place], microseconds_a_call(call, arguments))
    if any(len(venue.ledger.rows) != rows[resting] for resting, venue in venues.items()):
        raise SystemExit("an order fired: these were not idle ticks")
    return [Measurement(path, resting, cost) for (path, resting, _, _), cost in zip(paths, best, strict=True)]


def faults(measurements: Sequence[Measurement]) -> list[str]:
    """Return what lies outside the limits, in words."""
    found = [
        f"{one.path} with {one.resting:,} resting takes {one.microseconds:.2f} µs, above {MICROSECONDS_MAX}"
        for one in measurements
        if one.path == TRIGGER_PATH and one.microseconds > MICROSECONDS_MAX
    ]
    for path in (TRIGGER_PATH, WHOLE_TICK):
        costs = [one.microseconds for one in measurements if one.path == path]
        if max(costs) > RATIO_MAX * min(costs):
            found.append(f"{path}: the sizes differ by a factor of {max(costs) / min(costs):.2f}, above {RATIO_MAX}")
    return found


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description="What an idle tick costs with many resting conditional orders.")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=7, help="rounds per size; the best counts (default %(default)s)")
    parser.add_argument(
        "--ticks", type=int, default=100_000, help="ticks a round on the trigger path (default %(default)s)"
    )
    options = parser.parse_args()
    if options.rounds < 1 or options.ticks < 1:
        parser.error("--rounds and --ticks must be at least 1")
    measurements = measure(options.rounds, options.ticks)
    wrong = faults(measurements)
    base = {one.path: one.microseconds for one in measurements if one.resting == SIZES[0]}
    table = [
        {"path": one.path, "resting": one.resting, "ticks_per_second": round(one.ticks_per_second),
         "microseconds": round(one.microseconds, 3), "ratio": round(one.microseconds / base[one.path], 2)}
        for one in measurements
    ]  # fmt: skip
    if options.json:
        print(json.dumps({"measurements": table, "faults": wrong}))
    else:
        print(f"{'path':<14}{'resting':>10}{'ticks/s':>14}{'µs/tick':>10}{'ratio':>8}")
        for row in table:
            print(
                f"{row['path']:<14}{row['resting']:>10,}{row['ticks_per_second']:>14,}"
                f"{row['microseconds']:>10.3f}{row['ratio']:>8.2f}"
            )
        print("\n".join(wrong) or f"within limits: {MICROSECONDS_MAX} µs a tick, a factor of {RATIO_MAX}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
