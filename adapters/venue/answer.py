"""What the exchange answers to one request."""

from collections.abc import Mapping
from typing import Any

import attrs

Json = Any
"""A JSON value as Python's own types; which shape it has depends on the path that was asked."""


@attrs.frozen
class Answer:
    """One answer: the HTTP *status*, the JSON *body* and the *headers* a client may rely on.

    Numbers in *body* are of Binance's own JSON types: decimals are strings, ids and times are integers. Only the
    leverage brackets carry JSON numbers with decimals (Binance docs: Notional and Leverage Brackets).
    """

    status: int
    body: Json
    headers: Mapping[str, str]
