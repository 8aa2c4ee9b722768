"""Conditional orders: place, query, cancel, list (Binance docs: New Algo Order and its siblings)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

from .algo_order import (
    CONTRACT_PRICE,
    GTE_GTC,
    MARK_PRICE,
    STOP_MARKET,
    TAKE_PROFIT_MARKET,
    AlgoOrder,
    trigger_direction,
)
from .answer import Json
from .conditionals import Conditionals
from .order import BOTH, direction_of
from .order_checks import (
    check_lot,
    check_notional,
    check_position_side,
    check_reduces,
    check_regime,
    check_symbol,
    is_closing_side,
    quantity_units,
    trigger_units,
)
from .order_shapes import placed_algo, queried_algo
from .paging import LIMIT_DEFAULT, LIMIT_MOST, newest, oldest, time_span
from .parameters import Parameters
from .refusals import Refused
from .routes import Route, Routes, with_or_without_symbol
from .state import State
from .trade_endpoints import CONDITIONAL_TYPES, POSITION_SIDES, RESPONSE_TYPES, SIDES

WORKING_TYPES: Final = (CONTRACT_PRICE, MARK_PRICE)
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK", "GTX", GTE_GTC)
_SERVED_TYPES: Final = (STOP_MARKET, TAKE_PROFIT_MARKET)
_FOREIGN_TO_MARKET: Final = ("price", "activatePrice", "callbackRate")
_ALL_CANCELLED: Final = {"code": 200, "msg": "The operation of cancel all open order is done."}


@attrs.define
class AlgoEndpoints:
    """The algo service, for STOP_MARKET and TAKE_PROFIT_MARKET; other types are refused with -1116 and a hint."""

    state: State
    conditionals: Conditionals

    def routes(self) -> Routes:
        """Return the paths of this service."""
        return {
            ("POST", "/fapi/v1/algoOrder"): Route(self.place, 0, orders=1),
            ("GET", "/fapi/v1/algoOrder"): Route(self.query, 1),
            ("DELETE", "/fapi/v1/algoOrder"): Route(self.cancel, 1),
            ("GET", "/fapi/v1/openAlgoOrders"): Route(self.list_open, with_or_without_symbol(1, 40)),
            ("GET", "/fapi/v1/allAlgoOrders"): Route(self.list_all, 5),
            ("DELETE", "/fapi/v1/algoOpenOrders"): Route(self.cancel_all, 1),
        }

    def place(self, params: Parameters) -> Json:
        """POST algoOrder: there is no margin check before the trigger (Binance change log 2025-11-06)."""
        algo = self._checked(params)
        self.conditionals.rest(algo)
        return placed_algo(self.state, algo)

    def query(self, params: Parameters) -> Json:
        """GET algoOrder; -2013 when there is none, or none any more."""
        return queried_algo(self.state, self._found(params, -2013))

    def cancel(self, params: Parameters) -> Json:
        """DELETE algoOrder; the code of its answer is a text."""
        algo = self._found(params, -2011)
        self.conditionals.cancel(algo)
        return {"algoId": algo.algo_id, "clientAlgoId": algo.client_algo_id, "code": "200", "msg": "success"}

    def cancel_all(self, params: Parameters) -> Json:
        """DELETE algoOpenOrders: conditional orders only."""
        self.conditionals.cancel_all(self._symbol(params))
        return dict(_ALL_CANCELLED)

    def list_open(self, params: Parameters) -> Json:
        """GET openAlgoOrders: waiting and triggering orders."""
        symbol = self._symbol(params) if params.has("symbol") else None
        algo_id = params.optional_integer("algoId")
        algos = self._shown(self.state.algos.open_orders(symbol))
        return [queried_algo(self.state, algo) for algo in algos if algo_id in (None, algo.algo_id)]

    def list_all(self, params: Parameters) -> Json:
        """GET allAlgoOrders: from an id on, or within a window of at most seven days."""
        symbol, algo_id = self._symbol(params), params.optional_integer("algoId")
        limit = params.limit(LIMIT_DEFAULT, LIMIT_MOST)
        algos = self._shown(self.state.algos.all_orders(symbol, self.state.now_ms))
        if algo_id is not None:
            page = oldest((algo for algo in algos if algo.algo_id >= algo_id), limit)
        else:
            start_ms, end_ms = time_span(params, self.state.now_ms)
            page = newest((algo for algo in algos if start_ms <= algo.created_ms <= end_ms), limit)
        return [queried_algo(self.state, algo) for algo in page]

    def _checked(self, params: Parameters) -> AlgoOrder:
        """Pass a new conditional order through every check, in the documented order, and return it unplaced."""
        state = self.state
        terms = _Terms.read(params)
        market = state.market(terms.symbol)
        direction, rules = direction_of(terms.side), market.rules
        closing = terms.reduces or is_closing_side(terms.position_side, direction)
        check_symbol(rules, closing=closing)
        check_regime(state, closing=closing)
        quantity = 0
        if terms.quantity is not None:
            quantity = quantity_units(rules, terms.quantity)
        trigger = trigger_units(rules, terms.trigger_price)
        if terms.quantity is not None:
            check_lot(rules.market_lot, quantity)
            if not closing:
                check_notional(rules, quantity, trigger)
        check_position_side(state, terms.position_side, reduce_only_sent=params.has("reduceOnly"))
        self._check_position(terms, quantity)
        self._check_not_crossed(terms, trigger)
        client_id = params.client_id("clientAlgoId")
        self._check_room(terms.symbol, client_id)
        return AlgoOrder(
            algo_id=state.ids.algo_id(),
            client_algo_id=client_id or state.ids.client_id(),
            symbol=terms.symbol,
            side=terms.side,
            position_side=terms.position_side,
            type=terms.type,
            quantity=quantity,
            trigger_price=trigger,
            working_type=terms.working_type,
            time_in_force=terms.time_in_force,
            reduce_only=terms.reduce_only,
            close_position=terms.close_position,
            price_protect=terms.price_protect,
            created_ms=state.now_ms,
            updated_ms=state.now_ms,
        )

    def _check_position(self, terms: "_Terms", quantity: int) -> None:
        """GTE needs a position to close (-4509), and closePosition no twin of its kind (-4130)."""
        state, direction = self.state, direction_of(terms.side)
        position = state.account.position(terms.symbol, terms.position_side)
        if terms.close_position or terms.time_in_force == GTE_GTC:
            if not position.closable(direction):
                raise Refused(-4509)
        elif terms.reduce_only and state.settings.refuse_reduce_only_algo_while_flat:
            check_reduces(position, direction, quantity, reduce_only=True)
        if terms.close_position and any(
            (algo.type, algo.side, algo.position_side) == (terms.type, terms.side, terms.position_side)
            for algo in state.algos.open_orders(terms.symbol)
            if algo.close_position
        ):
            raise Refused(-4130)

    def _check_not_crossed(self, terms: "_Terms", trigger: int) -> None:
        """Refuse with -2021 a trigger whose condition holds already, -1112 when there is no price to compare with."""
        price = self.state.market(terms.symbol).price(terms.working_type)
        if not price:
            raise Refused(-1112)
        if (price - trigger) * trigger_direction(terms.type, terms.side) >= 0:
            raise Refused(-2021)

    def _check_room(self, symbol: str, client_id: str | None) -> None:
        """An open order may not carry the same client id (-4116), and the cap leaves room for one more (-4045)."""
        state = self.state
        if client_id is not None and state.algos.is_taken(client_id):
            raise Refused(-4116)
        scope = symbol if state.settings.algo_cap_per_symbol else None
        if state.algos.open_count(scope) >= state.settings.open_algo_orders_max:
            raise Refused(-4045)

    def _symbol(self, params: Parameters) -> str:
        return self.state.listing.rules(params.text("symbol")).symbol

    def _found(self, params: Parameters, code: int) -> AlgoOrder:
        algo_id, client_id = params.optional_integer("algoId"), params.optional("clientAlgoId")
        if algo_id is None and client_id is None:
            raise Refused(-1102, "algoid")
        algo = self.state.algos.find(algo_id, client_id, self.state.now_ms)
        if algo is None or self.state.switches.is_hidden(algo.client_algo_id):
            raise Refused(code)
        return algo

    def _shown(self, algos: Iterable[AlgoOrder]) -> list[AlgoOrder]:
        return [algo for algo in algos if not self.state.switches.is_hidden(algo.client_algo_id)]


@attrs.frozen
class _Terms:
    """The parameters of one new conditional order, of the right type each, not yet compared with the symbol's rules."""

    symbol: str
    side: str
    type: str
    position_side: str
    quantity: Decimal | None
    trigger_price: Decimal
    working_type: str
    time_in_force: str
    reduce_only: bool
    close_position: bool
    price_protect: bool

    @property
    def reduces(self) -> bool:
        """Whether the order can only reduce a position."""
        return self.reduce_only or self.close_position

    @classmethod
    def read(cls, params: Parameters) -> "_Terms":
        """Read mandatory parameters, then words, then what goes with what."""
        if params.text("algoType") != "CONDITIONAL":
            raise Refused(-1130, "algoType")
        symbol, side = params.text("symbol"), params.choice("side", SIDES, -1117)
        order_type = params.text("type")
        if order_type not in _SERVED_TYPES:
            hint = "The simulated exchange serves STOP_MARKET and TAKE_PROFIT_MARKET."
            raise Refused(-1116, hint=hint if order_type in CONDITIONAL_TYPES else "")
        trigger_price, close_position = params.number("triggerPrice"), params.flag("closePosition")
        if close_position and params.has("quantity"):
            raise Refused(-4137)
        quantity = None if close_position else params.number("quantity")
        params.refuse(*_FOREIGN_TO_MARKET, *(("reduceOnly",) if close_position else ()))
        params.choice("newOrderRespType", RESPONSE_TYPES, -1136, "ACK")
        position_side = params.choice("positionSide", POSITION_SIDES, -4060, BOTH)
        if close_position and position_side != BOTH and not is_closing_side(position_side, direction_of(side)):
            raise Refused(-1128)
        return cls(
            symbol=symbol,
            side=side,
            type=order_type,
            position_side=position_side,
            quantity=quantity,
            trigger_price=trigger_price,
            working_type=params.choice("workingType", WORKING_TYPES, -4031, CONTRACT_PRICE),
            time_in_force=params.choice("timeInForce", TIMES_IN_FORCE, -1115, "GTC"),
            reduce_only=params.flag("reduceOnly"),
            close_position=close_position,
            price_protect=params.flag("priceProtect"),
        )
