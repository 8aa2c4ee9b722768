"""Both doors of the simulated exchange lead to the same exchange."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefill.adapters.simulated import Fault, FaultKind, FaultPlan, fault_named
from surefill.adapters.venue import VenueSettings
from tests.contract.doors import Played, Step, in_process, leg, order, over_http, price
from tests.http_venue.client import ALGO, ORDER

SCRIPT: list[Step] = [
    order("too-early"),
    price("64000"),
    ("POST /fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "10"}),
    order("long"),
    leg("stop"),
    leg("target", type="TAKE_PROFIT_MARKET", triggerPrice="66000"),
    leg("crossed", triggerPrice="65000"),
    order("too-large", quantity="10"),
    order("off-grid", quantity="0.0105"),
    order("dust", quantity="0.001"),
    order("nowhere", symbol="NOSUCHUSDT"),
    ("POST /fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}),
    ("GET /fapi/v1/openAlgoOrders", {"symbol": "BTCUSDT"}),
    price("62900"),
    ("GET /fapi/v3/positionRisk", {"symbol": "BTCUSDT"}),
    (f"DELETE {ALGO}", {"clientAlgoId": "target"}),
    (f"DELETE {ALGO}", {"clientAlgoId": "target"}),
    order("reply-lost", side="SELL", quantity="0.020"),
    (f"GET {ORDER}", {"symbol": "BTCUSDT", "origClientOrderId": "reply-lost"}),
    leg("short-stop", side="BUY", triggerPrice="64500", quantity="0.020"),
    order("request-lost"),
    (f"GET {ORDER}", {"symbol": "BTCUSDT", "origClientOrderId": "request-lost"}),
    order("overloaded"),
    order("unclear-done"),
    order("unclear-not-done"),
    order("late", quantity="0.030"),
    price("65000"),
    order("close", side="SELL", reduceOnly="true", quantity="5"),
    ("DELETE /fapi/v1/algoOpenOrders", {"symbol": "BTCUSDT"}),
    ("DELETE /fapi/v1/allOpenOrders", {"symbol": "BTCUSDT"}),
    ("DELETE /fapi/v1/nothing", {"symbol": "BTCUSDT"}),
]


def at(client_id: str, fault: Callable[..., Fault], *arguments: object, **options: object) -> Fault:
    """A fault that strikes the script's order of that client id."""
    sent = [terms["newClientOrderId"] for what, terms in SCRIPT if what == f"POST {ORDER}"]
    return fault(*arguments, **options, method="POST", path=ORDER, nth=sent.index(client_id) + 1)


def faults() -> FaultPlan:
    return FaultPlan(
        at("reply-lost", Fault.reply_lost),
        at("request-lost", Fault.request_lost),
        at("overloaded", Fault.refused, -1008, status=503),
        at("unclear-done", Fault.unclear, executed=True),
        at("unclear-not-done", Fault.unclear, executed=False),
        at("late", Fault.latency, 2_000),
    )


def test_one_script_has_equal_effects_at_both_doors() -> None:
    """Entries, stops, refusals, closes and losses leave the same ledger, and each request is told the same."""
    here, there = in_process(SCRIPT, faults()), over_http(SCRIPT, faults())

    assert here.told == there.told
    assert here.struck == there.struck
    assert here.effects == there.effects


def test_the_script_is_worth_playing() -> None:
    """It fills, refuses, triggers and loses: an empty story would be equal too."""
    played = over_http(SCRIPT, faults())

    fills = [row["client_order_id"] for row in played.effects if row["kind"] == "fill"]
    assert [name for name in ("long", "reply-lost", "unclear-done", "late", "close") if name not in fills] == []
    assert [name for name in ("request-lost", "overloaded", "unclear-not-done") if name in fills] == []
    codes = {row["code"] for row in played.effects if row["kind"] == "refusal"}
    assert codes >= {-1112, -2021, -2019, -1111, -4164, -1121, -4046, -2011, -5000}
    assert played.told.count("lost") == 2
    assert len(played.struck) == 6


