"""The contract of the Exchange port as a test suite: whoever writes an adapter proves it in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, TypeAlias

import pytest

from surefill.domain.side import PositionMode
from surefill.testing.exchange_account_cases import AccountCases, HedgeCases
from surefill.testing.exchange_desk import Desk, ExchangeHarness
from surefill.testing.exchange_leg_cases import LegCases
from surefill.testing.exchange_order_cases import OrderCases

HarnessFactory: TypeAlias = Callable[[PositionMode], ExchangeHarness | None]
"""Makes a fresh account in that position mode; None when it cannot offer the mode."""


class ExchangeContract(OrderCases, LegCases, AccountCases, HedgeCases):
    """Cases X01 to X51. A subclass, made by `exchange_contract`, says where accounts come from."""

    factory: ClassVar[HarnessFactory]
    """Where accounts come from."""

    @pytest.fixture
    def desk(self) -> Iterator[Desk]:
        """A one-way account to trade on."""
        yield from self._desk(PositionMode.ONE_WAY)

    @pytest.fixture
    def hedge_desk(self) -> Iterator[Desk]:
        """A hedge account to trade on."""
        yield from self._desk(PositionMode.HEDGE)

    def _desk(self, mode: PositionMode) -> Iterator[Desk]:
        harness = type(self).factory(mode)
        if harness is None:
            pytest.skip(f"the harness offers no account in {mode.value} mode")
        yield Desk(harness, mode)
        harness.close()


def exchange_contract(factory: HarnessFactory) -> type[ExchangeContract]:
    """Return a pytest class that holds an exchange adapter to its port.

    Each case gets its own account from *factory*::

        TestMyExchange = exchange_contract(my_harness)

    The name must begin with ``Test`` for pytest to find it.
    """

    class Contract(ExchangeContract):
        """The contract over the accounts of one factory."""

    Contract.factory = staticmethod(factory)

    return Contract
