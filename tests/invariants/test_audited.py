import json
from hashlib import sha256
from pathlib import Path

import pytest

from surefill.adapters.audit import JsonLinesAudit
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditRecord, AuditType
from surefill.testing.invariants import file_faults, line_faults
from surefill.testing.invariants.row import Row
from tests.invariants.facts import Scene, claimed, intent
from tests.invariants.rows import STEM, SYMBOL, algo, fill, order, our_id, request, unprotected
from tests.invariants.test_bounded import REST


def line(kind: AuditType, client_id: str | None = our_id("S"), **response: object) -> AuditRecord:
    return AuditRecord(1, kind, "x", "paper", response=response, client_order_id=client_id)


def owed(scene: Scene, now_ms: int = 9000) -> list[str]:
    """What the log still owes at the end of the run, without the constant words."""
    scene.judge(now_ms)
    found = [each for each in scene.watch.at_rest(REST, now_ms=now_ms) if each.invariant == "I9"]
    return [each.text.removeprefix("no line of the audit log says that ") for each in found]


def reply(at_ms: int, status: int = 200, request_seq: int = 1) -> Row:
    return {"kind": "answer", "time_ms": at_ms, "request_seq": request_seq, "status": status, "msg": "no"}


def placed(leg: str = "S") -> Scene:
    """An order of ours that the exchange took."""
    scene = Scene()
    scene.keep(intent(leg))
    seen = algo(1000, leg, "SELL", "2") if leg in "ST" else order(1000, our_id(leg), "BUY", "2", "NEW")
    scene.add(request(leg), seen, reply(1000))
    return scene


@pytest.mark.parametrize("leg", ["E", "S", "T", "X"])
def test_an_order_that_was_taken_has_a_line(leg: str) -> None:
    """Any line that names it will do; without one it is found, once."""
    told, silent = placed(leg), placed(leg)
    told.written.append(line(AuditType.ORDER_PLACED, our_id(leg)))

    assert owed(told) == []
    assert owed(silent) == [f"{our_id(leg)} was placed"]
    assert owed(silent) == []


def test_a_line_about_another_order_says_nothing() -> None:
    """The client id decides; a line without one speaks of none."""
    scene = placed()
    scene.written += [line(AuditType.ORDER_PLACED, our_id("T")), line(AuditType.ALARM, None)]

    assert owed(scene) == [f"{our_id('S')} was placed"]


def test_a_refused_order_has_a_line() -> None:
    """What the exchange refused was sent, and must be told."""
    scene = Scene()
    scene.keep(intent("S"))
    scene.add(request("S"), reply(1000, 400))
    assert owed(scene) == [f"{our_id('S')} was refused"]
    scene.add(request("S"), reply(1000, 400, request_seq=3))
    scene.written.append(line(AuditType.ORDER_REJECTED))
    assert owed(scene) == []


@pytest.mark.parametrize(
    ("response", "sound"),
    [
        ({"executed_quantity": "0.5"}, True),
        ({"order": {"executed_quantity": "2.000"}}, True),
        ({"executed": "0.01"}, True),
        ({"executed_quantity": "0.000"}, False),
        ({"order": None}, False),
        ({}, False),
    ],
)
def test_a_fill_has_a_line_that_tells_it(*, response: dict[str, object], sound: bool) -> None:
    """A line that names the order must also say that it filled."""
    scene = placed()
    scene.add(*fill(2000, our_id("S"), "SELL", "2", "0"))
    scene.written.append(line(AuditType.ORDER_UPDATED, our_id("S"), **response))

    assert owed(scene) == ([] if sound else [f"{our_id('S')} was filled"])


@pytest.mark.parametrize(
    ("record", "sound"),
    [
        (line(AuditType.ORDERS_CANCELLED), True),
        (line(AuditType.ORPHAN_CANCELLED), True),
        (line(AuditType.ORDER_UPDATED, status="CANCELED"), True),
        (line(AuditType.ORDERS_CANCELLED, None, cancelled=["x", our_id("S")]), True),
        (line(AuditType.ORDERS_CANCELLED, None, cancelled=["x"]), False),
        (line(AuditType.ORDERS_CANCELLED, None), False),
        (line(AuditType.ORDER_UPDATED, status="NEW"), False),
    ],
)
def test_a_cancelled_order_has_a_line(*, record: AuditRecord, sound: bool) -> None:
    """By its own id, or in the list of a cancel of everything."""
    scene = placed()
    scene.written.append(line(AuditType.ORDER_PLACED))
    cancelled = algo(2000, "S", "SELL", "2", status="CANCELED")
    scene.add(request("S", method="DELETE"), cancelled, reply(2000, request_seq=4))
    scene.judge(2500)
    scene.written.append(record)

    assert owed(scene) == ([] if sound else [f"{our_id('S')} was cancelled"])


