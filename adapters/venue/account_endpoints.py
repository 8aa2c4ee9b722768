"""Reading the account: positions, balances, configuration, fees, income (Binance docs: Account endpoints)."""

from typing import Final

import attrs

from .account_shapes import account_position_row, asset_row, balance_row, risk_row
from .answer import Json
from .brackets import Bracket
from .exact import plain
from .order_shapes import Shape
from .paging import newest, time_span
from .parameters import Parameters
from .routes import Route, Routes
from .state import State

INCOME_LIMIT_DEFAULT: Final = 100
INCOME_LIMIT_MOST: Final = 1000
_RPI_RATE: Final = "0.00005"


@attrs.define
class AccountEndpoints:
    """What the account holds and how it is set."""

    state: State

    def routes(self) -> Routes:
        """Return the paths of this group."""
        return {
            ("GET", "/fapi/v3/positionRisk"): Route(self.positions, 5),
            ("GET", "/fapi/v3/balance"): Route(self.balances, 5),
            ("GET", "/fapi/v3/account"): Route(self.account, 5),
            ("GET", "/fapi/v1/symbolConfig"): Route(self.symbol_config, 5),
            ("GET", "/fapi/v1/accountConfig"): Route(self.account_config, 5),
            ("GET", "/fapi/v1/positionSide/dual"): Route(self.position_mode, 30),
            ("GET", "/fapi/v1/multiAssetsMargin"): Route(self.multi_assets, 30),
            ("GET", "/fapi/v1/leverageBracket"): Route(self.leverage_brackets, 1),
            ("GET", "/fapi/v1/commissionRate"): Route(self.commission_rate, 20),
            ("GET", "/fapi/v1/income"): Route(self.income, 30),
        }

    def positions(self, params: Parameters) -> Json:
        """GET v3/positionRisk: open positions only, an empty list when flat."""
        symbol = self._symbol(params) if params.has("symbol") else None
        return [risk_row(self.state, position) for position in self.state.account.open_positions(symbol)]

    def balances(self, params: Parameters) -> Json:
        """GET v3/balance: one row per asset."""
        return [balance_row(self.state, asset) for asset in self.state.account.assets]

    def account(self, params: Parameters) -> Json:
        """GET v3/account: totals are those of USDT, as in single-asset mode."""
        assets = [asset_row(self.state, asset) for asset in self.state.account.assets]
        usdt = next((row for row in assets if row["asset"] == "USDT"), asset_row(self.state, "USDT"))
        return {
            "totalInitialMargin": usdt["initialMargin"],
            "totalMaintMargin": usdt["maintMargin"],
            "totalWalletBalance": usdt["walletBalance"],
            "totalUnrealizedProfit": usdt["unrealizedProfit"],
            "totalMarginBalance": usdt["marginBalance"],
            "totalPositionInitialMargin": usdt["positionInitialMargin"],
            "totalOpenOrderInitialMargin": usdt["openOrderInitialMargin"],
            "totalCrossWalletBalance": usdt["crossWalletBalance"],
            "totalCrossUnPnl": usdt["crossUnPnl"],
            "availableBalance": usdt["availableBalance"],
            "maxWithdrawAmount": usdt["maxWithdrawAmount"],
            "assets": assets,
            "positions": [account_position_row(self.state, p) for p in self.state.account.open_positions()],
        }

    def symbol_config(self, params: Parameters) -> Json:
        """GET symbolConfig: leverage and margin type, of one symbol or of all."""
        account = self.state.account
        symbols = (self._symbol(params),) if params.has("symbol") else self.state.listing.symbols
        return [
            {
                "symbol": symbol,
                "marginType": account.margin_type(symbol),
                "isAutoAddMargin": False,
                "leverage": account.leverage(symbol),
                "maxNotionalValue": plain(self.state.brackets.notional_most(symbol, account.leverage(symbol))),
            }
            for symbol in symbols
        ]

    def account_config(self, params: Parameters) -> Json:
        """GET accountConfig."""
        return {
            "feeTier": 0,
            "canTrade": self.state.switches.may_trade,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": self.state.account.hedge_mode,
            "multiAssetsMargin": self.state.account.multi_assets,
            "tradeGroupId": -1,
            "updateTime": 0,
        }

    def position_mode(self, params: Parameters) -> Json:
        """GET positionSide/dual: true in hedge mode."""
        return {"dualSidePosition": self.state.account.hedge_mode}

    def multi_assets(self, params: Parameters) -> Json:
        """GET multiAssetsMargin: true in multi-assets mode, of which only the setting is simulated."""
        return {"multiAssetsMargin": self.state.account.multi_assets}

    def leverage_brackets(self, params: Parameters) -> Json:
        """GET leverageBracket: a list in either case; its decimals are JSON numbers."""
        symbols = (self._symbol(params),) if params.has("symbol") else self.state.listing.symbols
        return [
            {"symbol": symbol, "brackets": [_bracket_row(row) for row in self.state.brackets.of(symbol)]}
            for symbol in symbols
        ]

    def commission_rate(self, params: Parameters) -> Json:
        """GET commissionRate."""
        symbol, settings = self._symbol(params), self.state.settings
        return {
            "symbol": symbol,
            "makerCommissionRate": plain(settings.maker_fee),
            "takerCommissionRate": plain(settings.taker_fee_of(symbol)),
            "rpiCommissionRate": _RPI_RATE,
        }

    def income(self, params: Parameters) -> Json:
        """GET income, the last seven days by default."""
        limit = params.limit(INCOME_LIMIT_DEFAULT, INCOME_LIMIT_MOST)
        symbol, kind = params.optional("symbol"), params.optional("incomeType")
        start_ms, end_ms = time_span(params, self.state.now_ms)
        rows = (
            row
            for row in self.state.account.income
            if symbol in (None, row["symbol"])
            and kind in (None, row["incomeType"])
            and start_ms <= int(row["time"] or 0) <= end_ms
        )
        return [dict(row) for row in newest(rows, limit)]

    def _symbol(self, params: Parameters) -> str:
        return self.state.listing.rules(params.text("symbol")).symbol


def _bracket_row(row: Bracket) -> Shape:
    return {
        "bracket": row.number,
        "initialLeverage": row.leverage_most,
        "notionalCap": int(row.cap),
        "notionalFloor": int(row.floor),
        # JSON numbers at Binance too; nothing is computed from these floats.
        "maintMarginRatio": float(row.ratio),
        "cum": float(row.cum),
    }
