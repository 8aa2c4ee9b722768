"""The scenarios whose every point is crashed at: everything a bracket can go through."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from surefill.adapters.simulated import Fault, FaultPlan
from surefill.adapters.venue import VenueSettings
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg
from surefill.testing.world import World
from tests.chaos.crash.scenario import Scenario
from tests.chaos.crash.step import (
    BBB,
    Step,
    cancel_all,
    close,
    enter,
    filters,
    halt,
    leg_cancelled_by_hand,
    lose_journal,
    price,
    thin,
    wait,
)

LAG_MS: Final = 60_000


def _with(*faults: Fault) -> World:
    return World(faults=FaultPlan(*faults))


def _poor() -> World:
    return World(balances={"USDT": Decimal(20)})


def _hedging() -> World:
    return World(settings=VenueSettings(hedge_mode=True))


def _late() -> World:
    return _with(
        Fault.reply_lost(leg="E", nth=1),
        Fault.visibility_lag(LAG_MS, trades=True, positions=True),
    )


def _short(name: str) -> Step:
    return enter(name, stop="61000", target="58000", is_long=False)


COARSER: Final = {
    "PRICE_FILTER": {"minPrice": "100", "maxPrice": "1000000", "tickSize": "0.50"},
    "LOT_SIZE": {"minQty": "0.010", "maxQty": "1000", "stepSize": "0.010"},
    "MARKET_LOT_SIZE": {"minQty": "0.010", "maxQty": "120", "stepSize": "0.010"},
}

ENTRIES: Final = (
    Scenario(name="an entry", every_read=True, steps=(enter("a"), wait(6))),
    Scenario(
        name="a short entry without a target",
        every_read=True,
        steps=(enter("a", stop="61000", target=None, is_long=False, is_stamped=False),),
    ),
    Scenario(name="an entry the exchange refuses", every_read=True, make=_poor, steps=(enter("a", "1"),)),
    Scenario(
        name="an entry whose answer is lost",
        every_read=True,
        make=lambda: _with(Fault.reply_lost(leg="E", nth=1)),
        steps=(enter("a"),),
    ),
    Scenario(
        name="an entry whose request is lost",
        make=lambda: _with(Fault.request_lost(leg="E", nth=1)),
        steps=(enter("a"),),
    ),
    Scenario(
        name="an entry into an overload",
        every_read=True,
        make=lambda: _with(Fault.refused(-1008, status=503, leg="E", nth=1)),
        steps=(enter("a"),),
    ),
    Scenario(name="an entry filled in part", every_read=True, before=(thin("60000.1", "0.006"),), steps=(enter("a"),)),
    Scenario(name="an entry filled late", make=_late, steps=(enter("a"), wait(90))),
    Scenario(
        name="a stop whose answer is lost",
        every_read=True,
        make=lambda: _with(Fault.reply_lost(leg="S", nth=1)),
        steps=(enter("a"),),
    ),
    Scenario(
        name="a stop the exchange refuses as crossed",
        make=lambda: _with(Fault.refused(-2021, leg="S")),
        steps=(enter("a"),),
    ),
    Scenario(
        name="a stop for which there is no room",
        make=lambda: _with(Fault.refused(-4045, leg="S", nth=1)),
        steps=(enter("a"),),
    ),
    Scenario(
        name="a target the exchange refuses",
        make=lambda: _with(Fault.refused(-4045, leg="T")),
        steps=(enter("a"),),
    ),
    Scenario(name="two symbols", steps=(enter("a"), enter("b", "1", BBB, stop="2900", target="3100"))),
    Scenario(name="the other side of a hedge", make=_hedging, before=(enter("a"),), steps=(_short("b"),)),
    Scenario(name="a second entry on top", before=(enter("a"),), steps=(enter("b", "0.02", stop="59500"),)),
    Scenario(
        name="rules that change under way",
        before=(enter("a", "0.01", stop="59000.4", target="61999.6"), filters(COARSER)),
        steps=(leg_cancelled_by_hand("a", Leg.STOP), wait(6), enter("b", "0.015", stop="59000.4", target="61999.6")),
    ),
    Scenario(name="an entry after the journal was lost", before=(enter("a"), lose_journal()), steps=(enter("a"),)),
)

ENDINGS: Final = (
    Scenario(name="a flip", before=(enter("a"),), steps=(_short("b"),)),
    Scenario(
        name="a flip whose exit is lost",
        make=lambda: _with(Fault.reply_lost(leg="X", nth=1)),
        before=(enter("a"),),
        steps=(_short("b"),),
    ),
    Scenario(
        name="a close in parts",
        before=(enter("a"),),
        steps=(close("c1", "0.004"), close("c2"), close("c3")),
    ),
    Scenario(
        name="a close of two at once",
        before=(enter("a"), enter("b", "0.02", stop="59500")),
        steps=(close("c", "0.015"),),
    ),
    Scenario(
        name="a close of one side of a hedge",
        make=_hedging,
        before=(enter("a"), _short("b")),
        steps=(close("c"),),
    ),
    Scenario(
        name="a close whose answer is lost",
        every_read=True,
        make=lambda: _with(Fault.reply_lost(leg="X", nth=1)),
        before=(enter("a"),),
        steps=(close("c"),),
    ),
    Scenario(name="a stop-out", every_read=True, before=(enter("a"), price("58900")), steps=(wait(12),)),
    Scenario(name="a target hit", every_read=True, before=(enter("a"), price("62100")), steps=(wait(12),)),
    Scenario(
        name="a stop hit while half is closed",
        before=(enter("a"),),
        steps=(close("c1", "0.004"), price("58900"), wait(12), close("c2")),
    ),
    Scenario(
        name="all orders cancelled", every_read=True, before=(enter("a"),), steps=(cancel_all(), wait(12), close("c"))
    ),
    Scenario(
        name="the kill switch that flattens",
        before=(enter("a"), enter("b", "1", BBB, stop="2900", target="3100")),
        steps=(halt(HaltLevel.FLATTEN_OURS), wait(6)),
    ),
    Scenario(
        name="a stop taken away by hand",
        every_read=True,
        before=(enter("a"), leg_cancelled_by_hand("a", Leg.STOP)),
        steps=(wait(12),),
    ),
    Scenario(
        name="a target taken away by hand twice",
        before=(enter("a"), leg_cancelled_by_hand("a", Leg.TARGET)),
        steps=(wait(6), leg_cancelled_by_hand("a", Leg.TARGET, 2), wait(12)),
    ),
    Scenario(
        name="a replay of everything",
        every_read=True,
        before=(enter("a"), close("c1", "0.004")),
        steps=(enter("a"), close("c1", "0.004"), wait(6)),
    ),
    Scenario(name="all orders cancelled, the position kept", before=(enter("a"),), steps=(cancel_all(), wait(12))),
)

SCENARIOS: Final = (*ENTRIES, *ENDINGS)
