"""How long a request over the wire may take."""

from __future__ import annotations

import attrs
import pytest

from surefill.adapters.wire.call import AnswerLostError, Call
from tests.binance.accounts import QUICK, READ, SHORT_SECONDS, Stopwatch, carried, post
from tests.binance.wire_server import WireServer, holds


@pytest.mark.parametrize("call", [READ, post()])
def test_a_hurried_request_is_given_up_early(call: Call) -> None:
    """A request that may take less than the transport's own patience is given up after what it may take."""
    hurried = attrs.evolve(call, patience_ms=round(SHORT_SECONDS * 1000))
    with WireServer(holds) as server:
        watch = Stopwatch()
        assert isinstance(carried(server.url, hurried), AnswerLostError)
        assert SHORT_SECONDS <= watch.seconds() < QUICK.read_seconds - SHORT_SECONDS
