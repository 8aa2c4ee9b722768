"""A state directory belongs to one environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from surefill.domain.errors import ConfigurationError
from surefill.state_stamp import NAME, StateStamp


def test_the_first_owner_names_the_environment(tmp_path: Path) -> None:
    """An unbound folder takes any environment, and keeps the one it was given."""
    stamp = StateStamp(tmp_path)

    assert stamp.read() is None
    stamp.bind("testnet")
    stamp.bind("testnet")

    assert stamp.read() == "testnet"
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("other", ["paper", "local", "live"])
def test_another_environment_is_refused(tmp_path: Path, other: str) -> None:
    """What is bound to one environment is closed to every other, and stays as it was."""
    stamp = StateStamp(tmp_path)
    stamp.bind("testnet")

    with pytest.raises(ConfigurationError, match=f"belongs to the environment testnet, and this is {other}"):
        stamp.bind(other)

    assert stamp.read() == "testnet"


@pytest.mark.parametrize("content", [b"", b"moon\n", b"\xff\xfe", b"testnet" * 100])
def test_a_stamp_nobody_can_read_refuses_everyone(tmp_path: Path, content: bytes) -> None:
    """A damaged stamp could have said anything: nobody is let in until a person mends it."""
    (tmp_path / NAME).write_bytes(content)

    with pytest.raises(ConfigurationError, match="names no environment; write one of paper, local, testnet, live"):
        StateStamp(tmp_path).check("testnet")


def test_a_stamp_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """A folder in the stamp's place is told as what it is."""
    (tmp_path / NAME).mkdir()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        StateStamp(tmp_path).read()


def test_a_stamp_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Without its stamp the folder is not used."""
    with pytest.raises(ConfigurationError, match="cannot be written"):
        StateStamp(tmp_path / "missing").bind("testnet")
