"""Random days at the exchange, as data: what happens is drawn once and can be run again on any venue."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from surefill.adapters.venue import VenueSettings
from tests.venue.desk import ALGO, ORDER, Desk

Action = tuple[str, dict[str, object]]
CLIENT_IDS = ("a", "b", "c")


@dataclass(frozen=True)
class Day:
    hedge: bool
    isolated: bool
    balance: str
    actions: tuple[Action, ...]


def _sides(*, hedge: bool) -> st.SearchStrategy[tuple[str, str | None]]:
    position_sides = ["LONG", "SHORT"] if hedge else [None]
    return st.tuples(st.sampled_from(["BUY", "SELL"]), st.sampled_from(position_sides))


def _quantities() -> st.SearchStrategy[str]:
    return st.integers(1, 400).map(lambda steps: str(Decimal(steps).scaleb(-3)))


def _prices() -> st.SearchStrategy[str]:
    return st.integers(500_000, 700_000).map(lambda ticks: str(Decimal(ticks).scaleb(-1)))


def _actions(*, hedge: bool) -> st.SearchStrategy[Action]:
    sides = _sides(hedge=hedge)
    reduces = st.just(None) if hedge else st.sampled_from([None, "true"])

    def order(side: tuple[str, str | None], quantity: str, reduce_only: str | None) -> Action:
        return "order", {"side": side[0], "positionSide": side[1], "quantity": quantity, "reduceOnly": reduce_only}

    def stop(side: tuple[str, str | None], quantity: str, trigger: str, kind: str, name: str) -> Action:
        terms = {"side": side[0], "positionSide": side[1], "quantity": quantity, "triggerPrice": trigger}
        return "algo", {**terms, "type": kind, "clientAlgoId": name, "reduceOnly": None if hedge else "true"}

    return st.one_of(
        st.tuples(st.just("last"), st.fixed_dictionaries({"price": _prices()})),
        st.tuples(st.just("mark"), st.fixed_dictionaries({"price": _prices()})),
        st.tuples(st.just("wait"), st.fixed_dictionaries({"milliseconds": st.integers(0, 100)})),
        st.tuples(st.just("leverage"), st.fixed_dictionaries({"leverage": st.integers(1, 125)})),
        st.tuples(st.just("cancel"), st.fixed_dictionaries({"clientAlgoId": st.sampled_from(CLIENT_IDS)})),
        st.builds(order, sides, _quantities(), reduces),
        st.builds(
            stop,
            sides,
            _quantities(),
            _prices(),
            st.sampled_from(["STOP_MARKET", "TAKE_PROFIT_MARKET"]),
            st.sampled_from(CLIENT_IDS),
        ),
    )


@st.composite
def days(draw: st.DrawFn) -> Day:
    hedge = draw(st.booleans())
    actions = draw(st.lists(_actions(hedge=hedge), max_size=30))
    return Day(hedge, draw(st.booleans()), draw(st.sampled_from(["500", "10000", "250000.12345678"])), tuple(actions))


def run(day: Day, seed: int = 7) -> Desk:
    """Play the day; requests may be refused, that is part of it."""
    desk = Desk(balance=day.balance, settings=VenueSettings(hedge_mode=day.hedge), seed=seed)
    if day.isolated:
        desk.ok("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    for kind, terms in day.actions:
        play(desk, kind, dict(terms))
    return desk


def play(desk: Desk, kind: str, terms: dict[str, object]) -> None:
    match kind:
        case "last":
            desk.last(str(terms["price"]))
        case "mark":
            desk.mark(str(terms["price"]))
        case "wait":
            desk.venue.advance_to(desk.venue.now_ms + int(str(terms["milliseconds"])))
        case "leverage":
            desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", **terms)
        case "cancel":
            desk.call("DELETE", ALGO, **terms)
        case "order":
            desk.call("POST", ORDER, **desk.order_terms(**terms))
        case "algo":
            desk.call("POST", ALGO, **desk.algo_terms(**terms))
        case _:
            raise ValueError(f"unknown action {kind}")
