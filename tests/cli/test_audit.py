import json
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from surefill.cli.demo import demonstrate
from surefill.cli.story import story_of
from surefill.domain.events import (
    Absent,
    Answered,
    Claimed,
    Closed,
    Event,
    Exposed,
    Halted,
    Intent,
    Missed,
    Reclaimed,
    Reported,
    Seen,
    Waived,
    WrittenOff,
)
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg, client_id
from surefill.domain.order import Order, OrderKind, OrderRequest, OrderStatus, Purpose
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.report import ClosedBy, ExecutionReport, Outcome
from surefill.domain.side import PositionSide, Side, SignalType
from surefill.domain.signal import Signal
from tests.cli.files import run

ENTRY_1, ENTRY_2 = client_id("n", "s", Leg.ENTRY, 1), client_id("n", "s", Leg.ENTRY, 2)
CLOSE = Signal(id="s", symbol="BTCUSDT", type=SignalType.CLOSE_LONG)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of a finished demonstration."""
    folder = tmp_path_factory.mktemp("finished")
    demonstrate(folder, seed=1)
    return folder


def story(capsys: pytest.CaptureFixture[str], folder: Path, name: str) -> list[str]:
    ran = run(capsys, "audit", "explain", name, "--state-dir", folder, "--json")
    assert ran.code == 0
    told = cast("dict[str, Any]", ran.json)["story"]
    assert [line["at"] for line in told] == sorted(line["at"] for line in told)
    return [line["text"] for line in told]


def test_a_lost_reply_is_explained(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """The story of the lost reply: sent once, nobody knew, seen filled, protected, reported."""
    told = story(capsys, finished, "demo-7-lost-reply")
    begins = [
        "taken on: LONG_ENTRY 1000 测试USDT, stop ",
        "planned: LONG 1000, stop ",
        "about to send the entry: BUY 1000 at market (sf-",
        "the entry: no answer says what happened; nobody knows yet",
        "the entry: the exchange shows it FILLED, 1000 of 1000 filled at ",
        "about to send the stop: SELL 1000 at market once mark reaches ",
        "about to send the target: SELL 1000 at market once mark reaches ",
        "the stop: the exchange took it",
        "the target: the exchange took it",
        "the stop: the exchange shows it NEW",
        "the target: the exchange shows it NEW",
        "not naked any more: the stop was seen live, or the position is gone",
        "reported: PROTECTED, 1000 at ",
    ]

    assert len(told) == len(begins)
    assert [text.startswith(begin) for text, begin in zip(told, begins, strict=True)] == [True] * len(begins)


def test_a_flip_is_explained_on_both_sides(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """The long tells that another signal's exit closed it, and how its orders went."""
    told = story(capsys, finished, "demo-6-long")

    assert any(text.startswith("10 of it closed by the exit sf-") for text in told)
    assert "the stop: about to be cancelled" in told
    assert "the books are closed: EXIT" in told


