"""Cases X20 to X33 of the exchange contract: stops, targets, and cancelling them."""

from __future__ import annotations

from decimal import Decimal

from surefill.domain.ids import Leg
from surefill.domain.numbers import EXACT
from surefill.domain.order import FINAL, Order, OrderRequest, OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.domain.side import Side, TriggerPrice
from surefill.testing.exchange_desk import Desk, expect, expect_true, present
from surefill.testing.exchange_order_cases import expect_rejected


def filled(desk: Desk, request: OrderRequest) -> Order:
    """Wait until the leg is final and return it; fail the case unless it filled whole."""
    seen = desk.eventually(
        lambda: desk.seen(request.key), lambda order: order is not None and order.status in FINAL, "the leg's end"
    )
    order = present(seen, "the leg")
    expect((order.status, order.executed_quantity), (OrderStatus.FILLED, request.quantity), "status and size")
    return order


class LegCases:
    """Stops and targets."""

    def test_x20_a_stop_rests_and_shows_what_was_asked(self, desk: Desk) -> None:
        """X20 A placed stop is NEW, among the conditional orders only, with our id, side, size, trigger and price."""
        desk.send(desk.market())
        stop = desk.leg(Leg.STOP, desk.at(-5))
        expect(desk.send(stop).kind, ReplyKind.ACCEPTED, "the reply")
        snapshot = desk.exchange.snapshot(desk.symbol)
        order = present(snapshot.open_order(stop.client_id), "the stop")
        expect((order.status, order.resting), (OrderStatus.NEW, True), "the state")
        expect(
            (order.side, order.quantity, order.kind, order.trigger_price, order.trigger_on, order.reduce_only),
            (stop.side, stop.quantity, stop.kind, stop.trigger_price, stop.trigger_on, stop.reduce_only),
            "the stop",
        )
        expect((snapshot.orders, order.conditional, order.key), ((), True, stop.key), "where it rests")
        expect(desk.seen(stop.key), order, "the same order looked up")

    def test_x21_a_stop_triggers_and_fills(self, desk: Desk) -> None:
        """X21 Past its trigger a long's stop sells: it is found FILLED with size and price; the position is gone."""
        desk.send(desk.market())
        stop = desk.leg(Leg.STOP, desk.at(-5))
        desk.send(stop)
        desk.move(-6)
        order = filled(desk, stop)
        expect_true(desk.at(-10) < (order.average_price or Decimal(0)) < desk.at(-5), f"a strange price: {order!r}")
        snapshot = desk.exchange.snapshot(desk.symbol)
        expect((snapshot.positions, snapshot.conditionals), ((), ()), "position and orders")

    def test_x22_a_target_triggers_and_fills(self, desk: Desk) -> None:
        """X22 Past its trigger a short's target buys, and the position is gone."""
        desk.send(desk.market(Side.SELL))
        target = desk.leg(Leg.TARGET, desk.at(-5), side=Side.BUY)
        desk.send(target)
        desk.move(-6)
        filled(desk, target)
        expect(desk.exchange.positions(), (), "the positions")

    def test_x23_short_of_its_trigger_a_stop_rests(self, desk: Desk) -> None:
        """X23 A move that stops before the trigger changes nothing, on mark and on last price."""
        desk.send(desk.market())
        stops = [desk.leg(Leg.STOP, desk.at(-5), trigger_on=kind) for kind in (TriggerPrice.MARK, TriggerPrice.LAST)]
        for stop in stops:
            desk.send(stop)
        desk.move(-4)
        desk.exchange.clock.sleep(0.2)
        found = desk.exchange.find([stop.key for stop in stops])
        expect([found[stop.client_id].resting for stop in stops], [True, True], "whether they rest")
        expect(
            [found[stop.client_id].trigger_on for stop in stops], [TriggerPrice.MARK, TriggerPrice.LAST], "the kinds"
        )

    def test_x24_a_crossed_stop_is_refused(self, desk: Desk) -> None:
        """X24 A stop whose trigger is passed already: REJECTED, STOP_CROSSED, and nothing rests."""
        desk.send(desk.market())
        expect_rejected(desk.send(desk.leg(Leg.STOP, desk.at(5))), Refusal.STOP_CROSSED)
        expect(desk.exchange.open_orders(desk.symbol), (), "the open orders")

    def test_x25_a_trigger_off_the_grid_is_refused(self, desk: Desk) -> None:
        """X25 A trigger price between two ticks: REJECTED, OFF_GRID."""
        desk.send(desk.market())
        tick = desk.exchange.instrument(desk.symbol).tick.increment
        trigger = EXACT.add(desk.at(-5), EXACT.divide(tick, Decimal(2)))
        expect_rejected(desk.send(desk.leg(Leg.STOP, trigger)), Refusal.OFF_GRID)

    def test_x26_an_open_id_is_not_taken_twice(self, desk: Desk) -> None:
        """X26 A second stop with the id of a resting one: EXISTS, DUPLICATE_ID, and one rests."""
        desk.send(desk.market())
        stop = desk.leg(Leg.STOP, desk.at(-5))
        desk.send(stop)
        reply = desk.send(stop)
        expect((reply.kind, reply.refusal), (ReplyKind.EXISTS, Refusal.DUPLICATE_ID), "the reply")
        expect(len(desk.exchange.open_orders(desk.symbol)), 1, "the number of open orders")

    def test_x27_a_resting_stop_is_cancelled(self, desk: Desk) -> None:
        """X27 Cancelling succeeds; afterwards the stop is not open, and is found CANCELED."""
        desk.send(desk.market())
        stop = desk.leg(Leg.STOP, desk.at(-5))
        desk.send(stop)
        (outcome,) = desk.exchange.cancel([stop.key])
        expect((outcome.client_id, outcome.cancelled), (stop.client_id, True), "the outcome")
        expect(desk.exchange.open_orders(desk.symbol), (), "the open orders")
        expect(present(desk.seen(stop.key), "the stop").status, OrderStatus.CANCELED, "the status")

    def test_x28_what_is_gone_is_reported_not_raised(self, desk: Desk) -> None:
        """X28 Cancelling a cancelled stop, a filled entry and an unknown id is no error; each is shown as it is."""
        entry, stop, never = desk.market(), desk.leg(Leg.STOP, desk.at(-5)), desk.leg(Leg.STOP, desk.at(-5))
        desk.send(entry)
        desk.send(stop)
        desk.exchange.cancel([stop.key])
        outcomes = desk.exchange.cancel([entry.key, stop.key, never.key])
        expect([one.client_id for one in outcomes], [entry.client_id, stop.client_id, never.client_id], "the ids")
        expect([one.cancelled for one in outcomes], [False, False, False], "what was cancelled")
        expect(
            [None if one.order is None else one.order.status for one in outcomes],
            [OrderStatus.FILLED, OrderStatus.CANCELED, None],
            "what is shown",
        )

    def test_x29_a_triggered_stop_is_shown_filled(self, desk: Desk) -> None:
        """X29 Cancelling a stop that has triggered and filled reports it with what it executed."""
        desk.send(desk.market())
        stop = desk.leg(Leg.STOP, desk.at(-5))
        desk.send(stop)
        desk.move(-6)
        filled(desk, stop)
        (outcome,) = desk.exchange.cancel([stop.key])
        order = present(outcome.order, "the stop")
        expect(
            (outcome.cancelled, order.status, order.executed_quantity),
            (False, OrderStatus.FILLED, stop.quantity),
            "the outcome",
        )

    def test_x30_cancel_everything_keeps_to_its_symbol(self, desk: Desk) -> None:
        """X30 Every order on the symbol goes, those on another stay; doing it again with nothing open succeeds."""
        other = desk.harness.other_symbol
        rules = desk.exchange.instrument(other)
        far = rules.tick.floor(EXACT.multiply(desk.harness.other_price, Decimal("0.9")))
        size = rules.market_lot.minimum or rules.market_lot.step
        while EXACT.multiply(size, far) < EXACT.multiply(rules.min_notional or Decimal(0), Decimal(2)):
            size = EXACT.multiply(size, Decimal(2))
        desk.send(desk.market())
        desk.send(desk.market(symbol=other, quantity=size))
        for leg, percent in ((Leg.STOP, -5), (Leg.TARGET, 5)):
            desk.send(desk.leg(leg, desk.at(percent)))
        kept = desk.leg(Leg.STOP, far, quantity=size, symbol=other)
        expect(desk.send(kept).kind, ReplyKind.ACCEPTED, "the other symbol's stop")
        expect(len(desk.exchange.open_orders()), 3, "the number of open orders before")
        desk.exchange.cancel_everything(desk.symbol)
        desk.exchange.cancel_everything(desk.symbol)
        expect([order.client_id for order in desk.exchange.open_orders()], [kept.client_id], "what is left")

    def test_x31_a_leg_that_triggers_while_flat_opens_nothing(self, desk: Desk) -> None:
        """X31 A closing leg left behind by its position ends without a fill when its price comes."""
        desk.send(desk.market())
        stop = desk.leg(Leg.STOP, desk.at(-5))
        desk.send(stop)
        desk.send(desk.market(Side.SELL, closing=True))
        desk.move(-6)
        desk.exchange.clock.sleep(0.5)
        order = desk.seen(stop.key)
        expect_true(order is None or order.executed_quantity == 0, f"the orphan was filled: {order!r}")
        expect(desk.exchange.positions(), (), "the positions")

    def test_x32_both_legs_together_close_once(self, desk: Desk) -> None:
        """X32 After one leg has closed the position the other cannot turn it."""
        desk.send(desk.market())
        stop, target = desk.leg(Leg.STOP, desk.at(-5)), desk.leg(Leg.TARGET, desk.at(5))
        desk.send(stop)
        desk.send(target)
        desk.move(6)
        filled(desk, target)
        desk.move(-6)
        desk.exchange.clock.sleep(0.5)
        expect(desk.exchange.positions(), (), "the positions")

    def test_x33_a_leg_triggers_on_the_last_price_too(self, desk: Desk) -> None:
        """X33 A stop on the last price fills when that price passes its trigger."""
        desk.send(desk.market())
        stop = desk.leg(Leg.STOP, desk.at(-5), trigger_on=TriggerPrice.LAST)
        expect(desk.send(stop).kind, ReplyKind.ACCEPTED, "the reply")
        desk.move(-6)
        filled(desk, stop)
