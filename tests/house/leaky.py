"""Tests that leak on purpose, for `test_canary_guard.py`, which runs them apart; each is named after its leak."""

from __future__ import annotations

import http.client
import logging
import pickle
import socket
from pathlib import Path

import pytest
from loguru import logger

from surefill.adapters.binance.secret import Secret
from surefill.adapters.binance.signing import HmacSigner
from surefill.testing.http_venue_fixture import running_venue
from tests.binance.wire_server import WireServer, answers
from tests.canaries import API_KEY, API_SECRET, SIM_KEY


def signature() -> str:
    return HmacSigner(Secret(API_SECRET)).signature(b"timestamp=1")


def test_clean() -> None:
    """What may be shown: a hint, and digests that are no signatures."""
    print("…g0Ay", "0" * 64)  # noqa: T201 - that is the point
    logger.info("nothing to see")


def test_leak_printed() -> None:
    """A secret on the terminal."""
    print(API_SECRET)  # noqa: T201 - likewise


def test_leak_printed_and_read(capsys: pytest.CaptureFixture[str]) -> None:
    """A secret on the terminal that the test took away."""
    print(API_SECRET)  # noqa: T201 - likewise
    capsys.readouterr()


def test_leak_key_printed() -> None:
    """A key on the terminal."""
    print(API_KEY)  # noqa: T201 - likewise


def test_leak_signature_printed() -> None:
    """A signature on the terminal."""
    print(f"signature={signature()}")  # noqa: T201 - likewise


def test_leak_logged() -> None:
    """A secret in a line of the log that few would see."""
    logger.trace("{}", API_SECRET)


def test_leak_logged_as_local_variable() -> None:
    """A secret among the local variables of a traceback in the log."""
    held = {"secret": API_SECRET}
    try:
        held["another"]
    except KeyError:
        logger.exception("it failed")


def test_leak_logged_by_another() -> None:
    """A secret in a line of the standard library's logging."""
    logging.getLogger("urllib3.connectionpool").debug("GET /?signature=%s", signature())


def test_leak_file(tmp_path: Path) -> None:
    """A secret in a file."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "audit.jsonl").write_text(f'{{"key": "{API_SECRET}"}}\n', encoding="utf-8")


def test_leak_expected_error() -> None:
    """A secret in an exception that the test expects."""
    with pytest.raises(ValueError, match="bad"):
        raise ValueError("bad", API_SECRET)


def test_leak_cause_of_expected_error() -> None:
    """A secret in what lies behind such an exception."""
    with pytest.raises(ValueError, match="bad"):
        raise ValueError("bad") from OSError(f"/fapi/v3/balance?signature={signature()}")


def test_leak_pickle() -> None:
    """A secret in a pickle."""
    pickle.dumps({"secret": API_SECRET})


def test_leak_request() -> None:
    """A secret in a request to a server."""
    _ask(f"GET /?secret={API_SECRET} HTTP/1.1\r\nHost: {{}}\r\n\r\n")


def test_leak_key_in_query() -> None:
    """A key elsewhere than in its header."""
    _ask(f"GET /?apiKey={API_KEY} HTTP/1.1\r\nHost: {{}}\r\n\r\n")


def test_leak_key_to_another_host() -> None:
    """A key in a request that was meant for another host."""
    _ask(f"GET / HTTP/1.1\r\nHost: elsewhere.example\r\nX-MBX-APIKEY: {API_KEY}\r\n\r\n")


def test_clean_key_in_its_header() -> None:
    """A key where it belongs."""
    _ask(f"GET / HTTP/1.1\r\nHost: {{}}\r\nX-MBX-APIKEY: {API_KEY}\r\n\r\n")


def test_leak_key_in_query_at_the_exchange() -> None:
    """A key in the query of a request to the simulated exchange."""
    with running_venue() as venue:
        line = http.client.HTTPConnection(venue.url.removeprefix("http://"))
        line.request("GET", f"/fapi/v1/time?key={SIM_KEY}")
        line.getresponse().read()
        line.close()


def _ask(request: str) -> None:
    with WireServer(answers({})) as server, socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(request.format(f"127.0.0.1:{server.port}").encode())
        line.recv(1)
