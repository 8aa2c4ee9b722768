"""Signatures, by published vectors and by an independent checker."""

import base64
import hashlib
import hmac
import sys
from urllib.parse import parse_qsl, unquote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.binance import Credentials
from surefill.adapters.binance.secret import Secret
from surefill.adapters.binance.signing import HmacSigner, encoded, signed, signer_of
from surefill.domain.errors import ConfigurationError
from tests.binance.accounts import shown
from tests.canaries import API_KEY, API_SECRET

EXAMPLE_SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"  # noqa: S105 - published, worthless

VECTORS = [
    (  # published: Binance docs, General Info, signed endpoints
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943",
        "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
    ),
    (  # the same in another order: the order matters
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943",
        "ec11dcc17e67e47f0d3c3f513dfe9062307e37619c5c82ebaa8fe0bdf3d59519",
    ),
    ("timestamp=1591702613943", "84901bbeed96ffa9adf9995c40fcadcb0a9ddad37c2605ce82491f2c771077a6"),
    (
        "symbol=%E6%B5%8B%E8%AF%95USDT&side=BUY&type=MARKET&quantity=1&timestamp=1591702613943",
        "221eaf10288183d886183225a23c799512ab6f0aa6bc7459433340b57ed7566a",
    ),
    (
        (
            "batchOrders=%5B%7B%22symbol%22%3A%22BTCUSDT%22%2C%22side%22%3A%22BUY%22%2C%22type%22%3A%22MARKET%22%2C%22"
            "quantity%22%3A%220.001%22%7D%5D&timestamp=1591702613943"
        ),
        "77089caf3441c36ba588ad5b1a2b3a8590a2c80620d459fc31625428ebd0a256",
    ),
    (
        (
            "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=STOP_MARKET&triggerPrice=9000&closePosition=true"
            "&workingType=MARK_PRICE&clientAlgoId=sl-0001&recvWindow=5000&timestamp=1591702613943"
        ),
        "3177e0ff49e21078ec20fcff69b17fcccfd50d53ca7a9f7218280e4942834ef3",
    ),
    (
        (
            "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&reduceOnly=true&newClientOrderId=a.b%3Ac%2Fd_e-1"
            "&newOrderRespType=RESULT&recvWindow=5000&timestamp=1591702613943"
        ),
        "f413a1e7d16747103c028ba9355f717673fe579a5cdf1a2f0563c1adf7235c9e",
    ),
]


@pytest.mark.parametrize(("payload", "signature"), VECTORS)
def test_the_vectors_hold(payload: str, signature: str) -> None:
    """From the parameters as texts: the payload is encoded to the very bytes of the vector, and signed to its value."""
    params = dict(parse_qsl(payload, strict_parsing=True))

    assert signed(params, HmacSigner(Secret(EXAMPLE_SECRET))) == (f"{payload}&signature={signature}", signature)


def test_query_and_body_joined_without_a_sign_between() -> None:
    """The mixed vector: what the exchange concatenates is what is signed."""
    payload = (
        b"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC" + b"quantity=1&price=9000"
        b"&recvWindow=5000&timestamp=1591702613943"
    )
    expected = "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4"

    assert HmacSigner(Secret(EXAMPLE_SECRET)).signature(payload) == expected


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_any_parameters_are_signed_as_sent(params: dict[str, str]) -> None:
    """Whatever the texts, whoever parses the query and signs its bytes again comes to the same."""
    if "signature" in params:
        return
    text, _ = signed(params, HmacSigner(Secret(API_SECRET)))
    payload, _, signature = text.rpartition("&signature=")

    assert parse_qsl(payload, keep_blank_values=True, strict_parsing=True) == list(params.items())
    assert hmac.new(API_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest() == signature
    assert text.isascii()
    assert not set(text) & set(" \r\n+")


@given(st.text())
def test_what_needs_no_encoding_is_left_alone(value: str) -> None:
    """The quick way for ordinary values and the general way agree: each keeps letters, digits and ``-._~`` only."""
    text = encoded({"name": value})

    assert unquote(text.removeprefix("name="), errors="strict") == value


def test_half_a_character_is_refused() -> None:
    """A lone surrogate is no Unicode and cannot be sent."""
    with pytest.raises(ValueError, match="surrogates"):
        encoded({"symbol": "\ud800"})


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> str:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def test_rsa_and_ed25519_verify() -> None:
    """Both kinds of private key sign what their public key verifies; base64 goes percent-encoded, padding and all."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    edwards_key = ed25519.Ed25519PrivateKey.generate()
    params = {"symbol": "测试USDT", "timestamp": "1591702613943"}
    payload = encoded(params).encode()

    text, signature = signed(params, signer_of(Secret(pem(rsa_key))))
    assert text == f"{payload.decode()}&signature={signature}"
    assert not set(signature) & set("+/=")
    rsa_key.public_key().verify(base64.b64decode(unquote(signature)), payload, padding.PKCS1v15(), hashes.SHA256())

    _, signature = signed(params, signer_of(Secret("\n" + pem(edwards_key))))
    edwards_key.public_key().verify(base64.b64decode(unquote(signature)), payload)


def test_a_private_key_is_a_secret_of_several_lines() -> None:
    """Credentials take a PEM text with its line breaks."""
    key = Credentials.of(API_KEY, pem(ed25519.Ed25519PrivateKey.generate()))

    assert len(unquote(key.signer.signature(b"x"))) == 88
    assert "hidden" in repr(key.signer)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(ed25519.Ed25519PrivateKey.generate(), b"password"),
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----",
    ],
)
def test_other_keys_are_refused(text: str) -> None:
    """A cut key, another kind, an encrypted one and a public one are refused without being shown."""
    with pytest.raises(ConfigurationError, match="unencrypted RSA or Ed25519") as caught:
        signer_of(Secret(text))
    assert text.split("\n")[1] not in shown(caught.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is looked for only when such a key is used."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'surefill\[rsa\]'"):
        signer_of(Secret("-----BEGIN PRIVATE KEY-----"))
    assert signer_of(Secret(API_SECRET)).signature(b"x")
