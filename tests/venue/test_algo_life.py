"""The life of a conditional order: NEW, TRIGGERING, TRIGGERED, FINISHED, or a way out of it."""

from decimal import Decimal

import pytest

from surefill.adapters.venue import VenueSettings
from tests.venue.desk import ALGO, BTC, ETH, ORDER, Desk, symbol_info


def statuses(desk: Desk, client_id: str) -> list[object]:
    return [row["status"] for row in desk.rows("algo") if row["client_algo_id"] == client_id]


def test_the_whole_life_of_a_stop() -> None:
    """A stop waits, triggers, reaches the book after the latency and is finished by its child order."""
    desk = Desk()
    desk.buy()
    placed = desk.stop()
    assert (placed["algoStatus"], placed["orderType"], placed["triggerTime"]) == ("NEW", "STOP_MARKET", 0)

    desk.last("59000")
    triggered_ms = desk.venue.now_ms
    assert desk.algo("sl")["algoStatus"] == "TRIGGERING"
    desk.wait(19)
    assert desk.algo("sl")["algoStatus"] == "TRIGGERING"
    desk.wait(1)

    found = desk.algo("sl")
    child = desk.ok("GET", ORDER, symbol=BTC, origClientOrderId="sl")
    assert statuses(desk, "sl") == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    assert (found["triggerTime"], found["updateTime"]) == (triggered_ms, triggered_ms + 20)
    assert found["actualOrderId"] == str(child["orderId"])
    assert (found["actualQty"], found["actualPrice"], found["actualType"]) == ("0.010", "58999.80000", "MARKET")
    assert (child["type"], child["origType"], child["stopPrice"]) == ("MARKET", "STOP_MARKET", "59000.00")
    assert desk.amount() == 0


TRIGGERS = [
    ("STOP_MARKET", "SELL", "59000", "59000.1", "59000"),
    ("STOP_MARKET", "BUY", "61000", "60999.9", "61000"),
    ("TAKE_PROFIT_MARKET", "SELL", "61000", "60999.9", "61000"),
    ("TAKE_PROFIT_MARKET", "BUY", "59000", "59000.1", "59000"),
]


@pytest.mark.parametrize(("kind", "side", "trigger", "short_of_it", "reached"), TRIGGERS)
@pytest.mark.parametrize("working_type", ["CONTRACT_PRICE", "MARK_PRICE"])
def test_the_direction_of_each_trigger(
    kind: str, side: str, trigger: str, short_of_it: str, reached: str, working_type: str
) -> None:
    """A stop fires with the market against its side, a take-profit with the market for it, at the very price."""
    desk = Desk()
    desk.mark("60000")
    desk.stop("x", type=kind, side=side, triggerPrice=trigger, workingType=working_type)
    move = desk.mark if working_type == "MARK_PRICE" else desk.last

    move(short_of_it)
    assert desk.algo("x")["algoStatus"] == "NEW"
    move(reached)
    assert desk.algo("x")["algoStatus"] == "TRIGGERING"


@pytest.mark.parametrize("working_type", ["CONTRACT_PRICE", "MARK_PRICE"])
def test_a_trigger_looks_at_its_own_price_only(working_type: str) -> None:
    """A mark trigger ignores the last price and the other way round; CONTRACT_PRICE is the default."""
    desk = Desk()
    desk.mark("60000")
    desk.stop("x", workingType=None if working_type == "CONTRACT_PRICE" else working_type)
    other = desk.last if working_type == "MARK_PRICE" else desk.mark

    other("58000")

    assert desk.algo("x")["algoStatus"] == "NEW"
    assert desk.algo("x")["workingType"] == working_type


@pytest.mark.parametrize(("kind", "side", "trigger", "short_of_it", "reached"), TRIGGERS)
def test_a_condition_that_holds_already_is_refused(
    kind: str, side: str, trigger: str, short_of_it: str, reached: str
) -> None:
    """An order whose trigger is reached at placement is refused with -2021, one tick before it is accepted."""
    desk = Desk(last=reached)
    assert desk.code("POST", ALGO, **desk.algo_terms(type=kind, side=side, triggerPrice=trigger)) == -2021
    desk.last(short_of_it)
    assert desk.code("POST", ALGO, **desk.algo_terms(type=kind, side=side, triggerPrice=trigger)) == 0


