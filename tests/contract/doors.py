"""One script of requests and prices, played through either door of the simulated exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from http.client import HTTPException
from json import JSONDecodeError

import attrs

from surefill.adapters.http_venue import HandDriver
from surefill.adapters.simulated import FaultKind, FaultPlan, Latency
from surefill.adapters.simulated.door import Door
from surefill.adapters.simulated.timeline import Timeline
from surefill.adapters.venue import Quote, Venue, VenueSettings
from surefill.adapters.venue.ledger import Row
from surefill.adapters.wire.call import Call, WireAnswer
from surefill.testing.http_venue_fixture import START_MS, running_venue
from tests.exchange_info import WALLET, made_exchange_info
from tests.http_venue.client import ALGO, ORDER, Client

LOST = ("lost", "")
STEP_MS = 10_000
"""Each step of a script begins that long after the one before, at both doors: whatever it set off has come to rest."""

Step = tuple[str, Mapping[str, str]]
"""What is done and its terms: a method and path, or ``price``."""

MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010", "newOrderRespType": "RESULT"}
STOP = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": "0.010",
    "triggerPrice": "63000",
    "reduceOnly": "true",
    "workingType": "MARK_PRICE",
}


def order(client_id: str, **changes: str) -> Step:
    return f"POST {ORDER}", {**MARKET, "newClientOrderId": client_id, **changes}


def leg(client_id: str, **changes: str) -> Step:
    return f"POST {ALGO}", {**STOP, "clientAlgoId": client_id, **changes}


def price(last: str) -> Step:
    return "price", {"last": last}


@attrs.frozen
class Played:
    """What came of a script: the exchange's effects, what each request was told, and what struck on the way.

    The weights that the answers told as used are of no account when two are compared.
    """

    effects: list[Row]
    told: list[str]
    struck: list[tuple[FaultKind, str, str]]
    weights: list[str] = attrs.field(eq=False)


def in_process(steps: Iterable[Step], faults: FaultPlan, settings: VenueSettings | None = None) -> Played:
    """Play *steps* through the door that `SimulatedExchange` uses."""
    timeline = Timeline(_venue(settings))
    door = Door(timeline, faults, Latency())

    def ask(method: str, path: str, params: Mapping[str, str]) -> tuple[str, str]:
        dated = {**params, "recvWindow": "60000", "timestamp": str(timeline.now_ms)}
        (result,) = door.perform([Call(method, path, dated)])
        return _told(result.status, result.body, result.headers) if isinstance(result, WireAnswer) else LOST

    return _play(steps, timeline, faults, ask)


def over_http(steps: Iterable[Step], faults: FaultPlan, settings: VenueSettings | None = None) -> Played:
    """Play *steps* through loopback HTTP, signed by a client of its own."""
    serving = running_venue(
        made_exchange_info(),
        balances=WALLET,
        settings=settings,
        faults=faults,
        time=HandDriver(),
    )
    with serving as running, Client(running.server) as client:

        def ask(method: str, path: str, params: Mapping[str, str]) -> tuple[str, str]:
            try:
                answer = client.call(method, path, **params)
            except (HTTPException, JSONDecodeError):
                client.connection.close()
                return LOST
            return _told(answer.status, answer.body, answer.headers)

        return _play(steps, running.server.timeline, faults, ask)


def _play(
    steps: Iterable[Step],
    timeline: Timeline,
    faults: FaultPlan,
    ask: Callable[[str, str, Mapping[str, str]], tuple[str, str]],
) -> Played:
    told: list[tuple[str, str]] = []
    for number, (what, terms) in enumerate(steps):
        timeline.advance_to(START_MS + (number + 1) * STEP_MS)
        if what == "price":
            timeline.tick(Quote(timeline.now_ms, "BTCUSDT", last=Decimal(terms["last"])))
            continue
        method, _, path = what.partition(" ")
        told.append(ask(method, path, terms))
    timeline.advance_to(timeline.now_ms + STEP_MS)
    struck = [(one.kind, one.path, one.client_id) for one in faults.log]
    return Played(timeline.venue.ledger.effects(), [one for one, _ in told], struck, [weight for _, weight in told])


def _told(status: int, body: object, headers: Mapping[str, str]) -> tuple[str, str]:
    what = ""
    if isinstance(body, Mapping):
        what = body.get("code", body.get("serverTime", ""))
    elif isinstance(body, list):
        what = f"{len(body)} rows"
    return f"{status} {what}".strip(), headers.get("X-MBX-USED-WEIGHT-1M", "")


def _venue(settings: VenueSettings | None) -> Venue:
    return Venue(
        made_exchange_info(),
        balances=WALLET,
        start_ms=START_MS,
        seed=1,
        settings=VenueSettings() if settings is None else settings,
    )
