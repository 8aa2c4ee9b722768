"""The fixture that ships with the library."""

from __future__ import annotations

from decimal import Decimal

import pytest

import surefill.testing
from surefill.adapters.venue import VenueSettings
from surefill.testing import HttpVenue, running_venue
from surefill.testing import http_venue as http_venue  # noqa: PLC0414 - pytest takes the fixture by its name
from tests.exchange_info import made_exchange_info
from tests.http_venue.client import Client


def test_the_fixture_is_a_running_exchange(http_venue: HttpVenue) -> None:
    """A test gets an exchange with prices, its address and the keys to it; the secret is not shown."""
    with Client(http_venue.server, http_venue.api_key) as client:
        assert client.raw("GET", "/fapi/v1/ticker/price?symbol=BBBUSDT").body["price"] == "2500.00"
        http_venue.move("BBBUSDT", Decimal("2600.05"))
        assert client.raw("GET", "/fapi/v1/ticker/price?symbol=BBBUSDT").body["price"] == "2600.05"
        assert client.buy().status == 200
    assert http_venue.url == http_venue.server.url
    assert http_venue.api_secret not in repr(http_venue)


def test_an_exchange_of_ones_own() -> None:
    """Listing, prices, wallet, settings and seed may be chosen."""
    with (
        running_venue(
            made_exchange_info(),
            prices={"BTCUSDT": Decimal(64_000)},
            balances={"USDT": Decimal(5)},
            settings=VenueSettings(hedge_mode=True),
        ) as running,
        Client(running.server) as client,
    ):
        assert client.call("GET", "/fapi/v1/positionSide/dual").body == {"dualSidePosition": True}
        assert client.call("GET", "/fapi/v3/balance").body[0]["balance"] == "5.00000000"
        assert client.raw("GET", "/fapi/v1/ticker/price?symbol=BTCUSDT").body["price"] == "64000.00"
        assert running.faults.log == ()
    with running_venue(made_exchange_info()) as running, Client(running.server) as client:
        assert client.raw("GET", "/fapi/v1/ticker/price").body == []


def test_nothing_is_promised_that_is_not_there() -> None:
    """A name the package does not have is an ordinary error."""
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = surefill.testing.nothing_like_it
