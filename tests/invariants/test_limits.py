import pytest

from surefill.domain.refusal import Refusal
from surefill.domain.reply import ReplyKind
from surefill.testing.invariants.row import Row
from tests.invariants.facts import Scene, answer, answered
from tests.invariants.rows import our_id, request


def refusal(at_ms: int, status: int, request_seq: int = 99) -> Row:
    return {
        "kind": "answer",
        "time_ms": at_ms,
        "request_seq": request_seq,
        "status": status,
        "code": -1003,
        "msg": "Too many requests.",
    }


@pytest.mark.parametrize("status", [418, 429])
def test_too_many_requests_of_ours_are_found(status: int) -> None:
    """The exchange's own counters are the judge: a 429 or 418 in its ledger is our doing."""
    scene = Scene()
    scene.add({**request("E", method="GET"), "time_ms": 1000}, refusal(1000, status))

    assert scene.found("I6", 2000) == [(1000, f"the exchange answered {status}: Too many requests.")]


def test_a_new_owner_cannot_know_what_was_used_up_before() -> None:
    """His first request may be one too many; after his first answer, whatever it was, it is his doing."""
    scene = Scene()
    scene.live(900)
    scene.add({**request("E", method="GET"), "time_ms": 1000}, refusal(1000, 429))
    scene.ask("openOrders", answer({}, 429), 1010)
    assert scene.found("I6", 1020) == []

    scene.add(refusal(2000, 429))
    assert len(scene.found("I6", 3000)) == 1


@pytest.mark.parametrize(
    ("used", "sent_ms", "leg", "found"),
    [
        ("2161", 59_999, "E", [59_999]),
        ("2161", 60_000, "E", []),  # another minute
        ("2160", 59_999, "E", []),
        ("2161", 59_999, "X", []),  # for that it is kept
        ("soon", 59_999, "E", []),
    ],
)
def test_an_entry_without_a_reserve_is_found(used: str, sent_ms: int, leg: str, found: list[int]) -> None:
    """What is left past the hard share is for protection: whoever was told so sends no entry in that minute."""
    scene = Scene()
    scene.ask("openOrders", answer([], X_MBX_USED_WEIGHT_1M=used), 10_000)
    scene.ask("order", answer({}), 70_000, sent_ms=sent_ms, method="POST", newClientOrderId=our_id(leg))

    assert scene.times("I6", 70_001) == found


def test_other_refusals_are_not_about_limits() -> None:
    """A 400 is no limit."""
    scene = Scene()
    scene.add(refusal(1000, 400))

    assert scene.found("I6", 2000) == []


def test_what_others_use_up_is_not_our_doing() -> None:
    """Within a minute of somebody else's request, or when others are said to share the limits, a 429 is excused."""
    scene = Scene()
    scene.by_hand({**request("E", method="GET"), "time_ms": 1000})
    scene.add(refusal(60_999, 429))
    assert scene.found("I6", 61_000) == []
    scene.add(refusal(61_000, 429))
    assert len(scene.found("I6", 62_000)) == 1
    scene.watch.limits.others = True
    scene.add(refusal(63_000, 429))
    assert scene.found("I6", 64_000) == []


def test_the_refusal_of_somebody_elses_request_is_his() -> None:
    """The 429 that answers a request by hand is not ours."""
    scene = Scene()
    scene.hands.append(1)
    scene.add({**request("E", method="GET"), "time_ms": 1000}, refusal(99_000, 429, request_seq=1))

    assert scene.found("I6", 99_999) == []


@pytest.mark.parametrize(
    ("told", "until_ms"),
    [
        (answer({"code": -1003, "msg": "Way too many requests; IP banned until 1795300090000."}, 418), 1795300090000),
        (answer({"code": -1003, "msg": "banned"}, 418, Retry_After="30"), 1795300030000),
        (answer("<html>", 418), 1795300120000),
        (answer({}, 418, Retry_After="soon"), 1795300120000),
    ],
)
def test_nothing_is_sent_in_a_ban(told: object, until_ms: int) -> None:
    """From the answer that tells of it to its end, by its words, its header or the shortest ban there is: nothing."""
    start_ms = 1795300000000
    scene = Scene()
    scene.ask("openOrders", told, start_ms)  # type: ignore[arg-type]  # an answer
    scene.ask("openOrders", answer([]), until_ms + 20, sent_ms=until_ms)
    scene.ask("openOrders", answer([]), start_ms + 1, sent_ms=start_ms - 1)
    assert scene.found("I6", until_ms) == []
    scene.ask("positionRisk", answer([]), until_ms, sent_ms=until_ms - 1)
    scene.ask("positionRisk", answer([]), start_ms + 20, sent_ms=start_ms)

    assert sorted(scene.times("I6", until_ms)) == [start_ms, until_ms - 1]


def test_a_ban_is_known_to_whom_it_was_told() -> None:
    """The next owner has to find out by himself."""
    scene = Scene()
    scene.ask("openOrders", answer({}, 418, Retry_After="30"), 1000)
    scene.ask("openOrders", answer([]), 2000, owner=2)

    assert scene.found("I6", 3000) == []


def test_no_entry_starts_in_a_pause() -> None:
    """After a 429 that names a time everything but entries may go on."""
    scene = Scene()
    scene.ask("openOrders", answer({}, 429, Retry_After="5"), 1000)
    scene.ask("openOrders", answer([]), 2000)
    scene.ask("order", answer({}), 2000, method="POST", newClientOrderId=our_id("X"))
    scene.ask("order", answer({}), 6040, method="POST", newClientOrderId=our_id("E"))
    assert scene.found("I6", 9000) == []
    scene.ask("order", answer({}), 6039, method="POST", newClientOrderId=our_id("E"))

    assert scene.times("I6", 9000) == [5999]


def test_a_429_without_a_time_bars_nothing_here() -> None:
    """How long to wait is then ours to choose."""
    scene = Scene()
    scene.ask("openOrders", answer({}, 429), 1000)
    scene.ask("order", answer({}), 2000, method="POST", newClientOrderId=our_id("E"))

    assert scene.found("I6", 9000) == []


@pytest.mark.parametrize("refusal_kind", [Refusal.BUDGET, Refusal.RATE_LIMITED])
@pytest.mark.parametrize("leg", ["S", "T", "X"])
def test_protection_that_our_own_budget_refuses_is_found(leg: str, refusal_kind: Refusal) -> None:
    """A started entry must be able to afford its stop, its target and its exit."""
    scene = Scene()
    scene.keep(answered(leg, ReplyKind.NOT_SENT, refusal=refusal_kind), 1000)

    assert scene.times("I6", 2000) == [1000]


def test_entries_and_other_reasons_are_no_matter_of_the_budget() -> None:
    """The budget is there to refuse entries; an exchange that refuses, or cannot be reached, is no budget."""
    scene = Scene()
    scene.keep(answered("E", ReplyKind.NOT_SENT, refusal=Refusal.BUDGET), 1000)
    scene.keep(answered("S", ReplyKind.NOT_SENT, refusal=Refusal.UNREACHABLE), 1000)
    scene.keep(answered("S", ReplyKind.NOT_SENT, refusal=Refusal.BANNED), 1000)
    scene.keep(answered("S", ReplyKind.RETRYABLE, refusal=Refusal.RATE_LIMITED), 1000)

    assert scene.found("I6", 2000) == []
