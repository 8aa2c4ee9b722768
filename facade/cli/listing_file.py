"""The exchange's rules for one symbol, from a saved exchangeInfo."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from surefill.wiring import FeedError

_ADVICE: Final = "save the body of GET /fapi/v1/exchangeInfo there"
_BYTES_MAX: Final = 256 << 20


def read_listing(path: Path, symbol: str) -> Mapping[str, object]:
    """Return the exchangeInfo in the file at *path*, all symbols but *symbol* left out.

    Raises:
        FeedError: with file and line: it cannot be read, is no exchangeInfo, or does not list *symbol*.
    """
    body = _body(path)
    symbols = body.get("symbols")
    if not isinstance(symbols, list):
        raise FeedError(path, 1, "was no exchangeInfo: it has no list of symbols", _ADVICE)
    by_name = {str(entry["symbol"]): entry for entry in symbols if isinstance(entry, Mapping) and "symbol" in entry}
    if symbol not in by_name:
        near = difflib.get_close_matches(symbol.upper(), by_name, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "names are written as the exchange writes them"
        raise FeedError(path, 1, f"none of the {len(by_name)} symbols listed is {symbol!a}", hint)
    return {**body, "symbols": [by_name[symbol]]}


def _body(path: Path) -> Mapping[str, object]:
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise FeedError(path, 1, f"the file was larger than {_BYTES_MAX} bytes", _ADVICE)
        body: object = json.loads(path.read_bytes())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FeedError(path, None, f"the file could not be read ({reason})", _ADVICE) from error
    except json.JSONDecodeError as error:
        raise FeedError(path, error.lineno, f"the file was no JSON ({error.msg})", _ADVICE) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FeedError(path, 1, f"the file was no JSON ({type(error).__name__})", _ADVICE) from error
    if not isinstance(body, Mapping):
        raise FeedError(path, 1, f"the file held no JSON object but a {type(body).__name__}", _ADVICE)
    return cast("Mapping[str, object]", body)
