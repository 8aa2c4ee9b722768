"""The verbs against an exchange over HTTP: what they do, what they say of where they are, and what they never show."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

from surefill.adapters.http_venue import VenueServer
from surefill.adapters.wire.account import WireExchange
from surefill.application.duties import Duty, DutyKind
from surefill.application.manager import OrderExecutionManager
from surefill.application.reconcile import ReconcileReport
from surefill.cli import main
from surefill.cli.app import app
from surefill.cli.exchanges import ask_if_live
from surefill.cli.report_output import report_json, report_rows
from surefill.domain.errors import (
    ConfigurationError,
    ExchangeUnavailableError,
    OrderExecutionError,
    OutcomeUnknownError,
)
from surefill.domain.order import OrderKey
from surefill.domain.report import Correction, ExecutionReport, Outcome
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.side import SignalType
from surefill.domain.snapshot import CancelOutcome
from surefill.state_stamp import StateStamp
from surefill.wiring import audit_files, demo_exchange_info, journal_path, open_manager, paper_exchange
from tests.canaries import API_SECRET, HINT, OTHER_SECRET
from tests.canaries import SIM_KEY as API_KEY
from tests.cli.files import Ran
from tests.exchange_info import START_MS
from tests.live import CJK, A, clear_environment, local_server

LONG = ("--type", "LONG_ENTRY", "--quantity", "0.010", "--stop-loss", "59000", "--take-profit", "66000")


@attrs.define
class Desk:
    """A shell in *folder*, with keys to an exchange in its environment."""

    folder: Path
    server: VenueServer
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str | Path) -> Ran:
        code = main([str(argument) for argument in arguments])
        captured = self.capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    def told(self, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
        ran = self.run(*arguments, "--json")
        assert ran.code == code, ran.err
        return cast("dict[str, Any]", ran.json)

    def open_long(self, signal_id: str = "s1") -> dict[str, Any]:
        return self.told("execute", "--id", signal_id, "--symbol", A, *LONG, "--state-dir", "state")

    def fills(self) -> list[Any]:
        return [row for row in self.server.ledger.rows if row["kind"] == "fill"]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A shell in an empty folder, and an exchange that knows its key."""
    monkeypatch.chdir(tmp_path)
    clear_environment(monkeypatch)
    with local_server() as server:
        monkeypatch.setenv("BINANCE_API_KEY", API_KEY)
        monkeypatch.setenv("BINANCE_API_SECRET", API_SECRET)
        monkeypatch.setenv("SUREFILL_ENVIRONMENT", server.url)
        yield Desk(tmp_path, server, capsys)


def test_execute_opens_one_protected_position(desk: Desk) -> None:
    """One command, one fill, stop and target at the exchange; the same again trades nothing and tells the same."""
    first, again = desk.open_long(), desk.open_long()

    assert (first["outcome"], first["filled_quantity"], first["environment"]) == ("PROTECTED", "0.01", "local")
    assert (first["stop_loss"]["trigger_price"], first["take_profit"]["trigger_price"]) == ("59000", "66000")
    assert {key: value for key, value in again.items() if key != "duties"} == {
        key: value for key, value in first.items() if key != "duties"
    }
    assert len(desk.fills()) == 1


def test_execute_says_where_it_trades_and_what_came_of_it(desk: Desk) -> None:
    """A person reads where the order went, what was filled, and that nobody watches once the command has ended."""
    ran = desk.run("execute", "--id", "s", "--symbol", A, *LONG, "--state-dir", "state")

    assert ran.code == 0
    assert f"surefill: local at {desk.server.url}, key {HINT}" in ran.err
    assert "nobody guards state from now on" in ran.err
    assert ran.out.startswith(f"local at {desk.server.url}\n")
    for words in (
        "s LONG_ENTRY AAAUSDT",
        "PROTECTED",
        "0.01 at 60000.2",
        "59000 NEW",
        "66000 NEW",
        "LONG 0.01",
        "naked",
    ):
        assert words in ran.out


