"""Cases X01 to X19 of the exchange contract: market orders, refusals, and being sent once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import attrs
import pytest

from surefill.domain.errors import ConfigurationError, OrderRejectedError
from surefill.domain.ids import Leg
from surefill.domain.numbers import EXACT
from surefill.domain.order import OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.side import PositionSide, Side
from surefill.testing.exchange_desk import Desk, expect, expect_true, present


def expect_rejected(reply: Reply, refusal: Refusal) -> None:
    """Fail the case unless the order was refused for good, for that reason."""
    expect((reply.kind, reply.refusal), (ReplyKind.REJECTED, refusal), f"the reply ({reply.code} {reply.text})")


class OrderCases:
    """Market orders."""

    def test_x01_prepare_rises_strictly_and_sends_nothing(self, desk: Desk) -> None:
        """X01 Timestamps rise strictly, digests differ, windows lie ahead, and nothing of it reaches the exchange."""
        requests = [desk.market() for _ in range(5)]
        prepared = [desk.exchange.prepare(request) for request in requests]
        stamps = [one.timestamp_ms for one in prepared]
        expect(stamps, sorted(set(stamps)), "the timestamps")
        expect(len({one.digest for one in prepared}), 5, "the number of different digests")
        expect_true(all(one.not_after_ms > one.timestamp_ms for one in prepared), "a window does not lie ahead")
        expect(dict(desk.exchange.find([request.key for request in requests])), {}, "the orders at the exchange")

    def test_x02_a_market_order_fills_and_echoes_our_ids(self, desk: Desk) -> None:
        """X02 An accepted market order shows our client id, symbol, side and size, and an id of the exchange."""
        request = desk.market()
        reply = desk.send(request)
        order = present(reply.order, "the order in the reply")
        expect(reply.kind, ReplyKind.ACCEPTED, "the reply")
        expect(
            (order.client_id, order.symbol, order.side, order.quantity),
            (request.client_id, request.symbol, request.side, request.quantity),
            "the echo",
        )
        expect_true(order.exchange_id.isdigit(), "the exchange's id is not numeric")

    def test_x03_find_shows_the_fill(self, desk: Desk) -> None:
        """X03 A filled order is found by its client id, with executed size and average price."""
        request = desk.market()
        desk.send(request)
        order = desk.eventually(
            lambda: desk.seen(request.key), lambda seen: seen is not None and seen.final, "the fill"
        )
        filled = present(order, "the order")
        expect((filled.status, filled.executed_quantity), (OrderStatus.FILLED, request.quantity), "status and size")
        expect_true((filled.average_price or Decimal(0)) > 0, "a filled order has no average price")
        expect(filled.key, request.key, "the key")

    def test_x04_what_was_never_sent_is_missing(self, desk: Desk) -> None:
        """X04 `find` leaves out what the exchange does not show, and finds the rest beside it."""
        sent, never = desk.market(), desk.market()
        stop = desk.leg(Leg.STOP, desk.at(-5))
        desk.send(sent)
        found = desk.exchange.find([never.key, sent.key, stop.key])
        expect(set(found), {sent.client_id}, "what was found")

    def test_x05_a_long_position_appears(self, desk: Desk) -> None:
        """X05 Buying while flat makes a long position of that size, in snapshot and list alike."""
        request = desk.market()
        desk.send(request)
        held = present(desk.exchange.snapshot(desk.symbol).position(request.position_side), "the position")
        expect(held.amount, request.quantity, "the amount")
        expect_true(held.entry_price > 0, "the entry price is not positive")
        expect([one.symbol for one in desk.exchange.positions()], [desk.symbol], "the list of positions")

    def test_x06_a_short_position_is_negative(self, desk: Desk) -> None:
        """X06 Selling while flat makes a short position: its amount is negative."""
        request = desk.market(Side.SELL)
        desk.send(request)
        held = present(desk.exchange.snapshot(desk.symbol).position(request.position_side), "the position")
        expect(held.amount, request.quantity.copy_negate(), "the amount")

    def test_x07_a_closed_position_is_gone(self, desk: Desk) -> None:
        """X07 After a closing order of the full size there is no position left in any reading."""
        desk.send(desk.market())
        expect(desk.send(desk.market(Side.SELL, closing=True)).kind, ReplyKind.ACCEPTED, "the closing reply")
        expect(desk.exchange.snapshot(desk.symbol).positions, (), "the snapshot's positions")
        expect(desk.exchange.positions(), (), "the list of positions")

    def test_x08_a_closing_order_never_turns_the_position(self, desk: Desk) -> None:
        """X08 A closing order larger than the position is refused or closes it; it never opens the other side."""
        entry = desk.market()
        desk.send(entry)
        closing = desk.market(Side.SELL, EXACT.multiply(entry.quantity, Decimal(2)), closing=True)
        desk.send(closing)
        left = desk.exchange.snapshot(desk.symbol).position(entry.position_side)
        expect_true(left is None or left.amount == entry.quantity, f"the position became {left!r}")
        order = desk.seen(closing.key)
        expect_true(order is None or order.executed_quantity <= entry.quantity, f"too much was executed: {order!r}")

    def test_x09_closing_while_flat_is_refused(self, desk: Desk) -> None:
        """X09 There is nothing to reduce: REJECTED, REDUCE_ONLY."""
        expect_rejected(desk.send(desk.market(Side.SELL, closing=True)), Refusal.REDUCE_ONLY)

    def test_x10_too_little_margin_is_refused(self, desk: Desk) -> None:
        """X10 An entry the wallet cannot carry: REJECTED, MARGIN or TOO_LARGE, and no position."""
        available = max(balance.available for balance in desk.exchange.balance())
        leverage = desk.exchange.settings(desk.symbol).leverage
        wanted = EXACT.divide_int(EXACT.multiply(available, Decimal(2 * leverage)), desk.harness.price)
        size = min(max(wanted, Decimal(1)), desk.exchange.instrument(desk.symbol).market_lot.maximum)
        reply = desk.send(desk.market(quantity=size))
        expect(reply.kind, ReplyKind.REJECTED, "the reply")
        expect_true(reply.refusal in (Refusal.MARGIN, Refusal.TOO_LARGE), f"the refusal was {reply.refusal}")
        expect(desk.exchange.positions(), (), "the positions")

    def test_x11_a_quantity_off_the_grid_is_refused(self, desk: Desk) -> None:
        """X11 A quantity between two steps: REJECTED, OFF_GRID."""
        step = desk.exchange.instrument(desk.symbol).market_lot.step
        size = EXACT.add(desk.quantity, EXACT.divide(step, Decimal(2)))
        expect_rejected(desk.send(desk.market(quantity=size)), Refusal.OFF_GRID)

    def test_x12_a_quantity_below_the_minimum_is_refused(self, desk: Desk) -> None:
        """X12 The least quantity, worth less than the least notional: REJECTED, TOO_SMALL."""
        rules = desk.exchange.instrument(desk.symbol)
        least = rules.market_lot.minimum or rules.market_lot.step
        value = EXACT.multiply(least, desk.harness.price)
        if value >= (rules.min_notional or Decimal(0)):
            pytest.skip(f"{desk.symbol} accepts its least quantity at {desk.harness.price}")
        expect_rejected(desk.send(desk.market(quantity=least)), Refusal.TOO_SMALL)

    def test_x13_an_unknown_symbol_is_refused(self, desk: Desk) -> None:
        """X13 Nobody lists it: the order is REJECTED, its rules are not to be had; UNKNOWN_SYMBOL both."""
        request = attrs.evolve(desk.market(), symbol="NOSUCHUSDT")
        expect_rejected(desk.send(request), Refusal.UNKNOWN_SYMBOL)
        with pytest.raises(OrderRejectedError) as caught:
            desk.exchange.instrument("NOSUCHUSDT")
        expect(caught.value.refusal, Refusal.UNKNOWN_SYMBOL, "the refusal")

    def test_x14_the_wrong_position_side_is_refused(self, desk: Desk) -> None:
        """X14 A hedge order on a one-way account: REJECTED, POSITION_MODE."""
        request = attrs.evolve(desk.market(), position_side=PositionSide.LONG)
        expect_rejected(desk.send(request), Refusal.POSITION_MODE)
        expect(desk.exchange.positions(), (), "the positions")

    def test_x15_past_half_its_window_nothing_is_sent(self, desk: Desk) -> None:
        """X15 An order that waited too long is NOT_SENT: it never shows at the exchange."""
        request = desk.market()
        prepared = desk.exchange.prepare(request)
        window_ms = prepared.not_after_ms - prepared.timestamp_ms
        desk.exchange.clock.sleep(window_ms * 0.6 / 1000)
        reply = desk.exchange.send(prepared)
        expect((reply.kind, reply.refusal), (ReplyKind.NOT_SENT, Refusal.CLOCK), "the reply")
        expect(desk.seen(request.key), None, "the order at the exchange")

    def test_x16_a_prepared_order_is_sent_once(self, desk: Desk) -> None:
        """X16 Sending the same prepared order again is an error of the caller, and fills nothing."""
        request = desk.market()
        prepared = desk.exchange.prepare(request)
        desk.exchange.send(prepared)
        with pytest.raises(ConfigurationError):
            desk.exchange.send(prepared)
        held = present(desk.exchange.snapshot(desk.symbol).position(request.position_side), "the position")
        expect(held.amount, request.quantity, "the amount")

    def test_x17_several_orders_go_out_together_in_order(self, desk: Desk) -> None:
        """X17 `send_together` answers each order at its place; a refused one does not keep the others back."""
        desk.send(desk.market())
        requests = [desk.leg(Leg.STOP, desk.at(-5)), desk.leg(Leg.STOP, desk.at(5)), desk.leg(Leg.TARGET, desk.at(5))]
        replies = desk.exchange.send_together([desk.exchange.prepare(request) for request in requests])
        expect(
            [reply.kind for reply in replies],
            [ReplyKind.ACCEPTED, ReplyKind.REJECTED, ReplyKind.ACCEPTED],
            "the replies",
        )
        seen = {order.client_id for order in desk.exchange.snapshot(desk.symbol).conditionals}
        expect(seen, {requests[0].client_id, requests[2].client_id}, "what rests")
        expect(desk.exchange.send_together([]), (), "the replies to nothing")

    def test_x18_many_threads_may_trade_at_once(self, desk: Desk) -> None:
        """X18 Orders sent from many threads all fill, none twice, and no two carry the same timestamp."""
        requests = [desk.market() for _ in range(8)]

        def trade(index: int) -> tuple[int, Reply]:
            prepared = desk.exchange.prepare(requests[index])
            return prepared.timestamp_ms, desk.exchange.send(prepared)

        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(trade, range(8)))
        expect([reply.kind for _, reply in done], [ReplyKind.ACCEPTED] * 8, "the replies")
        expect(len({stamp for stamp, _ in done}), 8, "the number of different timestamps")
        held = present(desk.exchange.snapshot(desk.symbol).position(requests[0].position_side), "the position")
        expect(held.amount, EXACT.multiply(requests[0].quantity, Decimal(8)), "the amount")

    def test_x19_orders_count_against_the_budget(self, desk: Desk) -> None:
        """X19 After an order at least one limiter of the exchange that counts orders, if it has any, shows it."""
        desk.send(desk.market())
        counters = [one for one in desk.exchange.capacity().allowances if one.counts_orders]
        expect_true(not counters or any(one.used > 0 for one in counters), f"no order was counted: {counters!r}")
        expect_true(all(one.used <= one.limit for one in counters), f"a limit is exceeded: {counters!r}")
