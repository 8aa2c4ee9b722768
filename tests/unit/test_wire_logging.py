"""What the log says at DEBUG of each request and each answer, whichever exchange it went to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from loguru import logger

from surefill.adapters.wire.call import AnswerLostError, Call, NotSentError, Result, WireAnswer
from surefill.adapters.wire.session import LOGGED_MAX
from surefill.domain.errors import SurefillError
from tests.papers import ACME, paper_exchange
from tests.wire_script import HandClock, Script, order_row, wire_exchange

BALANCE = "/fapi/v3/balance"


@pytest.fixture
def lines() -> list[str]:
    """What a host hears that enabled the log."""
    heard: list[str] = []
    logger.enable("surefill")
    logger.add(heard.append, level="DEBUG", format="{level} {message}")
    return heard


def test_each_request_and_its_answer_are_one_line(lines: list[str]) -> None:
    """Method, path and parameters, the time it took, then status and body, in the order they were made."""
    script = Script().body("GET", "/fapi/v1/order", order_row()).body("GET", BALANCE, [])
    exchange = wire_exchange(script)
    exchange.balance()
    exchange.balance()

    assert [line.partition(" recvWindow")[0] for line in lines] == [f"DEBUG GET {BALANCE}"] * 2
    assert all(line.endswith(" -> HTTP 200 []\n") for line in lines)
    assert len(set(lines)) == 2


def test_how_long_an_answer_took_is_told(lines: list[str]) -> None:
    """An exchange that becomes slow is seen in the log."""
    clock = HandClock()

    def slowly(_: Call) -> Result:
        clock.sleep(1.25)
        return WireAnswer(200, [])

    wire_exchange(Script().on("GET", BALANCE, slowly), clock).balance()

    (line,) = lines
    assert line.endswith(" (1250 ms) -> HTTP 200 []\n")


def test_the_paper_exchange_is_logged_as_any_other(lines: list[str]) -> None:
    """Nothing is hidden because it is only simulated: one line for each request that the venue answered."""
    exchange = paper_exchange()
    before = len(exchange.ledger.rows)
    exchange.positions()
    exchange.open_orders(ACME)

    answers = [row for row in exchange.ledger.rows[before:] if row["kind"] == "request"]
    told = [line for line in lines if line.startswith("DEBUG GET /fapi/")]
    assert len(told) == len(answers) == 3
    assert all("HTTP 200" in line for line in told)


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (WireAnswer(400, {"code": -2015, "msg": "no"}), 'HTTP 400 {"code": -2015, "msg": "no"}'),
        (WireAnswer(403, None), "HTTP 403 null"),
        (WireAnswer(400, {"msg": "a\nb\u202ec"}), 'HTTP 400 {"msg": "a\\nb?c"}'),
        (AnswerLostError("no answer in time"), "no answer in time"),
        (NotSentError("the connection was refused"), "the connection was refused"),
    ],
)
def test_what_is_no_success_is_logged_too(lines: list[str], result: Result, shown: str) -> None:
    """Refusals with their words, lost answers with the reason; an answer cannot begin a line of its own."""
    with pytest.raises(SurefillError):
        wire_exchange(Script().on("GET", BALANCE, result)).balance()

    (line,) = lines
    assert line.endswith(f" -> {shown}\n")


def test_a_large_answer_is_cut(lines: list[str]) -> None:
    """A body of megabytes is no line for a log."""
    rows = [{"asset": f"A{each}"} for each in range(10_000)]
    with pytest.raises(SurefillError):
        wire_exchange(Script().body("GET", BALANCE, rows)).balance()

    (line,) = lines
    body = line.partition(" -> HTTP 200 ")[2]
    assert body == f"{json.dumps(rows)[:LOGGED_MAX]} (cut)\n"


def test_nothing_is_made_into_text_for_nobody() -> None:
    """While the log is silent no parameter and no body is looked at: it costs nothing worth speaking of."""
    looked: list[bool] = []

    class Watched(dict[str, object]):
        def items(self) -> Any:
            looked.append(True)
            return super().items()

    logger.disable("surefill")
    script = Script().on("GET", BALANCE, WireAnswer(500, Watched(code=-1, msg="x")))
    with pytest.raises(SurefillError):
        wire_exchange(script).balance()
    assert looked == []

    logger.enable("surefill")
    logger.add(lambda _: None, level="DEBUG")
    with pytest.raises(SurefillError):
        wire_exchange(script).balance()
    assert looked == [True]
