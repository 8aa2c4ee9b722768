"""The faults that distort what is exchanged, at the HTTP door."""

from __future__ import annotations

import json
from http.client import RemoteDisconnected

import pytest

from surefill.adapters.simulated import Fault
from surefill.testing.http_venue_fixture import HttpVenue
from tests.http_venue.client import Client


def fills(running: HttpVenue) -> int:
    return sum(1 for row in running.ledger.rows if row["kind"] == "fill")


def test_a_garbled_answer_is_cut_short(running: HttpVenue, client: Client) -> None:
    """It was executed, and half of the JSON comes back."""
    running.faults.add(Fault.garbled(nth=1))

    with pytest.raises(json.JSONDecodeError):
        client.buy()

    assert fills(running) == 1
    assert client.buy().status == 200


@pytest.mark.parametrize("fault", [Fault.drip(nth=1), Fault.stale_reply(nth=1)], ids=["drip", "stale without a past"])
def test_an_answer_that_does_not_come(running: HttpVenue, client: Client, fault: Fault) -> None:
    """It was executed; the connection just ends."""
    running.faults.add(fault)

    with pytest.raises(RemoteDisconnected):
        client.buy()

    assert fills(running) == 1


def test_a_copy_fills_too(running: HttpVenue, client: Client) -> None:
    """Something on the way sends the request twice, and one answer comes back."""
    running.faults.add(Fault.delivered_twice(nth=1))

    assert client.buy().status == 200
    assert fills(running) == 2


def test_a_stale_reply_is_an_earlier_one(running: HttpVenue, client: Client) -> None:
    """The second order is answered by the answer to the first."""
    running.faults.add(Fault.stale_reply(nth=2))

    assert client.buy(newClientOrderId="first").body["clientOrderId"] == "first"
    assert client.buy(newClientOrderId="second").body["clientOrderId"] == "first"
    assert fills(running) == 2


def test_a_redirect_and_a_ban(running: HttpVenue, client: Client) -> None:
    """Neither executes anything; the redirect leads nowhere, the ban names its end."""
    running.faults.add(Fault.redirect(307, nth=1), Fault.banned(nth=2))

    assert client.buy().status == 307
    banned = client.buy()

    assert (banned.status, banned.code) == (418, -1003)
    assert "banned until" in banned.body["msg"]
    assert fills(running) == 0
