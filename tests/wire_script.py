"""Doubles for tests of the wire: a clock that is set by hand, and a transport that answers from a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from surefill.adapters.wire.account import WireExchange
from surefill.adapters.wire.call import Call, Result, WireAnswer
from surefill.domain.ids import Leg, client_id
from surefill.domain.order import PURPOSE_OF_LEG, OrderKind, OrderRequest
from surefill.domain.side import PositionSide, Side, TriggerPrice

NOW_MS = 1_795_300_000_000


class HandClock:
    """A clock that moves only when a test moves it."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_ms(self) -> int:
        return self.at_ms

    def sleep(self, seconds: float) -> None:
        self.at_ms += round(seconds * 1000)


Answering = Callable[[Call], Result]


class Script:
    """Answers each path as told, and keeps every call; a path without an answer is a mistake of the test."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._answers: dict[tuple[str, str], list[Result | Answering]] = {}

    def on(self, method: str, path: str, *answers: Result | Answering) -> Script:
        """Let requests to *path* be answered so, one after the other; the last answer stays."""
        self._answers[method, path] = list(answers)
        return self

    def body(self, method: str, path: str, *bodies: object) -> Script:
        """The same, with successes of these bodies."""
        return self.on(method, path, *(WireAnswer(200, body) for body in bodies))

    def refuse(self, method: str, path: str, code: int, status: int = 400, text: str = "") -> Script:
        """Let requests to *path* be refused."""
        return self.on(method, path, refusal(code, status, text))

    def perform(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        self.calls.extend(calls)
        return tuple(self._answer(call) for call in calls)

    def _answer(self, call: Call) -> Result:
        queue = self._answers[call.method, call.path]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        return answer(call) if callable(answer) else answer


def refusal(code: int, status: int = 400, text: str = "") -> WireAnswer:
    """An error answer of Binance's shape."""
    return WireAnswer(status, {"code": code, "msg": text})


def wire_exchange(script: Script, clock: HandClock | None = None) -> WireExchange:
    """The port over a script."""
    return WireExchange(script, clock or HandClock(), namespace="test", environment="local", real_time=True)


def market_request(leg: Leg = Leg.ENTRY, side: Side = Side.BUY, **changes: object) -> OrderRequest:
    """A market order of 0.010 BTCUSDT, one-way; an exit is reduce-only."""
    fields: dict[str, object] = {
        "client_id": client_id("test", "signal-1", leg, 1),
        "symbol": "BTCUSDT",
        "side": side,
        "kind": OrderKind.MARKET,
        "quantity": Decimal("0.010"),
        "purpose": PURPOSE_OF_LEG[leg],
        "reduce_only": leg is not Leg.ENTRY,
        "position_side": PositionSide.BOTH,
    }
    return OrderRequest(**(fields | changes))  # type: ignore[arg-type]  # tests change single fields by name


def stop_request(leg: Leg = Leg.STOP, **changes: object) -> OrderRequest:
    """A stop (or target) of a long, 0.010 BTCUSDT at 63000, on mark."""
    kind = OrderKind.STOP if leg is Leg.STOP else OrderKind.TARGET
    fields: dict[str, object] = {
        "kind": kind,
        "trigger_price": Decimal("63000.0"),
        "trigger_on": TriggerPrice.MARK,
    }
    return market_request(leg, Side.SELL, **(fields | changes))


def order_row(**changes: object) -> dict[str, object]:
    """A filled market order as GET order shows it."""
    row: dict[str, object] = {
        "avgPrice": "64210.55",
        "clientOrderId": market_request().client_id,
        "cumQuote": "642.1055",
        "executedQty": "0.010",
        "orderId": 70123456789,
        "origQty": "0.010",
        "origType": "MARKET",
        "price": "0",
        "reduceOnly": False,
        "side": "BUY",
        "positionSide": "BOTH",
        "status": "FILLED",
        "stopPrice": "0",
        "closePosition": False,
        "symbol": "BTCUSDT",
        "time": NOW_MS - 15,
        "timeInForce": "GTC",
        "type": "MARKET",
        "updateTime": NOW_MS,
        "workingType": "CONTRACT_PRICE",
    }
    return row | changes


def algo_row(**changes: object) -> dict[str, object]:
    """A resting stop as GET algoOrder shows it."""
    row: dict[str, object] = {
        "algoId": 1000001271234567,
        "clientAlgoId": stop_request().client_id,
        "algoType": "CONDITIONAL",
        "orderType": "STOP_MARKET",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": "0.010",
        "algoStatus": "NEW",
        "actualOrderId": "",
        "actualPrice": "0.00000",
        "actualQty": "",
        "triggerPrice": "63000.00",
        "price": "0.00",
        "icebergQuantity": None,
        "workingType": "MARK_PRICE",
        "closePosition": False,
        "priceProtect": False,
        "reduceOnly": True,
        "createTime": NOW_MS,
        "updateTime": NOW_MS,
        "triggerTime": 0,
    }
    return row | changes


def trade_row(trade_id: int, **changes: object) -> dict[str, object]:
    """One fill as userTrades shows it."""
    row: dict[str, object] = {
        "buyer": True,
        "commission": "0.32105275",
        "commissionAsset": "USDT",
        "id": trade_id,
        "maker": False,
        "orderId": 70123456789,
        "price": "64210.55",
        "qty": "0.010",
        "quoteQty": "642.1055",
        "realizedPnl": "0",
        "side": "BUY",
        "positionSide": "BOTH",
        "symbol": "BTCUSDT",
        "time": NOW_MS,
    }
    return row | changes
