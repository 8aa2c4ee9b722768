"""The faults of the in-process door strike at the HTTP door by the same names."""

from __future__ import annotations

from http.client import RemoteDisconnected

import pytest

from surefill.adapters.http_venue import VenueServer
from surefill.adapters.simulated import Fault, FaultPlan, fault_named
from surefill.testing.http_venue_fixture import HttpVenue, running_venue
from tests.http_venue.client import ORDER, PATIENCE_SECONDS, Client


def fills(running: HttpVenue) -> int:
    return sum(1 for row in running.ledger.rows if row["kind"] == "fill")


@pytest.mark.parametrize(("name", "executed"), [("reply_lost", 1), ("request_lost", 0), ("unreachable", 0)], ids=str)
def test_no_answer_comes(running: HttpVenue, client: Client, name: str, executed: int) -> None:
    """A lost reply is executed, a lost request is not; the connection just ends, and the next one is fine."""
    running.faults.add(fault_named(name, nth=1))

    with pytest.raises(RemoteDisconnected):
        client.buy()

    assert fills(running) == executed
    assert [one.status for one in running.server.received] == [None]
    assert client.buy().status == 200
    assert fills(running) == executed + 1


def test_the_exchange_refuses(running: HttpVenue, client: Client) -> None:
    """A refusal is answered instead of being executed."""
    running.faults.add(Fault.refused(-1008, "Request throttled by system-level protection.", status=503, nth=1))

    answer = client.buy()

    assert (answer.status, answer.code, fills(running)) == (503, -1008, 0)


@pytest.mark.parametrize("executed", [True, False])
def test_the_answer_says_nothing(running: HttpVenue, client: Client, executed: bool) -> None:  # noqa: FBT001
    """After an unclear answer the order was executed, or not, as the fault says."""
    running.faults.add(Fault.unclear(executed=executed, nth=1))

    answer = client.buy()

    assert (answer.status, answer.code, fills(running)) == (503, -1000, int(executed))


def test_orders_become_visible_late(running: HttpVenue, client: Client) -> None:
    """A lagging replica does not know the young order yet."""
    running.faults.add(Fault.visibility_lag(1_000))
    client.buy(newClientOrderId="young")

    assert client.call("GET", ORDER, symbol="AAAUSDT", origClientOrderId="young").code == -2013
    with running.server.timeline:
        running.server.timeline.advance_to(running.server.timeline.now_ms + 1_000)
    assert client.call("GET", ORDER, symbol="AAAUSDT", origClientOrderId="young").body["status"] == "FILLED"


def test_a_delay_in_hand_driven_time(running: HttpVenue, client: Client) -> None:
    """Where time stands still a delayed request moves it, and may thereby outlive its own window."""
    running.faults.add(Fault.latency(2_000, nth=1), Fault.latency(60_001, nth=2))
    before_ms = running.server.timeline.now_ms

    assert client.buy().status == 200
    assert running.server.timeline.now_ms == before_ms + 2_000
    late = client.buy()

    assert (late.status, late.code) == (400, -1021)


def test_a_delay_in_real_time() -> None:
    """In real time a delayed request waits, and is executed even if its sender has given up."""
    with running_venue(faults=_delayed(50)) as running, Client(running.server) as client:
        before_ms = running.server.timeline.now_ms
        assert client.buy().status == 200
        assert running.server.timeline.now_ms >= before_ms + 50


def test_closing_does_not_wait_for_a_delay() -> None:
    """A request that is still under way when the exchange goes out of reach never arrives."""
    with running_venue(faults=_delayed(600_000)) as running, Client(running.server) as client:
        _send(running.server, client)
        while not running.faults.log:
            pass
        with running.server.unreachable(), pytest.raises(ConnectionError):
            client.connection.getresponse()
        assert [one.status for one in running.server.received] == [None]
        assert fills(running) == 0


def _delayed(delay_ms: int) -> FaultPlan:
    return FaultPlan(Fault.latency(delay_ms, nth=1))


def _send(server: VenueServer, client: Client) -> None:
    client.connection.timeout = PATIENCE_SECONDS
    client.connection.request("POST", ORDER, "a=1", {"X-MBX-APIKEY": "sim-testing"})
