"""`manager_from_env()`: the environment variables decide, and the result is the real thing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

import surefill
from surefill import ConfigurationError, JournalError, Outcome, Refusal, RetryPolicy, Signal, SignalType
from surefill.adapters.binance import BinanceFutures, Environment
from surefill.adapters.http_venue import VenueServer
from surefill.adapters.journal import SqliteJournal
from surefill.domain.breaker import BreakerPolicy
from surefill.state_stamp import StateStamp
from surefill.wiring import audit_files, exchange_from_env, read_journal
from tests.canaries import API_SECRET
from tests.canaries import SIM_KEY as API_KEY
from tests.live import A, clear_environment, local_server

KEYS = {"BINANCE_API_KEY": API_KEY, "BINANCE_API_SECRET": API_SECRET}
SIGNAL = Signal(id="s", symbol=A, type=SignalType.LONG_ENTRY, stop_loss="59000", take_profit="66000")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VenueServer]:
    """An exchange on loopback; no variable of whoever runs the tests says anything."""
    monkeypatch.chdir(tmp_path)
    clear_environment(monkeypatch)
    with local_server() as running:
        yield running


@pytest.fixture
def closings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The environments of the exchanges that were closed."""
    closed: list[str] = []
    close = BinanceFutures.close

    def noted(exchange: BinanceFutures) -> None:
        closed.append(exchange.environment)
        close(exchange)

    monkeypatch.setattr(BinanceFutures, "close", noted)
    return closed


def variables(server: VenueServer, **more: str) -> dict[str, str]:
    return {**KEYS, "SUREFILL_ENVIRONMENT": server.url, **more}


def test_it_trades_and_protects(server: VenueServer) -> None:
    """A signal becomes a protected position, and journal and audit log lie where they are documented to lie."""
    with surefill.manager_from_env(variables(server)) as manager, manager.guarding():
        report = manager.execute_signal(SIGNAL, "0.010")
        assert manager.status().environment == "local"
        assert report.outcome is Outcome.PROTECTED

    assert len(audit_files("logs/audit")) == 1
    assert StateStamp(Path("var/surefill/local")).read() == "local"


def test_the_process_own_variables_are_read(server: VenueServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the variables of the process decide, each of them."""
    more = {
        "AUDIT_LOG_DIR": "elsewhere/audit",
        "SUREFILL_STATE_DIR": "elsewhere/state",
        "SUREFILL_NAMESPACE": "bot-7",
        "RATE_LIMIT_WARNING_THRESHOLD": "0.5",
        "RATE_LIMIT_HARD_THRESHOLD": "0.6",
    }
    for name, value in variables(server, **more).items():
        monkeypatch.setenv(name, value)
    with surefill.manager_from_env() as manager, manager.guarding():
        first = manager.execute_signal(SIGNAL, "0.010")
        capacity = manager.status().capacity

    assert (capacity.warning_percent, capacity.hard_percent) == (50, 60)
    assert first.entry is not None
    assert first.entry.client_id.startswith("sf-")
    assert len(audit_files("elsewhere/audit")) == 1
    with exchange_from_env() as exchange:
        assert exchange.namespace == "bot-7"
        assert exchange.positions()[0].quantity == Decimal("0.01")


def test_without_a_key_nothing_is_built(server: VenueServer, tmp_path: Path) -> None:
    """The error names the variables to set; no folder is made, nobody is asked."""
    with pytest.raises(ConfigurationError, match="BINANCE_API_KEY: set it, and BINANCE_API_SECRET"):
        surefill.manager_from_env({"SUREFILL_ENVIRONMENT": server.url})

    assert list(tmp_path.iterdir()) == []
    assert server.received == ()


def test_without_a_key_markets_can_be_read(server: VenueServer) -> None:
    """An exchange without a key tells the trading rules, and refuses what needs one before anything is sent."""
    with exchange_from_env({"SUREFILL_ENVIRONMENT": server.url}) as exchange:
        assert exchange.instrument(A).symbol == A
        asked = len(server.received)
        with pytest.raises(ConfigurationError):
            exchange.balance()
    assert len(server.received) == asked


def test_it_is_the_test_exchange_unless_told_otherwise() -> None:
    """A key alone trades on Binance's test exchange; its name is not guessed from the key."""
    with exchange_from_env(KEYS) as exchange:
        assert exchange.environment == "testnet"


@pytest.mark.parametrize("left_out", ["SUREFILL_ENVIRONMENT", "SUREFILL_KEY_ENVIRONMENT", "SUREFILL_LIVE"])
def test_live_needs_three_variables(left_out: str) -> None:
    """Real money needs the environment, the key's mark and the words; without any one of them it is not reached."""
    live = {
        **KEYS,
        "SUREFILL_ENVIRONMENT": "live",
        "SUREFILL_KEY_ENVIRONMENT": "live",
        "SUREFILL_LIVE": "I-UNDERSTAND",
    }
    with exchange_from_env(live) as exchange:
        assert exchange.environment == "live"
    del live[left_out]

    with pytest.raises(ConfigurationError):
        exchange_from_env(live)


@pytest.mark.parametrize("url", ["http://192.0.2.1:80", "https://fapi.binance.com", "http://exchange.example"])
def test_only_this_machine_is_local(url: str) -> None:
    """An address that leaves the machine is refused, and the variable named."""
    with pytest.raises(ConfigurationError, match="SUREFILL_ENVIRONMENT"):
        exchange_from_env({**KEYS, "SUREFILL_ENVIRONMENT": url})


def test_a_second_owner_is_refused_and_leaves_nothing_open(server: VenueServer, closings: list[str]) -> None:
    """When the journal has an owner, the second manager is not built, and its connections are closed."""
    with surefill.manager_from_env(variables(server)) as manager:
        with pytest.raises(JournalError, match="has an owner already"):
            surefill.manager_from_env(variables(server))

        assert closings == ["local"]
        assert manager.positions() == ()


def test_a_folder_of_another_environment_is_refused(server: VenueServer) -> None:
    """A state directory that was the test exchange's is not taken over, and its lock is given back."""
    folder = Path("state")
    folder.mkdir()
    StateStamp(folder).bind("testnet")

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="belongs to the environment testnet"):
            surefill.manager_from_env(variables(server, SUREFILL_STATE_DIR="state"))


