"""Real processes, killed by the system: three of them; `make chaos` kills more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from surefill.adapters.http_venue import RealTimeDriver
from surefill.testing.http_venue_fixture import HttpVenue, running_venue
from surefill.testing.invariants.row import Row
from tests.chaos.kill.campaign import Campaign, campaign, rest
from tests.chaos.kill.inquest import problems
from tests.chaos.kill.runner import hunt
from tests.chaos.kill.trades import BASES, fast_clock, read, trades, write

FULL_AT = 90_000
"""Room for the first signals."""


def _ignore(done: int, planned: int) -> None:
    """Nobody watches."""


@pytest.mark.chaos
@pytest.mark.timeout(170)
def test_killed_processes_leave_nothing_broken() -> None:
    """Whoever is killed while trading over HTTP is followed by one who sets it right; nothing is entered twice."""
    found = hunt([1], 3, _ignore)

    assert found.violations == ()
    assert found.counts["kills"] == 3


@pytest.mark.chaos
@pytest.mark.timeout(170)
def test_a_full_disk_stops_entries_and_nothing_else(tmp_path: Path) -> None:
    """When the system lets no file grow, an alarm rings, exits go on, and the next process finds nothing broken."""
    with campaign(4, 0, tmp_path, full_at=FULL_AT, count=4) as (result, venue):
        with venue.server.timeline:
            rows, now_ms = tuple(venue.ledger.rows), venue.server.venue.now_ms
        found = list(problems(result, rows, now_ms))

    assert found == []
    assert "STORE_FAILED" in (tmp_path / "alarms.jsonl").read_text()


@pytest.mark.chaos
@pytest.mark.timeout(170)
def test_the_last_process_lives_to_believe_what_is_gone(tmp_path: Path) -> None:
    """What was closed while nobody lived is found as long as its orders stand, and the last process takes them away."""
    result = Campaign(seed=1, folder=tmp_path, wanted=trades(1, 1))
    write(tmp_path / "trades.json", result.wanted)
    with running_venue(prices=BASES, time=RealTimeDriver(fast_clock())) as venue:
        rest(result, venue, looks=0)
        _close_by_hand(venue)
        rest(result, venue, looks=0)
        too_early = _found(result, venue)
        rest(result, venue)
        at_rest = _found(result, venue)

    assert {problem[:2] for problem in too_early} == {"I3"}
    assert at_rest == []


def _found(result: Campaign, venue: HttpVenue) -> list[str]:
    with venue.server.timeline:
        rows, now_ms = tuple(venue.ledger.rows), venue.server.venue.now_ms
    return list(problems(result, rows, now_ms))


def _close_by_hand(venue: HttpVenue) -> None:
    """Sell or buy back, as its owner may in the exchange's app, what the first fill opened."""
    fill = next(row for row in venue.ledger.rows if row["kind"] == "fill")
    order = {"symbol": str(fill["symbol"]), "quantity": str(fill["quantity"]), "type": "MARKET", "reduceOnly": "true"}
    order |= {"side": "SELL" if fill["side"] == "BUY" else "BUY"}
    with venue.server.timeline:
        now_ms = venue.server.venue.now_ms
        venue.server.venue.handle("POST", "/fapi/v1/order", {"timestamp": str(now_ms), **order})


def test_wishes_survive_their_file(tmp_path: Path) -> None:
    """What a process reads is what was wanted, decimals and all."""
    wanted = trades(7, 12)
    write(tmp_path / "trades.json", wanted)

    assert read(tmp_path / "trades.json") == wanted
    assert {each.signal.type.is_entry for each in wanted} == {True, False}


def test_a_process_that_ends_by_itself_is_a_problem(tmp_path: Path) -> None:
    """A process that breaks is told of with its last words, and ends the campaign."""
    (tmp_path / "journal.db").write_text("this is no journal")

    with campaign(1, 0, tmp_path) as (result, _):
        found = list(problems(result, (), 0))

    assert "ended by itself" in found[0]
    assert "JournalError" in found[0]


def _row(seq: int, kind: str, **values: str | int | bool | None) -> Row:
    return {"seq": seq, "time_ms": seq, "kind": kind, **values}


def test_an_inquest_finds_what_is_left(tmp_path: Path) -> None:
    """A position without a stop, an order without a position, and one without an intent are each found."""
    (tmp_path / "audit").mkdir()
    ours = "sf-" + "a" * 28
    place = {"symbol": "AAAUSDT", "position_side": "BOTH"}
    sent = {"newClientOrderId": f"{ours}E1", "symbol": "AAAUSDT", "timestamp": "1", "quantity": "1", "side": "BUY"}
    fill = {"client_order_id": f"{ours}E1", "side": "BUY", "quantity": "1", "price": "1", "order_id": "1"}
    algo = {"client_algo_id": f"{ours}S1", "algo_id": "1", "type": "STOP_MARKET", "trigger_price": "1"}
    algo |= {"quantity": "2", "side": "SELL", "status": "NEW"}
    rows = (
        _row(1, "request", method="POST", path="/fapi/v1/order", params=json.dumps(sent)),
        _row(2, "fill", **place, **fill),
        _row(3, "position", **place, amount="1"),
        _row(4, "algo", symbol="BBBUSDT", position_side="BOTH", **algo),
    )

    found = " ".join(problems(Campaign(seed=1, folder=tmp_path, wanted=()), rows, 5))

    assert all(invariant in found for invariant in ("I2", "I3", "I4"))
