"""Suites that hold an adapter to the promise of its port; they need the extra ``testing``.

Each name is imported when it is first asked for, so that one suite does not need what another imports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surefill.testing.exchange_desk import ExchangeHarness
    from surefill.testing.exchange_suite import exchange_contract
    from surefill.testing.http_venue_fixture import HttpVenue, http_venue, running_venue
    from surefill.testing.journal_suite import journal_contract
    from surefill.testing.state_machine import TradingStateMachine

__all__ = [
    "ExchangeHarness",
    "HttpVenue",
    "TradingStateMachine",
    "exchange_contract",
    "http_venue",
    "journal_contract",
    "running_venue",
]

_MODULE_OF = {
    "ExchangeHarness": "exchange_desk",
    "HttpVenue": "http_venue_fixture",
    "TradingStateMachine": "state_machine",
    "exchange_contract": "exchange_suite",
    "http_venue": "http_venue_fixture",
    "journal_contract": "journal_suite",
    "running_venue": "http_venue_fixture",
}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value  # from now on the name is found without asking
    return value
