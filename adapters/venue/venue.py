"""The simulated exchange: one account on Binance USDⓈ-M futures, driven by market data and by requests."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from .account import Account
from .account_endpoints import AccountEndpoints
from .acts import Acts
from .algo_endpoints import AlgoEndpoints
from .answer import Answer
from .brackets import Brackets
from .conditionals import Conditionals
from .gateway import Gateway
from .identifiers import Identifiers
from .ledger import Ledger
from .limits import Limits
from .liquidation import Liquidations
from .listing import Listing
from .market import Market
from .market_endpoints import MarketEndpoints
from .matching import add_income
from .player import Player
from .quotes import Candle, Quote
from .refusals import Refused
from .replica import Replica, reads_of
from .routes import Routes
from .setting_endpoints import SettingEndpoints
from .settings import VenueSettings
from .state import State
from .switches import Switches
from .trade_endpoints import TradeEndpoints

_DEFAULT_SETTINGS = VenueSettings()


class Venue:
    """A deterministic exchange: equal inputs and seed give an equal ledger, byte for byte.

    *exchange_info* is the body of GET exchangeInfo; symbols that cannot be traded load and are refused on order.
    *balances* are the opening wallets per margin asset, *start_ms* the clock's start in milliseconds since the epoch.
    *brackets* are the leverage brackets per symbol (see `Brackets`); without them leverage goes to 125 without bound.

    Time passes only by `tick`, `advance_to` and `step`. When several things are due at the same millisecond, what the
    exchange had pending comes before market data; a request at that time comes after both.
    """

    def __init__(
        self,
        exchange_info: Mapping[str, Any],
        *,
        balances: Mapping[str, Decimal],
        start_ms: int,
        seed: int = 0,
        settings: VenueSettings = _DEFAULT_SETTINGS,
        brackets: Mapping[str, Any] | None = None,
    ) -> None:
        if type(start_ms) is not int or start_ms < 0:
            raise ValueError(f"start_ms must be whole milliseconds since the epoch, was {start_ms!r}")
        state = State(
            settings=settings,
            listing=Listing(exchange_info),
            account=Account(settings.default_leverage, hedge_mode=settings.hedge_mode),
            brackets=Brackets(brackets, settings.default_maintenance_ratio),
            ids=Identifiers(seed),
            now_ms=start_ms,
        )
        self._state = state
        self._conditionals = Conditionals(state)
        state.on_trigger = self._conditionals.on_trigger
        self._liquidations = Liquidations(state)
        self._player: Player | None = None
        limits = Limits(state.listing.rate_limits, enforced=settings.enforce_limits)
        routes = {
            **_account_routes(state),
            **SettingEndpoints(state).routes(),
            **MarketEndpoints(state, limits).routes(),
        }
        self._gateway = Gateway(state, limits, routes)
        self._acts = Acts(state, limits, self._liquidations)
        self._replica: Replica | None = None
        _deposit(state, balances)

    @property
    def now_ms(self) -> int:
        """The exchange's clock, in milliseconds since the epoch."""
        return self._state.now_ms

    @property
    def ledger(self) -> Ledger:
        """The append-only record of everything that happened."""
        return self._state.ledger

    @property
    def switches(self) -> Switches:
        """What the exchange does now and then, switched on and off by hand."""
        return self._state.switches

    @property
    def acts(self) -> Acts:
        """What the exchange does of its own accord, on command."""
        return self._acts

    @property
    def settings(self) -> VenueSettings:
        """The switches it was built with."""
        return self._state.settings

    def is_signed(self, method: str, path: str) -> bool | None:
        """Say whether that request must be signed; `None` when there is no such path."""
        return self._gateway.is_signed(method, path)

    def handle(self, method: str, path: str, params: Mapping[str, str], denial: Refused | None = None) -> Answer:
        """Answer one request that arrives now, in Binance's names and shapes; it never raises.

        It is taken as authentic unless the door says by *denial* why it is not.
        """
        return self._gateway.handle(method, path, params, denial)

    def tick(self, quote: Quote) -> None:
        """Take a change of market data at `quote.at_ms`, after all that is due until then.

        Raises `ValueError` when it is before the clock, of an unlisted symbol, or finer than the symbol's units.
        """
        if quote.at_ms < self.now_ms:
            raise ValueError(f"a quote of {quote.at_ms} ms came after the clock had reached {self.now_ms} ms")
        self.market(quote.symbol)
        self.advance_to(quote.at_ms)
        self._apply(quote)

    def advance_to(self, at_ms: int) -> None:
        """Move the clock to *at_ms* and do what is due on the way; `ValueError` when that is in the past."""
        if at_ms < self.now_ms:
            raise ValueError(f"the clock stands at {self.now_ms} ms and cannot go back to {at_ms} ms")
        while (due_ms := self.next_event_ms()) is not None and due_ms <= at_ms:
            self._do_next(due_ms)
        self._state.now_ms = at_ms

    def load(self, feed: Iterable[Quote | Candle]) -> None:
        """Let *feed* drive the market from now on; what was left of an earlier feed is dropped."""
        self._player = Player(feed, self._state)

    def next_event_ms(self) -> int | None:
        """Return when the next thing happens by itself; `None` when the feed is exhausted and nothing is pending."""
        timer_ms = self._state.timers.next_ms()
        feed_ms = self._player.peek_ms() if self._player is not None else None
        if timer_ms is None or feed_ms is None:
            return feed_ms if timer_ms is None else timer_ms
        return min(timer_ms, feed_ms)

    def step(self) -> bool:
        """Advance to the next thing that happens, one timer or one quote, and do it; False when there is none."""
        due_ms = self.next_event_ms()
        if due_ms is None:
            return False
        self._do_next(due_ms)
        return True

    def _do_next(self, due_ms: int) -> None:
        if self._player is None or due_ms == self._state.timers.next_ms():
            self._state.now_ms = max(due_ms, self.now_ms)
            self._state.timers.pop()()
        else:
            self._apply(self._player.pop())

    def change_filters(self, symbol: str, filters: Sequence[Mapping[str, Any]]) -> None:
        """Change trading rules in the middle of a day; exchangeInfo shows them from now on.

        Each filter replaces the one of its type. Raises `ValueError` for an unlisted symbol, or for a step finer than
        the units in use.
        """
        market = self.market(symbol)
        market.rules = self._state.listing.change_filters(symbol, filters)

    def set_status(self, symbol: str, status: str) -> None:
        """Change the trading status of *symbol*, say to "SETTLING"; `ValueError` when it is not listed."""
        market = self.market(symbol)
        market.rules = self._state.listing.set_status(symbol, status)

    def stick_triggers(self, client_algo_id_prefix: str | None) -> None:
        """Let conditional orders whose client id starts so stay TRIGGERING when they fire; `None` ends that."""
        prefix = client_algo_id_prefix
        self.switches.sticks = None if prefix is None else lambda client_id: client_id.startswith(prefix)

    def remember(self) -> None:
        """Keep the account as it is now, for `show_before`."""
        self._replica = Replica(self._state)

    def show_before(self, on: bool) -> None:  # noqa: FBT001 - a switch
        """Let signed reads show the account as it was at `remember`, as after a restart from an older state.

        Everything that changes something works on the account as it is. `ValueError` when nothing was remembered.
        """
        if on and self._replica is None:
            raise ValueError("nothing was remembered; call remember() at the moment to be shown")
        self._gateway.older_reads = reads_of(_account_routes(self._replica.state)) if on and self._replica else {}

    def market(self, symbol: str) -> Market:
        """Return the market of *symbol*; `ValueError` when it is not listed."""
        try:
            return self._state.market(symbol)
        except Refused:
            raise ValueError(f"symbol {symbol} is not listed; exchangeInfo names the symbols there are") from None

    def _apply(self, quote: Quote) -> None:
        market = self.market(quote.symbol)
        self._state.now_ms = quote.at_ms
        mark = market.mark
        market.apply(quote)
        if market.mark != mark:
            self._liquidations.check(quote.symbol)
        # With no trigger latency, what just fired arrives within this very millisecond.
        while (due_ms := self._state.timers.next_ms()) is not None and due_ms <= self.now_ms:
            self._state.timers.pop()()


def _account_routes(state: State) -> Routes:
    return {
        **TradeEndpoints(state).routes(),
        **AlgoEndpoints(state, Conditionals(state)).routes(),
        **AccountEndpoints(state).routes(),
    }


def _deposit(state: State, balances: Mapping[str, Decimal]) -> None:
    for asset, balance in balances.items():
        if not asset or not isinstance(balance, Decimal) or not balance.is_finite() or balance < 0:
            raise ValueError(f"the balance of {asset!r} must be a finite Decimal of 0 or more, was {balance!r}")
        state.record_row("deposit", state.account.credit(asset, balance))
        add_income(state, "", "TRANSFER", asset, balance)
