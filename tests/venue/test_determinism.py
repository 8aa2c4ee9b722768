"""Equal inputs give an equal ledger; the host's decimal context and the door give no other one."""

import json
from decimal import ROUND_UP, Context, FloatOperation, Inexact, Rounded, localcontext

from hypothesis import given

from tests.venue.desk import ALGO, BTC, ORDER, Desk
from tests.venue.scenario import Day, days, run


def ledger_bytes(desk: Desk) -> bytes:
    return "\n".join(desk.venue.ledger.to_jsonl()).encode()


@given(days())
def test_equal_input_gives_equal_bytes(day: Day) -> None:
    """Two runs of one day with one seed write the same ledger, byte for byte."""
    assert ledger_bytes(run(day)) == ledger_bytes(run(day))


@given(days())
def test_the_seed_changes_ids_and_nothing_else(day: Day) -> None:
    """Another seed gives other ids; what happened, with ids by first appearance, is equal."""
    one, other = run(day, seed=1), run(day, seed=2)

    made_up = "client_order_id"
    strip = [{k: v for k, v in row.items() if k != made_up} for row in one.venue.ledger.effects()]
    assert strip == [{k: v for k, v in row.items() if k != made_up} for row in other.venue.ledger.effects()]


@given(days())
def test_the_ambient_decimal_context_does_not_matter(day: Day) -> None:
    """A host that works with three digits, rounds up and traps everything gets the same ledger."""
    expected = ledger_bytes(run(day))
    with localcontext(Context(prec=3, rounding=ROUND_UP, traps=[Inexact, Rounded, FloatOperation])):
        desk = run(day)
        read = json.dumps([desk.call("GET", path, symbol=BTC).body for path in ("/fapi/v3/positionRisk",)])
    with localcontext(Context(prec=28)):
        again = json.dumps([desk.call("GET", path, symbol=BTC).body for path in ("/fapi/v3/positionRisk",)])

    assert expected == ledger_bytes(desk)[: len(expected)]
    assert read == again


def test_effects_leave_out_times_and_exchange_ids() -> None:
    """The same orders at other times, with other ids, have the same effects; a refusal of a change is one of them."""

    def trade(seed: int, pause_ms: int) -> Desk:
        desk = Desk(seed=seed)
        desk.wait(pause_ms)
        order = desk.buy(newClientOrderId="e")
        desk.stop("s")
        desk.call("DELETE", ORDER, symbol=BTC, orderId=order["orderId"])
        desk.call("GET", ORDER, symbol=BTC, orderId=1)
        desk.wait(pause_ms)
        desk.last("59000")
        desk.wait(50)
        desk.call("DELETE", ALGO, algoId=desk.algo("s")["algoId"])
        return desk

    one, other = trade(1, 10).venue.ledger, trade(2, 700).venue.ledger

    assert one.effects() == other.effects()
    assert list(one.to_jsonl()) != list(other.to_jsonl())
    refusals = [row for row in one.effects() if row["kind"] == "refusal"]
    assert [(row["method"], row["path"], row["code"]) for row in refusals] == [
        ("DELETE", ORDER, -2011),
        ("DELETE", ALGO, -2011),
    ]
    first_order = next(row for row in one.effects() if row["kind"] == "order")
    assert json.loads(str(refusals[0]["params"])) == {"orderId": first_order["order_id"], "symbol": BTC}


def test_a_different_fill_is_a_different_effect() -> None:
    """Effects tell runs apart that differ in what happened."""
    one, other = Desk(), Desk()
    one.buy("0.010", newClientOrderId="e")
    other.buy("0.011", newClientOrderId="e")

    assert one.venue.ledger.effects() != other.venue.ledger.effects()
