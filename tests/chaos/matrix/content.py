"""Family B: answers that are no answers, or not to be believed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import partial
from typing import Final

from surefill.adapters.simulated import Fault
from surefill.domain.reply import ReplyKind
from tests.chaos.matrix.bytes_on_the_wire import Change, Garble, anything_as, http, rows_as, success_as
from tests.chaos.matrix.case import Check, Elsewhere, FaultCase, Listed, NotApplicable, as_promised, at
from tests.chaos.matrix.injections import AGAIN, RECURRING, Inject, When, both, in_what_comes_back, on_the_way, variants
from tests.chaos.matrix.right import closed, every, not_filled, quiet, sent_once, sound
from tests.chaos.matrix.steps import ALL, PHASES, Step

_SOUND: Final = at(dict.fromkeys(PHASES, as_promised), otherwise=sound)
_FOUND: Final = at({Step.ENTRY: every(sent_once, closed)}, otherwise=_SOUND)
"""It was executed: found by evidence, never sent again."""
_ABSENT: Final = at({Step.ENTRY: every(sent_once, not_filled)}, otherwise=_SOUND)
"""It was not executed, and nobody could know."""
_HARMLESS: Final = at(
    {**dict.fromkeys(PHASES, as_promised), Step.TRADES: closed},
    otherwise=every(closed, quiet),
)
_RECURRING: Final = RECURRING - {Step.ENTRY_QUERY}
"""Only one answer to the entry's query is a success: with it the question is settled."""

_PAGE: Final = b"<!DOCTYPE html><html><body><h1>Sorry, we are under maintenance</h1></body></html>"
_UNKNOWN_ERROR: Final = b'{"code":-1000,"msg":"Unknown error, please check your request or try again later."}'
_INTERNAL_ERROR: Final = b'{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}'
_UNAVAILABLE: Final = b'{"code":-1000,"msg":"Service Unavailable."}'
_OPTIONAL: Final = ("avgPrice", "cumQuote", "cumQty", "cumBase", "priceRate", "priceMatch", "goodTillDate")
"""Not in every answer, or not any more (Binance change log 2026-07-15)."""


def _unbelievable(
    fault_id: str, what: str, garble: Garble, again: frozenset[Step] = frozenset()
) -> Iterator[FaultCase]:
    """A success whose bytes cannot be believed; what was asked for was done."""
    yield from variants(
        fault_id,
        what,
        ALL,
        lambda when: in_what_comes_back(when, success_as(garble)),
        expect=_FOUND,
        means=ReplyKind.UNKNOWN,
        again=again,
    )


def _answered(what: str, raw: bytes, when: When, *, executed: bool) -> Inject:
    """These bytes instead of the answer, whether it was executed or not."""
    del what
    shown = in_what_comes_back(when, anything_as(raw))
    if executed:
        return shown
    return both(on_the_way(when, lambda c: Fault.refused(-1000, status=503, **c)), shown)


def _unclear(fault_id: str, what: str, raw: bytes) -> Iterator[FaultCase]:
    """An answer after which nobody knows: once it was done, once it was not."""
    for executed, expect in ((True, _FOUND), (False, _ABSENT)):
        yield from variants(
            fault_id,
            f"{what}{', though executed' if executed else ''}",
            ALL,
            partial(_answered, what, raw, executed=executed),
            expect=expect,
            means=ReplyKind.UNKNOWN,
            again=frozenset(),
        )


def _rows(
    fault_id: str, what: str, steps: frozenset[Step], change: Change, expect: Check, means: ReplyKind
) -> Iterator[FaultCase]:
    yield from variants(
        fault_id,
        what,
        steps,
        lambda when: in_what_comes_back(when, rows_as(change)),
        expect=expect,
        means=means,
        again=_RECURRING,
    )


def _without_optional(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in _OPTIONAL}


def _without_status(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in ("status", "algoStatus", "positionAmt", "id")}


def _with_more(row: dict[str, object]) -> dict[str, object]:
    return {"new": {"nested": [1, 2, "three"]}, **row, "alsoNew": "日本", "x" * 300: None}


def _of_another(row: dict[str, object]) -> dict[str, object]:
    other = {"clientOrderId": "web_somebody", "clientAlgoId": "web_somebody", "symbol": "XYZUSDT"}
    return {name: other.get(name, value) for name, value in row.items()}


def _of_another_symbol(row: dict[str, object]) -> dict[str, object]:
    return {**row, "symbol": "XYZUSDT"}


def _in_no_known_state(row: dict[str, object]) -> dict[str, object]:
    return {name: "FOO" if name in ("status", "algoStatus") else value for name, value in row.items()}


_BOMB: Final = b"[" * 100_000 + b"]" * 100_000
_ORDER_ROWS: Final = frozenset(
    {
        Step.ENTRY,
        Step.ENTRY_QUERY,
        Step.STOP,
        Step.STOP_QUERY,
        Step.TARGET,
        Step.EXIT,
        Step.LATE_WATCH,
        Step.STARTUP,
    }
)
_LISTS: Final = frozenset({Step.POSITION, Step.TRADES, Step.STOP_QUERY, Step.LATE_WATCH, Step.STARTUP})


def _short(when: When) -> Inject:
    return on_the_way(when, lambda c: Fault.short_list(**c))