def test_execute_closes_all_of_ours(desk: Desk) -> None:
    """A close without a quantity takes the whole position, and its legs."""
    desk.open_long()
    ran = desk.run("execute", "--id", "c", "--symbol", A, "--type", "CLOSE_LONG", "--state-dir", "state")

    assert ran.code == 0
    assert "CLOSED" in ran.out
    assert "EXIT" in ran.out
    assert desk.told("position", "--state-dir", "state")["positions"] == []
    assert desk.told("orders", "--state-dir", "state")["orders"] == []


def test_execute_takes_a_json_file(desk: Desk) -> None:
    """A signal as a JSON object, numbers as they stand, times with their zone, any symbol."""
    signal = (
        '{"id": "j", "symbol": "测试USDT", "type": "SHORT_ENTRY", "quantity": 100, "stop_loss": 1.6,'
        ' "take_profit": "1.2", "created_at": "2026-11-22T10:00:00Z", "valid_until": 4102444800000}'
    )
    (desk.folder / "signal.json").write_text(signal, encoding="utf-8")

    found = desk.told("execute", "signal.json", "--state-dir", "state")

    assert (found["outcome"], found["symbol"], found["filled_quantity"]) == ("PROTECTED", CJK, "100")
    assert found["stop_loss"]["trigger_price"] == "1.6"