def test_what_others_did_is_theirs_to_tell() -> None:
    """A cancel by hand or by the exchange, an order by hand under an id of our form, and other people's orders."""
    scene = placed()
    scene.written.append(line(AuditType.ORDER_PLACED))
    scene.by_hand(request("S", method="DELETE"), algo(2000, "S", "SELL", "2", status="CANCELED"))
    scene.by_hand(request("T"), algo(2000, "T", "SELL", "2"))
    scene.add(algo(2100, "S", "SELL", "2", status="CANCELED"))
    scene.add(order(2200, "mine", "SELL", "2", "NEW"), *fill(2200, "mine", "SELL", "1", "1"))

    assert owed(scene) == []


def test_an_order_of_a_lost_journal_is_not_owed() -> None:
    """Its owner died with what it knew; what happens after the signal was claimed again is owed."""
    for again in (False, True):
        scene = placed()
        scene.live(0)
        scene.judge(1500)
        scene.live(2000, alive=False)
        scene.live(3000, owner=2, lost=True)
        if again:
            scene.keep(claimed(), 4000)
        scene.add(*fill(5000, our_id("S"), "SELL", "2", "0"))

        assert owed(scene) == ([f"{our_id('S')} was filled"] if again else [])


def test_a_log_that_failed_and_said_so_owes_nothing() -> None:
    """What happened just before may be found long after it; other alarms excuse nothing."""
    failed, other = placed(), placed()
    failed.alarms.append(unprotected(1001, None, AlarmKind.STORE_FAILED))
    other.alarms.append(unprotected(1000))

    assert owed(failed) == []
    assert owed(other) == [f"{our_id('S')} was placed"]


def written(folder: Path) -> Path:
    """A file of three lines, as the audit log writes it."""
    audit = JsonLinesAudit(folder)
    for at_ms in range(3):
        audit.write(AuditRecord(at_ms, AuditType.ALARM, "x", "paper", symbol=SYMBOL, signal_id=STEM))
    audit.close()
    (path,) = folder.glob("*.jsonl")
    return path


def test_a_file_as_it_is_written_is_whole(tmp_path: Path) -> None:
    """Our own reading of the format agrees with what the log writes."""
    path = written(tmp_path)

    assert len(path.read_bytes().splitlines()) == 3
    assert file_faults(path) == ()
    assert line_faults([]) == ()


def test_every_damage_is_found(tmp_path: Path) -> None:
    """A changed byte, a line out of place, taken out or put in, rubbish, and a torn end."""
    one, two, three = written(tmp_path).read_bytes().splitlines(keepends=True)
    rechained = json.loads(three) | {"prev_hash": sha256(one[:-1]).hexdigest()}
    numbered = (json.dumps(rechained, separators=(",", ":")) + "\n").encode()

    assert line_faults([one, two.replace(b"BTC", b"ETH"), three]) == (
        "line 3 does not carry the hash of the line before",
    )
    assert len(line_faults([two, one, three])) >= 2
    assert line_faults([one, numbered]) == ("line 2 has the seq 3",)
    assert line_faults([one, b"rubbish\n", three]) == ("line 2 is not an object with the fields of an audit line",)
    assert line_faults([one, b"[]\n"]) == ("line 2 is not an object with the fields of an audit line",)
    assert line_faults([one, b'{"seq":2}\n']) == ("line 2 is not an object with the fields of an audit line",)
    assert line_faults([one, two[:-5]]) == ("line 2 is torn",)


def test_only_the_last_line_may_be_torn_and_only_by_a_kill(tmp_path: Path) -> None:
    """With *torn_end* the last line may be cut short, no other."""
    one, two, three = written(tmp_path).read_bytes().splitlines(keepends=True)

    assert line_faults([one, two[:-5]], torn_end=True) == ()
    assert line_faults([one, two[:-5], three], torn_end=True) == ("line 2 is torn",)
