"""The simulated exchange on recorded listings and market data."""

import json
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from surefill.adapters.venue import Candle, Quote, Venue
from surefill.adapters.venue.feeds import candle_csv, raw_stream

LISTINGS = ["mainnet-2021-09-06", "testnet-2025-03-06"]
UNTRADEABLE_CODES = {-1122, -4104, -4140, -4141}


def listing(recorded: Path, name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((recorded / "exchange-info" / f"{name}.json").read_text())
    return body


def post(venue: Venue, path: str, **params: str) -> Any:
    return venue.handle("POST", path, {"timestamp": str(venue.now_ms), **params}).body


@pytest.mark.parametrize("name", LISTINGS)
def test_every_listed_symbol_trades_or_is_refused_by_code(recorded: Path, name: str) -> None:
    """Each symbol fills its least quantity at a price on its grid, or is refused as what cannot be traded."""
    info = listing(recorded, name)
    assets = {symbol["marginAsset"]: Decimal(10**12) for symbol in info["symbols"]}
    venue = Venue(info, balances=assets, start_ms=0)
    for symbol in info["symbols"]:
        filters = {entry["filterType"]: entry for entry in symbol["filters"]}
        least, step = (Decimal(filters["MARKET_LOT_SIZE"][key]) for key in ("minQty", "stepSize"))
        tick = Decimal(filters["PRICE_FILTER"]["tickSize"])
        price = Decimal(filters["PRICE_FILTER"]["minPrice"]) + 1000 * tick
        notional = Decimal(filters["MIN_NOTIONAL"]["notional"])
        quantity = least + (notional / price // step + 1) * step
        venue.tick(Quote(venue.now_ms + 100, symbol["symbol"], last=price))
        terms = {"symbol": symbol["symbol"], "side": "BUY", "type": "MARKET", "newOrderRespType": "RESULT"}
        body = post(venue, "/fapi/v1/order", quantity=f"{quantity:f}", **terms)

        if symbol["status"] != "TRADING" or not symbol["contractType"]:
            assert body["code"] in UNTRADEABLE_CODES, symbol["symbol"]
        else:
            assert body["status"] == "FILLED", (symbol["symbol"], body)


def play(venue: Venue, symbol: str, feed: Iterable[Quote | Candle], quantity: str, every: int) -> None:
    """Enter now and then, long and short in turn, each with a stop and a target, and close what is left."""
    venue.load(feed)
    steps = 0
    while venue.step():
        steps += 1
        if steps % every == 0:
            side, exit_side = ("BUY", "SELL") if steps // every % 2 else ("SELL", "BUY")
            post(venue, "/fapi/v1/order", symbol=symbol, side=side, type="MARKET", quantity=quantity)
            mark = Decimal(venue.handle("GET", "/fapi/v1/premiumIndex", {"symbol": symbol}).body["markPrice"])
            for kind, factor in (("STOP_MARKET", "0.97"), ("TAKE_PROFIT_MARKET", "1.03")):
                away = Decimal(factor) if side == "BUY" else 2 - Decimal(factor)
                trigger = (mark * away).quantize(Decimal("0.001") if mark < 1000 else Decimal("0.1"))
                terms = {"algoType": "CONDITIONAL", "type": kind, "side": exit_side, "reduceOnly": "true"}
                post(venue, "/fapi/v1/algoOrder", symbol=symbol, quantity=quantity, triggerPrice=f"{trigger}", **terms)


def check_books(venue: Venue, start: str) -> None:
    balance, amount = Fraction(0), Fraction(0)
    for row in venue.ledger.rows:
        if "balance_change" in row:
            balance += Fraction(str(row["balance_change"]))
            assert Fraction(str(row["balance_after"])) == balance
        if row["kind"] == "fill":
            amount += Fraction(str(row["quantity"])) * (1 if row["side"] == "BUY" else -1)
    fills = [row for row in venue.ledger.rows if row["kind"] == "fill"]
    earned = sum((Fraction(str(row["realized_pnl"])) - Fraction(str(row["fee"])) for row in fills), Fraction(0))
    given = [Fraction(str(row["balance_change"])) for row in venue.ledger.rows if row["kind"] == "insurance"]
    assert balance == Fraction(start) + earned + sum(given, Fraction(0))
    held = [row["amount"] for row in venue.ledger.rows if row["kind"] == "position"]
    assert Fraction(str(held[-1])) == amount


def test_the_candles_replay_whole_and_the_books_balance(recorded: Path) -> None:
    """Six years of hourly candles, crashes included: every fill is accounted for to the last digit."""
    venue = Venue(listing(recorded, LISTINGS[1]), balances={"USDT": Decimal(10000)}, start_ms=0)
    path = recorded / "market-data" / "atomusdt-1h-2020-2026.csv"

    play(venue, "ATOMUSDT", candle_csv(path, "ATOMUSDT"), "10", every=400)

    fills = [row for row in venue.ledger.rows if row["kind"] == "fill"]
    assert len(fills) > 400
    check_books(venue, "10000")


def test_the_stream_replays_to_equal_bytes(recorded: Path) -> None:
    """The recorded stream of book and trades, played twice, writes the same ledger, and the books balance."""

    def run() -> Venue:
        venue = Venue(listing(recorded, LISTINGS[1]), balances={"USDT": Decimal(10000)}, start_ms=0)
        path = recorded / "market-data" / "btcusdt-usdm-stream-2024-08-08.jsonl.gz"
        play(venue, "BTCUSDT", raw_stream(path, "BTCUSDT"), "0.010", every=2000)
        return venue

    venue = run()

    check_books(venue, "10000")
    assert list(venue.ledger.to_jsonl()) == list(run().ledger.to_jsonl())
