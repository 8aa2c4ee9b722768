"""Only who signs with a key of this exchange is let in, and a real key is sent away."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.http_venue import VenueServer
from surefill.adapters.http_venue.form import read_form, signed_bytes
from surefill.adapters.http_venue.keyring import Keyring
from surefill.adapters.http_venue.message import HttpRequest
from surefill.domain.errors import ConfigurationError
from surefill.testing.http_venue_fixture import API_KEY, API_SECRET
from tests.http_venue.client import MARKET, ORDER, Client, encoded, signature

# The key pair that the documentation publishes with its examples; it opens nothing.
PUBLISHED_KEY = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
PUBLISHED_SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"  # noqa: S105 - published

LIMIT = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
DATE = "recvWindow=5000&timestamp=1591702613943"
VECTORS = [
    (
        f"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&{DATE}",
        "",
        "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
    ),
    (LIMIT, f"quantity=1&price=9000&{DATE}", "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4"),
    (
        f"{LIMIT}&quantity=1&price=9000&{DATE}",
        "",
        "ec11dcc17e67e47f0d3c3f513dfe9062307e37619c5c82ebaa8fe0bdf3d59519",
    ),
    ("timestamp=1591702613943", "", "84901bbeed96ffa9adf9995c40fcadcb0a9ddad37c2605ce82491f2c771077a6"),
    (
        "",
        "symbol=%E6%B5%8B%E8%AF%95USDT&side=BUY&type=MARKET&quantity=1&timestamp=1591702613943",
        "221eaf10288183d886183225a23c799512ab6f0aa6bc7459433340b57ed7566a",
    ),
    (
        (
            "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&reduceOnly=true&newClientOrderId=a.b%3Ac%2Fd_e-1"
            f"&newOrderRespType=RESULT&{DATE}"
        ),
        "",
        "f413a1e7d16747103c028ba9355f717673fe579a5cdf1a2f0563c1adf7235c9e",
    ),
]


def denial_of(query: str, body: str, secret: str = API_SECRET, key: str = API_KEY) -> int | None:
    request = HttpRequest("POST", ORDER, query.encode(), (("x-mbx-apikey", key),), body.encode())
    denial = Keyring({API_KEY: secret}).denial(request, read_form(request.query, request.body), signed=True)
    return None if denial is None else denial.code


@pytest.mark.parametrize(("query", "body", "signed"), VECTORS)
@pytest.mark.parametrize("upper", [False, True])
def test_published_signatures_are_accepted(query: str, body: str, signed: str, upper: bool) -> None:  # noqa: FBT001
    """The examples of the documentation are valid here, in small and in capital digits."""
    mark = f"signature={signed.upper() if upper else signed}"
    if body:
        assert denial_of(query, f"{body}&{mark}", PUBLISHED_SECRET) is None
    else:
        assert denial_of(f"{query}&{mark}", "", PUBLISHED_SECRET) is None


@pytest.mark.parametrize(("query", "body", "signed"), VECTORS)
def test_they_are_so_for_their_own_secret_only(query: str, body: str, signed: str) -> None:
    """With another secret the same request is -1022."""
    mark = f"&signature={signed}"
    assert denial_of(*((query, body + mark) if body else (query + mark, body))) == -1022


PAIRS = st.dictionaries(st.text(min_size=1).filter(lambda name: name != "signature"), st.text(), min_size=1, max_size=8)


@given(PAIRS, PAIRS, st.integers(0))
def test_a_signature_is_over_every_byte(query: dict[str, str], body: dict[str, str], where: int) -> None:
    """Whatever the parameters are, their own signature is accepted, and that of any other text is -1022."""
    query_text, body_text = encoded(query), encoded(body)
    signed = query_text + body_text
    place = where % len(signed)
    other = signed[:place] + chr((ord(signed[place]) + 1) % 128) + signed[place + 1 :]

    assert denial_of(query_text, f"{body_text}&signature={signature(signed)}") is None
    assert denial_of(query_text, f"{body_text}&signature={signature(other)}") == -1022


@pytest.mark.parametrize(
    ("query", "body", "signed"),
    [
        (b"a=1&signature=x", b"", b"a=1"),
        (b"signature=x", b"", b""),
        (b"a=1", b"signature=x", b"a=1"),
        (b"a=1", b"b=2&signature=x", b"a=1b=2"),
        (b"a=signature=&signature=x", b"", b"a=signature="),
        (b"signature=x&a=1", b"", None),
        (b"a=1&signature=x", b"b=2", None),
        (b"a=1&xsignature=x", b"", None),
        (b"", b"", None),
    ],
)
def test_what_is_signed(query: bytes, body: bytes, signed: bytes | None) -> None:
    """Query string and body without the signature, which stands last, joined by nothing."""
    assert signed_bytes(query, body) == signed


def test_a_stranger_is_refused(server: VenueServer) -> None:
    """Without a key it is -2014, with an unknown one -2015, both HTTP 401; no order is counted."""
    with Client(server, key=None) as nobody, Client(server, key="sim-other") as other:
        without, unknown = nobody.buy(), other.buy()

    assert (without.status, without.code) == (401, -2014)
    assert (unknown.status, unknown.body) == (
        401,
        {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
    )
    assert unknown.headers["X-MBX-ORDER-COUNT-10S"] == "0"
    assert [row["kind"] for row in server.ledger.rows if row["kind"] != "deposit"] == ["request", "answer"] * 2


@pytest.mark.parametrize("path", [ORDER, "/fapi/v1/time"])
def test_a_real_key_is_sent_away(server: VenueServer, path: str) -> None:
    """A key that could open a real account is refused on every path, and neither it nor what it signed is kept."""
    with Client(server, key=PUBLISHED_KEY) as astray:
        query = encoded(astray.dated(MARKET))
        answer = astray.raw("GET", f"{path}?{query}&signature={signature(query, PUBLISHED_SECRET)}")

    assert (answer.status, answer.code) == (401, -2014)
    assert "sim-" in answer.body["msg"]
    (kept,) = server.received
    assert (kept.request.path, kept.status, kept.request.query, kept.request.body) == (path, 401, b"", b"")
    assert kept.request.header("x-mbx-apikey") is None
    assert kept.request.header("host") is not None


def test_signatures_that_are_no_good(client: Client) -> None:
    """Missing is -1102, wrong, of another text or not last is -1022; nothing of it is executed."""
    query = encoded(client.dated(MARKET))
    good = signature(query)

    answers = [
        client.raw("POST", f"{ORDER}?{query}"),
        client.raw("POST", f"{ORDER}?{query}&signature="),
        client.raw("POST", f"{ORDER}?{query}&signature=é".replace("é", "%C3%A9")),
        client.raw("POST", f"{ORDER}?{query}&signature={signature(query, 'another secret')}"),
        client.raw("POST", f"{ORDER}?{query}&newClientOrderId=x&signature={good}"),
        client.raw("POST", f"{ORDER}?signature={good}&{query}"),
        client.raw("POST", f"{ORDER}?{query}&signature={good}", "newClientOrderId=x"),
    ]

    assert [answer.code for answer in answers] == [-1102, -1102, -1022, -1022, -1022, -1022, -1022]
    assert {answer.status for answer in answers} == {400}
    assert client.call("GET", "/fapi/v3/positionRisk").body == []


def test_a_name_twice_is_refused(client: Client) -> None:
    """The same name twice in one place is -1101, on public paths too, whatever the signature."""
    query = encoded(client.dated(MARKET)) + "&quantity=0.020"

    signed = client.raw("POST", f"{ORDER}?{query}&signature={signature(query)}")
    public = client.raw("GET", "/fapi/v1/ticker/price?symbol=AAAUSDT&symbol=BBBUSDT")

    assert (signed.status, signed.code) == (400, -1101)
    assert (public.status, public.code) == (400, -1101)
    assert client.call("GET", "/fapi/v3/positionRisk").body == []


@pytest.mark.parametrize("broken", ["newClientOrderId=%ZZ", "newClientOrderId=%FF", "%FF=1", "newClientOrderId=%4"])
def test_what_is_no_text_is_refused(client: Client, broken: str) -> None:
    """Broken escapes and bytes that are not UTF-8 are -1100."""
    query = encoded(client.dated(MARKET)) + "&" + broken

    answer = client.raw("POST", f"{ORDER}?{query}&signature={signature(query)}")

    assert (answer.status, answer.code) == (400, -1100)


def test_parameters_are_read_as_a_form() -> None:
    """Plus is a blank, escapes are UTF-8, a name without value is empty, empty pairs are nothing."""
    form = read_form(b"a=1+2&&b=%E6%B5%8B&c", b"a=3&d=4&signature=abc")

    assert (form.params, form.signature, form.problem) == (
        {"a": "1 2", "b": "测", "c": "", "d": "4"},
        "abc",
        None,
    )


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_read(query: bytes, body: bytes) -> None:
    """Whatever comes is parameters or a refusal, never an error."""
    form = read_form(query, body)

    assert form.problem is None or form.problem.code in (-1100, -1101)
    assert "signature" not in form.params


@pytest.mark.parametrize(
    "keys",
    [{}, {PUBLISHED_KEY: "x"}, {"sim-": "x"}, {"sim-ä": "x"}, {"SIM-a": "x"}, {"sim-" + "a" * 61: "x"}, {"sim-a": ""}],
)
def test_keys_that_could_be_real_are_refused(keys: dict[str, str]) -> None:
    """A key begins with sim-, in plain letters, and has a secret; the message does not show what might be real."""
    with pytest.raises(ConfigurationError) as caught:
        Keyring(keys)
    assert PUBLISHED_KEY not in str(caught.value)


def test_secrets_are_not_shown() -> None:
    """A keyring shows its keys only."""
    assert repr(Keyring({"sim-a": "hidden", "sim-b": "hidden"})) == "Keyring(sim-a, sim-b)"


def test_the_test_signs_as_the_documentation_does() -> None:
    """The independent signature of these tests is the published one."""
    query, _, signed = VECTORS[0]
    assert hmac.new(PUBLISHED_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest() == signed
    assert signature(query, PUBLISHED_SECRET) == signed
