"""The market of one symbol: prices, the best level of the book, and the triggers that wait for a price."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from .exact import units_below, units_of
from .fill_model import FillModel
from .quotes import Quote
from .symbol_rules import SymbolRules
from .triggers import TriggerIndex

UNLIMITED: Final = 1 << 200
"""The size of a book side without bound, in quantity units."""


class Market:
    """What is known of one symbol, in price and quantity units; 0 stands for a price not known yet.

    Until a trade is seen, the middle of the book stands in for the last price; until a mark price is seen, the last
    price stands in for it. A symbol that was never quoted has a synthetic book around the last price, made anew with
    each last price. What a taker takes is gone until that side is quoted anew.
    """

    def __init__(self, rules: SymbolRules, fill: FillModel, on_trigger: Callable[[int], None]) -> None:
        self.rules = rules
        self.last = self.mark = self.bid = self.ask = 0
        self.bid_size = self.ask_size = 0
        self.quoted_ms = 0
        self.updates = 0
        self.contract_triggers = TriggerIndex()
        self.mark_triggers = TriggerIndex()
        self._fill = fill
        self._on_trigger = on_trigger
        self._is_quoted = self._has_last = self._has_mark = False

    @property
    def is_synthetic(self) -> bool:
        """Whether the book is made up around the last price."""
        return not self._is_quoted

    def apply(self, quote: Quote) -> None:
        """Take over a change of market data and fire the triggers it reaches, last price before mark price.

        Raises `ValueError` when a price is finer than the symbol's price units.
        """
        decimals = self.rules.price_decimals
        # Converted before anything changes: a quote that is refused leaves no trace.
        bid, ask, given_last, given_mark = (
            None if price is None else units_of(price, decimals)
            for price in (quote.bid, quote.ask, quote.last, quote.mark)
        )
        self.quoted_ms = quote.at_ms
        self.updates += 1
        if bid is not None or ask is not None:
            self._quote_book(bid, ask, quote)
        last, mark = self.last, self.mark
        if given_last is not None:
            self._has_last, last = True, given_last
            if not self._is_quoted:
                self._make_book(last, quote)
        elif not self._has_last and self.bid and self.ask:
            last = (self.bid + self.ask) // 2
        if given_mark is not None:
            self._has_mark, mark = True, given_mark
        elif not self._has_mark:
            mark = last
        self.mark = mark
        self.trigger_tick(last)
        if mark >= self.mark_triggers.above or mark <= self.mark_triggers.below:
            self._fire(self.mark_triggers, mark)

    def trigger_tick(self, last_units: int) -> None:
        """Move the last price and fire what it reaches; with nothing reached this is two comparisons."""
        self.last = last_units
        triggers = self.contract_triggers
        if last_units >= triggers.above or last_units <= triggers.below:
            self._fire(triggers, last_units)

    def triggers(self, working_type: str) -> TriggerIndex:
        """Return the triggers on MARK_PRICE or on CONTRACT_PRICE."""
        return self.mark_triggers if working_type == "MARK_PRICE" else self.contract_triggers

    def price(self, working_type: str) -> int:
        """Return the price that triggers of *working_type* look at."""
        return self.mark if working_type == "MARK_PRICE" else self.last

    def best(self, direction: int) -> tuple[int, int]:
        """Return price and size that a taker of *direction* (+1 buy, -1 sell) meets; (0, 0) when there is none."""
        if direction > 0:
            return (self.ask, self.ask_size) if self.ask else (0, 0)
        return (self.bid, self.bid_size) if self.bid else (0, 0)

    def taker_price(self, direction: int) -> int:
        """Return what a taker of *direction* pays: the best price worsened by the slippage of this kind of book."""
        slippage = self._fill.slippage if self.is_synthetic else self._fill.quoted_slippage
        return slippage.worsened(self.best(direction)[0], self.rules.tick or 1, direction)

    def take(self, direction: int, quantity: int) -> None:
        """Take *quantity* from the side that a taker of *direction* meets."""
        if direction > 0:
            self.ask_size -= quantity
        else:
            self.bid_size -= quantity

    def first_trigger_between(self, start: int, end: int) -> int | None:
        """Return the first trigger price on the way from *start* to *end*, on the mark too where it follows last."""
        indexes = [self.contract_triggers] if self._has_mark else [self.contract_triggers, self.mark_triggers]
        found = [price for index in indexes if (price := index.first_between(start, end)) is not None]
        if not found:
            return None
        return min(found) if end > start else max(found)

    def _fire(self, triggers: TriggerIndex, price: int) -> None:
        for key in triggers.fired(price):
            self._on_trigger(key)

    def _quote_book(self, bid: int | None, ask: int | None, quote: Quote) -> None:
        if not self._is_quoted:
            self._is_quoted, self.bid, self.ask = True, 0, 0
        if bid is not None:
            self.bid, self.bid_size = bid, self._size(quote.bid_quantity)
        if ask is not None:
            self.ask, self.ask_size = ask, self._size(quote.ask_quantity)
        # One side moved through the other: what was shown there cannot stand any more.
        if self.bid and self.ask and self.bid >= self.ask:
            if ask is None:
                self.ask = 0
            else:
                self.bid = 0

    def _make_book(self, last: int, quote: Quote) -> None:
        tick = self.rules.tick or 1
        away = self._fill.synthetic_half_spread_ticks * tick
        is_first = not self.bid and not self.ask
        self.bid = max(last // tick * tick - away, 0)
        self.ask = -(-last // tick) * tick + away
        if quote.renews_size or is_first:
            size = self._fill.synthetic_size if quote.liquidity is None else quote.liquidity
            self.bid_size = self.ask_size = self._size(size)

    def _size(self, size: Decimal | None) -> int:
        return UNLIMITED if size is None else units_below(size, self.rules.quantity_decimals)