CASES: Final[tuple[Listed, ...]] = (
    *_unbelievable("B1", "200, connection cut in the body", lambda body: http(body[:-9], length=len(body)), _RECURRING),
    *_unbelievable("B1", "200, truncated JSON", lambda body: http(body[: len(body) // 2])),
    *_unbelievable("B2", "200, invalid JSON", lambda body: http(body.replace(b'"', b"'", 1) + b"}")),
    *_unbelievable("B2", "200, list for object", lambda body: http(b"[" + body + b"]")),
    *_unbelievable("B2", "200, text for object", lambda _: http(b'"ok"')),
    *_unbelievable("B3", "200, HTML", lambda _: http(_PAGE, headers=("Content-Type: text/html",)), _RECURRING),
    *_unbelievable("B4", "200, empty body", lambda _: http(b"")),
    *_unbelievable("B5", "200, NaN", lambda body: http(b'{"a":NaN,"b":' + body + b"}")),
    *_unbelievable("B5", "200, Infinity", lambda body: http(b'{"a":-Infinity,"b":' + body + b"}")),
    *_unbelievable("B5", "200, a number of 100,000 digits", lambda _: http(b'{"orderId":' + b"9" * 100_000 + b"}")),
    *_unbelievable("B5", "200, depth bomb", lambda _: http(_BOMB)),
    *_unbelievable("B5", "200, 100 MB announced", lambda _: http(b"{}", length=100_000_000)),
    *_rows("B6", "optional fields missing", ALL, _without_optional, _HARMLESS, ReplyKind.ACCEPTED),
    *_rows("B6", "new fields", ALL, _with_more, _HARMLESS, ReplyKind.ACCEPTED),
    *_rows(
        "B6",
        "mandatory fields missing",
        _ORDER_ROWS | {Step.POSITION, Step.TRADES},
        _without_status,
        _FOUND,
        ReplyKind.UNKNOWN,
    ),
    *_rows("B7", "another client id and symbol", _ORDER_ROWS, _of_another, _FOUND, ReplyKind.UNKNOWN),
    *_rows("B7", "another symbol", _ORDER_ROWS, _of_another_symbol, _FOUND, ReplyKind.UNKNOWN),
    *_rows(
        "B8",
        "unknown status",
        _ORDER_ROWS,
        _in_no_known_state,
        at({Step.ENTRY: sent_once}, otherwise=_SOUND),
        ReplyKind.UNKNOWN,
    ),
    *_unclear("B9", "408", http(b"", status=408)),
    *_unclear("B10", "500 with JSON", http(_INTERNAL_ERROR, status=500)),
    *_unclear("B10", "502 with HTML", http(_PAGE, status=502)),
    *_unclear("B10", "504 with HTML", http(_PAGE, status=504)),
    *_unclear("B11", "503 Unknown error", http(_UNKNOWN_ERROR, status=503)),
    *variants(
        "B12",
        "503 Service Unavailable.",
        ALL,
        partial(_answered, "", http(_UNAVAILABLE, status=503), executed=False),
        expect=at({Step.ENTRY: closed}, otherwise=_SOUND),
        means=ReplyKind.RETRYABLE,
    ),
    *_unclear("B13", "503 Internal error", http(_INTERNAL_ERROR, status=503)),
    *_unbelievable("B14", "bad gzip", lambda body: http(gzip.compress(body)[:-6], headers=("Content-Encoding: gzip",))),
    *_unbelievable("B14", "UTF-16", lambda body: http(body.decode().encode("utf-16"))),
    *_unbelievable("B14", "byte order mark", lambda body: http(b"\xef\xbb\xbf" + body)),
    *_unbelievable("B14", "header flood", lambda body: http(body, headers=[f"X-{n}: y" for n in range(300)])),
    *variants(
        "B15",
        "every row twice",
        _LISTS,
        lambda when: on_the_way(when, lambda c: Fault.doubled_rows(**c)),
        expect=at({Step.LATE_WATCH: as_promised, Step.STARTUP: as_promised}, otherwise=closed),
        expect_lasting=at({Step.LATE_WATCH: as_promised, Step.STARTUP: as_promised}, otherwise=closed),
    ),
    *variants("B15", "last row missing", _LISTS - {Step.POSITION}, _short),
    FaultCase(
        id="B15",
        what="last row missing",
        variant="the second time",
        steps=frozenset({Step.POSITION}),
        inject=_short(AGAIN),
        expect=closed,
    ),
    Elsewhere(
        id="B15",
        what="pagination hole",
        steps=frozenset({Step.ENTRY_QUERY}),
        tests=(
            "tests/unit/test_wire_exchange.py::test_history_with_a_hole_is_refused",
            "tests/unit/test_wire_exchange.py::test_history_reads_page_after_page",
        ),
    ),
    NotApplicable(
        id="B15",
        what="list cut short, rows twice",
        steps=ALL - _LISTS - {Step.ENTRY_QUERY},
        reason="the answer is one object, not a list; a symbol missing from exchangeInfo is E16",
    ),
    *(
        NotApplicable(
            id=fault_id,
            what=what,
            steps=ALL - steps,
            reason="the answer shows no order, position or fill that could lack it or belong to another",
        )
        for fault_id, what, steps in (
            ("B7", "another client id and symbol", _ORDER_ROWS),
            ("B8", "unknown status", _ORDER_ROWS),
        )
    ),
)
