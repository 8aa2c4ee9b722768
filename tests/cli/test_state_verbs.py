from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from surefill.cli.demo import START_MS, demonstrate
from surefill.cli.moments import moment_of
from surefill.cli.paper_file import PaperFile
from surefill.domain.errors import ConfigurationError
from surefill.domain.halt import HaltLevel
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.domain.snapshot import CancelOutcome
from surefill.wiring import (
    Fault,
    SimulatedExchange,
    demo_exchange_info,
    journal_path,
    open_manager,
    paper_exchange,
    read_kill_file,
)
from tests.cli.files import run

B = "BBBUSDT"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of a finished demonstration; nobody writes to it."""
    folder = tmp_path_factory.mktemp("finished")
    demonstrate(folder, seed=1)
    return folder


@pytest.fixture
def running(tmp_path: Path) -> SimulatedExchange:
    """A paper exchange with one protected position, whose state directory is *tmp_path*/state."""
    exchange = paper_exchange(demo_exchange_info(), balances={"USDT": Decimal(1000)}, start_ms=START_MS)
    exchange.tick(B, last="100")
    with open_manager(exchange, state_dir=tmp_path / "state") as manager:
        signal = Signal(id="s", symbol=B, type=SignalType.LONG_ENTRY, stop_loss="95", take_profit="110")
        manager.execute_signal(signal, "2")
    return exchange


@pytest.fixture
def reachable(running: SimulatedExchange, monkeypatch: pytest.MonkeyPatch) -> SimulatedExchange:
    """The same, reached by the verbs as a networked exchange is."""
    settings = SimpleNamespace(audit_dir=None)
    reached = SimpleNamespace(exchange=running, environment="paper", settings=settings)
    for module in ("reading", "balance", "cancel_all", "reconcile"):
        monkeypatch.setattr(f"surefill.cli.{module}.exchange_for", lambda *_: nullcontext(reached))
    return running


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    ran = run(capsys, *arguments, "--json")
    assert (ran.code, ran.err) == (0, "")
    return cast("dict[str, Any]", ran.json)


def test_position_says_what_the_journal_knows(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """Without an exchange the journal's open signals are shown, and that they are the journal's."""
    found = told(capsys, "position", "--state-dir", finished)
    ran = run(capsys, "position", "--state-dir", finished)

    assert (found["environment"], found["source"]) == ("paper", "journal")
    (held,) = found["positions"]
    assert (held["symbol"], held["side"], held["quantity"], held["signal_id"]) == (
        "测试USDT",
        "LONG",
        "1000",
        "demo-7-lost-reply",
    )
    assert Decimal(held["stop"]) < Decimal(held["entry_price"]) < Decimal(held["target"])
    assert f"as the journal knows them; last written {found['last_seen']}" in ran.out
    assert "demo-7-lost-reply" in ran.out


def test_orders_say_what_the_journal_knows(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """Without an exchange the orders known to rest are shown, with the signal they belong to."""
    found = told(capsys, "orders", "--state-dir", finished)
    ran = run(capsys, "orders", "--state-dir", finished)

    assert [(row["what"], row["side"], row["status"], row["signal_id"]) for row in found["orders"]] == [
        ("stop", "SELL", "NEW", "demo-7-lost-reply"),
        ("target", "SELL", "NEW", "demo-7-lost-reply"),
    ]
    assert "as the journal knows them" in ran.out


def test_a_question_in_the_journal_is_an_order_nobody_knows(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, running: SimulatedExchange
) -> None:
    """An exit sent without an answer may be open, and is shown as UNKNOWN."""
    running.faults.add(Fault.request_lost(leg="X"), Fault.unreachable(method="GET", path="order"))
    running.faults.add(Fault.unreachable(method="GET", path="allOrders"))
    with open_manager(running, state_dir=tmp_path / "state") as manager:
        now = moment_of(running.clock.now_ms() + 600_000)  # younger than this process: not asked for first
        manager.execute_signal(Signal(id="c", symbol=B, type=SignalType.CLOSE_LONG, created_at=now))
    found = told(capsys, "orders", "--state-dir", tmp_path / "state")

    assert ("exit", "UNKNOWN", "c") in [(row["what"], row["status"], row["signal_id"]) for row in found["orders"]]


def test_an_empty_journal_has_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Before the first signal there is nothing open, never written, and no wallet left behind."""
    exchange = paper_exchange(demo_exchange_info(), balances={"USDT": Decimal(1000)}, start_ms=START_MS)
    open_manager(exchange, state_dir=tmp_path).close()

    assert told(capsys, "position", "--state-dir", tmp_path)["last_seen"] is None
    for verb in ("position", "orders"):
        ran = run(capsys, verb, "--state-dir", tmp_path)
        assert "last written never" in ran.out
        assert "none" in ran.out
    ran = run(capsys, "balance", "--state-dir", tmp_path)
    assert (ran.code, ran.out) == (4, "")
    assert "lives in the process that runs it" in ran.err


