"""Cases X34 to X51 of the exchange contract: readings of the account, settings, rules, and hedge mode."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from surefill.domain.errors import OrderExecutionError, OrderRejectedError
from surefill.domain.ids import Leg
from surefill.domain.numbers import EXACT
from surefill.domain.order import Order
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.domain.side import MarginType, PositionMode, PositionSide, Side
from surefill.domain.snapshot import Balance, Watermark
from surefill.testing.exchange_desk import Desk, expect, expect_true, present
from surefill.testing.exchange_leg_cases import filled
from surefill.testing.exchange_order_cases import expect_rejected


def wallet(desk: Desk) -> Balance:
    """Return the margin asset's balance."""
    asset = desk.exchange.instrument(desk.symbol).margin_asset
    return next(balance for balance in desk.exchange.balance() if balance.asset == asset)


class AccountCases:
    """Readings and settings."""

    def test_x34_a_snapshot_is_not_older_than_it_says(self, desk: Desk) -> None:
        """X34 `at_ms` is the moment before the first read; a flat, quiet symbol shows nothing at all."""
        before_ms = desk.exchange.clock.now_ms()
        snapshot = desk.exchange.snapshot(desk.symbol)
        expect_true(before_ms <= snapshot.at_ms <= desk.exchange.clock.now_ms(), f"taken at {snapshot.at_ms}")
        expect((snapshot.symbol, snapshot.mode), (desk.symbol, desk.mode), "symbol and mode")
        expect((snapshot.positions, snapshot.orders, snapshot.conditionals), ((), (), ()), "what it shows")

    def test_x35_a_snapshot_keeps_to_its_symbol(self, desk: Desk) -> None:
        """X35 Position and orders of one symbol do not show in the snapshot of another."""
        desk.send(desk.market())
        desk.send(desk.leg(Leg.STOP, desk.at(-5)))
        other = desk.exchange.snapshot(desk.harness.other_symbol)
        expect((other.positions, other.orders, other.conditionals), ((), (), ()), "the other symbol")

    def test_x36_history_begins_at_the_watermark(self, desk: Desk) -> None:
        """X36 Only what came after the watermark is listed, oldest first, and the new watermark leaves nothing."""
        desk.send(desk.market())
        mark = desk.exchange.history(desk.symbol).watermark
        expect(desk.exchange.history(desk.symbol, mark).orders, (), "what is new at first")
        requests = [desk.market(), desk.market(Side.SELL, closing=True)]
        for request in requests:
            desk.send(request)
        history = desk.exchange.history(desk.symbol, mark)
        expect([o.client_id for o in history.orders], [r.client_id for r in requests], "the orders")
        expect([t.side for t in history.trades], [Side.BUY, Side.SELL], "the fills' sides")
        again = desk.exchange.history(desk.symbol, history.watermark)
        expect((again.orders, again.trades, again.watermark), ((), (), history.watermark), "what is new after that")

    def test_x37_fills_add_up_to_their_order(self, desk: Desk) -> None:
        """X37 The fills of an order carry its id, add up to its size, and are worth its average price."""
        request = desk.market()
        desk.send(request)
        order = present(desk.seen(request.key), "the order")
        trades = desk.exchange.history(desk.symbol, Watermark()).trades
        expect({trade.exchange_order_id for trade in trades}, {order.exchange_id}, "the order ids")
        total = sum((trade.quantity for trade in trades), Decimal(0))
        expect(total, order.executed_quantity, "their sum")
        low, high = min(trade.price for trade in trades), max(trade.price for trade in trades)
        expect_true(low <= (order.average_price or Decimal(0)) <= high, f"the average is not between {low} and {high}")

    def test_x38_without_watermark_nothing_is_listed(self, desk: Desk) -> None:
        """X38 Asked for the watermark alone, `history` lists nothing, and on an unused account it is zero."""
        history = desk.exchange.history(desk.harness.other_symbol)
        expect((history.orders, history.trades, history.watermark), ((), (), Watermark()), "the history")

    def test_x39_the_wallet_is_exact(self, desk: Desk) -> None:
        """X39 After opening and closing the wallet has changed by sales less purchases less fees, to the last digit."""
        rate = desk.harness.taker_fee
        if rate is None:
            pytest.skip("the harness does not know the fee")
        before = wallet(desk).wallet
        desk.send(desk.market())
        desk.move(1)
        desk.send(desk.market(Side.SELL, closing=True))
        expected = before
        for trade in desk.exchange.history(desk.symbol, Watermark()).trades:
            value = EXACT.multiply(trade.price, trade.quantity)
            expected = EXACT.add(expected, EXACT.multiply(value, Decimal(-trade.side.sign)))
            expected = EXACT.subtract(expected, EXACT.multiply(value, rate))
        expect(wallet(desk).wallet, expected, "the wallet")

    def test_x40_a_position_takes_margin(self, desk: Desk) -> None:
        """X40 With a position open less is available than in the wallet; flat again they are equal."""
        desk.send(desk.market())
        held = wallet(desk)
        expect_true(held.available < held.wallet, f"nothing is taken: {held!r}")
        desk.send(desk.market(Side.SELL, closing=True))
        flat = wallet(desk)
        expect((flat.available, flat.unrealized), (flat.wallet, Decimal(0)), "the flat account")

    def test_x41_the_reference_follows_the_market(self, desk: Desk) -> None:
        """X41 Mark and last price are those of the market, and their age is told."""
        desk.move(2)
        reference = desk.exchange.reference(desk.symbol)
        expect((reference.symbol, reference.mark, reference.last), (desk.symbol, desk.at(2), desk.at(2)), "the prices")
        expect_true(0 <= reference.age_ms < 60_000, f"an age of {reference.age_ms} ms")

    def test_x42_settings_are_set_and_read_back(self, desk: Desk) -> None:
        """X42 Leverage and margin type take effect, and setting what is already so succeeds."""
        for _ in range(2):
            desk.exchange.configure(desk.symbol, leverage=7, margin_type=MarginType.ISOLATED)
            settings = desk.exchange.settings(desk.symbol)
            expect((settings.leverage, settings.margin_type), (7, MarginType.ISOLATED), "the settings")
        desk.exchange.configure(desk.symbol)
        expect(desk.exchange.settings(desk.symbol).leverage, 7, "the leverage after setting nothing")

    def test_x43_impossible_settings_are_refused(self, desk: Desk) -> None:
        """X43 A leverage beyond all bounds, or another margin type under a position, is refused as LEVERAGE."""
        with pytest.raises(OrderRejectedError) as caught:
            desk.exchange.configure(desk.symbol, leverage=1000)
        expect(caught.value.refusal, Refusal.LEVERAGE, "the refusal")
        desk.send(desk.market())
        with pytest.raises(OrderExecutionError) as caught_again:
            desk.exchange.configure(desk.symbol, margin_type=MarginType.ISOLATED)
        expect(caught_again.value.refusal, Refusal.LEVERAGE, "the refusal under a position")

    def test_x44_rules_are_kept_until_refreshed(self, desk: Desk) -> None:
        """X44 A tick size changed at the exchange is seen on refresh, and from then on without."""
        if desk.harness.change_tick is None:
            pytest.skip("the harness cannot change a filter")
        old = desk.exchange.instrument(desk.symbol).tick.increment
        wider = EXACT.multiply(old, Decimal(5))
        desk.harness.change_tick(desk.symbol, wider)
        expect(desk.exchange.instrument(desk.symbol).tick.increment, old, "the tick kept")
        expect(desk.exchange.instrument(desk.symbol, refresh=True).tick.increment, wider, "the tick refreshed")
        expect(desk.exchange.instrument(desk.symbol).tick.increment, wider, "the tick afterwards")

    def test_x48_income_is_what_the_wallet_gained(self, desk: Desk) -> None:
        """X48 Profits, losses and fees since a moment add up to the wallet's change; what lay before is left out."""
        desk.send(desk.market())
        desk.exchange.clock.sleep(0.1)
        since_ms, before = desk.exchange.clock.now_ms(), wallet(desk).wallet
        expect(desk.exchange.income(since_ms), Decimal(0), "the income of no time")
        desk.move(2)
        desk.send(desk.market(Side.SELL, closing=True))
        gained = EXACT.subtract(wallet(desk).wallet, before)
        income = desk.eventually(
            lambda: desk.exchange.income(since_ms), lambda shown: shown == gained, f"an income of {gained}"
        )
        expect(income, gained, "the income")

    def test_x49_without_retries_it_is_the_same_account(self, desk: Desk) -> None:
        """X49 `direct` trades and reads the same account under the same namespace."""
        direct = desk.exchange.direct
        request = desk.market()
        expect(direct.send(desk.exchange.prepare(request)).kind, ReplyKind.ACCEPTED, "the reply")
        expect(set(direct.find([request.key])), {request.client_id}, "what is found")
        expect((direct.namespace, direct.positions()), (desk.exchange.namespace, desk.exchange.positions()), "the rest")

    def test_x50_somebody_is_asked_before_each_request(self, desk: Desk) -> None:
        """X50 While attended, each request is preceded by the question how long it may take; the innermost one asks."""
        asked: list[str] = []
        order = desk.market()
        desk.exchange.positions()  # what is read once only, and setting the clock, lie behind us

        def hurried(name: str, patience_ms: int | None) -> Callable[[], int | None]:
            def patience() -> int | None:
                asked.append(name)
                return patience_ms

            return patience

        with desk.exchange.attended(hurried("outer", 5_000)):
            desk.exchange.positions()
            with desk.exchange.attended(hurried("inner", None)):
                desk.exchange.positions()
            expect(desk.send(order).kind, ReplyKind.ACCEPTED, "the reply")
        desk.exchange.positions()
        expect(asked, ["outer", "inner", "outer"], "who was asked")

    def test_x51_a_longer_read_tells_what_it_has_shown(self, desk: Desk) -> None:
        """X51 While telling, a snapshot hands over its conditional orders and a history its orders; afterwards none."""
        mark = desk.exchange.history(desk.symbol).watermark
        desk.send(desk.market())
        desk.send(desk.leg(Leg.STOP, desk.at(-5)))
        heard: list[tuple[Order, ...]] = []
        with desk.exchange.telling(heard.append):
            snapshot = desk.exchange.snapshot(desk.symbol)
            history = desk.exchange.history(desk.symbol, mark)
        desk.exchange.snapshot(desk.symbol)
        expect(heard, [snapshot.conditionals, history.orders], "what was told")
        expect([len(each) for each in heard], [1, 1], "how many orders that were")


