"""A search after every test: no canary of `tests/canaries.py` may be in anything the test has left.

Looked through are what was printed, every line logged through loguru or the standard library (with the tracebacks and
local variables that loguru can show), every file below the test's temporary folder, what pytest reports of a failure,
every exception that a test expected, with its causes, every pickle made, and every request that a server of the tests
received. Logging below WARNING is listened to from the moment on that a secret is handed to surefill: before, there is
none to be shown, and listening would cost the tests without secrets a fifth of their time.

It is a pytest plugin (`tests/conftest.py` registers it). Nothing of surefill is imported before the first test runs,
so that coverage sees every module from its first line.
"""

from __future__ import annotations

import importlib
import logging
import pickle
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pytest
from loguru import logger

from tests.canaries import KEY_FILES, SECRETS, Signatures, leak_in_request

FILE_SIZE_MAX: Final = 64 * 1024 * 1024
CHAIN_MAX: Final = 10


class Watch:
    """What the running test has let slip. Safe to use from many threads."""

    def __init__(self) -> None:
        self.signatures = Signatures()
        self.found: list[str] = []
        self.knows_secrets = False

    def begin(self) -> None:
        """Forget what the test before has let slip."""
        self.signatures.clear()
        self.found.clear()

    def listen(self, level: int) -> None:
        """Search what is logged from *level* on."""
        logger.add(
            lambda line: self.look("a line of the log", str(line)),
            level=level,
            format="{message} {extra}",
            diagnose=True,
            backtrace=True,
        )

    def hear_of_secrets(self) -> None:
        """From now on there is something to be shown: listen to everything."""
        if not self.knows_secrets:
            self.knows_secrets = True
            self.listen(0)

    def look(self, where: str, text: str) -> None:
        """Search *text*, and remember if there was something; never what it was."""
        leak = self.signatures.leak(text)
        if leak is not None:
            self.found.append(f"{leak} in {where}")

    def look_at_error(self, error: BaseException | None) -> None:
        """Search an exception, and those behind it."""
        for _ in range(CHAIN_MAX):
            if error is None:
                return
            parts = [str(error), repr(error), *map(repr, error.args), *map(str, getattr(error, "__notes__", ()))]
            self.look(f"an exception ({type(error).__name__})", "\n".join([*parts, repr(vars(error))]))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)

    def look_at_request(self, head: str, rest: str, authority: str) -> None:
        """Search what a server received."""
        leak = leak_in_request(head, rest, authority)
        if leak is not None:
            self.found.append(leak)

    def look_at_files(self, folder: Path) -> None:
        """Search every file below *folder*, but for key files."""
        for path in folder.rglob("*"):
            if (
                path.name.endswith(KEY_FILES)
                or path.is_symlink()
                or not path.is_file()
                or path.stat().st_size > FILE_SIZE_MAX
            ):
                continue
            try:
                text = path.read_bytes().decode("utf-8", "replace")
            except PermissionError:
                continue
            self.look(f"the file {path.name}", text)


class _Listener(logging.Handler):
    """Searches every record of the standard library's logging."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(level=0)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        self._watch.look(f"a line logged by {record.name}", self.format(record))


WATCH: Final = Watch()
_undo: list[Callable[[], None]] = []
_modules: list[Path] = []


@pytest.fixture(autouse=True)
def _logs_are_searched() -> Iterator[None]:
    """Everything that is logged passes the guard; the next test finds loguru without handlers and surefill silent."""
    logger.remove()
    logger.enable("surefill")
    WATCH.listen(0 if WATCH.knows_secrets else logging.WARNING)
    root = logging.getLogger()
    listener, level = _Listener(WATCH), root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    yield
    root.setLevel(level)
    root.removeHandler(listener)
    logger.remove()
    logger.disable("surefill")


@pytest.fixture
def canaries() -> Watch:
    """The guard itself, for a test that looks at more."""
    return WATCH


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin anew."""
    if not _undo:
        _listen_in()
    if not _undo:
        _listen_in()
    if _modules != [item.path]:
        _modules[:] = [item.path]
        WATCH.knows_secrets = _names_a_secret(item)
    WATCH.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Search what is left once the test is torn down; a canary makes an error of it."""
    report = yield
    if call.excinfo is not None and not call.excinfo.errisinstance((pytest.skip.Exception, pytest.exit.Exception)):
        WATCH.look_at_error(call.excinfo.value)
        WATCH.look("the report of a failure", report.longreprtext)
    if call.when == "teardown":
        for title, text in report.sections:
            WATCH.look(title, text)
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        if isinstance(folder, Path):
            WATCH.look_at_files(folder)
        if WATCH.found:
            report.outcome = "failed"
            report.longrepr = "canaries escaped:\n" + "\n".join(dict.fromkeys(WATCH.found))
    return report


def _names_a_secret(item: pytest.Item) -> bool:
    """Whether the test's module has a canary at hand from the start; another may still make one of its own."""
    module = item.getparent(pytest.Module)
    values = [] if module is None else vars(module.obj).values()
    return any(isinstance(value, str) and value in SECRETS for value in values)


