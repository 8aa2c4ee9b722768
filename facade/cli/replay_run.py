"""A replay from its files to its result; usable from Python without the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Final

import attrs

from surefill.cli.accounts import ZERO, Accounts, Row, decimal_in
from surefill.cli.equity import EquityCurve
from surefill.cli.listing_file import read_listing
from surefill.cli.market_data import MarketData, Progress
from surefill.cli.replaying import Executed, Replay, replay_timings
from surefill.cli.result import ReplayResult, SignalResult
from surefill.cli.signals_file import TimedSignal, read_signals
from surefill.cli.track import Track
from surefill.domain.alarm import Alarm
from surefill.domain.errors import ConfigurationError, OrderExecutionError
from surefill.domain.ids import stem
from surefill.domain.numbers import EXACT
from surefill.domain.snapshot import Position
from surefill.testing.invariants import Asked, NumbersSent, Watch
from surefill.testing.invariants.filters import filters_by_symbol
from surefill.wiring import FeedError, FeedSummary, SimulatedExchange, journal_path, paper_exchange, paper_manager

SETTING_UP_MS: Final = 1_000
"""How long before the first event the exchange's clock starts: time to set the leverage."""


@attrs.frozen(kw_only=True)
class ReplayOrder:
    """What to replay.

    Attributes:
        exchange_info: file with the exchange's rules.
        market: the market data.
        signals: file with the signals.
        balance: the opening wallet, in the symbol's margin asset.
        leverage: set before the first event.
        seed: of the exchange's ids.
        state_dir: where journal and audit log are kept; in memory unless given.
        audit_dir: where the audit log is kept, if elsewhere or alone.
        keep_prices: whether the market is kept for a picture.
    """

    exchange_info: Path
    market: MarketData
    signals: Path
    balance: Decimal = Decimal(10_000)
    leverage: int = 5
    seed: int = 1
    state_dir: Path | None = None
    audit_dir: Path | None = None
    keep_prices: bool = False


@attrs.frozen(kw_only=True)
class Replayed:
    """A finished replay.

    Attributes:
        result: what it found.
        exchange: as it stood at the end, its ledger complete.
        prices: the market; empty unless it was to be kept.
        equity: the account.
    """

    result: ReplayResult
    exchange: SimulatedExchange
    prices: Track
    equity: Track

    @property
    def ledger(self) -> Sequence[Row]:
        """Everything that happened at the exchange."""
        return self.exchange.ledger.rows


@attrs.frozen(kw_only=True)
class CheckedInputs:
    """Everything a replay reads, found to be usable."""

    listing: Mapping[str, object]
    signals: tuple[TimedSignal, ...]
    summary: FeedSummary
    exchange: SimulatedExchange
    asset: str


def check_inputs(order: ReplayOrder, progress: Progress | None = None) -> CheckedInputs:
    """Read every input to its last line; nothing is written.

    Raises:
        FeedError: with file, line and reason.
        ConfigurationError: the state directory was used before.
    """
    symbol = order.market.symbol
    if order.state_dir is not None and journal_path(order.state_dir).exists():
        raise ConfigurationError(
            f"{order.state_dir} holds a journal already, and what it took on would not trade twice; "
            "name a folder of its own for each replay"
        )
    listing = read_listing(order.exchange_info, symbol)
    signals = read_signals(order.signals, symbol)
    decimals = _exchange(order, listing, "USDT", 0).venue.market(symbol).rules.price_decimals
    summary = order.market.check(decimals, progress)
    exchange = _exchange(order, listing, asset := _asset(listing), max(0, summary.first_ms - SETTING_UP_MS))
    try:
        exchange.instrument(symbol)
    except OrderExecutionError as error:
        raise FeedError(
            order.exchange_info, 1, f"{symbol} cannot be traded: {error}", "choose another symbol"
        ) from error
    return CheckedInputs(listing=listing, signals=signals, summary=summary, exchange=exchange, asset=asset)


