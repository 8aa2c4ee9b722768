"""Client order ids, for any namespace and signal."""

import re

from hypothesis import given
from hypothesis import strategies as st

from surefill.domain.ids import ATTEMPT_MAX, STEM_LENGTH, Leg, OurId, client_id, namespace_tag, parse_ours, stem
from tests.strategies import names

_ACCEPTED = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")  # Binance docs: New Order
_ATTEMPTS = st.integers(1, ATTEMPT_MAX)


@given(names(), names(), st.sampled_from(Leg), _ATTEMPTS)
def test_every_id_is_accepted_by_the_exchange(namespace: str, signal_id: str, leg: Leg, attempt: int) -> None:
    """Whatever the namespace and the signal are called, the id has the exchange's alphabet and length."""
    assert _ACCEPTED.fullmatch(client_id(namespace, signal_id, leg, attempt))


@given(names(), names(), st.sampled_from(Leg), _ATTEMPTS)
def test_an_id_is_read_back(namespace: str, signal_id: str, leg: Leg, attempt: int) -> None:
    """Parsing an id gives what it was made of, and all legs of a signal share the stem."""
    text = client_id(namespace, signal_id, leg, attempt)

    assert parse_ours(text, namespace) == OurId(stem(namespace, signal_id), leg, attempt)
    assert text[:STEM_LENGTH] == stem(namespace, signal_id)


@given(names(), names(), names(), st.sampled_from(Leg))
def test_another_namespace_does_not_claim_it(namespace: str, other: str, signal_id: str, leg: Leg) -> None:
    """An id belongs to the namespaces with its four characters, and to no others."""
    claimed = parse_ours(client_id(namespace, signal_id, leg, 1), other) is not None

    assert claimed == (namespace_tag(namespace) == namespace_tag(other))


@given(st.lists(st.tuples(names(), names()), min_size=2, max_size=20, unique=True))
def test_signals_have_their_own_stems(pairs: list[tuple[str, str]]) -> None:
    """Different signals, or equal ones in different namespaces, never share a stem."""
    assert len({stem(namespace, signal_id) for namespace, signal_id in pairs}) == len(pairs)


@given(st.text(max_size=40), names())
def test_parsing_never_fails(text: str, namespace: str) -> None:
    """Any text is either ours or not: parsing raises nothing."""
    parsed = parse_ours(text, namespace)

    assert parsed is None or text.startswith(parsed.stem)
