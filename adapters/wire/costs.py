"""What a request costs, known before it is sent (Binance docs: the IP Weight of each endpoint's page)."""

from __future__ import annotations

from typing import Final

from ...domain.budget import Cost
from .call import Call
from .parameters import ALGO_ORDER_PATH, ORDER_PATH

_ORDER: Final = Cost(weight=0, orders=1)
_USUAL: Final = Cost(weight=1)
_COSTS: Final = {
    ("POST", ORDER_PATH): _ORDER,
    ("POST", ALGO_ORDER_PATH): _ORDER,
    ("GET", "/fapi/v1/allOrders"): Cost(weight=5),
    ("GET", "/fapi/v1/userTrades"): Cost(weight=5),
    ("GET", "/fapi/v3/positionRisk"): Cost(weight=5),
    ("GET", "/fapi/v3/balance"): Cost(weight=5),
    ("GET", "/fapi/v1/symbolConfig"): Cost(weight=5),
    ("GET", "/fapi/v1/accountConfig"): Cost(weight=5),
    ("GET", "/fapi/v1/positionSide/dual"): Cost(weight=30),
    ("GET", "/fapi/v1/multiAssetsMargin"): Cost(weight=30),
    ("GET", "/fapi/v1/income"): Cost(weight=30),
    ("GET", "/fapi/v2/ticker/price"): Cost(weight=2),
}
_COSTS_OF_ALL_SYMBOLS: Final = {
    "/fapi/v1/openOrders": Cost(weight=40),
    "/fapi/v1/openAlgoOrders": Cost(weight=40),
    "/fapi/v1/premiumIndex": Cost(weight=10),
}


def cost_of(call: Call) -> Cost:
    """Return what *call* costs; a path that is not listed weighs 1, as most do.

    A new order weighs nothing and counts once on each order limit; whether a refused one counts is not documented, so
    it is assumed to.
    """
    if call.path in _COSTS_OF_ALL_SYMBOLS and "symbol" not in call.params:
        return _COSTS_OF_ALL_SYMBOLS[call.path]
    return _COSTS.get((call.method, call.path), _USUAL)
