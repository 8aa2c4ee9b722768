"""What a request costs, known before it is sent (Binance docs: the IP Weight of each endpoint's page)."""

from __future__ import annotations

from typing import Final

from ...domain.budget import Cost
from .call import Call
from .parameters import ALGO_ORDER_PATH, ORDER_PATH

_ORDER: Final = Cost(weight=0, orders=1)
_WEIGHTS: Final = {
    ("GET", "/fapi/v1/allOrders"): 5,
    ("GET", "/fapi/v1/userTrades"): 5,
    ("GET", "/fapi/v3/positionRisk"): 5,
    ("GET", "/fapi/v3/balance"): 5,
    ("GET", "/fapi/v1/symbolConfig"): 5,
    ("GET", "/fapi/v1/accountConfig"): 5,
    ("GET", "/fapi/v1/positionSide/dual"): 30,
    ("GET", "/fapi/v1/multiAssetsMargin"): 30,
    ("GET", "/fapi/v1/income"): 30,
    ("GET", "/fapi/v2/ticker/price"): 2,
}
_WEIGHTS_OF_ALL_SYMBOLS: Final = {
    "/fapi/v1/openOrders": 40,
    "/fapi/v1/openAlgoOrders": 40,
    "/fapi/v1/premiumIndex": 10,
}


def cost_of(call: Call) -> Cost:
    """Return what *call* costs; a path that is not listed weighs 1, as most do.

    A new order weighs nothing and counts once on each order limit; whether a refused one counts is not documented, so
    it is assumed to.
    """
    if call.method == "POST" and call.path in (ORDER_PATH, ALGO_ORDER_PATH):
        return _ORDER
    if "symbol" not in call.params and call.path in _WEIGHTS_OF_ALL_SYMBOLS:
        return Cost(weight=_WEIGHTS_OF_ALL_SYMBOLS[call.path])
    return Cost(weight=_WEIGHTS.get((call.method, call.path), 1))
