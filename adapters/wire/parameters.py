"""An order we want, as the request Binance takes today (Binance docs: New Order, New Algo Order)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from urllib.parse import quote_plus

from ...domain.numbers import plain
from ...domain.order import OrderKind, OrderRequest
from ...domain.side import PositionSide, TriggerPrice
from .call import Call

ORDER_PATH = "/fapi/v1/order"
ALGO_ORDER_PATH = "/fapi/v1/algoOrder"

_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)
TYPE_OF_KIND = {OrderKind.STOP: "STOP_MARKET", OrderKind.TARGET: "TAKE_PROFIT_MARKET"}
WORKING_TYPE = {TriggerPrice.MARK: "MARK_PRICE", TriggerPrice.LAST: "CONTRACT_PRICE"}


def order_call(request: OrderRequest) -> Call:
    """Return the call that places *request*, without recvWindow and timestamp.

    Market orders go to the order service and ask for the final state (newOrderRespType=RESULT); stops and targets go
    to the algo service, the only one that takes them since 2025-12-09 (Binance change log 2025-11-06). Hedge accounts
    get a positionSide and never reduceOnly; one-way accounts get neither positionSide nor ``reduceOnly=false``, which
    are the defaults.
    """
    trigger = request.trigger_price
    if trigger is None or request.trigger_on is None:
        params = {
            **_common(request, "MARKET"),
            "newClientOrderId": request.client_id,
            "newOrderRespType": "RESULT",
        }
        return Call("POST", ORDER_PATH, params, purpose=request.purpose)
    params = {
        "algoType": "CONDITIONAL",
        **_common(request, TYPE_OF_KIND[request.kind]),
        "triggerPrice": plain(trigger),
        "workingType": WORKING_TYPE[request.trigger_on],
        "clientAlgoId": request.client_id,
    }
    return Call("POST", ALGO_ORDER_PATH, params, purpose=request.purpose)


def order_path(request: OrderRequest) -> str:
    """Return the path of the service that takes *request*."""
    return ALGO_ORDER_PATH if request.kind.conditional else ORDER_PATH


def stamped(params: Mapping[str, str], timestamp_ms: int, window_ms: int) -> dict[str, str]:
    """Return *params* with recvWindow and timestamp at their end."""
    return {**params, "recvWindow": str(window_ms), "timestamp": str(timestamp_ms)}


def digest(params: Mapping[str, str]) -> str:
    """Return the fingerprint of a request's parameters: BLAKE2b, 16 bytes, hex.

    It covers every parameter but the signature, sorted by name and percent-encoded, so that whoever has the parameters
    as the exchange received them, in any order, can compute it again.
    """
    pairs = sorted((name, value) for name, value in params.items() if name != "signature")
    if _NEEDS_NO_QUOTES.fullmatch("".join((*params, *params.values()))):
        text = "&".join([f"{name}={value}" for name, value in pairs])  # the usual order: the same text, sooner
    else:
        text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def _common(request: OrderRequest, order_type: str) -> dict[str, str]:
    params = {"symbol": request.symbol, "side": request.side.value, "type": order_type}
    if request.position_side is not PositionSide.BOTH:
        params["positionSide"] = request.position_side.value
    params["quantity"] = plain(request.quantity)
    if request.reduce_only:
        params["reduceOnly"] = "true"
    return params
