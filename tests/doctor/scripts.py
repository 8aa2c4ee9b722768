"""A scripted account that is in the best of health, to be made ill in one place."""

from __future__ import annotations

from pathlib import Path

from surefill.adapters.wire.account import WireExchange
from surefill.adapters.wire.call import Call, Result, WireAnswer
from surefill.doctor import Finding, Patient, Place, examine
from tests.exchange_info import made_exchange_info, made_symbol
from tests.wire_script import NOW_MS, Answering, HandClock, Script

SYMBOL = "ACMEUSDT"
CONFIG: dict[str, object] = {
    "feeTier": 0,
    "canTrade": True,
    "canDeposit": True,
    "canWithdraw": False,
    "dualSidePosition": False,
    "multiAssetsMargin": False,
    "tradeGroupId": -1,
    "updateTime": 0,
}
CONFIG_PATH = ("GET", "/fapi/v1/accountConfig")
TIME_PATH = ("GET", "/fapi/v1/time")
TRADE_PATH = ("DELETE", "/fapi/v1/algoOrder")
LOOK_PATH = ("GET", "/fapi/v1/algoOrder")
CONDITIONALS_PATH = ("GET", "/fapi/v1/openAlgoOrders")
SETTINGS_PATH = ("GET", "/fapi/v1/symbolConfig")
INFO_PATH = ("GET", "/fapi/v1/exchangeInfo")


def settings_row(leverage: int = 10) -> dict[str, object]:
    return {"symbol": SYMBOL, "marginType": "CROSSED", "isAutoAddMargin": False, "leverage": leverage}


def listing(**changes: object) -> dict[str, object]:
    symbol = made_symbol(SYMBOL, tick="0.05", step="0.001", notional="5")
    return made_exchange_info({**symbol, **changes})


def healthy() -> Script:
    """Every read answered as it should be, nobody's order not found, and its cancel refused."""
    script = Script()
    script.body(*TIME_PATH, {"serverTime": NOW_MS})
    script.body(*CONFIG_PATH, CONFIG)
    script.refuse(*LOOK_PATH, -2013, text="Order does not exist.")
    script.refuse(*TRADE_PATH, -2011, text="Unknown order sent.")
    script.body(*CONDITIONALS_PATH, [])
    script.body(*SETTINGS_PATH, [settings_row()])
    script.body(*INFO_PATH, listing())
    return script


def account(script: Script, environment: str = "testnet", clock: HandClock | None = None) -> WireExchange:
    return WireExchange(script, clock or HandClock(), namespace="test", environment=environment, real_time=True)


def patient(script: Script, *, environment: str = "testnet", machine: HandClock | None = None) -> Patient:
    machine = machine or HandClock()
    return Patient(
        exchange=account(script, environment, machine),
        machine=machine,
        environment=environment,
        host="https://exchange.example",
        key="…abcd",
        key_environment=environment,
    )


def place(folder: Path) -> Place:
    return Place(state_dir=folder / "state", audit_dir=folder / "audit")


def found(whom: Patient, where: Path, *symbols: str) -> dict[str, Finding]:
    """The findings by name."""
    return {each.name: each for each in examine(whom, place(where), symbols)}


def slowly(clock: HandClock, *trips_ms: int) -> list[Answering]:
    """Answers to the question for the time, each of which takes so long there and back, in equal parts."""

    def answer(trip_ms: int) -> Answering:
        def carry(call: Call) -> Result:
            clock.at_ms += trip_ms - trip_ms // 2
            server_ms = clock.at_ms
            clock.at_ms += trip_ms // 2
            return WireAnswer(200, {"serverTime": server_ms})

        return carry

    return [answer(trip_ms) for trip_ms in trips_ms]