def test_until_a_mark_price_is_seen_the_last_price_stands_in() -> None:
    """A mark trigger follows the last price while no mark price is fed, and the mark price from then on."""
    desk = Desk()
    desk.stop("first", workingType="MARK_PRICE")
    desk.last("59000")
    assert desk.algo("first")["algoStatus"] == "TRIGGERING"
    desk.last("60000")
    desk.mark("60000")
    desk.stop("second", workingType="MARK_PRICE")
    desk.last("59000")
    assert desk.algo("second")["algoStatus"] == "NEW"


def test_until_a_trade_is_seen_the_middle_of_the_book_stands_in() -> None:
    """Fed with a book only, last and mark price are its middle, and triggers look at it."""
    desk = Desk(last=None)
    desk.book("59999", "60001")
    desk.stop("x")

    desk.book("58999", "59001")

    assert desk.algo("x")["algoStatus"] == "TRIGGERING"
    assert desk.ok("GET", "/fapi/v1/premiumIndex", symbol=BTC)["markPrice"] == "59000.00000000"


@pytest.mark.parametrize("status", ["TRIGGERING", "FINISHED", "CANCELED"])
def test_only_a_waiting_order_can_be_cancelled(status: str) -> None:
    """Cancelling an order that is on its way, done or gone answers -2011."""
    desk = Desk()
    desk.buy()
    desk.stop()
    if status == "CANCELED":
        desk.ok("DELETE", ALGO, clientAlgoId="sl")
    else:
        desk.last("59000")
        desk.wait(20 if status == "FINISHED" else 0)

    assert desk.algo("sl")["algoStatus"] == status
    assert desk.code("DELETE", ALGO, clientAlgoId="sl") == -2011


def test_cancelling_answers_with_a_textual_code() -> None:
    """DELETE algoOrder answers code "200" as a text, and a cancelled order never triggers."""
    desk = Desk()
    placed = desk.stop()

    answer = desk.ok("DELETE", ALGO, algoId=placed["algoId"])
    desk.last("50000")
    desk.wait(100)

    assert answer == {"algoId": placed["algoId"], "clientAlgoId": "sl", "code": "200", "msg": "success"}
    assert statuses(desk, "sl") == ["NEW", "CANCELED"]


def test_cancelling_all_is_per_symbol_and_per_service() -> None:
    """DELETE algoOpenOrders cancels the conditional orders of one symbol; DELETE allOpenOrders touches none."""
    desk = Desk()
    desk.last("60000", ETH)
    desk.stop("a")
    desk.stop("b")
    desk.stop("c", symbol=ETH)

    desk.ok("DELETE", "/fapi/v1/allOpenOrders", symbol=BTC)
    assert len(desk.ok("GET", "/fapi/v1/openAlgoOrders", symbol=BTC)) == 2
    answer = desk.ok("DELETE", "/fapi/v1/algoOpenOrders", symbol=BTC)

    assert answer == {"code": 200, "msg": "The operation of cancel all open order is done."}
    assert [row["clientAlgoId"] for row in desk.ok("GET", "/fapi/v1/openAlgoOrders")] == ["c"]


def test_cancelling_all_leaves_what_is_triggering() -> None:
    """An order on its way into the book is not reached by the bulk cancel."""
    desk = Desk()
    desk.buy()
    desk.stop("gone", triggerPrice="58000")
    desk.stop("on-its-way")
    desk.last("59000")

    desk.ok("DELETE", "/fapi/v1/algoOpenOrders", symbol=BTC)

    assert [row["clientAlgoId"] for row in desk.ok("GET", "/fapi/v1/openAlgoOrders")] == ["on-its-way"]
    desk.wait(20)
    assert desk.amount() == 0