def test_execute_takes_standard_input(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is standard input: other programs hand their signals over a pipe."""
    signal = {"id": "p", "symbol": A, "type": "LONG_ENTRY", "quantity": "0.010", "stop_loss": "59000"}
    pipe = io.TextIOWrapper(io.BytesIO(json.dumps(signal).encode()))
    monkeypatch.setattr("sys.stdin", pipe)

    assert desk.told("execute", "-", "--state-dir", "state")["outcome"] == "PROTECTED"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"id": "x"', "it was no JSON"),
        ("[]", "must hold one JSON object, was list"),
        ('{"id": "x", "id": "y"}', "appears twice"),
        ('{"id": "x", "symbol": "AAAUSDT", "type": "LONG_ENTRY", "price": 1}', "unknown field 'price'"),
        ('{"id": "x", "symbol": "AAAUSDT"}', "missing type"),
        ('{"id": ["x"], "symbol": "AAAUSDT", "type": "LONG_ENTRY"}', "id must be text, was list"),
        ('{"id": "x", "symbol": "AAAUSDT", "type": "BUY"}', "type must be one of LONG_ENTRY"),
        ('{"id": "x", "symbol": "AAAUSDT", "type": "LONG_ENTRY", "quantity": "1e3"}', "quantity"),
        ('{"id": "x", "symbol": "AAAUSDT", "type": "LONG_ENTRY", "quantity": NaN}', "quantity"),
        ('{"id": "x", "symbol": "AAAUSDT", "type": "LONG_ENTRY", "created_at": "noon"}', "created_at"),
        (" " * 70_000, "at most 65536 bytes"),
    ],
)
def test_a_bad_signal_is_refused_before_anything_is_opened(desk: Desk, content: str, reason: str) -> None:
    """What is wrong with the file is said by name; no exchange is asked, no journal is made."""
    (desk.folder / "signal.json").write_text(content, encoding="utf-8")
    ran = desk.run("execute", "signal.json", "--state-dir", "state")

    assert (ran.code, ran.out) == (2, "")
    assert reason in ran.err
    assert not (desk.folder / "state").exists()
    assert desk.server.received == ()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("missing.json",), "missing.json: cannot be read: No such file or directory"),
        (("signal.json", "--id", "x", "--stop-loss", "1"), "not both; there was --id"),
        (("signal.json", "--stop-loss", "1"), "not both; there was --stop-loss"),
        ((), "the options: missing id, symbol, type"),
        (("--id", "x", "--symbol", A, "--type", "LONG_ENTRY", "--quantity", "many"), "quantity"),
        (("--id", "x", "--symbol", A, "--type", "LONG_ENTRY", "--stop-loss", "59000"), "an entry needs one"),
    ],
)
def test_bad_options_are_refused(desk: Desk, arguments: tuple[str, ...], reason: str) -> None:
    """What cannot be a signal is exit code 2, with the reason, and nothing is traded."""
    ran = desk.run("execute", *arguments, "--state-dir", "state")

    assert (ran.code, ran.out) == (2, "")
    assert reason in ran.err
    assert desk.fills() == []


def test_a_refused_entry_is_exit_code_one(desk: Desk) -> None:
    """A stop on the wrong side of the market: nothing is sent, the reason is told, and the exit code shows it."""
    found = desk.told(
        "execute", "--id", "w", "--symbol", A, "--type", "LONG_ENTRY", "--quantity", "0.010",
        "--stop-loss", "61000", "--state-dir", "state", code=1,
    )  # fmt: skip

    assert (found["outcome"], found["reason"]) == ("REFUSED", "STOP_CROSSED")
    assert desk.fills() == []


def test_an_interrupted_execute_says_how_to_learn_what_happened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle is no proof that nothing was traded, and the program does not say so."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("surefill.application.manager.OrderExecutionManager.execute_signal", interrupt)
    ran = desk.run("execute", "--id", "i", "--symbol", A, *LONG, "--state-dir", "state")

    assert ran.code == 130
    assert "the same command, given again, tells what became of it" in ran.err


def test_alarms_reach_the_terminal(desk: Desk) -> None:
    """What a person must know at once, such as an audit log that cannot be written, is on stderr while it happens."""
    (desk.folder / "audit").write_text("no folder", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUDIT_LOG_DIR", "audit")
        ran = desk.run("execute", "--id", "u", "--symbol", A, *LONG, "--state-dir", "state")

    assert ran.code == 1
    assert "surefill: ALARM STORE_FAILED: " in ran.err
    assert "REFUSED" in ran.out
    assert desk.fills() == []


def test_reads_show_the_exchanges_word(desk: Desk) -> None:
    """Positions, orders and wallet come from the exchange, with or without a state directory."""
    desk.open_long()
    for where in (("--state-dir", "state"), ("--environment", desk.server.url), ()):
        position, orders = desk.told("position", *where), desk.told("orders", *where)
        balance = desk.told("balance", *where)

        assert position["environment"] == orders["environment"] == balance["environment"] == "local"
        assert position["source"] == orders["source"] == balance["source"] == "exchange"
        assert [(held["symbol"], held["quantity"]) for held in position["positions"]] == [(A, "0.01")]
        # the two go out side by side on connections of their own, so either may be listed first
        assert sorted(row["what"] for row in orders["orders"]) == ["stop", "target"]
        assert Decimal(balance["balances"][0]["wallet"]) < 10_000
    assert f"surefill: local at {desk.server.url}, key {HINT}" in desk.run("balance").err


def test_reads_of_a_flat_account_say_none(desk: Desk) -> None:
    """Nothing held and nothing open is said, not left to be guessed from an empty table."""
    for verb in ("position", "orders"):
        assert desk.run(verb).out.rstrip().endswith("none")
    assert desk.run("cancel-all", A).out.rstrip().endswith("none")


def test_cancel_all_takes_the_namespaces_orders(desk: Desk) -> None:
    """Orders of another namespace stay; ours go, and each is named."""
    desk.open_long()
    assert desk.told("cancel-all", A, "--namespace", "another")["orders"] == []
    found = desk.told("cancel-all", A)

    assert [row["outcome"] for row in found["orders"]] == ["cancelled", "cancelled"]
    assert found["environment"] == "local"
    assert desk.told("orders")["orders"] == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (OutcomeUnknownError("no answer in time"), "unknown"),
        (ExchangeUnavailableError("no answer in time"), "not cancelled"),
    ],
)
def test_cancel_all_goes_on_after_an_order_it_got_no_answer_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: OrderExecutionError, outcome: str
) -> None:
    """Each order is told with what came of it; one lost answer does not leave the others open, nor hide them."""
    desk.open_long()
    cancel, asked = WireExchange.cancel, list[OrderKey]()

    def lose_the_first(itself: WireExchange, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
        asked.extend(keys)
        if len(asked) == 1:
            raise error
        return cancel(itself, keys)

    monkeypatch.setattr(WireExchange, "cancel", lose_the_first)
    found = desk.told("cancel-all", A, code=1)

    assert [(row["outcome"], row["text"]) for row in found["orders"]] == [
        (outcome, "no answer in time"),
        ("cancelled", ""),
    ]
    assert [order["client_id"] for order in desk.told("orders")["orders"]] == [asked[0].client_id]


def test_reconcile_mends_what_happened_meanwhile(desk: Desk) -> None:
    """After the stop was hit while nobody watched, one reconcile takes the target away, and is audited."""
    desk.open_long()
    desk.server.tick(A, last=Decimal(58_000), mark=Decimal(58_000))
    found = desk.told("reconcile", "--state-dir", "state", "--environment", desk.server.url)

    assert found["environment"] == "local"
    assert "CancelLegs" in [action[1] for action in found["actions"]]
    assert desk.told("orders")["orders"] == []
    assert len(audit_files(desk.folder / "state" / "audit")) == 1


@pytest.mark.parametrize("kind", list(DutyKind))
def test_reconcile_does_not_call_it_done_while_something_urgent_is_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: DutyKind
) -> None:
    """A position to guard or an order to watch is a duty of every day; what is naked, unknown or left over is not."""
    desk.open_long()
    report = ReconcileReport(actions=(), alarms=(), still_open=(Duty(kind, A, "s1", 0),))
    monkeypatch.setattr(OrderExecutionManager, "reconcile", lambda _: report)
    harmless = kind in (DutyKind.GUARD, DutyKind.LATE_WATCH)

    found = desk.told("reconcile", "--state-dir", "state", "--environment", desk.server.url, code=0 if harmless else 1)

    assert found["still_open"] == [[A, "s1", kind.value]]


def test_the_state_directory_names_its_exchange(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of a local exchange cannot name the port it was on: it is asked for, or the journal speaks."""
    desk.open_long()
    monkeypatch.delenv("SUREFILL_ENVIRONMENT")
    position = desk.run("position", "--state-dir", "state", "--json")
    reconcile = desk.run("reconcile", "--state-dir", "state")

    assert cast("dict[str, Any]", position.json)["source"] == "journal"
    assert "belongs to a local exchange: name it with --environment" in position.err
    assert reconcile.code == 4


@pytest.mark.parametrize("verb", ["position", "reconcile"])
def test_a_state_directory_of_another_environment_is_refused(desk: Desk, verb: str) -> None:
    """The journal of one exchange is never held against the account of another."""
    desk.open_long()
    asked = len(desk.server.received)
    ran = desk.run(verb, "--state-dir", "state", "--environment", "testnet")

    assert ran.code == 2
    assert "state belongs to the environment local, and this is testnet" in ran.err
    assert len(desk.server.received) == asked


def test_execute_refuses_a_state_directory_of_another_environment(desk: Desk) -> None:
    """No signal is carried out beside a journal of another exchange."""
    (desk.folder / "state").mkdir()
    StateStamp(desk.folder / "state").bind("testnet")
    ran = desk.run("execute", "--id", "x", "--symbol", A, *LONG, "--state-dir", "state")

    assert ran.code == 2
    assert "belongs to the environment testnet" in ran.err
    assert desk.fills() == []


def test_a_testnet_folder_goes_to_the_testnet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the test exchange is taken there by itself; without keys the journal speaks, and says why."""
    desk.open_long()
    monkeypatch.delenv("SUREFILL_ENVIRONMENT")
    monkeypatch.delenv("BINANCE_API_KEY")
    monkeypatch.delenv("BINANCE_API_SECRET")
    (desk.folder / "state" / "journal.sqlite.environment").write_text("testnet\n", encoding="ascii")
    position, orders = (desk.run(verb, "--state-dir", "state", "--json") for verb in ("position", "orders"))
    for ran in (position, orders):
        assert ran.code == 0
        assert cast("dict[str, Any]", ran.json)["environment"] == "testnet"
        assert "there is no API key" in ran.err
        assert "What follows is what the journal knows" in ran.err
    assert desk.run("balance", "--state-dir", "state").code == 4

    dialled: list[str] = []
    monkeypatch.setenv("BINANCE_API_KEY", API_KEY)
    monkeypatch.setenv("BINANCE_API_SECRET", API_SECRET)
    monkeypatch.setattr("surefill.adapters.binance.dialling.Dialler.dial", _refuse(dialled))
    ran = desk.run("position", "--state-dir", "state")

    assert ran.code == 4
    assert set(dialled) == {"demo-fapi.binance.com"}
    assert "testnet at https://demo-fapi.binance.com" in ran.err


def test_without_keys_what_was_asked_for_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange named on the command line needs a key: the verb does not quietly answer from elsewhere."""
    desk.open_long()
    monkeypatch.delenv("BINANCE_API_KEY")
    monkeypatch.delenv("BINANCE_API_SECRET")

    named = desk.run("position", "--state-dir", "state", "--environment", desk.server.url)
    unnamed = [desk.run(verb) for verb in ("position", "orders", "balance")]

    assert (named.code, "--key-file" in named.err) == (2, True)
    assert [ran.code for ran in unnamed] == [4, 4, 4]


def test_no_exchange_named_is_a_usage_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read needs a state directory, an environment, or both."""
    monkeypatch.delenv("SUREFILL_ENVIRONMENT")
    ran = desk.run("position")

    assert ran.code == 2
    assert "name --state-dir, --environment, or both" in ran.err


def test_a_key_file_stands_for_the_variables(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private file with the key is as good; one that others can read is refused, and says what to do."""
    monkeypatch.delenv("BINANCE_API_KEY")
    monkeypatch.delenv("BINANCE_API_SECRET")
    path = desk.folder / "key.json"
    path.write_text(
        json.dumps({"api_key": API_KEY, "api_secret": API_SECRET, "environment": "local"}), encoding="utf-8"
    )
    path.chmod(0o644)
    opened = desk.run("balance", "--key-file", path)
    path.chmod(0o600)

    assert (opened.code, "chmod 600" in opened.err) == (2, True)
    assert desk.told("balance", "--key-file", path)["source"] == "exchange"


def test_an_exchange_that_does_not_answer_is_exit_code_four(desk: Desk) -> None:
    """Nobody listens there: the verb says so in one line."""
    url = desk.server.url
    desk.server.close()
    ran = desk.run("balance", "--environment", url)

    assert (ran.code, ran.out) == (4, "")
    assert "Traceback" not in ran.err


def test_a_refused_key_is_exit_code_two(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the exchange says of the key is told; the key is not."""
    monkeypatch.setenv("BINANCE_API_SECRET", OTHER_SECRET)
    ran = desk.run("balance")

    assert ran.code == 2
    assert "-1022" in ran.err
    assert OTHER_SECRET not in ran.err


def test_a_symbol_nobody_lists_is_bad_input(desk: Desk) -> None:
    """The exchange refuses the name: exit code 2, with its words."""
    ran = desk.run("cancel-all", "NOPE")

    assert ran.code == 2
    assert "-1121" in ran.err


def test_the_doctor_finds_a_healthy_exchange_well(desk: Desk) -> None:
    """Against an exchange over HTTP every check is made, nothing is placed, and the exit code is 0."""
    found = desk.told("doctor", "--symbol", A, "--symbol", CJK, "--symbol", A, "--state-dir", "state")

    assert (found["environment"], found["host"], found["verdict"]) == ("local", desk.server.url, "OK")
    names = [each["name"] for each in found["findings"]]
    assert names.count(f"filters {A}") == 1
    assert f"margin {CJK}" in names
    assert HINT in found["findings"][0]["text"]
    assert desk.fills() == []
    assert not (desk.folder / "state").exists()


def test_the_doctor_speaks_to_people(desk: Desk) -> None:
    """A person reads a verdict, a name and a text for each check, and an arrow with what to do."""
    desk.open_long()
    ran = desk.run("doctor", "--symbol", "NOPE", "--state-dir", "state")

    assert ran.code == 2
    assert "ok       journal" in ran.out
    assert "problem  filters NOPE" in ran.out
    assert "→ write the symbol as the exchange lists it" in ran.out
    assert ran.out.rstrip().endswith("warnings: 0, problems: 2")


def test_the_doctor_works_without_keys(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the doctor looks at the rest; what it did not look at makes the exit code 1."""
    monkeypatch.delenv("BINANCE_API_KEY")
    monkeypatch.delenv("BINANCE_API_SECRET")
    found = desk.told("doctor", "--symbol", A, code=1)

    skipped = [each["name"] for each in found["findings"] if "not checked" in each["text"]]
    assert skipped == ["key rights", "position mode", "multi-assets mode", "open algo orders", f"margin {A}"]
    assert found["findings"][-2]["text"].startswith("logs/audit")


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({}, "SUREFILL_LIVE=I-UNDERSTAND"),
        ({"SUREFILL_LIVE": "I-UNDERSTAND"}, "SUREFILL_KEY_ENVIRONMENT=live"),
        ({"SUREFILL_KEY_ENVIRONMENT": "live"}, "SUREFILL_LIVE=I-UNDERSTAND"),
    ],
)
def test_live_needs_three_things_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], missing: str
) -> None:
    """Real money is not reached by an option alone: every verb names what is missing, and nothing is dialled."""
    dialled: list[str] = []
    monkeypatch.setattr("surefill.adapters.binance.dialling.Dialler.dial", _refuse(dialled))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for verb in (("position",), ("execute", "--id", "x", "--symbol", "BTCUSDT", *LONG), ("doctor",)):
        ran = desk.run(*verb, "--environment", "live")

        assert ran.code == 2
        assert missing in " ".join((ran.out + ran.err).split())
    assert dialled == []


