"""Why something was not done, in the core's own words.

Exchange codes stay in the adapters; they map every code to one of these names.
"""

from __future__ import annotations

from enum import Enum

import attrs


class Refusal(Enum):
    """The reason of a refused signal, a rejected order or a failed request."""

    # said by the exchange about one order
    STOP_CROSSED = "the trigger price is already crossed"
    STOP_EXISTS = "a stop of that kind already rests in that direction"
    STOP_CAP = "the account's limit of open conditional orders is reached"
    ORDER_CAP = "the symbol's limit of open orders is reached"
    OFF_GRID = "a price or quantity is not on the filter in force"
    TOO_SMALL = "below the minimum quantity or notional"
    TOO_LARGE = "above the maximum quantity, notional or position"
    PRICE_BAND = "a price lies outside the exchange's band"
    MARGIN = "the margin is insufficient"
    REDUCE_ONLY = "there is nothing for a reduce-only order to reduce"
    POSITION_MODE = "the position side does not fit the account's mode"
    SYMBOL_CLOSED = "the symbol does not accept this order now"
    UNKNOWN_SYMBOL = "the exchange does not list that symbol"
    NO_LIQUIDITY = "the book offered nothing to trade with"
    DUPLICATE_ID = "an open order carries that client id"
    WRONG_ENDPOINT = "the exchange moved this order type to another service"
    NOT_FOUND = "the exchange does not show that order"
    BAD_REQUEST = "the exchange did not understand the request"
    LIQUIDATING = "the account is being liquidated"
    NOT_ALLOWED = "the key, account or region may not do this"
    LEVERAGE = "the leverage or margin type cannot be set so"

    # said by the exchange about the traffic
    RATE_LIMITED = "too many requests"
    BANNED = "the address is banned for a time"
    OVERLOADED = "the exchange is overloaded or shutting down"
    CLOCK = "the request's timestamp is outside the accepted window"
    UNREACHABLE = "the exchange could not be reached"

    # said by us, before an order is sent
    HALTED = "entries are halted"
    FROZEN = "the symbol is frozen until an open question is settled"
    UNGUARDED = "nobody watches: enter guarding(), or build with host_guards=True"
    OVERDUE = "a duty is overdue: reconcile() has not been called in time"
    STALE = "the signal is too old, or past its valid_until"
    BUDGET = "the request budget does not cover the whole worst case"
    BREAKER = "a circuit breaker is open"
    LIMIT = "a risk limit forbids it"
    NO_STOP = "the policy requires a stop and the signal has none"
    WRONG_SIDE = "stop or target lies on the wrong side of the price"
    FOREIGN_POSITION = "the symbol holds size that is not ours"
    EXIT_UNCONFIRMED = "the opposite position could not be confirmed closed"
    STORE_FAILED = "the journal or the audit log cannot be written"
    CLOSING = "the manager is closing"


@attrs.frozen
class Declined:
    """A decision not to act, as a value: why, and a sentence for a person that says what to do."""

    refusal: Refusal
    text: str