def test_an_order_may_get_stuck_triggering() -> None:
    """A stuck trigger stays TRIGGERING for good: no child, no cancel, the position stays open."""
    desk = Desk()
    desk.buy()
    desk.venue.stick_triggers("sl")
    desk.stop("sl-1")
    desk.stop("ok-1", quantity="0.004")
    desk.last("59000")
    desk.wait(60_000)

    assert desk.algo("sl-1")["algoStatus"] == "TRIGGERING"
    assert desk.code("DELETE", ALGO, clientAlgoId="sl-1") == -2011
    assert desk.amount() == Decimal("0.006")
    desk.venue.stick_triggers(None)
    desk.last("60000")
    desk.stop("sl-2")
    desk.last("59000")
    desk.wait(20)
    assert desk.algo("sl-2")["algoStatus"] == "FINISHED"


def test_a_reduce_only_order_that_triggers_flat_is_rejected() -> None:
    """A reduce-only stop is accepted while flat and rejected at its trigger, with the reason."""
    desk = Desk()
    desk.stop()
    desk.last("59000")
    desk.wait(20)

    row = desk.rows("algo")[-1]
    assert (row["status"], row["reason"], row["actual_order_id"]) == ("REJECTED", "Reduce Only reject", "")
    assert desk.code("GET", ORDER, symbol=BTC, origClientOrderId="sl") == -2013


def test_a_switch_refuses_reduce_only_while_flat() -> None:
    """The other reading of the documentation: refused at placement with -2022."""
    desk = Desk(settings=VenueSettings(refuse_reduce_only_algo_while_flat=True))

    assert desk.code("POST", ALGO, **desk.algo_terms()) == -2022
    desk.buy()
    assert desk.code("POST", ALGO, **desk.algo_terms()) == 0


def test_the_sibling_leg_stays_when_the_position_is_gone() -> None:
    """There is no one-cancels-the-other: the target fills, the stop stays NEW and is rejected when it triggers."""
    desk = Desk()
    desk.buy()
    desk.stop()
    desk.target()
    desk.last("61000")
    desk.wait(20)

    assert desk.amount() == 0
    assert desk.algo("sl")["algoStatus"] == "NEW"
    desk.last("59000")
    desk.wait(20)
    assert statuses(desk, "sl") == ["NEW", "TRIGGERING", "REJECTED"]
    assert desk.amount() == 0


def test_a_switch_expires_the_sibling_leg() -> None:
    """With the switch, reduce-only legs expire when the position closes, and not before."""
    desk = Desk(settings=VenueSettings(reduce_only_algos_expire_with_position=True))
    desk.buy()
    desk.stop()
    desk.target(quantity="0.004")
    desk.stop("entry", side="BUY", triggerPrice="62000", reduceOnly=None)
    desk.last("61000")
    desk.wait(20)
    assert desk.algo("sl")["algoStatus"] == "NEW"

    desk.sell("0.006")

    assert desk.algo("sl")["algoStatus"] == "EXPIRED"
    assert desk.algo("entry")["algoStatus"] == "NEW"


def test_an_entry_stop_is_checked_for_margin_at_its_trigger_only() -> None:
    """A conditional entry beyond the margin is accepted, and rejected when it triggers."""
    desk = Desk(balance="100")
    desk.stop("big", side="BUY", triggerPrice="61000", quantity="1", reduceOnly=None)
    desk.last("61000")
    desk.wait(20)

    assert (desk.rows("algo")[-1]["status"], desk.rows("algo")[-1]["reason"]) == ("REJECTED", "Margin is insufficient.")


def test_an_entry_stop_opens_a_position() -> None:
    """A conditional order without reduceOnly opens a position when it triggers."""
    desk = Desk()
    desk.stop("entry", side="BUY", triggerPrice="61000", reduceOnly=None)
    desk.last("61000")
    desk.wait(20)

    assert desk.amount() == Decimal("0.010")