def pytest_unconfigure() -> None:
    """Leave everything as it was."""
    while _undo:
        _undo.pop()()


def _listen_in() -> None:
    """Stand beside the few places through which secrets, texts and requests pass."""
    signing = importlib.import_module("surefill.adapters.binance.signing")
    received = importlib.import_module("surefill.adapters.http_venue.received")
    secret = importlib.import_module("surefill.adapters.binance.secret")
    keyring = importlib.import_module("surefill.adapters.http_venue.keyring")
    raises = importlib.import_module("_pytest.raises" if "_pytest.raises" in sys.modules else "_pytest.python_api")

    def noting(made: Callable[..., str]) -> Callable[..., str]:
        def signature(signer: object, payload: bytes) -> str:
            text = made(signer, payload)
            WATCH.signatures.note(text)
            return text

        return signature

    def seeing_out(read: Callable[..., Any]) -> Callable[..., Any]:
        def readouterr(fixture: object) -> Any:
            captured = read(fixture)
            WATCH.look("what was printed", f"{captured.out}\n{captured.err}")
            return captured

        return readouterr

    def seeing_errors(leave: Callable[..., bool]) -> Callable[..., bool]:
        def leaving(
            raising: object, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
        ) -> bool:
            WATCH.look_at_error(error)
            return leave(raising, kind, error, at)

        return leaving

    def seeing_requests(add: Callable[..., None]) -> Callable[..., None]:
        def adding(record: object, at_ms: int, request: Any, status: int | None) -> None:
            host = request.header("host") or ""  # of another than its own the door refuses before it is kept
            head = "\n".join(f"{name}: {value}" for name, value in request.headers)
            rest = f"{request.path}\n{request.query!r}\n{request.body!r}"
            WATCH.look_at_request(head, rest, host)
            add(record, at_ms, request, status)

        return adding

    def seeing_pickles(dumps: Callable[..., bytes]) -> Callable[..., bytes]:
        def dumping(*arguments: Any, **options: Any) -> bytes:
            pickled = dumps(*arguments, **options)
            WATCH.look("a pickle", pickled.decode("latin-1"))
            return pickled

        return dumping

    def hearing(make: Callable[..., None]) -> Callable[..., None]:
        def making(thing: object, *arguments: object) -> None:
            WATCH.hear_of_secrets()
            make(thing, *arguments)

        return making

    _wrap(secret.Secret, "__init__", hearing)
    _wrap(keyring.Keyring, "__init__", hearing)
    _wrap(signing.HmacSigner, "signature", noting)
    _wrap(signing.KeySigner, "signature", noting)
    _wrap(pytest.CaptureFixture, "readouterr", seeing_out)
    _wrap(raises.RaisesExc if hasattr(raises, "RaisesExc") else raises.RaisesContext, "__exit__", seeing_errors)
    _wrap(received.Record, "add", seeing_requests)
    _wrap(pickle, "dumps", seeing_pickles)


def _wrap(owner: object, name: str, around: Callable[[Any], Any]) -> None:
    """Replace a function by one around it, until the session ends."""
    itself = getattr(owner, name)
    setattr(owner, name, around(itself))
    _undo.append(lambda: setattr(owner, name, itself))
