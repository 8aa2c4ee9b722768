"""Where keys come from, and that nothing shows them."""

import copy
import json
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from surefill.adapters.binance import BinanceFutures, Credentials, Environment
from surefill.adapters.binance.secret import Secret
from surefill.adapters.binance.signing import HmacSigner
from surefill.domain.errors import ConfigurationError
from tests.binance.accounts import shown
from tests.canaries import API_KEY, API_SECRET

PAYLOAD = b"timestamp=1"


def key_file(folder: Path, content: object, mode: int = 0o600) -> Path:
    path = folder / "key.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "thing",
    [
        Secret(API_SECRET),
        HmacSigner(Secret(API_SECRET)),
        Credentials.of(API_KEY, API_SECRET),
        BinanceFutures(API_KEY, API_SECRET, environ={}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_holds_a_secret_does_not_show_it(thing: object) -> None:
    """Neither repr nor str nor format nor vars show it; copying and pickling are refused."""
    texts = [repr(thing), str(thing), f"{thing}", f"{thing!r}", f"{[thing]}", str(getattr(thing, "__dict__", ""))]
    assert not any(secret in text for text in texts for secret in (API_KEY, API_SECRET))
    refused: list[Callable[[object], object]] = [copy.copy, copy.deepcopy, pickle.dumps]
    for way in refused:
        with pytest.raises(TypeError, match="neither copied nor pickled") as caught:
            way(thing)
        assert API_SECRET not in shown(caught.value)


def test_attrs_does_not_show_a_secret() -> None:
    """Turning credentials into a dictionary shows hidden texts, and two equal keys are not comparable."""
    key = Credentials.of(API_KEY, API_SECRET)

    assert API_KEY not in str(attrs.asdict(key, recurse=False))
    assert key != Credentials.of(API_KEY, API_SECRET)
    assert Secret("a") != Secret("a")
    assert Secret.of(Secret("a")).reveal() == "a"


@pytest.mark.parametrize("bad", ["", "with blank", "with\nline", "ünïcode", "x" * 9000, 7, None, b"bytes"])
def test_unusable_keys_are_refused_unseen(bad: object) -> None:
    """The error says what is wrong with a key or secret; neither it nor our frames show either."""
    for key, secret in ((bad, API_SECRET), (API_KEY, bad)):
        with pytest.raises(ConfigurationError, match=r"the API (key|secret): must") as caught:
            Credentials.of(key, secret)  # type: ignore[arg-type]  # the point of the test
        assert API_KEY not in shown(caught.value)
        assert API_SECRET not in shown(caught.value)
        assert "with\nline" not in "".join(traceback.format_exception(caught.value))


def test_a_mark_is_one_of_three() -> None:
    """A misspelt environment is an error, not a key without a mark."""
    with pytest.raises(ConfigurationError, match="testnet, live, local, was 'LIVE'"):
        Credentials.of(API_KEY, API_SECRET, "LIVE")


def test_a_key_file_is_read(tmp_path: Path) -> None:
    """Key, secret and mark come from a private file; the mark may be left out."""
    path = key_file(tmp_path, {"api_key": API_KEY, "api_secret": API_SECRET, "environment": "testnet"})
    key = Credentials.from_file(path)
    plain = Credentials.from_file(key_file(tmp_path, {"api_key": API_KEY, "api_secret": API_SECRET}))

    assert (key.api_key.reveal(), key.mark, plain.mark) == (API_KEY, "testnet", None)
    assert key.signer.signature(PAYLOAD) == Credentials.of(API_KEY, API_SECRET).signer.signature(PAYLOAD)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o602, 0o610])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """Any right of group or world is too much; the error says how to mend it."""
    path = key_file(tmp_path, {"api_key": API_KEY, "api_secret": API_SECRET}, mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Credentials.from_file(path)


def test_a_key_file_is_no_link_no_folder_and_there(tmp_path: Path) -> None:
    """A symbolic link, a folder, a pipe and nothing at all are refused, and nothing blocks."""
    real = key_file(tmp_path, {"api_key": API_KEY, "api_secret": API_SECRET})
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(real)
    os.mkfifo(pipe, 0o600)
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)

    for path, reason in ((link, "link"), (tmp_path / "none", "No such file"), (pipe, "plain"), (folder, "plain")):
        with pytest.raises(ConfigurationError, match=reason):
            Credentials.from_file(path)


def test_a_key_file_belongs_to_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another user could be changed by that user."""
    path = key_file(tmp_path, {"api_key": API_KEY, "api_secret": API_SECRET})
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="belong to the user"):
        Credentials.from_file(path)


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        [],
        {"api_key": API_KEY},
        {"api_key": API_KEY, "api_secret": API_SECRET, "mark": "live"},
        {"api_key": API_KEY, "api_secret": 7},
        "{" + " " * 20_000,
        "[" * 4_000,
    ],
)
def test_a_key_file_is_one_object_of_texts(tmp_path: Path, content: object) -> None:
    """Anything else is refused, without showing what is in it."""
    with pytest.raises(ConfigurationError, match="one JSON object") as caught:
        Credentials.from_file(key_file(tmp_path, content))
    assert API_KEY not in shown(caught.value)


def test_the_variables_name_a_key(tmp_path: Path) -> None:
    """A file comes before key and secret; half a key is an error; no key is no error."""
    path = key_file(tmp_path, {"api_key": "of-the-file", "api_secret": API_SECRET, "environment": "local"})
    both = {"BINANCE_API_KEY": API_KEY, "BINANCE_API_SECRET": API_SECRET}

    assert Credentials.from_environ({}) is None
    found = Credentials.from_environ({**both, "SUREFILL_KEY_ENVIRONMENT": "testnet"})
    assert found is not None
    assert (found.api_key.reveal(), found.mark) == (API_KEY, "testnet")
    filed = Credentials.from_environ({**both, "SUREFILL_KEY_FILE": str(path)})
    assert filed is not None
    assert (filed.api_key.reveal(), filed.mark) == ("of-the-file", "local")
    with pytest.raises(ConfigurationError, match="only BINANCE_API_SECRET is set") as caught:
        Credentials.from_environ({"BINANCE_API_SECRET": API_SECRET})
    assert API_SECRET not in str(caught.value)


def test_half_a_key_is_refused_by_the_exchange() -> None:
    """A key without its secret is a mistake, and the error shows neither."""
    with pytest.raises(ConfigurationError, match="belong together") as caught:
        BinanceFutures(API_KEY, environ={})
    assert API_KEY not in shown(caught.value)


def test_a_mark_given_as_argument_marks_the_key_of_the_variables() -> None:
    """It marks one without a mark, agrees with its own, and cannot overrule another."""
    both = {"BINANCE_API_KEY": API_KEY, "BINANCE_API_SECRET": API_SECRET}
    local = Environment.local("http://127.0.0.1:1")

    BinanceFutures(environment=local, key_environment="local", environ=both)
    BinanceFutures(environment=local, key_environment="local", environ={**both, "SUREFILL_KEY_ENVIRONMENT": "local"})
    with pytest.raises(ConfigurationError, match="marked live, but key_environment was 'local'"):
        BinanceFutures(environment=local, key_environment="local", environ={**both, "SUREFILL_KEY_ENVIRONMENT": "live"})
