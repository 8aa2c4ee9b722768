"""Where the prices of a local exchange come from: recorded data, or random walks."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final, cast

import attrs
import click

from surefill.cli.listing_file import read_listing
from surefill.cli.market_data import MarketData, Progress
from surefill.domain.errors import ConfigurationError, ValidationError
from surefill.domain.numbers import positive
from surefill.wiring import Candle, Quote, demo_exchange_info, random_walk

if TYPE_CHECKING:
    from surefill.wiring import VenueServer

WALK_STEP_MS: Final = 500
WALK_STEPS: Final = 200_000_000
"""Three years of half seconds: a walk has no end that anyone waits for."""

DEMO_WALKS: Final = (("AAAUSDT", Decimal(60_000)), ("BBBUSDT", Decimal(2_500)), ("测试USDT", Decimal("1.5")))

Feed = Iterable[Quote | Candle]


def walks_of(_: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, Decimal], ...]:
    """Take texts like ``BTCUSDT=64000`` as symbols and the prices they set out from; for ``callback``.

    Raises:
        click.BadParameter: one was none.
    """
    walks: list[tuple[str, Decimal]] = []
    for value in values:
        symbol, equals, price = value.partition("=")
        if not symbol or not equals:
            raise click.BadParameter(f"must be SYMBOL=PRICE, was {value[:40]!a}")
        try:
            walks.append((symbol, positive(price, str(param.name))))
        except ValidationError as error:
            raise click.BadParameter(f"the price of {symbol} {error.problem}") from error
    return tuple(walks)


@attrs.frozen(kw_only=True)
class VenueMarket:
    """What a local exchange lists, and what moves it.

    Attributes:
        listing: the exchangeInfo.
        data: recorded market data, or None.
        speed: how many times as fast it passes.
        walks: random walks otherwise: symbol and first price.
        seed: of the walks.
    """

    listing: Mapping[str, object]
    data: MarketData | None = None
    speed: Decimal = Decimal(1)
    walks: tuple[tuple[str, Decimal], ...] = ()
    seed: int = 1

    @classmethod
    def of(
        cls,
        exchange_info: Path | None,
        data: MarketData | None,
        speed: Decimal,
        walks: Sequence[tuple[str, Decimal]],
        seed: int,
    ) -> VenueMarket:
        """Read the listing and choose the market; without anything it is the demonstration's.

        Raises:
            FeedError: the file is no exchangeInfo, or does not list a symbol.
            UsageError: there would be no prices.
        """
        if data is not None and walks:
            raise click.UsageError("give either --walk, or --candles or --stream")
        if exchange_info is None:
            chosen = tuple(walks) or (DEMO_WALKS if data is None else ())
            return cls(listing=demo_exchange_info(), data=data, speed=speed, walks=chosen, seed=seed)
        if data is None and not walks:
            raise click.UsageError(
                "without prices every order is refused: give --walk SYMBOL=PRICE, --candles FILE or --stream FILE"
            )
        symbols = [symbol for symbol, _ in walks] if data is None else [data.symbol]
        listings = [read_listing(exchange_info, symbol) for symbol in dict.fromkeys(symbols)]
        rows = [row for listing in listings for row in cast("list[object]", listing["symbols"])]
        return cls(listing={**listings[0], "symbols": rows}, data=data, speed=speed, walks=tuple(walks), seed=seed)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Whose prices move."""
        return tuple(symbol for symbol, _ in self.walks) if self.data is None else (self.data.symbol,)

    def play(self, server: VenueServer, ended: Event, progress: Progress | None = None) -> None:
        """Read everything to its end first, then let it move the market of *server*.

        Args:
            server: not started yet.
            ended: set when nothing more comes.
            progress: told the bytes read and the size of the file now and then.

        Raises:
            FeedError: with file and line, for the first thing that cannot be used.
            ConfigurationError: a walk cannot begin there, or the listing lacks a symbol.
        """
        if self.data is None:
            walks = self._walks(server.timeline.now_ms)
            merged: Iterator[Quote] = heapq.merge(*walks, key=attrgetter("at_ms"))
            server.load(_until(merged, ended))
            return
        try:
            decimals = server.venue.market(self.data.symbol).rules.price_decimals
        except ValueError as error:
            raise ConfigurationError(f"{error}; give the --exchange-info that lists it") from error
        self.data.check(decimals, *([] if progress is None else [progress]))
        server.replay(_until(self.data.feed(), ended), self.speed)

    def _walks(self, start_ms: int) -> list[Iterator[Quote]]:
        walks: list[Iterator[Quote]] = []
        for number, (symbol, price) in enumerate(self.walks):
            tick = _tick(self.listing, symbol)
            try:
                walks.append(
                    random_walk(
                        symbol,
                        seed=self.seed + number,
                        start_ms=start_ms,
                        steps=WALK_STEPS,
                        interval_ms=WALK_STEP_MS,
                        start_price=price,
                        tick=tick,
                    )
                )
            except ValueError as error:
                raise ConfigurationError(f"{symbol} cannot walk from {price}: {error}") from error
        return walks


def _until(feed: Feed, ended: Event) -> Iterator[Quote | Candle]:
    yield from feed
    ended.set()


def _tick(listing: Mapping[str, object], symbol: str) -> Decimal:
    """Return the price step of *symbol* as the listing has it."""
    for row in cast("list[Mapping[str, object]]", listing["symbols"]):
        if row.get("symbol") != symbol:
            continue
        filters = row.get("filters")
        for each in filters if isinstance(filters, list) else []:
            if isinstance(each, Mapping) and each.get("filterType") == "PRICE_FILTER":
                return _step(symbol, each.get("tickSize"))
        raise ConfigurationError(f"{symbol} has no price filter; walk another symbol")
    names = ", ".join(str(row.get("symbol")) for row in cast("list[Mapping[str, object]]", listing["symbols"])[:5])
    raise ConfigurationError(f"{symbol} is not listed; the listing begins with {names}")


def _step(symbol: str, value: object) -> Decimal:
    try:
        return positive(value, "tickSize")
    except ValidationError as error:
        raise ConfigurationError(f"{symbol} has no usable tick size: {error.problem}") from error
