"""The JSON shapes of positions and balances (Binance docs: Position Information V3, Account Balance V3, Account V3)."""

from decimal import Decimal
from typing import Final

from .exact import EXACT, MONEY_DECIMALS, ZERO, plain, rounded_money, total
from .liquidation import liquidation_price_text
from .margin import (
    available,
    cross_unrealized,
    cross_wallet,
    initial_margin,
    maintenance_margin,
    notional,
    positions_of,
    unrealized,
)
from .order_shapes import Shape, quantity_text
from .position import Position
from .state import State

_NO_MONEY: Final = plain(ZERO, MONEY_DECIMALS)
_ACCOUNT_ALIAS: Final = "SgsR"
_ACCOUNT_POSITION_NAMES: Final = (
    "symbol",
    "positionSide",
    "positionAmt",
    "isolatedMargin",
    "notional",
    "isolatedWallet",
    "initialMargin",
    "maintMargin",
    "updateTime",
)


def risk_row(state: State, position: Position) -> Shape:
    """Return one row of v3/positionRisk."""
    rules = state.listing.rules(position.symbol)
    market, isolated = state.market(position.symbol), state.account.is_isolated(position.symbol)
    profit, margin = unrealized(state, position), _money(initial_margin(state, position))
    entry = position.entry_price_text(rules.price_decimals)
    apart = position.isolated_wallet if isolated else ZERO
    return {
        "symbol": position.symbol,
        "positionSide": position.side,
        "positionAmt": quantity_text(rules, position.amount),
        "entryPrice": entry,
        "breakEvenPrice": _break_even(state, position, Decimal(entry)),
        "markPrice": plain(EXACT.scaleb(Decimal(market.mark), -rules.price_decimals), MONEY_DECIMALS),
        "unRealizedProfit": _money(profit),
        "liquidationPrice": liquidation_price_text(state, position),
        "isolatedMargin": _money(EXACT.add(apart, profit)) if isolated else "0",
        "notional": _money(notional(state, position)),
        "marginAsset": rules.margin_asset,
        "isolatedWallet": _money(apart) if isolated else "0",
        "initialMargin": margin,
        "maintMargin": _money(maintenance_margin(state, position)),
        "positionInitialMargin": margin,
        "openOrderInitialMargin": "0",
        "adl": 1,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": position.updated_ms,
    }


def _break_even(state: State, position: Position, entry: Decimal) -> str:
    """The entry price made worse by one taker fee."""
    paid = EXACT.multiply(entry, state.settings.taker_fee_of(position.symbol))
    return plain(rounded_money(EXACT.add(entry, paid) if position.amount > 0 else EXACT.subtract(entry, paid)))


def balance_row(state: State, asset: str) -> Shape:
    """Return one row of v3/balance."""
    free = available(state, asset)
    return {
        "accountAlias": _ACCOUNT_ALIAS,
        "asset": asset,
        "balance": _money(state.account.wallet(asset)),
        "crossWalletBalance": _money(cross_wallet(state, asset)),
        "crossUnPnl": _money(cross_unrealized(state, asset)),
        "availableBalance": _money(free),
        "maxWithdrawAmount": _money(_withdrawable(state, asset, free)),
        "marginAvailable": True,
        "updateTime": state.now_ms,
    }


def _withdrawable(state: State, asset: str, free: Decimal) -> Decimal:
    """What is free without the help of open profits."""
    profit = max(cross_unrealized(state, asset), ZERO)
    return max(EXACT.subtract(free, profit), ZERO)


def asset_row(state: State, asset: str) -> Shape:
    """Return one row of the assets of v3/account."""
    positions = positions_of(state, asset, isolated=False) + positions_of(state, asset, isolated=True)
    wallet, profit = state.account.wallet(asset), total(unrealized(state, p) for p in positions)
    margin = _money(total(initial_margin(state, p) for p in positions))
    free = available(state, asset)
    return {
        "asset": asset,
        "walletBalance": _money(wallet),
        "unrealizedProfit": _money(profit),
        "marginBalance": _money(EXACT.add(wallet, profit)),
        "maintMargin": _money(total(maintenance_margin(state, p) for p in positions)),
        "initialMargin": margin,
        "positionInitialMargin": margin,
        "openOrderInitialMargin": _money(ZERO),
        "crossWalletBalance": _money(cross_wallet(state, asset)),
        "crossUnPnl": _money(cross_unrealized(state, asset)),
        "availableBalance": _money(free),
        "maxWithdrawAmount": _money(_withdrawable(state, asset, free)),
        "updateTime": state.now_ms,
    }


def account_position_row(state: State, position: Position) -> Shape:
    """Return one row of the positions of v3/account."""
    row = risk_row(state, position)
    return {"unrealizedProfit": row["unRealizedProfit"], **{name: row[name] for name in _ACCOUNT_POSITION_NAMES}}


def _money(value: Decimal) -> str:
    rounded = rounded_money(value)  # with all its decimals
    return format(rounded, "f") if rounded else _NO_MONEY
