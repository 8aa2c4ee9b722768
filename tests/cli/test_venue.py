"""`surefill venue` runs an exchange that a client can trade on, and ends as told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest

import surefill.cli.venue as verb
from surefill.adapters.http_venue import HandDriver, VenueServer
from surefill.adapters.venue import Venue
from surefill.cli.market_data import MarketData
from surefill.cli.venue import made_keys, serve
from surefill.cli.venue_market import VenueMarket
from surefill.domain.errors import ConfigurationError
from surefill.wiring import demo_exchange_info
from tests.cli.files import FLAT, SYMBOL, Inputs, Ran, run
from tests.http_venue.client import MARKET, encoded, signature

PATIENCE_SECONDS = 60


class CtrlC:
    """Stands for an event nobody sets: Ctrl-C is pressed at its first, or a later, beat."""

    beats = 1

    def __init__(self) -> None:
        self.waited = 0

    def wait(self, seconds: float) -> bool:
        self.waited += 1
        if self.waited >= type(self).beats:
            raise KeyboardInterrupt
        return False

    def is_set(self) -> bool:
        return False

    def set(self) -> None:
        """Nothing ends before the exchange does."""


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "Event", CtrlC)


def ask(url: str, path: str) -> Any:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)
    connection.request("GET", path)
    body = json.loads(connection.getresponse().read())
    connection.close()
    return body


def _hear_ctrl_c() -> None:
    """A shell that starts the tests in the background lets them, and what they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def running() -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The program as a process of its own, and what it printed first."""
    command = [sys.executable, "-m", "surefill", "venue", "--json", "--seed", "7"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SUREFILL_")}
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=_hear_ctrl_c,  # noqa: PLW1509 - no thread of ours runs here yet
    ) as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, "the program ended at once"
            text += line
        yield process, json.loads(text)
        if process.poll() is None:
            process.kill()


def test_a_client_can_trade_until_ctrl_c(running: tuple[subprocess.Popen[str], dict[str, Any]]) -> None:
    """With the printed address and keys an order fills; Ctrl-C ends the program with 0 and a count."""
    process, said = running
    assert (said["api_key"], said["api_secret"]) == made_keys(7)
    now_ms = ask(said["url"], "/fapi/v1/time")["serverTime"]
    query = encoded({**MARKET, "timestamp": str(now_ms)})
    connection = HTTPConnection(urlsplit(said["url"]).netloc, timeout=PATIENCE_SECONDS)
    target = f"/fapi/v1/order?{query}&signature={signature(query, said['api_secret'])}"
    connection.request("POST", target, headers={"X-MBX-APIKEY": said["api_key"]})
    filled = json.loads(connection.getresponse().read())
    connection.close()

    assert filled["status"] == "FILLED"
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert process.stderr is not None
    assert process.stderr.read() == "ended; 2 requests, 1 fills, 0 liquidations\n"


@pytest.mark.usefixtures("ctrl_c")
def test_it_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """People read the address, the worthless keys and what moves."""
    ran = run(capsys, "venue")

    assert ran.code == 0
    assert "http://127.0.0.1:" in ran.out
    assert made_keys(1)[0] in ran.out
    assert made_keys(1)[1] in ran.out
    assert "AAAUSDT, BBBUSDT, 测试USDT" in ran.out


@pytest.mark.usefixtures("ctrl_c")
def test_a_listing_and_walks_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Of a saved exchangeInfo only the symbols that walk are listed."""
    inputs = Inputs.make(tmp_path, [FLAT], [])

    ran = run(capsys, "venue", "--exchange-info", inputs.info, "--walk", f"{SYMBOL}=64000", "--json")

    assert (ran.code, said(ran)["symbols"]) == (0, [SYMBOL])


