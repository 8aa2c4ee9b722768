"""Public market data: time, listing, prices, best levels (Binance docs: Market Data endpoints)."""

from collections.abc import Callable
from typing import Final

import attrs

from .answer import Json
from .exact import MONEY_DECIMALS, text_of
from .limits import Limits
from .market import UNLIMITED, Market
from .order_shapes import Shape, price_text, quantity_text
from .parameters import Parameters
from .refusals import Refused
from .routes import Route, Routes, with_or_without_symbol
from .state import State

DEPTHS: Final = (5, 10, 20, 50, 100, 500, 1000)
FUNDING_INTERVAL_MS: Final = 28_800_000
_DEPTH_WEIGHTS: Final = ((50, 2), (100, 5), (500, 10), (1000, 20))


@attrs.define
class MarketEndpoints:
    """What anyone may read. A symbol without a price yet shows zeros."""

    state: State
    limits: Limits

    def routes(self) -> Routes:
        """Return the paths of this group; none needs a signature but rateLimit/order."""
        return {
            ("GET", "/fapi/v1/ping"): Route(self.ping, 1, signed=False),
            ("GET", "/fapi/v1/time"): Route(self.time, 1, signed=False),
            ("GET", "/fapi/v1/exchangeInfo"): Route(self.exchange_info, 1, signed=False),
            ("GET", "/fapi/v1/premiumIndex"): Route(self.premium_index, with_or_without_symbol(1, 10), signed=False),
            ("GET", "/fapi/v1/ticker/bookTicker"): Route(self.book_ticker, with_or_without_symbol(2, 5), signed=False),
            ("GET", "/fapi/v1/ticker/price"): Route(self.price, with_or_without_symbol(1, 2), signed=False),
            ("GET", "/fapi/v2/ticker/price"): Route(self.price, with_or_without_symbol(1, 2), signed=False),
            ("GET", "/fapi/v1/depth"): Route(self.depth, _depth_weight, signed=False),
            ("GET", "/fapi/v1/rateLimit/order"): Route(self.order_limits, 1),
        }

    def ping(self, params: Parameters) -> Json:
        """GET ping."""
        return {}

    def time(self, params: Parameters) -> Json:
        """GET time."""
        return {"serverTime": self.state.now_ms}

    def exchange_info(self, params: Parameters) -> Json:
        """GET exchangeInfo: always the whole listing, with the filters in force now."""
        return self.state.listing.exchange_info(self.state.now_ms)

    def premium_index(self, params: Parameters) -> Json:
        """GET premiumIndex; the index price is not simulated and equals the mark price."""
        return self._each(params, self._premium_row)

    def book_ticker(self, params: Parameters) -> Json:
        """GET ticker/bookTicker."""
        return self._each(params, self._book_row)

    def price(self, params: Parameters) -> Json:
        """GET ticker/price."""
        return self._each(params, self._price_row)

    def depth(self, params: Parameters) -> Json:
        """GET depth: the best level only, that is all there is."""
        market = self.state.market(params.text("symbol"))
        rules = market.rules
        asked = params.integer("limit", 500)
        if asked not in DEPTHS:
            raise Refused(-4021, asked)
        return {
            "lastUpdateId": market.updates,
            "E": market.quoted_ms,
            "T": market.quoted_ms,
            "bids": [[price_text(rules, market.bid), _size_text(market, market.bid_size)]] if market.bid else [],
            "asks": [[price_text(rules, market.ask), _size_text(market, market.ask_size)]] if market.ask else [],
        }

    def order_limits(self, params: Parameters) -> Json:
        """GET rateLimit/order."""
        return self.limits.order_limits()

    def _each(self, params: Parameters, row: Callable[[Market], Shape]) -> Json:
        """One row for the symbol asked for, or a list of all symbols that have a price."""
        if params.has("symbol"):
            return row(self.state.market(params.text("symbol")))
        return [row(market) for market in self.state.priced_markets()]

    def _premium_row(self, market: Market) -> Shape:
        mark = text_of(market.mark, market.rules.price_decimals, MONEY_DECIMALS)
        next_ms = (self.state.now_ms // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
        return {
            "symbol": market.rules.symbol,
            "markPrice": mark,
            "indexPrice": mark,
            "estimatedSettlePrice": mark,
            "lastFundingRate": "0.00000000",
            "interestRate": "0.00010000",
            "nextFundingTime": next_ms,
            "time": market.quoted_ms,
        }

    def _book_row(self, market: Market) -> Shape:
        return {
            "symbol": market.rules.symbol,
            "bidPrice": price_text(market.rules, market.bid),
            "bidQty": _size_text(market, market.bid_size),
            "askPrice": price_text(market.rules, market.ask),
            "askQty": _size_text(market, market.ask_size),
            "time": market.quoted_ms,
            "lastUpdateId": market.updates,
        }

    def _price_row(self, market: Market) -> Shape:
        return {
            "symbol": market.rules.symbol,
            "price": price_text(market.rules, market.last),
            "time": market.quoted_ms,
        }


def _size_text(market: Market, size: int) -> str:
    """A size as shown: one without bound shows as the most a market order may have."""
    rules = market.rules
    return quantity_text(rules, rules.market_lot.most if size > UNLIMITED // 2 else size)


def _depth_weight(params: Parameters) -> int:
    asked = params.integer("limit", 500)
    return next((weight for most, weight in _DEPTH_WEIGHTS if asked <= most), _DEPTH_WEIGHTS[-1][1])