def test_rules_that_changed_meanwhile_reject_at_the_trigger() -> None:
    """The child is checked against the rules in force when it triggers."""
    desk = Desk()
    desk.buy("0.011")
    desk.stop(quantity="0.011")
    desk.venue.change_filters(
        BTC, [{"filterType": "MARKET_LOT_SIZE", "minQty": "0.01", "maxQty": "1", "stepSize": "0.01"}]
    )
    desk.last("59000")
    desk.wait(20)

    assert desk.rows("algo")[-1]["reason"] == "Qty not increased by step size."


def test_an_oversized_reduce_only_stop_closes_the_position_and_no_more() -> None:
    """The child of a stop larger than the position is capped; the order is FINISHED though it expired in part."""
    desk = Desk()
    desk.buy("0.010")
    desk.stop(quantity="0.030")
    desk.last("59000")
    desk.wait(20)

    found = desk.algo("sl")
    assert (found["algoStatus"], found["actualQty"]) == ("FINISHED", "0.010")
    assert desk.ok("GET", ORDER, symbol=BTC, origClientOrderId="sl")["status"] == "EXPIRED"
    assert desk.amount() == 0


def test_several_triggers_of_one_tick_fire_in_the_order_of_their_prices() -> None:
    """A jump over several stops reaches the nearest first."""
    desk = Desk()
    desk.buy("0.020")
    desk.stop("far", triggerPrice="58000")
    desk.stop("near", triggerPrice="59500")
    desk.last("57000")
    desk.wait(20)

    assert [row["client_order_id"] for row in desk.fills()[1:]] == ["near", "far"]


def test_without_latency_the_child_is_filled_in_the_tick() -> None:
    """A trigger latency of zero fills within the very millisecond of the trigger."""
    desk = Desk(settings=VenueSettings(trigger_latency_ms=0))
    desk.buy()
    desk.stop()
    desk.last("59000")

    assert desk.algo("sl")["algoStatus"] == "FINISHED"
    assert desk.fills()[-1]["time_ms"] == desk.venue.now_ms


def test_price_protection_expires_a_trigger_on_a_spike() -> None:
    """With priceProtect a last price too far from the mark price does not send the order into the book."""
    desk = Desk(symbol_info(triggerProtect="0.01"))
    desk.buy()
    desk.mark("60000")
    desk.stop("guarded", priceProtect="true")
    desk.stop("plain", quantity="0.001")
    desk.last("59000")
    desk.wait(20)

    assert statuses(desk, "guarded") == ["NEW", "EXPIRED"]
    assert desk.algo("plain")["algoStatus"] == "FINISHED"


@pytest.mark.parametrize("protect", ["0.0500", None])
def test_price_protection_lets_an_orderly_market_through(protect: str | None) -> None:
    """Within triggerProtect, or where the symbol has none, priceProtect changes nothing."""
    desk = Desk(symbol_info(triggerProtect=protect))
    desk.buy()
    desk.mark("60000")
    desk.stop(priceProtect="true")
    desk.last("59000")
    desk.wait(20)

    assert desk.algo("sl")["algoStatus"] == "FINISHED"


def test_a_hedged_stop_closes_its_own_side() -> None:
    """In hedge mode a stop names the side it closes and leaves the other alone."""
    desk = Desk(settings=VenueSettings(hedge_mode=True))
    desk.buy("0.010", positionSide="LONG")
    desk.sell("0.010", positionSide="SHORT")
    desk.stop(positionSide="LONG", reduceOnly=None)
    desk.last("59000")
    desk.wait(20)

    assert (desk.amount("LONG"), desk.amount("SHORT")) == (Decimal(0), Decimal("-0.010"))


def test_a_hedged_stop_larger_than_its_side_is_rejected() -> None:
    """In hedge mode a closing stop that exceeds its position is rejected at the trigger."""
    desk = Desk(settings=VenueSettings(hedge_mode=True))
    desk.buy("0.010", positionSide="LONG")
    desk.stop(positionSide="LONG", reduceOnly=None, quantity="0.011")
    desk.last("59000")
    desk.wait(20)

    assert desk.rows("algo")[-1]["reason"] == "Reduce Only reject"
    assert desk.amount("LONG") == Decimal("0.010")
