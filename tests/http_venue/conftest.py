"""A server whose time stands still, and a client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from surefill.adapters.http_venue import HandDriver, VenueServer
from surefill.testing.http_venue_fixture import HttpVenue, running_venue
from tests.http_venue.client import Client


@pytest.fixture
def running() -> Iterator[HttpVenue]:
    with running_venue(time=HandDriver()) as served:
        yield served


@pytest.fixture
def server(running: HttpVenue) -> VenueServer:
    return running.server


@pytest.fixture
def client(server: VenueServer) -> Iterator[Client]:
    with Client(server) as made:
        yield made
