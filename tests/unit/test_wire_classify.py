"""What an answer to a sent order lets us conclude, row by row of the reliability standard."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from surefill.adapters.wire.classify import classify
from surefill.adapters.wire.codes import AUTHENTICATION_CODES, CODES
from surefill.domain.order import OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from tests.wire_script import algo_row, market_request, order_row, stop_request

REJECTED, RETRYABLE, EXISTS, UNKNOWN = ReplyKind.REJECTED, ReplyKind.RETRYABLE, ReplyKind.EXISTS, ReplyKind.UNKNOWN

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
mangled_rows = st.builds(
    lambda row, name, value: {**row, name: value},
    st.sampled_from([order_row(), algo_row()]),
    st.sampled_from(sorted({*order_row(), *algo_row()})),
    json_values,
)


def answered(status: int, code: object = None, text: object = "") -> Reply:
    return classify(status, {"code": code, "msg": text}, market_request())


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "refusal"),
    [
        (400, -1021, "Timestamp for this request is outside of the recvWindow.", RETRYABLE, Refusal.CLOCK),
        (400, -5028, "", RETRYABLE, Refusal.CLOCK),
        (429, -1003, "Too many requests", RETRYABLE, Refusal.RATE_LIMITED),
        (429, -1015, "", RETRYABLE, Refusal.RATE_LIMITED),
        (400, -1015, "", RETRYABLE, Refusal.RATE_LIMITED),
        (429, None, "", RETRYABLE, Refusal.RATE_LIMITED),
        (418, None, "", RETRYABLE, Refusal.BANNED),
        (418, -1003, "Way too many requests; IP banned until 1795300120000.", RETRYABLE, Refusal.BANNED),
        (429, -1003, "Way too many requests; IP banned until 1795300120000.", RETRYABLE, Refusal.BANNED),
        (403, None, "", RETRYABLE, Refusal.RATE_LIMITED),
        (403, -2015, "", REJECTED, Refusal.NOT_ALLOWED),
        (503, -1000, "Service Unavailable.", RETRYABLE, Refusal.OVERLOADED),
        (503, None, "Service Unavailable.", RETRYABLE, Refusal.OVERLOADED),
        (503, None, "Service Unavailable", UNKNOWN, None),
        (503, -1008, "Request throttled by system-level protection.", RETRYABLE, Refusal.OVERLOADED),
        (429, -1008, "", RETRYABLE, Refusal.RATE_LIMITED),
        (400, -1008, "", RETRYABLE, Refusal.OVERLOADED),
        (503, -1000, "Unknown error, please check your request or try again later.", UNKNOWN, None),
        (503, -1001, "Internal error; unable to process your request. Please try again.", UNKNOWN, None),
        (503, -2019, "Margin is insufficient.", UNKNOWN, None),
        (400, -1001, "", UNKNOWN, None),
        (400, -1000, "", UNKNOWN, None),
        (400, -1006, "", UNKNOWN, None),
        (400, -1007, "", UNKNOWN, None),
        (400, -1016, "", UNKNOWN, None),
        (408, -2019, "", UNKNOWN, None),
        (500, -2019, "", UNKNOWN, None),
        (502, None, "", UNKNOWN, None),
        (504, None, "", UNKNOWN, None),
        (302, None, "", UNKNOWN, None),
        (100, -2019, "", UNKNOWN, None),
        (404, None, "", UNKNOWN, None),
        (400, -99_998, "never seen", UNKNOWN, None),
        (400, "-2019", "", UNKNOWN, None),
        (400, True, "", UNKNOWN, None),
        (400, 200, "", UNKNOWN, None),
        (400, -2013, "", UNKNOWN, None),
        (400, -2011, "", UNKNOWN, None),
        (400, -4117, "", UNKNOWN, None),
        (400, -1111, "", REJECTED, Refusal.OFF_GRID),
        (400, -4014, "", REJECTED, Refusal.OFF_GRID),
        (400, -4023, "", REJECTED, Refusal.OFF_GRID),
        (400, -2010, "", REJECTED, Refusal.BAD_REQUEST),
        (401, -2014, "", REJECTED, Refusal.NOT_ALLOWED),
        (400, -2019, "Margin is insufficient.", REJECTED, Refusal.MARGIN),
        (400, -2021, "", REJECTED, Refusal.STOP_CROSSED),
        (400, -4142, "", REJECTED, Refusal.STOP_CROSSED),
        (400, -2022, "", REJECTED, Refusal.REDUCE_ONLY),
        (400, -4509, "", REJECTED, Refusal.REDUCE_ONLY),
        (400, -4045, "", REJECTED, Refusal.STOP_CAP),
        (400, -4061, "", REJECTED, Refusal.POSITION_MODE),
        (400, -1106, "Parameter 'reduceonly' sent when not required.", REJECTED, Refusal.POSITION_MODE),
        (400, -1106, "Parameter 'timeinforce' sent when not required.", REJECTED, Refusal.BAD_REQUEST),
        (400, -4120, "", REJECTED, Refusal.WRONG_ENDPOINT),
        (400, -4164, "", REJECTED, Refusal.TOO_SMALL),
        (400, -4131, "", REJECTED, Refusal.PRICE_BAND),
        (400, -1121, "", REJECTED, Refusal.UNKNOWN_SYMBOL),
        (400, -4116, "", EXISTS, Refusal.DUPLICATE_ID),
        (400, -4130, "", EXISTS, Refusal.STOP_EXISTS),
    ],
)
def test_each_refusal_is_read_from_the_list(
    status: int, code: object, text: str, kind: ReplyKind, refusal: Refusal | None
) -> None:
    """Status, code and, where it decides, text give the kind and the refusal written down for them."""
    reply = answered(status, code, text)

    assert (reply.kind, reply.refusal) == (kind, refusal)


def test_an_order_as_asked_is_accepted() -> None:
    """A 2xx answer that parses and echoes id, symbol and side is ACCEPTED, with the order."""
    reply = classify(200, order_row(), market_request())

    assert reply.kind is ReplyKind.ACCEPTED
    assert reply.order is not None
    assert (reply.order.status, reply.order.average_price) == (OrderStatus.FILLED, Decimal("64210.55"))


def test_a_conditional_order_as_asked_is_accepted() -> None:
    """The same in the algo service, whose fields have other names."""
    reply = classify(200, algo_row(), stop_request())

    assert reply.kind is ReplyKind.ACCEPTED
    assert reply.order is not None
    assert (reply.order.status, reply.order.conditional) == (OrderStatus.NEW, True)


def test_an_answer_without_average_price_is_accepted() -> None:
    """AvgPrice and cumQuote left the answers of POST order in 2026: they are optional."""
    row = order_row()
    del row["avgPrice"], row["cumQuote"]

    reply = classify(200, row, market_request())

    assert reply.kind is ReplyKind.ACCEPTED
    assert reply.order is not None
    assert reply.order.average_price is None


@pytest.mark.parametrize(
    "changes",
    [
        {"clientOrderId": "somebody-else"},
        {"symbol": "ETHUSDT"},
        {"side": "SELL"},
        {"orderId": None},
        {"orderId": "12a"},
        {"orderId": -1},
        {"orderId": 1.5},
        {"orderId": True},
        {"orderId": 10**19},
        {"status": "FOO"},
        {"executedQty": "NaN"},
        {"executedQty": "-1"},
        {"executedQty": 0.01},
        {"executedQty": None},
        {"origQty": "1e-2"},
        {"positionSide": "MIDDLE"},
        {"side": 1},
        {"reduceOnly": "maybe"},
        {"clientOrderId": "x" * 1001},
        {"avgPrice": None, "cumQuote": "9" * 40, "executedQty": "0." + "0" * 29 + "1"},
    ],
)
def test_a_success_that_is_not_ours_is_unknown(changes: dict[str, object]) -> None:
    """A 2xx answer for another id, symbol or side, or with a field that cannot be read, proves nothing."""
    assert classify(200, order_row(**changes), market_request()).kind is UNKNOWN


@pytest.mark.parametrize("body", [None, [], "", {}, [order_row()], "<html>", {"code": -2019, "msg": ""}, 7])
def test_a_success_without_an_order_is_unknown(body: object) -> None:
    """200 with anything but the order: a captive portal, an empty body, an error body."""
    assert classify(200, body, market_request()).kind is UNKNOWN


@pytest.mark.parametrize("status", [0, 100, 199, 300, 302, 307, 404, 500, 503])
def test_only_2xx_is_success(status: int) -> None:
    """The very order in the body proves nothing under another status: a redirect, say, was not answered by Binance."""
    assert classify(status, order_row(), market_request()).kind is UNKNOWN


@pytest.mark.parametrize("status", [200, 201, 299])
def test_every_2xx_is_success(status: int) -> None:
    """The exact number of a success does not matter."""
    assert classify(status, order_row(), market_request()).kind is ReplyKind.ACCEPTED


def test_the_services_are_not_confused() -> None:
    """An order of the other service is not the one that was sent."""
    assert classify(200, order_row(), stop_request()).kind is UNKNOWN
    assert classify(200, algo_row(), market_request()).kind is UNKNOWN


@given(st.integers(0, 999), json_values | mangled_rows)
@example(200, order_row(orderId=10**5000))
@example(400, {"code": 10**5000, "msg": "\ud800"})
@example(200, {"clientOrderId": float("nan")})
def test_anything_gets_a_reply(status: int, body: object) -> None:
    """No status and no JSON value makes it raise; only a 2xx that echoes our order is ACCEPTED."""
    for request in (market_request(), stop_request()):
        reply = classify(status, body, request)

        assert (reply.kind is ReplyKind.ACCEPTED) == (reply.order is not None)
        assert reply.kind is not ReplyKind.ACCEPTED or 200 <= status < 300
        assert reply.text.isprintable()
        assert len(reply.text) <= 2000


@given(st.integers(0, 999), st.integers(-99_999, -1), st.text(max_size=30))
def test_only_listed_codes_on_4xx_are_final(status: int, code: int, text: str) -> None:
    """REJECTED and EXISTS need a 4xx status other than 408 and a code of the table."""
    reply = answered(status, code, text)

    if reply.kind in (REJECTED, EXISTS):
        assert code in CODES
        assert 400 <= status < 500
        assert status != 408


def test_words_of_the_exchange_are_cut_and_made_printable() -> None:
    """A hostile message can neither break a log line nor fill a disk."""
    reply = answered(400, -2019, "bad\r\nline\x00 \u202e" + "x" * 5000)

    assert reply.text.startswith("bad??line? ?xxx")
    assert len(reply.text) == 200


def test_every_code_of_the_fact_sheet_is_in_the_table() -> None:
    """The error codes that Binance documents for this API, and those seen in the field, all have a rule."""
    documented = {
        *range(-1008, -999), -1010, -1011, *range(-1016, -1012), *range(-1023, -1019), -1099, *range(-1106, -1099),
        *range(-1112, -1107), *range(-1122, -1113), *range(-1130, -1124), -1136, *range(-2028, -2009),
        *range(-4007, -3999), *range(-4016, -4012), -4020, -4023, -4024, -4028, -4031, -4032, *range(-4055, -4044),
        *range(-4062, -4058), -4067, -4068, -4082, -4083, -4087, -4088, -4104, -4109, *range(-4118, -4114), -4120,
        -4129, -4130, -4131, *range(-4142, -4134), -4144, -4161, -4164, -4165, *range(-4172, -4166), -4183, -4184,
        -4192, *range(-4211, -4201), *range(-4403, -4399), -4509, -4531, -5021, -5022, *range(-5029, -5023),
        *range(-5041, -5036), -5043, -5047,
    }  # fmt: skip

    assert sorted(documented - set(CODES)) == []
    assert sorted(AUTHENTICATION_CODES - set(CODES)) == []
