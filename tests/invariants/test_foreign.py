import json
from decimal import Decimal

import pytest

from surefill.domain.events import WrittenOff
from surefill.testing.invariants.row import Row
from tests.invariants.facts import Scene, intent
from tests.invariants.rows import SYMBOL, algo, fill, order, our_id


def named(params: dict[str, str]) -> Row:
    """A cancel of what *params* name."""
    return {**cancel(), "params": json.dumps({"symbol": SYMBOL, **params})}


def cancel(path: str = "order", at_ms: int = 1000, **params: str) -> Row:
    return {
        "kind": "request",
        "time_ms": at_ms,
        "method": "DELETE",
        "path": f"/fapi/v1/{path}",
        "params": json.dumps({"symbol": SYMBOL, **params}),
    }


@pytest.mark.parametrize("params", [{"origClientOrderId": our_id("S")}, {"clientAlgoId": our_id("T")}])
def test_our_own_orders_may_be_cancelled(params: dict[str, str]) -> None:
    """By the client id, which says whose it is."""
    scene = Scene()
    scene.add(named(params))

    assert scene.found("I13", 2000) == []


@pytest.mark.parametrize(
    "params",
    [{"origClientOrderId": "web_1"}, {"clientAlgoId": "sf-short"}, {"orderId": "8"}, {"algoId": "8"}, {}],
)
def test_cancels_of_other_peoples_orders_are_found(params: dict[str, str]) -> None:
    """Whatever names an order that is not ours, by either kind of id, or none at all."""
    scene = Scene()
    scene.add({**order(900, our_id("E"), "BUY", "1", "FILLED"), "order_id": 7}, named(params))

    assert scene.times("I13", 2000) == [1000]


def test_an_exchange_id_of_ours_is_ours() -> None:
    """Regular and conditional orders of ours may be named by the exchange's id, too."""
    scene = Scene()
    scene.add({**order(900, our_id("E"), "BUY", "1", "NEW"), "order_id": 7}, cancel(orderId="7"))
    scene.add({**algo(900, "S", "SELL", "1"), "algo_id": 9}, cancel("algoOrder", algoId="9"))
    scene.add({**order(900, "mine", "BUY", "1", "NEW"), "order_id": 10}, cancel(orderId="10"))

    assert len(scene.found("I13", 2000)) == 1


@pytest.mark.parametrize("path", ["allOpenOrders", "algoOpenOrders"])
def test_everything_is_cancelled_only_on_demand(path: str) -> None:
    """The caller's own words are in the verb of his call; before and after it nobody asked."""
    scene = Scene()
    scene.add(cancel(path, 1000), cancel(path, 2000), cancel(path, 3000))
    scene.call("cancel_all_orders(only_ours=False)", 1500, 2500)
    scene.call("cancel_all_orders", 2900, 3100)

    assert scene.times("I13", 5000) == [1000, 3000]
    assert scene.times("I13", 5001) == []


def test_what_others_cancel_is_their_business() -> None:
    """A sweep by hand is no sweep of ours."""
    scene = Scene()
    scene.by_hand(cancel("allOpenOrders"))
    scene.by_hand(cancel(origClientOrderId="mine"))

    assert scene.found("I13", 2000) == []


def test_exits_close_no_more_than_is_ours() -> None:
    """A stop that eats into somebody else's size is found; the same fill of somebody else is his."""
    scene = Scene()
    scene.add(*fill(1000, our_id("E"), "BUY", "1", "1"), *fill(2000, "mine", "BUY", "5", "6"))
    scene.add(*fill(3000, "mine", "SELL", "2", "4"), *fill(4000, our_id("S"), "SELL", "1.001", "2.999"))

    ((at_ms, problem),) = scene.found("I13", 5000)
    assert at_ms == 4000
    assert "no more than 1 was ours" in problem


def test_all_of_our_size_may_be_closed() -> None:
    """In parts, and beside somebody else's."""
    scene = Scene()
    scene.add(*fill(1000, our_id("E"), "BUY", "1", "1"), *fill(2000, "mine", "BUY", "5", "6"))
    scene.add(*fill(3000, our_id("T"), "SELL", "0.4", "5.6"), *fill(4000, our_id("X"), "SELL", "0.6", "5"))

    assert scene.found("I13", 5000) == []


@pytest.mark.parametrize(("after_ms", "sound"), [(20_000, True), (20_001, False)])
def test_an_order_on_its_way_may_lose_the_race(*, after_ms: int, sound: bool) -> None:
    """Somebody closes our position and opens his own: for twenty seconds our stop may still be there to close it."""
    scene = Scene()
    scene.keep(intent("E"))
    scene.add(*fill(1000, our_id("E"), "BUY", "1", "1"), *fill(2000, "mine", "SELL", "1", "0"))
    scene.keep(WrittenOff(2500, "s", Decimal(1)), 2500)
    scene.add(*fill(3000, "mine", "BUY", "1", "1"), *fill(2000 + after_ms, our_id("S"), "SELL", "1", "0"))

    assert (scene.found("I13", 99_000) == []) is sound


def taken_back() -> Scene:
    """Somebody sells half of ours and buys it back."""
    scene = Scene()
    scene.live(0)
    scene.keep(intent("E"))
    scene.add(*fill(1000, our_id("E"), "BUY", "2", "2"), *fill(2000, "mine", "SELL", "1", "1"))
    scene.add(*fill(3000, "mine", "BUY", "1", "2"), algo(3100, "S", "SELL", "2"))
    return scene


def test_what_was_taken_back_may_be_ours() -> None:
    """Nobody can tell from the account: closing all of it is sound, and so is leaving half of it to its buyer."""
    scene = taken_back()
    scene.add(*fill(99_000, our_id("X"), "SELL", "2", "0"))
    found = scene.judge(100_000)

    assert [each for each in found if each.invariant in ("I3", "I13")] == []


def test_what_was_written_off_is_not_ours_any_more() -> None:
    """Once the owner has taken it for gone, what comes back is somebody else's."""
    scene = taken_back()
    scene.keep(WrittenOff(3200, "s", Decimal(1)), 3200)
    scene.keep(WrittenOff(3200, "unknown", Decimal(1)), 3200)
    assert scene.times("I3", 30_000) != []
    scene.add(*fill(99_000, our_id("X"), "SELL", "2", "0"))

    assert scene.times("I13", 100_000) == [99_000]


def test_what_must_be_ours_cannot_be_written_off() -> None:
    """An owner who forgot his own exits writes off what they closed: the rest stays ours."""
    scene = Scene()
    scene.keep(intent("E"))
    scene.add(*fill(1000, our_id("E"), "BUY", "2", "2"), *fill(2000, our_id("X"), "SELL", "1.5", "0.5"))
    scene.keep(WrittenOff(3000, "s", Decimal("1.5")), 3000)
    scene.add(*fill(99_000, our_id("S"), "SELL", "0.5", "0"))

    assert scene.found("I13", 100_000) == []