def test_refusals_and_rejections_are_explained(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """Ours is told by the audit log, the exchange's with its code and words."""
    assert any("signal refused: stop_loss: " in text for text in story(capsys, finished, "demo-3-wrong-side"))
    told = story(capsys, finished, "demo-3-too-large")
    assert any(
        "refused it for good — the margin is insufficient; code -2019; Margin is insuff" in text for text in told
    )
    assert any(text.startswith("reported: REJECTED because the margin is insufficient") for text in told)


def test_a_story_is_a_table_for_people(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """Without --json: when, how long after the beginning, and what."""
    ran = run(capsys, "audit", "explain", "demo-1-stop-out", "--state-dir", finished)

    assert ran.code == 0
    assert "+0.000 s" in ran.out
    assert "taken on: LONG_ENTRY 0.05 AAAUSDT" in ran.out


def test_an_unknown_signal_is_bad_input(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """The message offers names that are near, when there are any."""
    near = run(capsys, "audit", "explain", "demo-1-stopout", "--state-dir", finished)
    far = run(capsys, "audit", "explain", "zzzzzzzz", "--state-dir", finished)

    assert (near.code, "did you mean demo-1-stop-out" in near.err) == (2, True)
    assert (far.code, "did you mean" in far.err) == (2, False)


def test_the_journal_alone_can_explain(capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path) -> None:
    """Without its audit log the story is that of the journal."""
    ran = run(
        capsys,
        "audit",
        "explain",
        "demo-3-wrong-side",
        "--state-dir",
        finished,
        "--audit-dir",
        tmp_path / "no",
        "--json",
    )

    sources = {line["source"] for line in cast("dict[str, Any]", ran.json)["story"]}
    assert (ran.code, sources) == (0, {"journal"})


def test_the_summary_counts(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """Kinds of events, days, and the latest outcome of every signal."""
    ran = run(capsys, "audit", "summary", "--state-dir", finished, "--json")
    told = run(capsys, "audit", "summary", "--state-dir", finished, "--audit-dir", finished / "audit")

    counts = cast("dict[str, dict[str, int]]", ran.json)
    assert counts["outcomes"] == {
        "CLOSED": 1,
        "CLOSED EXIT": 2,
        "CLOSED STOP_LOSS": 1,
        "CLOSED TAKE_PROFIT": 2,
        "PROTECTED": 1,
        "REFUSED STOP_CROSSED": 1,
        "REJECTED": 1,
    }
    assert counts["event_types"]["signal_claimed"] == 9
    assert sum(counts["days"].values()) == sum(counts["event_types"].values())
    assert "signal_claimed" in told.out
    assert "2026-11-21" in told.out


def copied(finished: Path, folder: Path) -> tuple[Path, Path]:
    """A copy of the state directory that a test may damage, and its audit file."""
    for name in ("journal.sqlite",):
        (folder / name).write_bytes((finished / name).read_bytes())
    (folder / "audit").mkdir()
    (source,) = (finished / "audit").iterdir()
    (folder / "audit" / source.name).write_bytes(source.read_bytes())
    return folder, folder / "audit" / source.name


def test_what_is_whole_verifies(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """Every audit file and the journal, with the number of entries found sound."""
    ran = run(capsys, "audit", "verify", "--state-dir", finished, "--json")
    told = run(capsys, "audit", "verify", "--state-dir", finished)

    found = cast("dict[str, Any]", ran.json)
    assert (ran.code, told.code, found["whole"]) == (0, 0, True)
    assert [Path(row["file"]).suffix for row in found["files"]] == [".jsonl", ".sqlite"]
    assert all(row["entries"] > 50 for row in found["files"])
    assert told.out.count("whole") == 2


def test_a_changed_line_is_found(capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path) -> None:
    """Changing one line breaks the chain at the next: file, line and reason, exit code 1."""
    folder, audit_file = copied(finished, tmp_path)
    lines = audit_file.read_bytes().splitlines(keepends=True)
    record = json.loads(lines[9])
    record["operation"] = "something else"
    lines[9] = json.dumps(record, separators=(",", ":")).encode() + b"\n"
    audit_file.write_bytes(b"".join(lines))

    ran = run(capsys, "audit", "verify", "--state-dir", folder)
    machine = run(capsys, "audit", "verify", "--state-dir", folder, "--json")

    assert (ran.code, machine.code) == (1, 1)
    assert "BROKEN, line 11: its prev_hash is not the hash" in " ".join(ran.out.split())


def test_a_damaged_journal_is_found(capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path) -> None:
    """The journal's own chain is checked too, and has no lines to point at."""
    folder, _ = copied(finished, tmp_path)
    journal = folder / "journal.sqlite"
    journal.write_bytes(journal.read_bytes().replace(b"demo-1-stop-out", b"demo-1-stop-in!"))
    ran = run(capsys, "audit", "verify", "--state-dir", folder, "--json")

    files = cast("dict[str, Any]", ran.json)["files"]
    assert ran.code == 1
    assert (files[0]["problem"], files[1]["line"]) == (None, None)
    assert files[1]["problem"]
    assert run(capsys, "audit", "verify", "--state-dir", folder).out.count("BROKEN, ") == 1


def test_records_that_are_no_objects_do_not_stop_the_count(
    capsys: pytest.CaptureFixture[str], finished: Path, tmp_path: Path
) -> None:
    """A record with a strange response is counted by its kind and has no outcome."""
    folder, audit_file = copied(finished, tmp_path)
    with audit_file.open("a", encoding="utf-8") as file:
        file.write('{"timestamp":"2026-11-22T00:00:00.000Z","event_type":"reported","signal_id":"x","response":5}\n')
    ran = run(capsys, "audit", "summary", "--state-dir", folder, "--json")

    assert cast("dict[str, Any]", ran.json)["days"]["2026-11-22"] == 1


def request(number: int) -> OrderRequest:
    return OrderRequest(
        client_id=(ENTRY_1, ENTRY_2)[number - 1],
        symbol="BTCUSDT",
        side=Side.BUY,
        kind=OrderKind.MARKET,
        quantity=Decimal(1),
        purpose=Purpose.ENTRY,
        reduce_only=False,
        position_side=PositionSide.BOTH,
    )


def told(*events: Event) -> list[str]:
    return [moment.text for moment in story_of(events, ())]


def test_rare_events_have_words_too() -> None:
    """Everything the journal may hold of a signal is a sentence."""
    sentences = told(
        Claimed(1, "s", "d", CLOSE, None),
        Intent(2, "s", Leg.ENTRY, 2, request(2), "d", 2, 3),
        Answered(3, "s", ENTRY_2, Reply(ReplyKind.RETRYABLE, Refusal.OVERLOADED, -1008, "busy")),
        Answered(4, "s", ENTRY_1, Reply(ReplyKind.NOT_SENT)),
        Missed(5, "s", ENTRY_2),
        Absent(6, "s", ENTRY_2),
        Exposed(7, "s"),
        Waived(8, "s"),
        WrittenOff(9, "s", Decimal("1.50")),
        Reclaimed(10, "s"),
        Closed(11, "s", ClosedBy.ELSEWHERE),
        Halted(12, HaltLevel.NO_ENTRIES, "x"),
        Missed(13, "s", "strange"),
    )

    assert sentences == [
        "taken on: CLOSE_LONG all of ours BTCUSDT",
        f"about to send the entry, number 2: BUY 1 at market ({ENTRY_2})",
        (
            "the entry number 2: the exchange refused it for now — the exchange is overloaded or shutting down; "
            "code -1008; busy"
        ),
        "the entry: it was not sent",
        "the entry number 2: asked for, and the exchange does not show it",
        "the entry number 2: believed never executed: its time is over and nothing shows it; it is watched on",
        "NAKED: the position has no live stop",
        "the caller cancelled the protection himself; it is not put back",
        "1.5 of it is gone, and not by any order of ours",
        "the id is used again",
        "the books are closed: ELSEWHERE",
        "Halted",
        "the order: asked for, and the exchange does not show it",
    ]


def test_reports_are_told_with_what_they_know() -> None:
    """A report without a fill says the outcome, one with a fill its size, one that is closed by what."""
    bare = ExecutionReport(signal_id="s", symbol="B", type=SignalType.LONG_ENTRY, outcome=Outcome.NOT_FILLED)
    assert told(Reported(1, "s", bare)) == ["reported: NOT_FILLED"]


def test_the_audit_log_adds_what_the_journal_does_not_know() -> None:
    """Alarms and retries come in at their time; what the journal tells already is left out."""
    records: list[dict[str, object]] = [
        {"timestamp": "1970-01-01T00:00:00.005Z", "event_type": "unprotected", "response": {"text": "naked!"}},
        {"timestamp": "1970-01-01T00:00:00.004Z", "event_type": "flattened", "order_data": {}, "operation": "exit"},
        {"timestamp": "1970-01-01T00:00:00.003Z", "event_type": "order_placed", "response": {}},
    ]

    assert [(moment.at_ms, moment.source, moment.text) for moment in story_of([Exposed(4, "s")], records)] == [
        (4, "journal", "NAKED: the position has no live stop"),
        (4, "audit", "flattened: exit"),
        (5, "audit", "unprotected: naked!"),
    ]


def test_seen_orders_keep_the_exchanges_words() -> None:
    """The reason the exchange gave for an end is part of the sentence, and a fill without a known price has none."""
    order = Order(
        client_id=ENTRY_1,
        exchange_id="1",
        symbol="BTCUSDT",
        side=Side.BUY,
        kind=OrderKind.MARKET,
        status=OrderStatus.EXPIRED,
        quantity=Decimal(3),
        executed_quantity=Decimal(1),
        average_price=None,
        reduce_only=False,
        position_side=PositionSide.BOTH,
        reason="no liquidity",
    )

    assert told(Seen(1, "s", ENTRY_1, order)) == [
        "the entry: the exchange shows it EXPIRED, 1 of 3 filled (no liquidity)"
    ]
