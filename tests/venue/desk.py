"""A trader's desk at the simulated exchange: a small listing, and requests in one line."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from surefill.adapters.venue import Answer, Quote, Venue, VenueSettings
from surefill.adapters.venue.ledger import Row

START_MS = 1_795_300_000_000
BTC = "BTCUSDT"
ETH = "ETHUSDT"
ORDER = "/fapi/v1/order"
ALGO = "/fapi/v1/algoOrder"


def filters(
    *, tick: str = "0.10", step: str = "0.001", least: str = "0.001", notional: str = "50"
) -> list[dict[str, Any]]:
    return [
        {"filterType": "PRICE_FILTER", "minPrice": "500", "maxPrice": "4500000", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": least, "maxQty": "1000", "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": least, "maxQty": "120", "stepSize": step},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": notional},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]


def symbol_info(symbol: str = BTC, **changes: object) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": filters(),
        **changes,
    }


def without_filter(kind: str) -> list[dict[str, Any]]:
    return [entry for entry in filters() if entry["filterType"] != kind]


def listing(*symbols: dict[str, Any]) -> dict[str, Any]:
    return {"timezone": "UTC", "serverTime": 1, "symbols": list(symbols) or [symbol_info(BTC), symbol_info(ETH)]}


class Desk:
    """One venue, quoted at 60000 on BTCUSDT unless told otherwise, with every request dated by its own clock."""

    def __init__(
        self,
        *symbols: dict[str, Any],
        balance: str = "10000",
        settings: VenueSettings | None = None,
        brackets: Mapping[str, Any] | None = None,
        seed: int = 7,
        last: str | None = "60000",
    ) -> None:
        self.venue = Venue(
            listing(*symbols),
            balances={"USDT": Decimal(balance)},
            start_ms=START_MS,
            seed=seed,
            settings=settings or VenueSettings(),
            brackets=brackets,
        )
        if last is not None:
            self.last(last)

    def call(self, method: str, path: str, **params: object) -> Answer:
        sent = {name: str(value) for name, value in params.items() if value is not None}
        sent.setdefault("timestamp", str(self.venue.now_ms))
        return self.venue.handle(method, path, sent)

    def ok(self, method: str, path: str, **params: object) -> Any:
        answer = self.call(method, path, **params)
        assert answer.status == 200, answer.body
        return answer.body

    def code(self, method: str, path: str, **params: object) -> int:
        """The code of a refusal, 0 when the request was answered."""
        answer = self.call(method, path, **params)
        return 0 if answer.status == 200 else int(answer.body["code"])

    def order_terms(self, **changes: object) -> dict[str, object]:
        return {
            "symbol": BTC,
            "side": "BUY",
            "type": "MARKET",
            "quantity": "0.010",
            "newOrderRespType": "RESULT",
            **changes,
        }

    def algo_terms(self, **changes: object) -> dict[str, object]:
        return {
            "algoType": "CONDITIONAL",
            "symbol": BTC,
            "side": "SELL",
            "type": "STOP_MARKET",
            "quantity": "0.010",
            "triggerPrice": "59000",
            "reduceOnly": "true",
            **changes,
        }

    def buy(self, quantity: str = "0.010", **changes: object) -> Any:
        return self.ok("POST", ORDER, **self.order_terms(quantity=quantity, **changes))

    def sell(self, quantity: str = "0.010", **changes: object) -> Any:
        return self.ok("POST", ORDER, **self.order_terms(quantity=quantity, side="SELL", **changes))

    def stop(self, client_id: str | None = "sl", **changes: object) -> Any:
        return self.ok("POST", ALGO, **self.algo_terms(clientAlgoId=client_id, **changes))

    def target(self, client_id: str = "tp", **changes: object) -> Any:
        terms = {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "61000", **changes}
        return self.ok("POST", ALGO, **self.algo_terms(clientAlgoId=client_id, **terms))

    def close_terms(self, **changes: object) -> dict[str, object]:
        """A closePosition stop: neither quantity nor reduceOnly."""
        return self.algo_terms(closePosition="true", quantity=None, reduceOnly=None, **changes)

    def algo(self, client_id: str) -> Any:
        return self.ok("GET", ALGO, clientAlgoId=client_id)

    def last(self, price: str, symbol: str = BTC, **changes: Any) -> None:
        self.venue.tick(Quote(self.venue.now_ms + 1, symbol, last=Decimal(price), **changes))

    def mark(self, price: str, symbol: str = BTC) -> None:
        self.venue.tick(Quote(self.venue.now_ms + 1, symbol, mark=Decimal(price)))

    def book(self, bid: str, ask: str, bid_size: str = "5", ask_size: str = "5", symbol: str = BTC) -> None:
        quote = Quote(
            self.venue.now_ms + 1,
            symbol,
            bid=Decimal(bid),
            bid_quantity=Decimal(bid_size),
            ask=Decimal(ask),
            ask_quantity=Decimal(ask_size),
        )
        self.venue.tick(quote)

    def wait(self, milliseconds: int) -> None:
        self.venue.advance_to(self.venue.now_ms + milliseconds)

    def rows(self, kind: str) -> list[Row]:
        return [row for row in self.venue.ledger.rows if row["kind"] == kind]

    def amount(self, side: str = "BOTH", symbol: str = BTC) -> Decimal:
        rows = self.ok("GET", "/fapi/v3/positionRisk", symbol=symbol)
        return next((Decimal(row["positionAmt"]) for row in rows if row["positionSide"] == side), Decimal(0))

    def wallet(self) -> Decimal:
        return Decimal(self.ok("GET", "/fapi/v3/balance")[0]["balance"])

    def available(self) -> Decimal:
        return Decimal(self.ok("GET", "/fapi/v3/balance")[0]["availableBalance"])

    def fills(self) -> Sequence[Row]:
        return self.rows("fill")
