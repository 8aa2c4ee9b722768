"""One request of the account over the wire: what is looked at before it leaves."""

import pytest

from surefill.adapters.wire.call import Call, WireAnswer
from surefill.adapters.wire.meter import Meter
from surefill.adapters.wire.session import Session
from surefill.domain.errors import RateLimitedError
from surefill.domain.refusal import Refusal
from tests.wire_script import HandClock, Script

TIME, BALANCE = Call("GET", "/fapi/v1/time", signed=False), Call("GET", "/fapi/v3/balance")


def test_a_ban_told_while_the_clock_is_set_holds_the_request_back() -> None:
    """Setting the clock takes a request of its own: what that one met counts for the one behind it."""
    script = Script().on("GET", TIME.path, WireAnswer(418, None)).body("GET", BALANCE.path, [])

    def set_the_clock() -> None:
        session.carry([TIME])

    session = Session(script, HandClock(), Meter(), before_asking=set_the_clock)

    with pytest.raises(RateLimitedError) as caught:
        session.ask(BALANCE)

    assert caught.value.refusal is Refusal.BANNED
    assert [call.path for call in script.calls] == [TIME.path]