@pytest.fixture
def live(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything in place for real money; the hosts that are dialled, for nobody answers there."""
    dialled: list[str] = []
    monkeypatch.setattr("surefill.adapters.binance.dialling.Dialler.dial", _refuse(dialled))
    monkeypatch.setenv("SUREFILL_ENVIRONMENT", "live")
    monkeypatch.setenv("SUREFILL_LIVE", "I-UNDERSTAND")
    monkeypatch.setenv("SUREFILL_KEY_ENVIRONMENT", "live")
    folder = desk.folder / "state"
    open_manager(paper_exchange(demo_exchange_info(), balances={}, start_ms=START_MS), state_dir=folder).close()
    (folder / "journal.sqlite.environment").write_text("live\n", encoding="ascii")
    return dialled


LIVE_VERBS = {
    "doctor": (("doctor",), "look at the account at https://fapi.binance.com"),
    "position": (("position",), "read the open positions"),
    "balance": (("balance",), "read the wallet"),
    "orders": (("orders",), "read the open orders"),
    "execute": (
        ("execute", "--id", "x", "--symbol", "BTCUSDT", *LONG),
        "LONG_ENTRY 0.01 BTCUSDT stop 59000 target 66000",
    ),
    "cancel-all": (("cancel-all", "BTCUSDT"), "cancel every open order of ours on BTCUSDT, stops included"),
    "reconcile": (("reconcile",), "place, cancel and close orders until all is as state has it"),
}


def test_every_verb_that_asks_an_exchange_is_here() -> None:
    """Whoever takes --environment asks before it speaks to a live exchange; no verb is forgotten."""
    takes_one = {name for name, verb in app.commands.items() if "environment" in {each.name for each in verb.params}}

    assert takes_one == set(LIVE_VERBS)


@pytest.mark.parametrize("verb", LIVE_VERBS)
def test_nothing_is_said_to_a_live_exchange_unasked(desk: Desk, live: list[str], verb: str) -> None:
    """With nobody to ask, every verb is refused, reads too: exit code 2, what to add, no connection, no output."""
    arguments, deed = LIVE_VERBS[verb]
    ran = desk.run(*arguments, "--state-dir", "state")

    assert (ran.code, ran.out, live) == (2, "", [])
    assert f"this is LIVE, and there is no terminal to ask: to {deed}, add --yes" in ran.err


@pytest.mark.parametrize("verb", LIVE_VERBS)
@pytest.mark.parametrize("answer", ["n\n", "\n", "no\n"])
def test_a_no_sends_nothing(
    desk: Desk, live: list[str], monkeypatch: pytest.MonkeyPatch, verb: str, answer: str
) -> None:
    """A person who does not say yes has connected to nothing, and the exit code says that nothing was done."""
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    arguments, deed = LIVE_VERBS[verb]
    ran = desk.run(*arguments, "--state-dir", "state")

    assert (ran.code, live) == (2, [])
    assert f"LIVE, REAL MONEY: {deed}? [y/N]" in ran.out + ran.err
    assert "not confirmed; nothing was sent" in ran.err


@pytest.mark.parametrize("verb", LIVE_VERBS)
def test_a_yes_goes_on(desk: Desk, live: list[str], monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """Said on the command line or when asked, it lets the verb go where it was told to go, and nowhere else."""
    retries = RetryPolicy(max_retries=0)
    monkeypatch.setattr("surefill.wiring.RetryPolicy", lambda: retries)
    terminal = io.StringIO("y\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    arguments = LIVE_VERBS[verb][0]
    desk.run(*arguments, "--state-dir", "state", "--yes")
    by_option = len(live)
    monkeypatch.setattr("sys.stdin", terminal)
    desk.run(*arguments, "--state-dir", "state")

    assert 0 < by_option < len(live)
    assert set(live) == {"fapi.binance.com"}


def test_live_orders_are_asked_for(desk: Desk, live: list[str]) -> None:
    """Unasked, no journal is made either; asked, what was tried is in the journal of a live account."""
    order = ("execute", "--id", "x", "--symbol", "BTCUSDT", *LONG, "--state-dir", "fresh")
    ran = desk.run(*order)

    assert ran.code == 2
    assert f"LIVE, REAL MONEY: live at https://fapi.binance.com, key {HINT}" in ran.err
    assert not journal_path(desk.folder / "fresh").exists()
    assert live == []

    confirmed = desk.run(*order, "--yes", "--json")
    assert cast("dict[str, Any]", confirmed.json)["outcome"] == "REFUSED"
    assert set(live) == {"fapi.binance.com"}
    assert StateStamp(desk.folder / "fresh").read() == "live"


def test_a_provisional_report_says_so() -> None:
    """What rests on absence, and what was corrected since, is not told as if it were certain."""
    correction = Correction(START_MS, Outcome.PROTECTED, "it was filled after all")
    report = ExecutionReport(
        signal_id="s",
        symbol=A,
        type=SignalType.LONG_ENTRY,
        outcome=Outcome.NOT_FILLED,
        text="no trace of it was seen",
        provisional=True,
        corrections=(correction,),
    )
    told = report_json(report)

    assert ("", "no trace of it was seen") in report_rows(report)
    assert "still being watched" in report_rows(report)[-2][1]
    assert report_rows(report)[-1] == ("corrected", "2026-11-21T22:26:40.000Z PROTECTED: it was filled after all")
    assert told["provisional"] is True
    assert told["corrections"] == [
        {"at": "2026-11-21T22:26:40.000Z", "outcome": "PROTECTED", "text": "it was filled after all"}
    ]
    assert told["average_price"] is None


@pytest.mark.parametrize(("answer", "goes_on"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_person_at_a_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, *, goes_on: bool
) -> None:
    """Only a yes is a yes; anything else does nothing."""
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)

    if goes_on:
        ask_if_live("live", "close everything", yes=False)
    else:
        with pytest.raises(ConfigurationError, match="not confirmed; nothing was sent"):
            ask_if_live("live", "close everything", yes=False)
    assert "LIVE, REAL MONEY: close everything? [y/N]" in "".join(capsys.readouterr())


def _refuse(dialled: list[str]) -> Any:
    """Stand in for dialling: note the host, and get nowhere."""

    def dial(_: object, host: str, *__: object) -> None:
        dialled.append(host)
        raise ConnectionRefusedError

    return dial
