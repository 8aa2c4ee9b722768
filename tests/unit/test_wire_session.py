"""One request of the account over the wire: what is looked at before it leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from surefill.adapters.wire import calls
from surefill.adapters.wire.call import Call, Result, WireAnswer
from surefill.adapters.wire.meter import Meter
from surefill.adapters.wire.session import Session
from surefill.domain.errors import RateLimitedError
from surefill.domain.order import OrderKey
from surefill.domain.refusal import Refusal
from tests.wire_script import NOW_MS, HandClock, Script

TIME, BALANCE = Call("GET", "/fapi/v1/time", signed=False), calls.balance()
CANCEL = calls.cancel_order(OrderKey("BTCUSDT", "stop", conditional=True))
DROP_MS = 1_250
"""So long BALANCE is held back past the hard share: its weight, of what is left to reads of a minute."""


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


class Spent:
    """An account whose every answer tells of so much weight used, of 2,400 a minute; what was sent, and when."""

    def __init__(self, weight: int = 2_300) -> None:
        self.clock = HandClock()
        self.sent: list[tuple[Call, int]] = []
        self._weight = weight
        script = Script()
        for call in (BALANCE, CANCEL):
            script.on(call.method, call.path, self._answer)
        meter = Meter()
        meter.note(BALANCE, self._headers(), NOW_MS)
        self.session = Session(script, self.clock, meter)

    def asked(self, call: Call) -> int:
        """Ask it, and return how long it was held back; the answer takes no time."""
        before = self.clock.at_ms
        self.session.ask(call)
        return self.sent[-1][1] - before

    def _answer(self, call: Call) -> Result:
        self.sent.append((call, self.clock.at_ms))
        return self._headers()

    def _headers(self) -> WireAnswer:
        return WireAnswer(200, [], {"X-MBX-USED-WEIGHT-1M": str(self._weight)})


def test_a_read_waits_for_its_drop_past_the_hard_share() -> None:
    """It waits on the clock before it leaves, and is stamped when it does; while there is plenty it leaves at once."""
    spent, plenty = Spent(), Spent(2_000)

    assert [spent.asked(BALANCE) for _ in range(2)] == [DROP_MS, DROP_MS]
    call, sent_ms = spent.sent[0]
    assert call.params["timestamp"] == str(sent_ms) == str(NOW_MS + DROP_MS)
    assert plenty.asked(BALANCE) == 0


def test_what_changes_something_never_waits() -> None:
    """A cancel leaves at once and takes no place in the row, however little is left: others wait, it does not."""
    spent = Spent(2_395)

    assert [spent.asked(CANCEL) for _ in range(3)] == [0, 0, 0]
    assert spent.asked(BALANCE) == DROP_MS


def test_a_read_for_which_there_is_no_room_is_not_sent() -> None:
    """It would be answered 429; a cancel goes all the same, and in the next minute so does the read."""
    spent = Spent(2_396)

    with pytest.raises(RateLimitedError, match="the request budget is spent") as refused:
        spent.asked(BALANCE)

    assert (refused.value.refusal, refused.value.retry_after_ms) == (Refusal.BUDGET, 20_000)
    assert spent.sent == []
    assert spent.asked(CANCEL) == 0
    spent.clock.sleep(20)
    assert spent.asked(BALANCE) == DROP_MS


def patience(of_ms: int | None) -> Callable[[], int | None]:
    """Somebody who gives every request so much time."""
    return lambda: of_ms


@pytest.mark.parametrize(("patience_ms", "wait_ms"), [(2_400, 1_200), (2_600, DROP_MS), (251, 125), (None, DROP_MS)])
def test_a_read_waits_half_its_patience_at_most(patience_ms: int | None, wait_ms: int) -> None:
    """Whoever has something more urgent to attend to is not kept from it: half of the time is left to the answer."""
    spent = Spent()

    with spent.session.attention.of(patience(patience_ms)):
        assert spent.asked(BALANCE) == wait_ms


def test_nobody_is_asked_how_patient_he_is_while_there_is_plenty() -> None:
    """A read that is not held back asks for its patience once, right before it leaves, as ever."""
    spent, plenty = Spent(), Spent(2_000)
    asked: list[int] = []

    def attending() -> int | None:
        asked.append(1)
        return 10_000

    for each in (plenty, spent):
        with each.session.attention.of(attending):
            each.asked(BALANCE)
            asked.append(0)

    assert asked == [1, 0, 1, 1, 0]


def test_what_the_impatient_did_not_wait_for_nobody_waits_for() -> None:
    """Twenty reads of somebody in a hurry, each cut short: the one behind them is held back two seconds at most."""
    spent = Spent()

    with spent.session.attention.of(patience(250)):
        waited = [spent.asked(BALANCE) for _ in range(20)]

    assert waited == [125] * 20
    assert spent.asked(BALANCE) == 2_000