def test_a_difference_would_be_seen() -> None:
    """The comparison is no rubber stamp: another script has other effects."""
    assert over_http(SCRIPT, faults()).effects != in_process(SCRIPT[:-4], faults()).effects


SIDES = st.sampled_from(["BUY", "SELL"])
IDS = st.sampled_from(["a", "b", "c"])
QUANTITIES = st.integers(1, 400).map(lambda steps: f"{steps // 1000}.{steps % 1000:03}")
PRICES = st.integers(620_000, 660_000).map(lambda tenths: f"{tenths // 10}.{tenths % 10}")
STEPS = st.one_of(
    PRICES.map(price),
    st.builds(
        lambda name, side, quantity, reduces: order(
            name, side=side, quantity=quantity, **({"reduceOnly": "true"} if reduces else {})
        ),
        IDS,
        SIDES,
        QUANTITIES,
        st.booleans(),
    ),
    st.builds(
        lambda name, side, quantity, trigger, kind: leg(
            name, side=side, quantity=quantity, triggerPrice=trigger, type=kind
        ),
        IDS,
        SIDES,
        QUANTITIES,
        PRICES,
        st.sampled_from(["STOP_MARKET", "TAKE_PROFIT_MARKET"]),
    ),
    IDS.map(lambda name: (f"DELETE {ALGO}", {"clientAlgoId": name})),
    IDS.map(lambda name: (f"GET {ORDER}", {"symbol": "BTCUSDT", "origClientOrderId": name})),
    st.just(("GET /fapi/v3/positionRisk", dict[str, str]())),
)
PLAIN_FAULTS = ("reply_lost", "request_lost", "delivered_twice", "stale_reply", "drip", "redirect", "doubled_rows")
FAULTS = st.lists(
    st.one_of(
        st.sampled_from(PLAIN_FAULTS).map(lambda name: (name, dict[str, object]())),
        st.just(("refused", {"code": -1008, "status": 503})),
        st.booleans().map(lambda executed: ("unclear", {"executed": executed})),
        st.integers(1, 4_000).map(lambda delay_ms: ("latency", {"delay_ms": delay_ms})),
    ),
    max_size=2,
)


@settings(max_examples=30)
@given(st.lists(STEPS, max_size=25), FAULTS, st.booleans(), st.integers(0, 100))
def test_any_script_has_equal_effects_at_both_doors(
    steps: list[Step],
    named: list[tuple[str, dict[str, object]]],
    hedge: bool,  # noqa: FBT001
    seed: int,
) -> None:
    """Whatever is asked, at whatever prices, under whatever faults, the doors make no difference."""
    script = [price("64000"), *steps]

    def play(door: Callable[[list[Step], FaultPlan, VenueSettings], Played]) -> Played:
        struck = [fault_named(name, **options, probability=0.3) for name, options in named]
        return door(script, FaultPlan(*struck, seed=seed), VenueSettings(hedge_mode=hedge))

    assert play(in_process) == play(over_http)


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_is_known_at_both_doors(kind: FaultKind) -> None:
    """No kind of fault is silently ignored at the HTTP door: it shows in what is told, or in what comes of it."""
    options: dict[FaultKind, dict[str, object]] = {
        FaultKind.REFUSED: {"code": -2019},
        FaultKind.UNCLEAR: {"executed": True},
        FaultKind.LATENCY: {"delay_ms": 70_000},
        FaultKind.VISIBILITY_LAG: {"lag_ms": 60_000},
        FaultKind.CROWDED: {"used_weight": 2_000},
        FaultKind.WRONG_TIME: {"ahead_ms": 1},
    }
    script = [
        price("64000"),
        order("a"),
        (f"GET {ORDER}", {"symbol": "BTCUSDT", "origClientOrderId": "a"}),
        ("GET /fapi/v1/allOrders", {"symbol": "BTCUSDT"}),
        ("GET /fapi/v1/time", {}),
    ]

    well, ill = (
        over_http(script, FaultPlan()),
        over_http(script, FaultPlan(fault_named(kind.value, **options.get(kind, {})))),
    )

    assert (ill.told, ill.effects, ill.weights) != (well.told, well.effects, well.weights)
