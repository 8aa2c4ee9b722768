"""Changing the account's settings: leverage, margin type, position mode (Binance docs: Trade endpoints)."""

from typing import Final

import attrs

from .account import CROSSED, ISOLATED
from .answer import Json
from .exact import ZERO, decimal_of, plain
from .margin import free_margin
from .parameters import Parameters
from .refusals import Refused
from .routes import Route, Routes
from .state import State

MARGIN_TYPES: Final = (CROSSED, ISOLATED)
_DONE: Final = {"code": 200, "msg": "success"}


@attrs.define
class SettingEndpoints:
    """What may be changed, and what stands in the way: open orders first, then positions."""

    state: State

    def routes(self) -> Routes:
        """Return the paths of this group."""
        return {
            ("POST", "/fapi/v1/leverage"): Route(self.set_leverage, 1),
            ("POST", "/fapi/v1/marginType"): Route(self.set_margin_type, 1),
            ("POST", "/fapi/v1/positionSide/dual"): Route(self.set_position_mode, 1),
            ("POST", "/fapi/v1/multiAssetsMargin"): Route(self.set_multi_assets, 1),
        }

    def set_leverage(self, params: Parameters) -> Json:
        """POST leverage; setting it to what it is already succeeds."""
        state, account = self.state, self.state.account
        text, leverage = params.text("leverage"), params.integer("leverage")
        symbol = state.listing.rules(params.text("symbol")).symbol
        if not 1 <= leverage <= state.brackets.leverage_most(symbol):
            raise Refused(-4028, text)
        most = state.brackets.notional_most(symbol, leverage)
        before = account.leverage(symbol)
        market = state.market(symbol)
        for position in account.open_positions(symbol):
            if account.is_isolated(symbol) and leverage < before:
                raise Refused(-4161)
            if decimal_of(abs(position.notional(market.mark)), market.rules.money_decimals) > most:
                raise Refused(-2027)
        if leverage != before:
            account.set_leverage(symbol, leverage)
            if (
                leverage < before
                and account.open_positions(symbol)
                and free_margin(state, market.rules.margin_asset) < ZERO
            ):
                account.set_leverage(symbol, before)
                raise Refused(-2028)
            state.record("setting", setting="leverage", symbol=symbol, value=str(leverage))
        return {"leverage": leverage, "maxNotionalValue": plain(most), "symbol": symbol}

    def set_margin_type(self, params: Parameters) -> Json:
        """POST marginType; -4046 when it is so already."""
        state = self.state
        name, wanted = params.text("symbol"), params.text("marginType")
        if wanted not in MARGIN_TYPES:
            raise Refused(-1130, "marginType")
        symbol = state.listing.rules(name).symbol
        if state.account.margin_type(symbol) == wanted:
            raise Refused(-4046)
        if self._has_open_orders(symbol):
            raise Refused(-4047)
        if state.account.open_positions(symbol):
            raise Refused(-4048)
        state.account.set_margin_type(symbol, wanted)
        state.record("setting", setting="margin_type", symbol=symbol, value=wanted)
        return dict(_DONE)

    def set_position_mode(self, params: Parameters) -> Json:
        """POST positionSide/dual; -4059 when it is so already."""
        state, wanted = self.state, params.mandatory_flag("dualSidePosition")
        if state.account.hedge_mode == wanted:
            raise Refused(-4059)
        if self._has_open_orders(None):
            raise Refused(-4067)
        if state.account.open_positions():
            raise Refused(-4068)
        state.account.hedge_mode = wanted
        state.record("setting", setting="position_mode", symbol="", value="hedge" if wanted else "one-way")
        return dict(_DONE)

    def set_multi_assets(self, params: Parameters) -> Json:
        """POST multiAssetsMargin; -4171 when it is so already. Margins go on being counted asset by asset."""
        state, wanted = self.state, params.mandatory_flag("multiAssetsMargin")
        if state.account.multi_assets == wanted:
            raise Refused(-4171)
        state.account.multi_assets = wanted
        state.record("setting", setting="multi_assets", symbol="", value="multi" if wanted else "single")
        return dict(_DONE)

    def _has_open_orders(self, symbol: str | None) -> bool:
        conditional = self.state.settings.algo_orders_block_settings and self.state.algos.open_count(symbol) > 0
        return conditional or bool(self.state.orders.open_orders(symbol))