def test_balance_is_what_the_run_left_behind(capsys: pytest.CaptureFixture[str], finished: Path) -> None:
    """A finished paper run's wallet is shown as it was at the end."""
    found = told(capsys, "balance", "--state-dir", finished)
    ran = run(capsys, "balance", "--state-dir", finished)

    assert found["balances"]["USDT"]["start"] == "10000"
    assert f"USDT   10000  {found['balances']['USDT']['end']}" in ran.out


@pytest.mark.parametrize("content", ["[]", "{}", "nothing", "[" * 4_000])
def test_a_damaged_wallet_file_is_bad_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, running: SimulatedExchange, content: str
) -> None:
    """What is no file of ours is named, not guessed at."""
    assert running.environment == "paper"
    (tmp_path / "state" / "paper.json").write_text(content, encoding="utf-8")
    ran = run(capsys, "balance", "--state-dir", tmp_path / "state")

    assert (ran.code, "paper.json" in ran.err) == (2, True)


@pytest.mark.parametrize("arguments", [("cancel-all", B), ("reconcile",)])
def test_what_needs_an_exchange_says_so(
    capsys: pytest.CaptureFixture[str], finished: Path, arguments: tuple[str, ...]
) -> None:
    """Cancelling and reconciling a paper run that has ended is exit code 4, with what to do instead."""
    ran = run(capsys, *arguments, "--state-dir", finished)

    assert (ran.code, ran.out) == (4, "")
    assert "belongs to a paper exchange" in ran.err


def test_with_an_exchange_its_word_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, reachable: SimulatedExchange
) -> None:
    """Where the exchange can be reached, positions, orders and wallet are its own."""
    state = tmp_path / "state"
    assert reachable.environment == "paper"
    position = told(capsys, "position", "--state-dir", state)
    orders = told(capsys, "orders", "--state-dir", state)
    balance = told(capsys, "balance", "--state-dir", state)

    assert position["source"] == orders["source"] == balance["source"] == "exchange"
    assert [(held["symbol"], held["side"], held["quantity"]) for held in position["positions"]] == [(B, "LONG", "2")]
    assert [(row["what"], row["trigger"], row["status"]) for row in orders["orders"]] == [
        ("stop", "95", "NEW"),
        ("target", "110", "NEW"),
    ]
    assert balance["balances"][0]["asset"] == "USDT"
    assert Decimal(balance["balances"][0]["wallet"]) < 1000
    for verb, word in (("position", "LONG"), ("orders", "stop"), ("balance", "USDT")):
        ran = run(capsys, verb, "--state-dir", state)
        assert ran.code == 0
        assert word in ran.out


def test_cancel_all_takes_ours_and_no_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, reachable: SimulatedExchange
) -> None:
    """Stops and targets of ours go, in either form of output; somebody else's order stays."""
    params = {"symbol": B, "side": "SELL", "type": "STOP_MARKET", "quantity": "1", "triggerPrice": "90"}
    now = str(reachable.clock.now_ms())
    params |= {"algoType": "CONDITIONAL", "clientAlgoId": "mine", "timestamp": now, "recvWindow": "5000"}
    assert reachable.venue.handle("POST", "/fapi/v1/algoOrder", params).status == 200

    found = told(capsys, "cancel-all", B, "--state-dir", tmp_path / "state")
    again = run(capsys, "cancel-all", B, "--state-dir", tmp_path / "state")

    assert [row["outcome"] for row in found["orders"]] == ["cancelled", "cancelled"]
    assert again.code == 0
    assert [order.client_id for order in reachable.open_orders(B)] == ["mine"]


