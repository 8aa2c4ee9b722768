"""Whom the environment variables name, and what may be shown of the key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from surefill.adapters.binance import Credentials
from surefill.doctor import admitted, key_hint
from surefill.domain.errors import ConfigurationError
from tests.canaries import API_KEY, API_SECRET, HINT

KEYS = {"BINANCE_API_KEY": API_KEY, "BINANCE_API_SECRET": API_SECRET}


def test_keys_in_the_variables_are_taken() -> None:
    """The patient has an exchange on the test host, and shows the key's last four characters only."""
    with admitted(KEYS) as patient:
        assert patient.exchange is not None
        assert (patient.environment, patient.host) == ("testnet", "https://demo-fapi.binance.com")
        assert (patient.key, patient.key_environment) == (HINT, None)
        assert API_KEY not in repr(patient)


def test_a_key_file_is_taken(tmp_path: Path) -> None:
    """A private file names the key and what it is marked for."""
    path = tmp_path / "key.json"
    path.write_text(
        json.dumps({"api_key": API_KEY, "api_secret": API_SECRET, "environment": "testnet"}), encoding="utf-8"
    )
    path.chmod(0o600)

    with admitted({"SUREFILL_KEY_FILE": str(path)}) as patient:
        assert (patient.key, patient.key_environment) == (HINT, "testnet")


def test_without_a_key_there_is_a_patient() -> None:
    """Markets can be read without a key."""
    with admitted({}) as patient:
        assert patient.exchange is not None
        assert patient.key is None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SUREFILL_ENVIRONMENT": "live"}, "SUREFILL_LIVE=I-UNDERSTAND"),
        ({**KEYS, "SUREFILL_ENVIRONMENT": "live", "SUREFILL_LIVE": "I-UNDERSTAND"}, "SUREFILL_KEY_ENVIRONMENT=live"),
        ({**KEYS, "SUREFILL_KEY_ENVIRONMENT": "live"}, "marked live"),
        ({"SUREFILL_KEY_FILE": "/nowhere/key.json"}, "cannot be opened"),
    ],
)
def test_what_does_not_fit_is_a_patient_without_an_exchange(environ: dict[str, str], words: str) -> None:
    """A key that does not fit to the environment is no exception but something to tell, without the key."""
    with admitted(environ) as patient:
        assert patient.exchange is None
        assert words in patient.failure
        assert API_KEY not in patient.failure


def test_variables_that_are_wrong_in_themselves_are_refused() -> None:
    """Nobody can be taken in under a name that does not exist."""
    with pytest.raises(ConfigurationError, match="SUREFILL_ENVIRONMENT"), admitted({"SUREFILL_ENVIRONMENT": "moon"}):
        pytest.fail("nobody was to be admitted")


def test_a_short_key_is_not_shown_at_all() -> None:
    """Four characters of a short key would be too much of it."""
    assert key_hint(Credentials.of("sim-testing", API_SECRET)) == "(too short to show)"