@pytest.mark.usefixtures("ctrl_c")
def test_recorded_candles_are_played(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A file of candles moves its symbol."""
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [])

    ran = run(
        capsys, "venue", "--exchange-info", inputs.info, "--candles", inputs.candles, "--symbol", SYMBOL, "--json"
    )

    assert (ran.code, said(ran)["symbols"]) == (0, [SYMBOL])


def said(ran: Ran) -> dict[str, Any]:
    return dict(json.loads(ran.out))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--walk", "AAAUSDT"], "SYMBOL=PRICE"),
        (["--walk", "=5"], "SYMBOL=PRICE"),
        (["--walk", "AAAUSDT=many"], "the price of AAAUSDT"),
        (["--walk", "AAAUSDT=60000.05"], "multiple of tick"),
        (["--walk", "NOSUCH=5"], "not listed"),
        (["--exchange-info", "{info}"], "without prices"),
        (["--exchange-info", "{info}", "--walk", "NOSUCH=5"], "NOSUCH"),
        (["--candles", "{candles}"], "--symbol"),
        (["--candles", "{candles}", "--stream", "{candles}", "--symbol", "X"], "either --candles or --stream"),
        (["--candles", "{candles}", "--symbol", "X", "--walk", "AAAUSDT=5"], "either --walk"),
        (["--candles", "{candles}", "--symbol", SYMBOL], "--exchange-info"),
        (["--exchange-info", "{info}", "--candles", "{info}", "--symbol", SYMBOL], "info.json"),
        (["--speed", "0"], "speed"),
        (["--balance", "-1"], "balance"),
        (["--port", "70000"], "port"),
    ],
)
def test_bad_input_ends_before_anything_listens(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], complaint: str
) -> None:
    """What cannot be used is refused by name with exit code 2, and nothing was printed that looks like an address."""
    inputs = Inputs.make(tmp_path, [FLAT], [])

    ran = run(capsys, "venue", *(option.format(info=inputs.info, candles=inputs.candles) for option in options))

    assert (ran.code, ran.out) == (2, "")
    assert complaint in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        ([], "no price filter"),
        ([{"filterType": "PRICE_FILTER", "tickSize": "0"}], "tick size"),
        (None, "no price filter"),
    ],
)
def test_a_listing_without_a_tick_cannot_walk(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, filters: object, complaint: str
) -> None:
    """A walk needs the symbol's price step."""
    info = tmp_path / "info.json"
    info.write_text(json.dumps({"symbols": [{"symbol": "X", "filters": filters}]}), encoding="utf-8")

    ran = run(capsys, "venue", "--exchange-info", info, "--walk", "X=5")

    assert (ran.code, complaint in ran.err) == (2, True)


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Another server's port is refused with what to do."""
    with made_server() as other:
        ran = run(capsys, "venue", "--port", str(other.port))

    assert (ran.code, "another port" in ran.err) == (2, True)


def made_server() -> VenueServer:
    venue = Venue(demo_exchange_info(), balances={"USDT": Decimal(1)}, start_ms=1)
    return VenueServer(venue, keys={"sim-a": "x"}, time=HandDriver())


def waiting(beats: int) -> CtrlC:
    class After(CtrlC):
        pass

    After.beats = beats
    return After()


def test_the_end_of_the_data_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """When recorded data ends the exchange goes on with prices that stand still, and says so once."""
    server, ended = made_server(), Event()
    VenueMarket(listing=demo_exchange_info(), walks=(("AAAUSDT", Decimal(60_000)),)).play(server, ended)
    assert not ended.is_set()
    ended.set()

    assert serve(server, ended, waiting(3).wait) == 0
    assert capsys.readouterr().err.count("prices stand still") == 1


def test_data_that_fails_on_the_way_ends_it() -> None:
    """What breaks in the middle of a feed ends the program with the reason."""
    server = made_server()

    def broken(_: float) -> None:
        server.load(iter([]))
        server._driver.failure = ValueError("line 7 was no number")

    with pytest.raises(ConfigurationError, match="line 7"):
        serve(server, Event(), broken)


def test_a_watcher_sees_how_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a line tells requests, fills and liquidations."""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    assert serve(made_server(), Event(), waiting(2).wait) == 0
    assert "0 requests, 0 fills, 0 liquidations" in terminal.getvalue()


def test_candles_end(tmp_path: Path) -> None:
    """The end of a file is noticed when its last candle was played."""
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [])
    info = json.loads(inputs.info.read_text(encoding="utf-8"))
    venue = Venue(info, balances={"USDT": Decimal(1)}, start_ms=1_000)
    server, ended = VenueServer(venue, keys={"sim-a": "x"}, time=HandDriver()), Event()
    data = MarketData(inputs.candles, SYMBOL, is_stream=False)
    VenueMarket(listing=info, data=data, speed=Decimal(3600)).play(server, ended)

    server.timeline.advance_to(1_500)
    assert not ended.is_set()
    server.timeline.advance_to(4_000)
    assert ended.is_set()
    assert server.venue.market(SYMBOL).last > 0