def replay(order: ReplayOrder, inputs: CheckedInputs, progress: Callable[[int], None] | None = None) -> Replayed:
    """Carry out a replay whose inputs were checked.

    Args:
        order: what to replay.
        inputs: as `check_inputs` returned them, used once.
        progress: told the exchange's time often.

    Raises:
        ConfigurationError: the exchange refused the leverage.
        JournalError: the state directory cannot be written.
    """
    symbol, exchange, summary = order.market.symbol, inputs.exchange, inputs.summary
    alarms: list[Alarm] = []
    prices = Track(summary.first_ms, summary.last_ms)
    equity = EquityCurve(Track(summary.first_ms, summary.last_ms))

    def hear(alarm: Alarm) -> None:
        alarms.append(alarm)

    with ExitStack() as stack:
        manager = stack.enter_context(
            paper_manager(
                exchange,
                state_dir=order.state_dir,
                audit_dir=order.audit_dir,
                alerts=hear,
                timings=replay_timings(),
            )
        )
        try:
            manager.set_leverage(symbol, order.leverage)
        except OrderExecutionError as error:
            raise ConfigurationError(f"leverage {order.leverage} was refused: {error}") from error
        run = Replay(exchange, manager, symbol, summary.first_ms, summary.last_ms, equity)
        feed = order.market.feed()
        executed = run.run(prices.watch(feed) if order.keep_prices else feed, inputs.signals, progress)
    signal_of = {stem(exchange.namespace, each.timed.signal.id): each.timed.signal.id for each in executed}
    accounts = Accounts(signal_of)
    accounts.read(exchange.ledger.rows)
    watch = _watch(inputs, signal_of)
    wallet = _wallet(exchange.ledger.rows, inputs.asset)
    result = ReplayResult(
        symbol=symbol,
        first_ms=summary.first_ms,
        last_ms=summary.last_ms,
        events=summary.items,
        signals=_signal_results(executed, accounts),
        asset=inputs.asset,
        balance_start=order.balance,
        balance_end=wallet,
        open_position=_open_position(symbol, exchange, equity, wallet),
        violations=watch.look(exchange.ledger.rows, alarms, now_ms=exchange.clock.now_ms()),
        drawdown=equity.drawdown,
        longest_naked_ms=watch.naked.longest_ms,
        alarms=len(alarms),
    )
    return Replayed(result=result, exchange=exchange, prices=prices, equity=equity.track)


def _exchange(order: ReplayOrder, listing: Mapping[str, object], asset: str, start_ms: int) -> SimulatedExchange:
    return paper_exchange(listing, balances={asset: order.balance}, start_ms=start_ms, seed=order.seed)


def _asset(listing: Mapping[str, object]) -> str:
    symbols = listing["symbols"]
    raw = symbols[0] if isinstance(symbols, list) else {}
    return str(raw.get("marginAsset") or "USDT")


def _watch(inputs: CheckedInputs, signal_of: Mapping[str, str]) -> Watch:
    by_id = {timed.signal.id: timed for timed in inputs.signals}
    asked = {
        its_stem: Asked.of(timed.signal, timed.quantity)
        for its_stem, signal_id in signal_of.items()
        if (timed := by_id[signal_id]).quantity is not None and timed.signal.type.is_entry
    }
    return Watch(numbers=NumbersSent(filters=filters_by_symbol(inputs.listing), asked=asked))


def _wallet(rows: Sequence[Row], asset: str) -> Decimal:
    """Return the last balance that the ledger shows; asking for it might meet a ban that a run has earned."""
    last = next(row for row in reversed(rows) if row.get("asset") == asset and "balance_after" in row)
    return decimal_in(last, "balance_after")


def _open_position(symbol: str, exchange: SimulatedExchange, equity: EquityCurve, wallet: Decimal) -> Position | None:
    """Return what is open at the end, from the ledger's last word on it."""
    rows = reversed(exchange.ledger.rows)
    last = next((row for row in rows if row["kind"] == "position" and row["symbol"] == symbol), None)
    amount = ZERO if last is None else decimal_in(last, "amount")
    if last is None or not amount:
        return None
    market = exchange.venue.market(symbol)
    mark = EXACT.scaleb(Decimal(market.mark), -market.rules.price_decimals)
    unrealized = EXACT.subtract(equity.at(mark), wallet)
    entry = decimal_in(last, "entry_price")
    return Position(symbol, amount, entry, mark_price=mark, unrealized_pnl=unrealized)


def _signal_results(executed: Sequence[Executed], accounts: Accounts) -> tuple[SignalResult, ...]:
    by_id: dict[str, list[Executed]] = {}
    for each in executed:
        by_id.setdefault(each.timed.signal.id, []).append(each)
    return tuple(SignalResult.of(each, accounts.accounts[signal_id]) for signal_id, each in by_id.items())