def test_an_order_that_was_not_cancelled_is_exit_code_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, reachable: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the exchange refuses a cancel, the program says so and does not say all is well."""
    outcome = CancelOutcome("sf-x", cancelled=False, text="code -2011")
    monkeypatch.setattr(reachable, "cancel", lambda _: (outcome,))
    ran = run(capsys, "cancel-all", B, "--state-dir", tmp_path / "state")

    assert ran.code == 1
    assert "sf-x   not cancelled  code -2011" in ran.out


def test_reconcile_mends_once(capsys: pytest.CaptureFixture[str], tmp_path: Path, reachable: SimulatedExchange) -> None:
    """After the stop was hit while nobody looked, one reconcile takes the target away and closes the books."""
    reachable.tick(B, last="90", at_ms=reachable.clock.now_ms() + 1000)
    reachable.clock.sleep(1)
    found = told(capsys, "reconcile", "--state-dir", tmp_path / "state")
    calm = run(capsys, "reconcile", "--state-dir", tmp_path / "state")

    assert ["CancelLegs", "s"] in [action[1:] for action in found["actions"]]
    assert (found["alarms"], found["still_open"]) == ([], [])
    assert (calm.code, "left to do" in calm.out) == (0, True)
    assert reachable.open_orders() == ()


def test_reconcile_with_alarms_is_exit_code_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, reachable: SimulatedExchange
) -> None:
    """What a person must know is shown and is the exit code: here, an exchange that does not answer."""
    reachable.faults.add(Fault.unreachable(method="GET"))
    ran = run(capsys, "reconcile", "--state-dir", tmp_path / "state")

    assert ran.code == 1
    assert "EXCHANGE_UNREACHABLE" in ran.out
    assert "a position is open" in ran.out


def test_halt_and_resume_work_the_kill_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, running: SimulatedExchange
) -> None:
    """Halting writes what the owner will read; resuming removes it; both say so in words and in JSON."""
    state = tmp_path / "state"
    assert running.environment == "paper"
    halted = run(capsys, "halt", "--state-dir", state, "--level", "FLATTEN_OURS", "--reason", "mad [spreads]")
    order = read_kill_file(state)
    resumed = run(capsys, "resume", "--state-dir", state, "--reason", "calm")
    nothing = run(capsys, "resume", "--state-dir", state, "--reason", "calm")

    assert order is not None
    assert (order.level, order.reason) == (HaltLevel.FLATTEN_OURS, "mad [spreads]")
    assert "halted at FLATTEN_OURS: mad [spreads]" in halted.out
    assert (resumed.out, nothing.out) == ("resumed: calm\n", "there was no kill file\n")
    assert read_kill_file(state) is None
    assert told(capsys, "halt", "--state-dir", state, "--reason", "x")["halted"] == "NO_ENTRIES"
    assert told(capsys, "resume", "--state-dir", state, "--reason", "x") == {
        "removed": True,
        "reason": "x",
        "journal_halt_level": "NONE",
        "own_halt_level": "NONE",
    }


def test_resume_tells_of_the_journals_own_halt(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, running: SimulatedExchange
) -> None:
    """An owner that was halted stays so: removing the file does not release it, and that is said."""
    with open_manager(running, state_dir=tmp_path / "state") as manager:
        manager.halt(HaltLevel.NO_ENTRIES, reason="lunch")
    ran = run(capsys, "resume", "--state-dir", tmp_path / "state", "--reason", "calm")

    assert "the journal is halted at NO_ENTRIES (lunch): its owner must call manager.resume()" in ran.out


def test_an_owner_that_obeyed_goes_on_by_itself(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, running: SimulatedExchange
) -> None:
    """Its journal is halted from outside: nobody need call anything, and nobody is told to; the next look ends it."""
    state = tmp_path / "state"
    run(capsys, "halt", "--state-dir", state, "--reason", "mad spreads")
    with open_manager(running, state_dir=state) as manager:
        manager.reconcile()
        halted = manager.status().halt_level
        resumed = run(capsys, "resume", "--state-dir", state, "--reason", "calm")
        answer = told(capsys, "resume", "--state-dir", state, "--reason", "calm")
        manager.reconcile()
        released = manager.status().halt_level

    assert (halted, released) == (HaltLevel.NO_ENTRIES, HaltLevel.NONE)
    assert resumed.out == "resumed: calm\nthe owner has obeyed, and goes on at its next entry or reconcile\n"
    assert (answer["journal_halt_level"], answer["own_halt_level"]) == ("NO_ENTRIES", "NONE")


def test_a_reason_must_be_one(capsys: pytest.CaptureFixture[str], tmp_path: Path, running: SimulatedExchange) -> None:
    """An empty or unprintable reason is refused, by both verbs."""
    assert running.environment == "paper"
    for verb in ("halt", "resume"):
        ran = run(capsys, verb, "--state-dir", tmp_path / "state", "--reason", "\n")
        assert (ran.code, "reason" in ran.err) == (2, True)


def test_a_kill_file_that_cannot_be_worked_is_bad_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, running: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the system refuses, the message says which folder and why."""

    def refuse(*_: object) -> None:
        raise PermissionError("no")

    assert running.environment == "paper"
    monkeypatch.setattr("surefill.cli.halt.write_kill_file", refuse)
    monkeypatch.setattr("surefill.cli.halt.remove_kill_file", refuse)
    for verb, word in (("halt", "written"), ("resume", "removed")):
        ran = run(capsys, verb, "--state-dir", tmp_path / "state", "--reason", "x")
        assert (ran.code, f"could not be {word}: no" in ran.err) == (2, True)


