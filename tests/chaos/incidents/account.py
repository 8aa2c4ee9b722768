"""What the exchange's own ledger says about an account, for the incidents retold here."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from surefill.adapters.wire.call import Call, Result
from surefill.domain.alarm import AlarmKind
from surefill.domain.report import ExecutionReport
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.testing.world import World

A: Final = "AAAUSDT"
SIZE: Final = Decimal("0.01")
_LETTER_AT: Final = 31


def entry(name: str = "a", *, short: bool = False) -> Signal:
    """An entry on AAAUSDT, which begins at 60,000, with a stop and a target."""
    stop, target = (Decimal(61_000), Decimal(58_000)) if short else (Decimal(59_000), Decimal(62_000))
    kind = SignalType.SHORT_ENTRY if short else SignalType.LONG_ENTRY
    return Signal(id=name, symbol=A, type=kind, stop_loss=stop, take_profit=target)


def close(name: str = "z") -> Signal:
    """A close of the long on AAAUSDT."""
    return Signal(id=name, symbol=A, type=SignalType.CLOSE_LONG)


def told(world: World, signal: Signal, quantity: Decimal | None = SIZE) -> ExecutionReport:
    """Carry out a signal in a process that lives on."""
    report = world.execute(signal, quantity)
    assert report is not None
    return report


def sent(world: World, letter: str) -> list[str]:
    """The client ids under which orders of one leg of ours (E, S, T, X) reached the exchange, repetitions included."""
    found: list[str] = []
    for row in world.exchange.ledger.rows:
        if row["kind"] == "request" and row["method"] == "POST":
            params: dict[str, str] = json.loads(str(row["params"]))
            client_id = params.get("newClientOrderId") or params.get("clientAlgoId") or ""
            if client_id.startswith("sf-") and client_id[_LETTER_AT] == letter:
                found.append(client_id)
    return found


def bought(world: World) -> Decimal:
    """What entries of ours filled, base units."""
    fills = (row for row in world.exchange.ledger.rows if row["kind"] == "fill")
    ours = (row for row in fills if str(row["client_order_id"])[_LETTER_AT : _LETTER_AT + 1] == "E")
    return sum((Decimal(str(row["quantity"])) for row in ours), Decimal(0))


def held(world: World) -> Decimal:
    """The position on AAAUSDT, signed."""
    return sum((each.amount for each in world.exchange.positions() if each.symbol == A), Decimal(0))


def resting(world: World) -> list[str]:
    """Letter and size of every open order on AAAUSDT."""
    orders = world.exchange.open_orders(A)
    return sorted(f"{order.client_id[_LETTER_AT : _LETTER_AT + 1]} {order.quantity.normalize()}" for order in orders)


def alarms(world: World, kind: AlarmKind) -> int:
    """How often such an alarm rang; everything up to now is judged first."""
    world.look()
    return sum(1 for alarm in world.alarms if alarm.kind is kind)


def show(world: World, instead: Callable[[Call, Result], Result | None]) -> None:
    """Let the client see something else wherever *instead* returns it."""

    def mangle(call: Call, result: Result) -> Result:
        other = instead(call, result)
        return result if other is None else other

    world.notebook.mangle = mangle
