"""Hand-made ledger rows, in the shape the simulated exchange writes them."""

from __future__ import annotations

import json

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.testing.invariants.row import Row

STEM = "sf-" + "a" * 28
SYMBOL = "BTCUSDT"


def our_id(leg: str, number: int = 1, stem: str = STEM) -> str:
    return f"{stem}{leg}{number}"


def fill(at_ms: int, client_id: str, side: str, quantity: str, amount: str, position_side: str = "BOTH") -> list[Row]:
    """A fill and the position after it."""
    place: Row = {"time_ms": at_ms, "symbol": SYMBOL, "position_side": position_side}
    return [
        {**place, "kind": "fill", "client_order_id": client_id, "side": side, "price": "100", "quantity": quantity},
        {**place, "kind": "position", "amount": amount, "entry_price": "100"},
    ]


def algo(
    at_ms: int, leg: str, side: str, quantity: str, status: str = "NEW", number: int = 1, client_id: str | None = None
) -> Row:
    """A sight of a stop (S) or target (T)."""
    return {
        "time_ms": at_ms,
        "kind": "algo",
        "symbol": SYMBOL,
        "position_side": "BOTH",
        "client_algo_id": our_id(leg, number) if client_id is None else client_id,
        "side": side,
        "type": {"S": "STOP_MARKET", "T": "TAKE_PROFIT_MARKET"}.get(leg, "TRAILING_STOP_MARKET"),
        "status": status,
        "quantity": quantity,
    }


def order(at_ms: int, client_id: str, side: str, quantity: str, status: str) -> Row:
    """A sight of a market order."""
    return {
        "time_ms": at_ms,
        "kind": "order",
        "symbol": SYMBOL,
        "position_side": "BOTH",
        "client_order_id": client_id,
        "side": side,
        "status": status,
        "orig_quantity": quantity,
    }


def request(leg: str = "E", method: str = "POST", path: str | None = None, **params: str) -> Row:
    """An order as the exchange received it; what is not named is as our code sends it."""
    conditional = leg in ("S", "T")
    sent = {"symbol": SYMBOL, "side": "BUY" if leg == "E" else "SELL", "quantity": "1"}
    sent["clientAlgoId" if conditional else "newClientOrderId"] = our_id(leg)
    if leg != "E":
        sent["reduceOnly"] = "true"
    return {
        "time_ms": 1000,
        "kind": "request",
        "method": method,
        "path": path or ("/fapi/v1/algoOrder" if conditional else "/fapi/v1/order"),
        "params": json.dumps({**sent, **params}),
    }


def unprotected(at_ms: int, symbol: str | None = SYMBOL, kind: AlarmKind = AlarmKind.UNPROTECTED) -> Alarm:
    return Alarm(kind, at_ms, "it is naked", symbol)
