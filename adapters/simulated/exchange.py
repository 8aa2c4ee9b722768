"""The paper exchange: the Exchange port over the simulated Binance, in process, on a virtual clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from os import PathLike
from pathlib import Path

import attrs

from ...domain.errors import ConfigurationError
from ...domain.numbers import Number
from ..venue.ledger import Ledger
from ..venue.quotes import Candle, Quote
from ..venue.settings import VenueSettings
from ..venue.venue import Venue
from ..wire.account import WireExchange
from ..wire.rules import CACHE_HOURS
from .clock import SimulatedClock
from .door import Door
from .faults import FaultPlan
from .hand_quote import tick_by_hand
from .latency import Latency
from .tap import Tap
from .timeline import Timeline

_TRAFFIC_KINDS = frozenset({"request", "answer"})


@attrs.frozen
class Step:
    """One change of the simulated exchange.

    Attributes:
        at_ms: exchange time.
        ledger_rows_added: rows since the step before, requests and answers left out: above 0, something happened to
            orders, positions or balances, and it is time to reconcile.
    """

    at_ms: int
    ledger_rows_added: int


class SimulatedExchange(WireExchange):
    """A whole exchange account for paper trading, replays and tests; equal inputs and seed give an equal ledger.

    Everything a live exchange would refuse is refused here, with the same codes. Time passes only while requests travel
    (`latency`), while somebody sleeps on `clock`, and by `tick` and `play`. Safe to call from many threads, though only
    one thread gives reproducible runs.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        namespace: str = "paper",
        faults: FaultPlan | None = None,
        latency: Latency | None = None,
        cache_hours: int = CACHE_HOURS,
        tap: Tap | None = None,
    ) -> None:
        self._set_up(Timeline(venue), namespace, faults, latency, cache_hours, tap)

    def _set_up(
        self,
        timeline: Timeline,
        namespace: str,
        faults: FaultPlan | None,
        latency: Latency | None,
        cache_hours: int,
        tap: Tap | None,
    ) -> None:
        self._timeline = timeline
        self._faults = FaultPlan() if faults is None else faults
        self._latency = Latency() if latency is None else latency
        self._cache_hours = cache_hours
        super().__init__(
            Door(self._timeline, self._faults, self._latency, tap),
            SimulatedClock(self._timeline),
            namespace=namespace,
            environment="paper",
            real_time=False,
            cache_hours=cache_hours,
            conditionals_max=timeline.venue.settings.open_algo_orders_max,
        )

    @classmethod
    def from_exchange_info(
        cls,
        source: str | PathLike[str] | Mapping[str, object],
        *,
        balances: Mapping[str, Decimal],
        start_ms: int,
        seed: int = 1,
        faults: FaultPlan | None = None,
        namespace: str = "paper",
        latency: Latency | None = None,
        settings: VenueSettings | None = None,
        brackets: Mapping[str, object] | None = None,
        cache_hours: int = CACHE_HOURS,
        tap: Tap | None = None,
    ) -> SimulatedExchange:
        """Build the exchange from an exchangeInfo: its body, or the path of a file with it.

        Args:
            source: what ``GET /fapi/v1/exchangeInfo`` answers.
            balances: the opening wallet per margin asset.
            start_ms: the exchange's clock at the start, UTC milliseconds.
            seed: of ids; equal seeds, equal ledgers.
            faults: what goes wrong on the way; nothing by default.
            namespace: the name under which signal ids are unique.
            latency: travel times; 20 ms each way by default.
            settings: fees, fill model and the switches of the simulated exchange.
            brackets: leverage brackets per symbol.
            cache_hours: how long the trading rules are believed, in hours.
            tap: watches every request go out and come back; nobody by default.

        Raises:
            ConfigurationError: the file cannot be read, or one of the parts makes no exchange.
        """
        info = source if isinstance(source, Mapping) else _read(Path(source))
        try:
            venue = Venue(
                info,
                balances=balances,
                start_ms=start_ms,
                seed=seed,
                settings=VenueSettings() if settings is None else settings,
                brackets=brackets,
            )
        except ValueError as error:
            raise ConfigurationError(f"no simulated exchange can be made of this: {error}") from error
        return cls(venue, namespace=namespace, faults=faults, latency=latency, cache_hours=cache_hours, tap=tap)

    def another_client(self, *, tap: Tap | None = None) -> SimulatedExchange:
        """Return the same account on the same market as another process sees it: own budget, own rules, no memory.

        Faults and travel times are shared. The new client goes on where the account is; the old one may go on too.
        """
        client = object.__new__(type(self))
        client._set_up(self._timeline, self.namespace, self._faults, self._latency, self._cache_hours, tap)
        return client

    @property
    def venue(self) -> Venue:
        """The simulated Binance itself, for a test that changes filters, halts a symbol or trades by hand."""
        return self._timeline.venue

    @property
    def ledger(self) -> Ledger:
        """Everything that happened, append-only: the ground truth."""
        return self._timeline.venue.ledger

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong on the way; may be added to, switched off and on."""
        return self._faults

    def tick(
        self,
        symbol: str,
        last: Number | None = None,
        bid: Number | None = None,
        ask: Number | None = None,
        mark: Number | None = None,
        at_ms: int | None = None,
        bid_quantity: Number | None = None,
        ask_quantity: Number | None = None,
    ) -> None:
        """Change the market by hand; what is None stays as it is. Without *at_ms* it happens now.

        A symbol that was never quoted with bid or ask gets a book made around the last price; a bid or ask without a
        quantity is as good as endless.

        Raises:
            ValidationError: a number was unusable, the time lies in the past, or the exchange does not list *symbol*.
        """
        tick_by_hand(
            self._timeline,
            symbol,
            last=last,
            bid=bid,
            ask=ask,
            mark=mark,
            at_ms=at_ms,
            bid_quantity=bid_quantity,
            ask_quantity=ask_quantity,
        )

    def play(self, feed: Iterable[Quote | Candle]) -> Iterator[Step]:
        """Let *feed* drive the market; the iterator takes one step per change of the exchange, until nothing is left.

        Between two steps the caller may trade: time that requests take is taken from the feed. What happens to the
        account meanwhile is counted in the next step. Errors of the feed pass through.
        """
        self._timeline.load(feed)
        return self._steps(len(self.ledger.rows))

    def _steps(self, seen: int) -> Iterator[Step]:
        while self._timeline.step():
            added = self.ledger.since(seen)
            seen += len(added)
            changes = sum(1 for row in added if row["kind"] not in _TRAFFIC_KINDS)
            yield Step(self._timeline.now_ms, changes)


def _read(path: Path) -> Mapping[str, object]:
    try:
        info = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path}: the exchangeInfo could not be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: was no JSON; save the body of GET /fapi/v1/exchangeInfo there") from error
    if not isinstance(info, Mapping):
        raise ConfigurationError(f"{path}: must hold a JSON object, was {type(info).__name__}")
    return info
