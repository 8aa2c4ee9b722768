"""Every refusal of the exchange: Binance's code, HTTP status and message, in one table.

Codes and texts follow Binance docs: Error Codes. A client may rely on the code; the text is what Binance was seen to
send, with `{}` where it names a parameter or a number.
"""

from typing import Final

PATH_INVALID: Final = -5000

REFUSALS: Final[dict[int, tuple[int, str]]] = {
    -1003: (429, "{}"),
    -1015: (429, "Too many new orders; current limit is {} orders per {}."),
    -1021: (400, "Timestamp for this request is outside of the recvWindow."),
    -1022: (400, "Signature for this request is not valid."),
    -1023: (400, "Start time is greater than end time."),
    -1100: (400, "Illegal characters found in parameter '{}'; legal range is '{}'."),
    -1101: (400, "Duplicate values for a parameter detected."),
    -1102: (400, "Mandatory parameter '{}' was not sent, was empty/null, or malformed."),
    -1105: (400, "Parameter '{}' was empty."),
    -1106: (400, "Parameter '{}' sent when not required."),
    -1111: (400, "Precision is over the maximum defined for this asset."),
    -1112: (400, "No orders on book for symbol."),
    -1115: (400, "Invalid timeInForce."),
    -1116: (400, "Invalid orderType."),
    -1117: (400, "Invalid side."),
    -1121: (400, "Invalid symbol."),
    -1122: (400, "Invalid symbol status."),
    -1128: (400, "Combination of optional parameters invalid."),
    -1130: (400, "Data sent for parameter '{}' is not valid."),
    -1136: (400, "Invalid newOrderRespType."),
    -2011: (400, "Unknown order sent."),
    -2013: (400, "Order does not exist."),
    -2014: (401, "API-key format invalid."),
    -2015: (401, "Invalid API-key, IP, or permissions for action."),
    -2019: (400, "Margin is insufficient."),
    -2021: (400, "Order would immediately trigger."),
    -2022: (400, "ReduceOnly Order is rejected."),
    -2027: (400, "Exceeded the maximum allowable position at current leverage."),
    -2028: (400, "Leverage is smaller than permitted: insufficient margin balance."),
    -4003: (400, "Quantity less than zero."),
    -4004: (400, "Quantity less than min quantity."),
    -4005: (400, "Quantity greater than max quantity."),
    -4006: (400, "Stop price less than zero."),
    -4007: (400, "Stop price greater than max price."),
    -4013: (400, "Price less than min price."),
    -4014: (400, "Price not increased by tick size."),
    -4015: (400, "Client order id length should be less than 36 chars."),
    -4021: (400, "{} is not valid depth limit."),
    -4023: (400, "Qty not increased by step size."),
    -4028: (400, "Leverage {} is not valid."),
    -4031: (400, "Invalid working type."),
    -4045: (400, "Reach max stop order limit."),
    -4046: (400, "No need to change margin type."),
    -4047: (400, "Margin type cannot be changed if there exists open orders."),
    -4048: (400, "Margin type cannot be changed if there exists position."),
    -4059: (400, "No need to change position side."),
    -4060: (400, "Invalid position side."),
    -4061: (400, "Order's position side does not match user's setting."),
    -4067: (400, "Position side cannot be changed if there exists open orders."),
    -4068: (400, "Position side cannot be changed if there exists position."),
    -4104: (400, "Invalid contract type."),
    -4109: (400, "This account is inactive. Please activate the account first."),
    -4116: (400, "clientOrderId is duplicated."),
    -4120: (
        400,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    ),
    -4130: (400, "An open stop or take profit order with GTE and closePosition in the direction is existing."),
    -4131: (400, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
    -4137: (400, "Quantity must be zero with closePosition equals true."),
    -4140: (400, "Invalid symbol status for opening position."),
    -4141: (400, "Symbol is closed."),
    -4161: (400, "Leverage reduction is not supported in Isolated Margin Mode with open positions."),
    -4164: (400, "Order's notional must be no smaller than {} (unless you choose reduce only)."),
    -4171: (400, "No need to change multi-assets mode."),
    -4192: (400, "Trade forbidden due to Cooling-off Period."),
    -4400: (
        400,
        "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.",
    ),
    -4509: (
        400,
        "Time in Force (TIF) GTE can only be used with open positions. Please ensure that positions are available.",
    ),
    PATH_INVALID: (404, "Path {}, Method {} is invalid"),
    -5028: (400, "Timestamp for this request is outside of the ME recvWindow."),
}


class Refused(Exception):
    """One request was refused, with Binance's *code*, *message* and HTTP *status*; nothing was changed."""

    def __init__(self, code: int, *details: object, hint: str = "", status: int | None = None) -> None:
        table_status, template = REFUSALS[code]
        self.code = code
        self.status = table_status if status is None else status
        self.message = template.format(*details) + (f" {hint}" if hint else "")
        super().__init__(f"{code} {self.message}")
