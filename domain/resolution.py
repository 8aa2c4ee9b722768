"""When an order of unknown outcome may be believed absent: decided by evidence, never by counting failures."""

from __future__ import annotations

import attrs

from .events import Intent
from .order import Trade
from .snapshot import History, Watermark
from .timings import Timings


@attrs.frozen
class Round:
    """One round of looking for an order by every witness at once.

    Attributes:
        began_ms: exchange time when it began.
        clean: every read succeeded and nothing of the order, nor any trade or size that nobody can explain, was found.
            A round in which a read failed is none at all: it proves nothing, neither now nor of those before it.
    """

    began_ms: int
    clean: bool


def window_closed_ms(intent: Intent, timings: Timings) -> int:
    """Return the exchange time after which no copy of the request can be accepted any more.

    The exchange compares the signed timestamp with its own clock on arrival and again in the matching engine (Binance
    change log 2023-04-17), so only its own clocks need to agree within the margin; ours plays no part.
    """
    return intent.not_after_ms + timings.clock_margin_ms


def absent(intent: Intent, rounds: tuple[Round, ...], timings: Timings) -> bool:
    """Whether the order may be believed absent, provisionally.

    It takes enough clean rounds, all begun after the window closed, over a long enough quiet. One round that was not
    clean starts the count anew.
    """
    closed_ms = window_closed_ms(intent, timings)
    run: list[Round] = []
    for each in rounds:
        run = [*run, each] if each.clean and each.began_ms > closed_ms else []
    return len(run) >= timings.quiet_rounds and run[-1].began_ms - run[0].began_ms >= timings.quiet_ms


def trades_after(history: History, mark: Watermark) -> tuple[Trade, ...]:
    """Return the fills of orders newer than *mark*: an order sent after it can have no others.

    The fills are read apart from the orders and may lag behind them: the newest fill of a mark can be older than its
    newest order, and the history from there begins with fills of orders that were known before.
    """
    return tuple(trade for trade in history.trades if int(trade.exchange_order_id) > mark.order_id)


def unexplained_trades(history: History, mark: Watermark) -> bool:
    """Whether orders newer than *mark* were filled that the history does not show: one is not visible yet."""
    known = {order.exchange_id for order in history.orders}
    return any(trade.exchange_order_id not in known for trade in trades_after(history, mark))
