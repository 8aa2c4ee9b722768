"""A change of the market made by hand."""

from __future__ import annotations

from decimal import Decimal

from ...domain.errors import ValidationError
from ...domain.numbers import Number, positive
from ..venue.quotes import Quote
from .timeline import Timeline

AMPLE_QUANTITY = Decimal(10) ** 18
"""The size of a hand-made bid or ask without one."""


def tick_by_hand(
    timeline: Timeline,
    symbol: str,
    *,
    last: Number | None,
    bid: Number | None,
    ask: Number | None,
    mark: Number | None,
    at_ms: int | None,
    bid_quantity: Number | None,
    ask_quantity: Number | None,
) -> None:
    """Change the market of *symbol*; what is None stays as it is. Without *at_ms* it happens now.

    Raises:
        ValidationError: a number was unusable, the time lies in the past, or the exchange does not list *symbol*.
    """
    with timeline:
        try:
            timeline.tick(
                Quote(
                    at_ms=timeline.now_ms if at_ms is None else at_ms,
                    symbol=symbol,
                    last=_price(last, "last"),
                    bid=_price(bid, "bid"),
                    bid_quantity=_size(bid, bid_quantity, "bid_quantity"),
                    ask=_price(ask, "ask"),
                    ask_quantity=_size(ask, ask_quantity, "ask_quantity"),
                    mark=_price(mark, "mark"),
                )
            )
        except ValidationError:
            raise
        except ValueError as error:
            raise ValidationError("tick", str(error)) from error


def _price(value: Number | None, field: str) -> Decimal | None:
    return None if value is None else positive(value, field)


def _size(price: Number | None, value: Number | None, field: str) -> Decimal | None:
    if value is not None:
        return positive(value, field)
    return None if price is None else AMPLE_QUANTITY
