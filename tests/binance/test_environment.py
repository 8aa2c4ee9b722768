"""Where requests may go, and what trading with real money needs."""

import attrs
import pytest

from surefill.adapters.binance import BinanceFutures, Credentials, Environment
from surefill.domain.errors import ConfigurationError
from tests.binance.accounts import shown
from tests.canaries import API_KEY, API_SECRET


def test_the_hosts_are_binances_own() -> None:
    """The test exchange is today's demo host; both are encrypted and on the standard port."""
    assert Environment.TESTNET.base_url == "https://demo-fapi.binance.com"
    assert Environment.LIVE.base_url == "https://fapi.binance.com"
    assert [(one.secure, one.port) for one in (Environment.TESTNET, Environment.LIVE)] == [(True, 443)] * 2


@pytest.mark.parametrize(
    ("url", "host", "port", "secure"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1", 8080, False),
        ("http://127.0.0.1:8080/", "127.0.0.1", 8080, False),
        ("http://127.8.9.10:1", "127.8.9.10", 1, False),
        ("https://127.0.0.1", "127.0.0.1", 443, True),
        ("http://localhost", "localhost", 80, False),
        ("http://[::1]:9", "::1", 9, False),
    ],
)
def test_a_local_exchange_is_on_this_machine(url: str, host: str, port: int, secure: bool) -> None:  # noqa: FBT001
    """127.0.0.0/8, [::1] and localhost, with or without encryption."""
    environment = Environment.local(url)

    assert (environment.name, environment.host, environment.port, environment.secure) == ("local", host, port, secure)


@pytest.mark.parametrize(
    "url",
    [
        "https://fapi.binance.com",
        "http://128.0.0.1:8080",
        "http://0.0.0.0:8080",
        "http://[::]:8080",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://127.1",
        "http://2130706433",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://user:password@127.0.0.1",
        "http://127.0.0.1:8080/fapi",
        "http://127.0.0.1:8080?x=1",
        "http://127.0.0.1:8080#x",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:80\r\nX: y",
        "http://127.0.0.１",
        "ftp://127.0.0.1",
        "127.0.0.1:8080",
        "http://[::1",
        "http://",
        "",
    ],
)
def test_no_other_address_is_local(url: str) -> None:
    """Whatever could leave this machine, or hides where it leads, is refused, and not repeated in the error."""
    with pytest.raises(ConfigurationError, match="local exchange has an address like") as caught:
        Environment.local(url)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "url"),
    [("live", "https://demo-fapi.binance.com"), ("testnet", "https://fapi.binance.com"), ("paper", "x")],
)
def test_the_list_is_closed(name: str, url: str) -> None:
    """No environment can be made up, and none can be given another's host."""
    with pytest.raises(ConfigurationError, match="there are no others"):
        Environment(name, url)
    with pytest.raises(ConfigurationError):
        attrs.evolve(Environment.LIVE, base_url="https://example.com")


MARK, WORD, KEY = "a key marked live", "your word", "a key (BINANCE_API_KEY"


@pytest.mark.parametrize(
    ("arguments", "environ", "missing"),
    [
        ({}, {}, [KEY, MARK, WORD]),
        ({"live": "I-UNDERSTAND"}, {}, [KEY, MARK]),
        ({"api_key": API_KEY, "api_secret": API_SECRET}, {}, [MARK, WORD]),
        ({"api_key": API_KEY, "api_secret": API_SECRET, "key_environment": "live"}, {}, [WORD]),
        ({"api_key": API_KEY, "api_secret": API_SECRET}, {"SUREFILL_LIVE": "I-UNDERSTAND"}, [MARK]),
        ({"api_key": API_KEY, "api_secret": API_SECRET, "live": "yes"}, {"SUREFILL_KEY_ENVIRONMENT": "live"}, [WORD]),
        (
            {"api_key": API_KEY, "api_secret": API_SECRET, "key_environment": "testnet", "live": "I-UNDERSTAND"},
            {},
            [MARK],
        ),
        ({}, {"BINANCE_API_KEY": API_KEY, "BINANCE_API_SECRET": API_SECRET, "SUREFILL_LIVE": "1"}, [MARK, WORD]),
    ],
)
def test_real_money_needs_three_things_at_once(
    arguments: dict[str, str], environ: dict[str, str], missing: list[str]
) -> None:
    """Without one of them there is no live exchange, and the error says which, by name."""
    with pytest.raises(ConfigurationError, match="real money") as caught:
        BinanceFutures(environment=Environment.LIVE, environ=environ, **arguments)  # type: ignore[arg-type]  # by name

    assert [each for each in (KEY, MARK, WORD) if each in str(caught.value)] == missing
    assert API_SECRET not in shown(caught.value)
    assert API_KEY not in shown(caught.value)


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        ({"api_key": API_KEY, "api_secret": API_SECRET, "key_environment": "live", "live": "I-UNDERSTAND"}, {}),
        (
            {},
            {
                "BINANCE_API_KEY": API_KEY,
                "BINANCE_API_SECRET": API_SECRET,
                "SUREFILL_KEY_ENVIRONMENT": "live",
                "SUREFILL_LIVE": "I-UNDERSTAND",
            },
        ),
    ],
)
def test_with_all_three_it_is_live(arguments: dict[str, str], environ: dict[str, str]) -> None:
    """By arguments or by variables; nothing is sent yet."""
    with BinanceFutures(environment=Environment.LIVE, environ=environ, **arguments) as exchange:  # type: ignore[arg-type]  # by name
        assert exchange.environment == "live"


@pytest.mark.parametrize(
    ("mark", "environment", "accepted"),
    [
        (None, Environment.TESTNET, True),
        (None, Environment.local("http://127.0.0.1:1"), True),
        (None, Environment.LIVE, False),
        ("testnet", Environment.TESTNET, True),
        ("testnet", Environment.LIVE, False),
        ("testnet", Environment.local("http://127.0.0.1:1"), False),
        ("live", Environment.LIVE, True),
        ("live", Environment.TESTNET, False),
        ("live", Environment.local("http://127.0.0.1:1"), False),
        ("local", Environment.local("http://127.0.0.1:1"), True),
        ("local", Environment.TESTNET, False),
    ],
)
def test_a_key_goes_only_where_it_belongs(
    mark: str | None,
    environment: Environment,
    accepted: bool,  # noqa: FBT001
) -> None:
    """A marked key is refused at another's host before any request; one without a mark is never live."""
    key = Credentials.of(API_KEY, API_SECRET, mark)
    if accepted:
        key.check(environment)
        return
    with pytest.raises(ConfigurationError, match="not sent there"):
        key.check(environment)
    with pytest.raises(ConfigurationError):
        BinanceFutures(credentials=key, environment=environment, live="I-UNDERSTAND", environ={})
