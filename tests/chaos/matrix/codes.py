"""Family C: what the exchange's codes and limits say, and what they do not say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import WireAnswer
from surefill.adapters.wire.problem import problem_of
from surefill.domain.alarm import AlarmKind
from surefill.domain.order import Purpose
from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.testing.invariants.evidence import Carried
from surefill.testing.world import World
from tests.chaos.matrix.bytes_on_the_wire import anything_as, http
from tests.chaos.matrix.case import Aftermath, Armed, FaultCase, Listed, NotApplicable, as_promised, at
from tests.chaos.matrix.injections import Inject, When, both, in_what_comes_back, on_the_way, variants
from tests.chaos.matrix.right import alarmed, closed, every, not_filled, refused, rejected, sent_once, sound
from tests.chaos.matrix.steps import ALL, PHASES, SENDS, Step

SIGNED: Final = ALL - {Step.TIME, Step.EXCHANGE_INFO}
BAN_MS: Final = 30_000
PAUSE_MS: Final = 3_000
_TEXTS: Final = {
    -1003: "Too many requests.",
    -1015: "Too many new orders.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -5028: "ME RecvWindow Reject.",
    -2015: "Invalid API-key, IP, or permissions for action.",
}

_SOUND: Final = at(dict.fromkeys(PHASES, as_promised), otherwise=sound)
_TRIED_AGAIN: Final = at(dict.fromkeys(SENDS | {Step.CANCEL}, closed), otherwise=_SOUND)
"""A definite no that passes: what was wanted happens a little later."""
_FOUND: Final = at({Step.ENTRY: every(sent_once, closed)}, otherwise=_SOUND)
_ABSENT: Final = at({Step.ENTRY: every(sent_once, not_filled)}, otherwise=_SOUND)


def _says(code: int, status: int) -> Callable[[When], Inject]:
    """The exchange refuses with this code and does nothing."""
    return lambda when: on_the_way(when, lambda c: Fault.refused(code, _TEXTS.get(code, "x"), status, **c))


def _does_and_says(code: int, status: int) -> Callable[[When], Inject]:
    """The exchange does it, and answers with this code."""
    return lambda when: on_the_way(
        when, lambda c: Fault.unclear(executed=True, code=code, text=_TEXTS.get(code, "x"), status=status, **c)
    )


def _unclear(fault_id: str, what: str, code: int, status: int, steps: frozenset[Step]) -> Iterator[FaultCase]:
    done = _does_and_says(code, status)
    for words, inject, expect in ((", though executed", done, _FOUND), ("", _says(code, status), _ABSENT)):
        yield from variants(
            fault_id, what + words, steps, inject, expect=expect, means=ReplyKind.UNKNOWN, again=frozenset()
        )


def _paused(when: When) -> Inject:
    """429 with a pause, in bytes: the header is only seen by whoever reads it."""
    raw = http(b'{"code":-1003,"msg":"Too many requests."}', status=429, headers=(f"Retry-After: {PAUSE_MS // 1000}",))
    return both(
        on_the_way(when, lambda c: Fault.refused(-1003, "Too many requests.", 429, **c)),
        in_what_comes_back(when, anything_as(raw)),
    )


def _status(carried: Carried) -> int:
    return carried.result.status if isinstance(carried.result, WireAnswer) else 0


def _no_entry_in_the_pause(aftermath: Aftermath) -> Iterable[str]:
    told_ms = next((each.arrived_ms for each in aftermath.calls if _status(each) == 429), None)
    for each in aftermath.calls:
        if each.call.purpose is Purpose.ENTRY and told_ms is not None and 0 < each.sent_ms - told_ms < PAUSE_MS:
            yield f"an entry was sent {each.sent_ms - told_ms} ms after the exchange had asked for {PAUSE_MS} ms"


def _silent_in_the_ban(aftermath: Aftermath) -> Iterable[str]:
    """What had left before the ban was known is under way all the same."""
    bans = [
        (each.arrived_ms, problem_of(each.result.body).banned_until_ms)
        for each in aftermath.calls
        if _status(each) == 418 and isinstance(each.result, WireAnswer)
    ]
    for each in aftermath.calls:
        for told_ms, end_ms in bans:
            if told_ms is not None and end_ms is not None and told_ms <= each.sent_ms < end_ms:
                yield f"{each.call.method} {each.call.path} was sent {end_ms - each.sent_ms} ms before the ban's end"


_BANNED: Final = at(
    {
        Step.ENTRY: every(_silent_in_the_ban, refused(Refusal.BANNED)),
        Step.STOP: every(_silent_in_the_ban, alarmed(AlarmKind.UNPROTECTED)),
    },
    otherwise=_silent_in_the_ban,
)
_KEY_REFUSED: Final = at(
    {
        Step.ENTRY: every(rejected(Refusal.NOT_ALLOWED), alarmed(AlarmKind.NOT_ALLOWED)),
        Step.POSITION: refused(Refusal.NOT_ALLOWED),
        Step.STOP: alarmed(AlarmKind.NOT_ALLOWED, AlarmKind.UNPROTECTED),
        Step.STARTUP: alarmed(AlarmKind.NOT_ALLOWED),
    },
)

_ASKED: Final = frozenset({Step.ENTRY_QUERY, Step.CANCEL, Step.LATE_WATCH, Step.STARTUP})
_SHOWN: Final = frozenset({Step.ENTRY, Step.ENTRY_QUERY, Step.STOP, Step.STOP_QUERY, Step.TARGET, Step.EXIT, *PHASES})


def _hides(lag_ms: int) -> Inject:
    """What is younger than that is in no answer about orders, for a minute."""

    def inject(world: World, step: Step) -> Armed:
        before = len(world.faults.log)
        world.break_with(Fault.visibility_lag(lag_ms, until_ms=world.now_ms + 60_000))
        return Armed(lambda: len(world.faults.log) - before)

    return inject


CASES: Final[tuple[Listed, ...]] = (
    *variants(
        "C1",
        "429 with Retry-After",
        ALL,
        _paused,
        expect=at({Step.ENTRY: every(_no_entry_in_the_pause, closed)}, otherwise=_SOUND),
        expect_lasting=_no_entry_in_the_pause,
        means=ReplyKind.RETRYABLE,
    ),
    *variants("C2", "429 without Retry-After", ALL, _says(-1003, 429), expect=_SOUND, means=ReplyKind.RETRYABLE),
    *variants(
        "C3",
        "418 ban",
        ALL,
        lambda when: on_the_way(when, lambda c: Fault.banned(BAN_MS, **c)),
        expect=_BANNED,
        expect_lasting=_BANNED,
        means=ReplyKind.RETRYABLE,
    ),
    *variants("C4", "-1003 without 429", ALL, _says(-1003, 400), expect=_SOUND, means=ReplyKind.RETRYABLE),
    *variants(
        "C4",
        "others have used up the weight",
        ALL,
        lambda when: on_the_way(when, lambda c: Fault.crowded(2_390, **c)),
        expect=at({Step.ENTRY: closed, Step.STOP: closed, Step.TARGET: closed}, otherwise=_SOUND),
    ),
    *variants("C5", "-1015 order count", SENDS, _says(-1015, 429), expect=_SOUND, means=ReplyKind.RETRYABLE),
    *variants("C5", "-1015 order count, 400", SENDS, _says(-1015, 400), expect=_TRIED_AGAIN, means=ReplyKind.RETRYABLE),
    NotApplicable(
        id="C5",
        what="-1015 order count",
        steps=ALL - SENDS,
        reason="only new orders count on the order limits, so nothing else is refused for them",
    ),
    *_unclear("C6", "-1006", -1006, 400, SIGNED),
    *_unclear("C6", "-1007", -1007, 408, SIGNED),
    NotApplicable(
        id="C6",
        what="-1006, -1007",
        steps=ALL - SIGNED,
        reason="answers of the services behind the gateway; time and exchangeInfo ask none of them",
    ),
    *variants("C7", "-1008 overload", ALL, _says(-1008, 503), expect=_TRIED_AGAIN, means=ReplyKind.RETRYABLE),
    *variants("C8", "-1021 timestamp", SIGNED, _says(-1021, 400), expect=_TRIED_AGAIN, means=ReplyKind.RETRYABLE),
    NotApplicable(
        id="C8", what="-1021 timestamp", steps=ALL - SIGNED, reason="the request carries no timestamp: it is not signed"
    ),
    *variants(
        "C9", "-5028 refused in the engine", SENDS, _says(-5028, 400), expect=_TRIED_AGAIN, means=ReplyKind.RETRYABLE
    ),
    NotApplicable(
        id="C9",
        what="-5028 refused in the engine",
        steps=ALL - SENDS,
        reason="the second check is the matching engine's, and only orders come there",
    ),
    *(
        case
        for code in (-1022, -2014, -2015)
        for case in variants(
            "C10",
            f"{code} key refused",
            SIGNED,
            _says(code, 401 if code == -2015 else 400),
            expect=at({Step.ENTRY: rejected(Refusal.NOT_ALLOWED)}, otherwise=as_promised),
            expect_lasting=_KEY_REFUSED,
            means=ReplyKind.REJECTED,
        )
    ),
    NotApplicable(
        id="C10", what="key refused", steps=ALL - SIGNED, reason="the request carries no key that could be refused"
    ),
    *variants("C11", "-2013 once, though it is there", _ASKED, _says(-2013, 400), expect=_SOUND),
    *(
        FaultCase(
            id="C11",
            what="orders are shown late",
            variant=f"by {lag_ms // 1000} s",
            steps=_SHOWN,
            inject=_hides(lag_ms),
            expect=at({Step.ENTRY: sent_once}),
        )
        for lag_ms in (2_000, 8_000, 60_000)
    ),
    NotApplicable(
        id="C11",
        what="-2013 right after acceptance",
        steps=ALL - _SHOWN - _ASKED,
        reason="the request shows no order, and none was sent before it",
    ),
    *variants("C12", "-2011 on cancel, though it is there", frozenset({Step.CANCEL}), _says(-2011, 400), expect=closed),
    *variants("C12", "-2011 on cancel, though it was cancelled", frozenset({Step.CANCEL}), _does_and_says(-2011, 400)),
    NotApplicable(id="C12", what="-2011 on cancel", steps=ALL - {Step.CANCEL}, reason="only a cancel is answered so"),
    *variants(
        "C13",
        "-4116, it is there",
        SENDS,
        _does_and_says(-4116, 400),
        expect=at({Step.ENTRY: every(sent_once, closed)}, otherwise=closed),
        means=ReplyKind.EXISTS,
    ),
    *variants(
        "C13",
        "-4116, it cannot be seen",
        SENDS,
        _says(-4116, 400),
        expect=at({Step.ENTRY: sent_once}, otherwise=sound),
        means=ReplyKind.EXISTS,
    ),
    NotApplicable(id="C13", what="-4116", steps=ALL - SENDS, reason="only a new order has an id that may be in use"),
    *variants(
        "C14",
        "-4130, and no such stop can be seen",
        frozenset({Step.STOP, Step.TARGET}),
        _says(-4130, 400),
        expect=closed,
        expect_lasting=at({Step.STOP: alarmed(AlarmKind.UNPROTECTED)}),
        means=ReplyKind.EXISTS,
    ),
    *variants(
        "C14",
        "-4130, and ours is there",
        frozenset({Step.STOP, Step.TARGET}),
        _does_and_says(-4130, 400),
        expect=closed,
        means=ReplyKind.EXISTS,
    ),
    NotApplicable(
        id="C14",
        what="-4130",
        steps=ALL - {Step.STOP, Step.TARGET},
        reason="only conditional orders that close a position are answered so",
    ),
    *variants(
        "C15",
        "-4045 too many conditional orders",
        frozenset({Step.STOP, Step.TARGET}),
        _says(-4045, 400),
        expect_lasting=at({Step.STOP: alarmed(AlarmKind.UNPROTECTED)}),
        means=ReplyKind.REJECTED,
    ),
    NotApplicable(
        id="C15",
        what="-4045 too many conditional orders",
        steps=ALL - {Step.STOP, Step.TARGET},
        reason="only conditional orders count on that limit",
    ),
    *variants(
        "C16",
        "-4120 wrong endpoint",
        SENDS,
        _says(-4120, 400),
        expect=at({Step.ENTRY: rejected(Refusal.WRONG_ENDPOINT), Step.EXIT: as_promised}, otherwise=sound),
        expect_lasting=at(
            {
                Step.ENTRY: rejected(Refusal.WRONG_ENDPOINT),
                Step.STOP: alarmed(AlarmKind.UNPROTECTED),
            }
        ),
        means=ReplyKind.REJECTED,
    ),
    NotApplicable(
        id="C16", what="-4120 wrong endpoint", steps=ALL - SENDS, reason="it is said of the kind of a new order"
    ),
    *_unclear("C17", "a code never seen before", -7777, 400, ALL),
)
