"""Environment variables are read strictly, in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from surefill.domain.errors import ConfigurationError
from surefill.settings import Settings
from tests.canaries import API_KEY, API_SECRET

KEYS = {"BINANCE_API_KEY": API_KEY, "BINANCE_API_SECRET": API_SECRET}


def test_nothing_set_is_the_test_exchange() -> None:
    """Without any variable it is Binance's test exchange, with documented defaults."""
    assert Settings.from_env({}) == Settings(
        environment="testnet",
        url=None,
        keys_given=False,
        key_environment=None,
        live_confirmed=False,
        namespace="default",
        state_dir=Path("var/surefill/testnet"),
        audit_dir=None,
        warning_percent=80,
        hard_percent=90,
        cache_hours=24,
    )


def test_every_variable_is_read() -> None:
    """Each variable reaches the field that is named after it."""
    environ = {
        **KEYS,
        "AUDIT_LOG_DIR": "elsewhere/audit",
        "RATE_LIMIT_WARNING_THRESHOLD": "0.5",
        "RATE_LIMIT_HARD_THRESHOLD": "0.75",
        "EXCHANGE_INFO_CACHE_HOURS": "1",
        "SUREFILL_ENVIRONMENT": "live",
        "SUREFILL_KEY_ENVIRONMENT": "live",
        "SUREFILL_LIVE": "I-UNDERSTAND",
        "SUREFILL_NAMESPACE": "bot-7",
        "SUREFILL_STATE_DIR": "elsewhere/state",
    }

    assert Settings.from_env(environ) == Settings(
        environment="live",
        keys_given=True,
        key_environment="live",
        live_confirmed=True,
        namespace="bot-7",
        state_dir=Path("elsewhere/state"),
        audit_dir=Path("elsewhere/audit"),
        warning_percent=50,
        hard_percent=75,
        cache_hours=1,
    )


def test_what_is_empty_is_not_set() -> None:
    """A variable that is set to nothing counts as left out, as in any shell script."""
    names = (
        "BINANCE_API_KEY BINANCE_API_SECRET AUDIT_LOG_DIR RATE_LIMIT_WARNING_THRESHOLD RATE_LIMIT_HARD_THRESHOLD "
        "EXCHANGE_INFO_CACHE_HOURS SUREFILL_ENVIRONMENT SUREFILL_KEY_ENVIRONMENT SUREFILL_KEY_FILE SUREFILL_LIVE "
        "SUREFILL_NAMESPACE SUREFILL_STATE_DIR"
    )

    assert Settings.from_env(dict.fromkeys(names.split(), "")) == Settings()


def test_each_environment_has_a_state_directory_of_its_own() -> None:
    """Unless a folder is named, journals of two environments never meet."""
    folders = {
        Settings.from_env({"SUREFILL_ENVIRONMENT": name}).state_dir for name in ("testnet", "live", "http://[::1]:1")
    }

    assert folders == {Path("var/surefill/testnet"), Path("var/surefill/live"), Path("var/surefill/local")}


def test_a_url_is_a_local_exchange() -> None:
    """An address names an exchange on this machine."""
    settings = Settings.from_env({"SUREFILL_ENVIRONMENT": "http://127.0.0.1:8080"})

    assert (settings.environment, settings.url) == ("local", "http://127.0.0.1:8080")


def test_a_key_file_is_a_key() -> None:
    """A file that is named stands for key and secret."""
    assert Settings.from_env({"SUREFILL_KEY_FILE": "key.json"}).keys_given


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("SUREFILL_ENVIRONMENT", "LIVE", "write testnet, live, or the address"),
        ("SUREFILL_ENVIRONMENT", "production", "write testnet, live, or the address"),
        ("SUREFILL_ENVIRONMENT", "http://user:canary@127.0.0.1", "write testnet, live, or the address"),
        ("SUREFILL_ENVIRONMENT", "http://127.0.0.1/path", "write testnet, live, or the address"),
        ("SUREFILL_KEY_ENVIRONMENT", "prod", "write testnet, live or local, was 'prod'"),
        ("SUREFILL_LIVE", "yes", "write I-UNDERSTAND"),
        ("SUREFILL_LIVE", "i-understand", "write I-UNDERSTAND"),
        ("SUREFILL_NAMESPACE", " bot", "printable, without blanks"),
        ("SUREFILL_NAMESPACE", "b" * 257, "1 to 256 characters"),
        ("SUREFILL_STATE_DIR", "  ", "write the path of a folder"),
        ("AUDIT_LOG_DIR", "a\0b", "write the path of a folder"),
        ("RATE_LIMIT_WARNING_THRESHOLD", "80%", "such as 0.8, was '80%'"),
        ("RATE_LIMIT_WARNING_THRESHOLD", "80", "such as 0.8, was 80"),
        ("RATE_LIMIT_HARD_THRESHOLD", "0.905", "at most two decimals, such as 0.8, was 0.905"),
        ("RATE_LIMIT_HARD_THRESHOLD", "1.01", "was 1.01"),
        ("RATE_LIMIT_HARD_THRESHOLD", "0", "was 0"),
        ("RATE_LIMIT_HARD_THRESHOLD", "-0.5", "was -0.5"),
        ("RATE_LIMIT_HARD_THRESHOLD", "nan", "was 'nan'"),
        ("RATE_LIMIT_WARNING_THRESHOLD", "0.91", "must not be above RATE_LIMIT_HARD_THRESHOLD, was 91 % above 90 %"),
        ("EXCHANGE_INFO_CACHE_HOURS", "0", "whole hours from 1 to 168, such as 24, was '0'"),
        ("EXCHANGE_INFO_CACHE_HOURS", "169", "whole hours"),
        ("EXCHANGE_INFO_CACHE_HOURS", "1.5", "whole hours"),
        ("EXCHANGE_INFO_CACHE_HOURS", "-1", "whole hours"),
        ("EXCHANGE_INFO_CACHE_HOURS", "٢", "whole hours"),
        ("EXCHANGE_INFO_CACHE_HOURS", "99999", "whole hours"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str, advice: str) -> None:
    """The error names the variable and says what to write; a password in an address is not repeated."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({name: value})

    assert str(caught.value).startswith(name)
    assert advice in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("given", list(KEYS))
def test_half_a_key_is_refused(given: str) -> None:
    """Key and secret belong together; the error names the missing one, and repeats neither."""
    (missing,) = set(KEYS) - {given}

    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({given: KEYS[given]})

    assert str(caught.value) == f"{missing}: set it, too: {given} is of no use without it"


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [("SUREFILL_ENVIROMENT", "SUREFILL_ENVIRONMENT"), ("SUREFILL_KEYFILE", "SUREFILL_KEY_FILE")],
)
def test_a_misspelt_variable_is_refused(misspelt: str, meant: str) -> None:
    """A misspelt name would silently trade elsewhere than was meant."""
    with pytest.raises(ConfigurationError, match=f"{misspelt}: there is no such variable; did you mean {meant}"):
        Settings.from_env({misspelt: "live"})


def test_what_is_not_ours_is_left_alone() -> None:
    """Variables of others, with our prefix or without, are none of our business."""
    assert Settings.from_env({"SUREFILL_RECORDED": "x", "SUREFILL_EXAMPLES": "7", "PATH": "/bin"}) == Settings()


def test_settings_show_no_secret() -> None:
    """No key is in the settings, hence none in their repr."""
    assert "canary" not in repr(Settings.from_env(KEYS))
