"""Every error code of Binance that we know, and what each lets us conclude (Binance docs: Error Codes, unless noted).

The kind answers the question "may a sent order have been executed?". REJECTED, RETRYABLE and EXISTS stand only where
the documentation excludes an execution; everything else is UNKNOWN, as is every code that is not listed. The refusal
says why, in the core's words, also for reads, cancels and settings.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ...domain.refusal import Refusal
from ...domain.reply import ReplyKind


class Rule(NamedTuple):
    """What one code means."""

    kind: ReplyKind
    refusal: Refusal


_REJECTED, _RETRY, _EXISTS, _UNKNOWN = ReplyKind.REJECTED, ReplyKind.RETRYABLE, ReplyKind.EXISTS, ReplyKind.UNKNOWN
_R = Refusal


def _rules(kind: ReplyKind, refusal: Refusal, *codes: int) -> dict[int, Rule]:
    return dict.fromkeys(codes, Rule(kind, refusal))


CODES: Final[dict[int, Rule]] = {
    # the traffic
    **_rules(_RETRY, _R.RATE_LIMITED, -1003, -1015),
    **_rules(_RETRY, _R.OVERLOADED, -1008),  # "100 % failure", says the general information page
    **_rules(_RETRY, _R.CLOCK, -1021, -5028),  # at the gateway; again in the engine (Binance change log 2023-04-17)
    # the exchange does not know itself; -1001 is documented as a failure, but was seen on orders that had filled
    **_rules(_UNKNOWN, _R.OVERLOADED, -1000, -1001, -1006, -1007, -1016, -2012, -4083),
    # the key, the account, the address
    **_rules(_REJECTED, _R.NOT_ALLOWED, -1002, -1022, -2014, -2015, -4087, -4088, -4109, -4192, -4400, -4402, -4403),
    **_rules(_REJECTED, _R.NOT_ALLOWED, -4202, -4203, -4204, -4205, -4206, -4207, -4208, -4209),
    **_rules(_UNKNOWN, _R.NOT_ALLOWED, -1004, -1005, -1011, -1099, -2017),
    # the request was not understood: a mistake of ours, or of a symbol's special rules
    **_rules(_REJECTED, _R.BAD_REQUEST, -1013, -1014, -1020),
    **_rules(_REJECTED, _R.BAD_REQUEST, *range(-1106, -1099), *range(-1110, -1107), *range(-1120, -1113), -1125),
    **_rules(_REJECTED, _R.BAD_REQUEST, *range(-1130, -1125), -1136, -2010, -2026),
    **_rules(_REJECTED, _R.BAD_REQUEST, -4000, -4015, -4020, -4031, -4032, -4082, -4115, -4135),
    **_rules(_REJECTED, _R.BAD_REQUEST, -4136, -4137, -4138, -4139, -4165, -5022),
    **_rules(_UNKNOWN, _R.BAD_REQUEST, -1010, -1023),
    **_rules(_UNKNOWN, _R.BAD_REQUEST, -5024, -5025, -5026, -5027, -5029, -5043, -5047),  # edits, which we never send
    **_rules(_UNKNOWN, _R.BAD_REQUEST, -5037, -5038, -5039, -5040, -5041),  # price match and expiry dates: likewise
    # prices and quantities
    **_rules(_REJECTED, _R.OFF_GRID, -1111, -4014, -4023),
    **_rules(_REJECTED, _R.TOO_SMALL, -4003, -4004, -4164),
    **_rules(_REJECTED, _R.TOO_LARGE, -2027, -4005),
    **_rules(_REJECTED, _R.PRICE_BAND, -4001, -4002, -4006, -4007, -4013, -4016, -4024, -4131),
    **_rules(_REJECTED, _R.PRICE_BAND, -4183, -4184, -4210, -4211),
    # symbol and book
    **_rules(_REJECTED, _R.UNKNOWN_SYMBOL, -1121, -4144),
    **_rules(_REJECTED, _R.SYMBOL_CLOSED, -1122, -4104, -4140, -4141, -4401),
    **_rules(_UNKNOWN, _R.SYMBOL_CLOSED, -2016),
    **_rules(_REJECTED, _R.NO_LIQUIDITY, -1112, -2020, -5021),
    # margin and position
    **_rules(_REJECTED, _R.MARGIN, -2018, -2019, -4118),
    **_rules(_REJECTED, _R.LIQUIDATING, -2023),
    **_rules(_REJECTED, _R.REDUCE_ONLY, -2022, -2024, -4129, -4509),  # the last two: seen by users, not documented
    **_rules(_REJECTED, _R.POSITION_MODE, -4059, -4060, -4061, -4062, -4067, -4068, -4531),
    **_rules(_REJECTED, _R.LEVERAGE, -2028, -4028, -4046, -4047, -4048, *range(-4055, -4048), -4161),
    **_rules(_REJECTED, _R.LEVERAGE, *range(-4172, -4166)),
    # conditional orders, ids, limits on resting orders
    **_rules(_REJECTED, _R.STOP_CROSSED, -2021, -4142),
    **_rules(_UNKNOWN, _R.STOP_CROSSED, -4117),  # it is triggering right now
    **_rules(_REJECTED, _R.STOP_CAP, -4045),
    **_rules(_REJECTED, _R.ORDER_CAP, -2025),
    **_rules(_REJECTED, _R.WRONG_ENDPOINT, -4120),  # Binance change log 2025-11-06
    **_rules(_EXISTS, _R.DUPLICATE_ID, -4116),  # Binance change log 2024-12-03
    **_rules(_EXISTS, _R.STOP_EXISTS, -4130),  # seen by users, not documented
    **_rules(_UNKNOWN, _R.NOT_FOUND, -2011, -2013),  # "not visible now", never more
}
"""Code to rule; a code that is not here is UNKNOWN."""

AUTHENTICATION_CODES: Final = frozenset(
    {-1002, -1004, -1005, -1011, -1022, -1099, -2014, -2015, -2017, -4087, -4088, -4109}
)
"""The exchange refuses whoever asks, not what is asked."""

ALREADY_SO: Final = frozenset({-4046, -4059, -4171})
"""The setting has that value already: success."""

NO_SUCH_ORDER: Final = -2013
CANCEL_REJECTED: Final = -2011
