"""From bytes to an answer: any bytes at all."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.binance.answer import answer_of
from surefill.adapters.wire.call import AnswerLostError, WireAnswer
from surefill.adapters.wire.classify import classify
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from tests.wire_script import market_request

SIZE_MAX = 4096
bodies = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([b"{}", b"[]", b"null", b'{"code":-2019,"msg":"x"}', b"Service Unavailable.", b"[" * 5000]),
    st.binary(max_size=50).map(gzip.compress),
)
header_values = st.sampled_from(["gzip", "identity", "br", "GZIP", "gzip, gzip", "", "7", "application/json"])
header_names = st.sampled_from(["content-encoding", "retry-after", "x-mbx-used-weight-1m", "server"])


@given(st.integers(0, 999), st.lists(st.tuples(header_names, header_values), max_size=4), bodies, st.booleans())
def test_any_answer_is_a_result_and_a_reply(
    status: int,
    headers: list[tuple[str, str]],
    data: bytes,
    large: bool,  # noqa: FBT001
) -> None:
    """Whatever comes, it is an answer or a lost one, never an exception, and an order is never ACCEPTED by accident."""
    result = answer_of(status, headers, data, size_max=SIZE_MAX, large=large)

    if isinstance(result, AnswerLostError):
        assert not 300 <= status <= 599
        return
    assert 200 <= status <= 599
    reply = classify(result.status, result.body, market_request())
    assert isinstance(reply, Reply)
    assert reply.kind is not ReplyKind.ACCEPTED


def test_headers_that_matter_are_kept() -> None:
    """Limits and pauses; nothing else."""
    headers = [("x-mbx-used-weight-1m", "7"), ("retry-after", "3"), ("set-cookie", "a=b"), ("server", "x")]

    result = answer_of(200, headers, b"{}", size_max=SIZE_MAX)

    assert result == WireAnswer(200, {}, {"x-mbx-used-weight-1m": "7", "retry-after": "3"})


def test_gzip_is_unpacked_within_bounds() -> None:
    """A body may be packed; one that unpacks to more than allowed, is cut, damaged or followed by more, is none."""
    packed = gzip.compress(b'{"a": 1}')
    bomb = gzip.compress(b"[" + b" " * 10_000_000 + b"]")
    encoding = [("content-encoding", "gzip")]

    assert answer_of(200, encoding, packed, size_max=SIZE_MAX) == WireAnswer(200, {"a": 1}, {})
    for bad, why in (
        (packed[:-4], "no proper end"),
        (packed + b"x", "no proper end"),
        (b"no gzip", "no gzip"),
        (bomb, "too large"),
        (b"x" * (SIZE_MAX + 1), "too large"),
    ):
        lost = answer_of(200, encoding, bad, size_max=len(bomb) if bad is bomb else SIZE_MAX)
        assert isinstance(lost, AnswerLostError)
        assert why in str(lost)
    strange = answer_of(200, [("content-encoding", "br")], b"{}", size_max=SIZE_MAX)
    assert "did not ask for" in str(strange)


@pytest.mark.parametrize("status", [0, 100, 101, 103, 199, 600, 999])
def test_only_a_final_status_is_an_answer(status: int) -> None:
    """1xx and numbers that are no status leave the request without an answer."""
    assert isinstance(answer_of(status, [], b"{}", size_max=SIZE_MAX), AnswerLostError)


@pytest.mark.parametrize(
    ("data", "kind", "refusal"),
    [
        (b"Service Unavailable.", ReplyKind.RETRYABLE, Refusal.OVERLOADED),
        (b" Service Unavailable.\r\n", ReplyKind.RETRYABLE, Refusal.OVERLOADED),
        (b'{"code":-1000,"msg":"Service Unavailable."}', ReplyKind.RETRYABLE, Refusal.OVERLOADED),
        (b"Service Unavailable", ReplyKind.UNKNOWN, None),
        (b"<h1>Service Unavailable.</h1>", ReplyKind.UNKNOWN, None),
        (b"Unknown error, please check your request or try again later.", ReplyKind.UNKNOWN, None),
    ],
)
def test_a_503_means_what_its_exact_text_says(data: bytes, kind: ReplyKind, refusal: Refusal | None) -> None:
    """Also when it is a plain text: only the one that excludes an execution is a refusal."""
    result = answer_of(503, [], data, size_max=SIZE_MAX)

    assert isinstance(result, WireAnswer)
    reply = classify(result.status, result.body, market_request())
    assert (reply.kind, reply.refusal) == (kind, refusal)


def test_nothing_of_an_error_page_is_kept() -> None:
    """It may repeat the request, signature and all."""
    result = answer_of(502, [], b"<html>GET /?signature=abc failed</html>", size_max=SIZE_MAX)

    assert result == WireAnswer(502, None, {})