def test_connections_are_closed_with_the_manager(server: VenueServer, closings: list[str]) -> None:
    """Nobody but the manager knows the exchange it was built on: closing one closes the other, at once."""
    with surefill.manager_from_env(variables(server)) as manager:
        manager.positions()
        assert closings == []

    assert closings == ["local"]
    with pytest.raises(surefill.ExchangeUnavailableError, match="closed"):
        manager.positions()


def test_connections_are_closed_whatever_else_fails(
    server: VenueServer, closings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that cannot be closed is no reason to keep connections open; what it raised is not lost."""
    manager = surefill.manager_from_env(variables(server, SUREFILL_STATE_DIR="state"), retry=RetryPolicy(max_retries=0))
    close = SqliteJournal.close

    def fail(journal: SqliteJournal) -> None:
        close(journal)
        raise JournalError("the disk is gone")

    monkeypatch.setattr(SqliteJournal, "close", fail)
    with pytest.raises(JournalError, match="the disk is gone"):
        manager.close()

    assert closings == ["local"]


def test_an_open_breaker_refuses_before_anything_is_claimed(server: VenueServer, tmp_path: Path) -> None:
    """After so many failures in a row an entry is REFUSED at once: nothing is asked, and the id is not used up."""
    breaker = BreakerPolicy(failures_max=3, pause_ms=60_000)
    account = BinanceFutures(API_KEY, API_SECRET, Environment.local(server.url), environ={}, health_breaker=breaker)
    quick = RetryPolicy(max_retries=0)
    with (
        account,
        surefill.open_manager(account, state_dir=tmp_path / "s", retry=quick, host_guards=True) as manager,
    ):
        with server.unreachable():
            failing = [manager.execute_signal(attrs.evolve(SIGNAL, id=f"f{each}"), "0.010") for each in range(3)]
            claimed = read_journal(tmp_path / "s").signal_ids()
            broken = manager.execute_signal(SIGNAL, "0.010")
        asked = len(server.received)
        still = manager.execute_signal(SIGNAL, "0.010")
        assert len(server.received) == asked
        assert read_journal(tmp_path / "s").signal_ids() == claimed
        manager.positions()
        taken = manager.execute_signal(SIGNAL, "0.010")

    assert failing[0].reason is Refusal.UNREACHABLE
    assert [(one.outcome, one.reason) for one in (broken, still)] == [(Outcome.REFUSED, Refusal.BREAKER)] * 2
    assert taken.outcome is Outcome.PROTECTED
