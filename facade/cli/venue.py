"""``surefill venue``: a simulated Binance on this machine, over HTTP, until Ctrl-C."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.console import Console
from rich.status import Status

from surefill.cli.console import progress, say_json
from surefill.cli.market_data import MarketData
from surefill.cli.option_types import FILE, amount
from surefill.cli.state_dir import json_option
from surefill.cli.venue_market import VenueMarket, walks_of
from surefill.domain.errors import ConfigurationError
from surefill.wiring import local_exchange

if TYPE_CHECKING:
    from surefill.wiring import VenueServer

BEAT_SECONDS: Final = 1.0
_WHOLE_MARKET: Final = "the recorded data has ended; prices stand still from now on"

_EPILOG: Final = """\b
It speaks the REST API of Binance USDⓈ-M futures: paths, signatures, headers, codes. It listens on this machine
only, and takes only the key it prints, which is worth nothing anywhere else. Nothing is kept when it ends.
Recorded data is played as if it happened now; --speed hurries the market, never the clock.

\b
Exit codes: 0 ended by Ctrl-C, 2 bad input (or the port is taken).

\b
Example:
  surefill venue --port 8080
  surefill venue --exchange-info exchangeInfo.json --walk BTCUSDT=64000 --walk ETHUSDT=2500
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--exchange-info", type=FILE, help="The body of GET /fapi/v1/exchangeInfo; three made-up symbols unless given."
)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="0 takes one that is free.")
@click.option("--balance", callback=amount, default="10000", show_default=True, help="The opening wallet, in USDT.")
@click.option(
    "--walk",
    "walks",
    metavar="SYMBOL=PRICE",
    callback=walks_of,
    multiple=True,
    help="Let a symbol walk at random from a price; may be repeated.",
)
@click.option("--candles", type=FILE, help="Candles as CSV, played as they were.")
@click.option("--stream", type=FILE, help="Raw market stream: lines of local nanoseconds and JSON. Plain or gzipped.")
@click.option("--symbol", help="Whose candles or stream it is.")
@click.option(
    "--speed", callback=amount, default="1", show_default=True, help="How many times as fast recorded data passes."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of keys, ids and walks.")
@json_option
def venue(
    *,
    exchange_info: Path | None,
    port: int,
    balance: Decimal,
    walks: tuple[tuple[str, Decimal], ...],
    candles: Path | None,
    stream: Path | None,
    symbol: str | None,
    speed: Decimal,
    seed: int,
    as_json: bool,
) -> int:
    """Run a simulated Binance on this machine, over HTTP."""
    market = VenueMarket.of(exchange_info, _data(candles, stream, symbol), speed, walks, seed)
    key, secret = made_keys(seed)
    server = local_exchange(market.listing, keys={key: secret}, balances={"USDT": balance}, port=port, seed=seed)
    ended = Event()
    with progress("reading") as tell:
        market.play(server, ended, tell)
    with server:
        _say(server, key, secret, market, as_json=as_json)
        return serve(server, ended, Event().wait)


def serve(server: VenueServer, ended: Event, wait: Callable[[float], object]) -> int:
    """Run until Ctrl-C, telling now and then how it goes.

    Args:
        server: started.
        ended: set when the market has nothing more to give.
        wait: blocks for so many seconds.

    Raises:
        ConfigurationError: the market's data turned out to be unusable.
    """
    told, tally = False, _Tally(server)
    with _watching() as status:
        try:
            while server.failure is None:
                if ended.is_set() and not told:
                    click.echo(_WHOLE_MARKET, err=True)
                    told = True
                if status is not None:
                    status.update(tally.line())
                wait(BEAT_SECONDS)
        except KeyboardInterrupt:
            click.echo(f"ended; {tally.line()}", err=True)
            return 0
    raise ConfigurationError(f"the market data cannot be used: {server.failure}")


def made_keys(seed: int) -> tuple[str, str]:
    """Return an API key and its secret for an exchange on this machine; equal seeds, equal keys, worth nothing."""
    key, secret = (blake2b(f"{seed}/{what}".encode(), digest_size=16).hexdigest() for what in ("key", "secret"))
    return f"sim-{key}", secret


@contextmanager
def _watching() -> Iterator[Status | None]:
    if not sys.stderr.isatty():
        yield None
        return
    with Console(stderr=True).status("") as status:
        yield status


@attrs.define
class _Tally:
    """How it goes, counted as the ledger grows."""

    _server: VenueServer
    _seen: int = 0
    _kinds: Counter[object] = attrs.field(factory=Counter[object])

    def line(self) -> str:
        """Say it in one line."""
        rows = self._server.ledger.since(self._seen)
        self._seen += len(rows)
        self._kinds.update(row["kind"] for row in rows)
        counts = (f"{self._kinds[kind]} {kind}s" for kind in ("request", "fill", "liquidation"))
        return ", ".join(counts)


def _data(candles: Path | None, stream: Path | None, symbol: str | None) -> MarketData | None:
    source = stream if candles is None else candles
    if source is None:
        return None
    if candles is not None and stream is not None:
        raise click.UsageError("give either --candles or --stream")
    if symbol is None:
        raise click.UsageError("say by --symbol whose prices the file holds")
    return MarketData(source, symbol, is_stream=candles is None)


def _say(server: VenueServer, key: str, secret: str, market: VenueMarket, *, as_json: bool) -> None:
    if as_json:
        say_json({"url": server.url, "api_key": key, "api_secret": secret, "symbols": list(market.symbols)})
    else:
        click.echo(
            f"""A simulated Binance is at {server.url}
  API key     {key}
  API secret  {secret}
Both are worth nothing anywhere else. Prices move on {", ".join(market.symbols)}. Ctrl-C ends it."""
        )
    sys.stdout.flush()