class HedgeCases:
    """The same account, keeping long and short apart."""

    def test_x45_long_and_short_stand_side_by_side(self, hedge_desk: Desk) -> None:
        """X45 In hedge mode a buy and a sell open two positions, and closing one leaves the other."""
        desk = hedge_desk
        expect(desk.exchange.snapshot(desk.symbol).mode, PositionMode.HEDGE, "the mode")
        long, short = desk.market(Side.BUY), desk.market(Side.SELL)
        expect([desk.send(long).kind, desk.send(short).kind], [ReplyKind.ACCEPTED] * 2, "the replies")
        snapshot = desk.exchange.snapshot(desk.symbol)
        expect(present(snapshot.position(PositionSide.LONG), "the long").amount, long.quantity, "the long")
        held = present(snapshot.position(PositionSide.SHORT), "the short")
        expect(held.amount, short.quantity.copy_negate(), "the short")
        desk.send(desk.market(Side.SELL, closing=True))
        left = desk.exchange.snapshot(desk.symbol).positions
        expect([position.position_side for position in left], [PositionSide.SHORT], "what is left")

    def test_x46_a_stop_closes_its_own_side(self, hedge_desk: Desk) -> None:
        """X46 In hedge mode the long's stop rests without reduce-only, and closes the long alone."""
        desk = hedge_desk
        desk.send(desk.market(Side.BUY))
        desk.send(desk.market(Side.SELL))
        stop = desk.leg(Leg.STOP, desk.at(-5))
        reply = desk.send(stop)
        expect(reply.kind, ReplyKind.ACCEPTED, f"the reply ({reply.code} {reply.text})")
        expect(present(reply.order, "the stop").position_side, PositionSide.LONG, "its side")
        desk.move(-6)
        filled(desk, stop)
        left = desk.exchange.snapshot(desk.symbol).positions
        expect([position.position_side for position in left], [PositionSide.SHORT], "what is left")

    def test_x47_a_one_way_order_is_refused(self, hedge_desk: Desk) -> None:
        """X47 An order without a position side, reduce-only or not, is refused in hedge mode: POSITION_MODE."""
        desk = hedge_desk
        plain = attrs.evolve(desk.market(), position_side=PositionSide.BOTH)
        expect_rejected(desk.send(plain), Refusal.POSITION_MODE)
        closing = attrs.evolve(desk.market(Side.SELL, closing=True), position_side=PositionSide.BOTH, reduce_only=True)
        expect_rejected(desk.send(closing), Refusal.POSITION_MODE)