VERBS: tuple[tuple[str, ...], ...] = (
    ("position",),
    ("orders",),
    ("balance",),
    ("cancel-all", B),
    ("reconcile",),
    ("halt", "--reason", "x"),
    ("resume", "--reason", "x"),
    ("audit", "explain", "s"),
    ("audit", "verify"),
    ("audit", "summary"),
)


@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_what_is_no_state_directory_is_bad_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Every verb refuses a folder that no manager has used, and leaves nothing in it."""
    ran = run(capsys, *arguments, "--state-dir", tmp_path)

    assert (ran.code, ran.out) == (2, "")
    assert "missing" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_state_directory_may_come_from_the_environment(
    capsys: pytest.CaptureFixture[str], finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SUREFILL_STATE_DIR stands in for --state-dir."""
    monkeypatch.setenv("SUREFILL_STATE_DIR", str(finished))

    assert run(capsys, "position").code == 0


def test_a_folder_without_a_stamp_is_of_no_known_environment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, running: SimulatedExchange
) -> None:
    """An older folder, or one stripped of its stamp, is not taken for paper."""
    assert running.environment == "paper"
    for stamp in (tmp_path / "state").glob("*environment*"):
        stamp.unlink()

    ran = run(capsys, "position", "--state-dir", tmp_path / "state", "--json")
    assert cast("dict[str, Any]", ran.json)["environment"] == "unknown"
    assert journal_path(tmp_path / "state").exists()


def test_a_wallet_file_that_cannot_be_written_is_not_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed write leaves the old file, and nothing beside it."""
    paper = PaperFile(tmp_path)
    paper.write_balances({"USDT": ("1", "2")}, START_MS)
    before = paper.path.read_bytes()
    replace: Callable[..., object] = lambda *_: (_ for _ in ()).throw(OSError("full"))  # noqa: E731 - it has to raise
    monkeypatch.setattr(Path, "replace", replace)

    with pytest.raises(OSError, match="full"):
        paper.write_balances({"USDT": ("1", "3")}, START_MS)

    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]
    assert paper.read() is not None


def test_an_unreadable_wallet_file_is_refused(tmp_path: Path) -> None:
    """A folder in its place cannot be read, and is named."""
    (tmp_path / "paper.json").mkdir()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        PaperFile(tmp_path).read()
