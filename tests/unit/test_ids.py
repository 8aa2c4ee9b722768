"""Client order ids: fixed for ever, told apart, and taken apart again."""

import pytest

from surefill.domain.errors import ValidationError
from surefill.domain.ids import ATTEMPT_MAX, ID_LENGTH_MAX, Leg, OurId, checked_text, client_id, parse_ours, stem

_SIGNAL = "s7:2026-11-22T10:00"
_STEMS = {"bot-7": "sf-xghnfpsp6rdpkykhybcci2cms2m5", "测试": "sf-bl4jejk3hc6ay46p5rpcvicjbrb2"}
_LETTERS = {Leg.ENTRY: "E", Leg.STOP: "S", Leg.TARGET: "T", Leg.EXIT: "X"}


# These literals must never change. A process that computes other ids no longer recognises its own live orders: it would
# leave stops behind as orphans, and after a lost journal it would enter a second time.
@pytest.mark.parametrize("attempt", [1, 42, ATTEMPT_MAX])
@pytest.mark.parametrize("leg", Leg)
@pytest.mark.parametrize("namespace", _STEMS)
def test_ids_are_these_and_no_others(namespace: str, leg: Leg, attempt: int) -> None:
    """The ids of a known signal are these literals, in every version of surefill."""
    assert client_id(namespace, _SIGNAL, leg, attempt) == f"{_STEMS[namespace]}{_LETTERS[leg]}{attempt}"


def test_the_longest_id_fits() -> None:
    """The last attempt uses up what the exchange allows, and one more attempt would not fit."""
    assert ATTEMPT_MAX == 9999
    assert len(client_id("n", "s", Leg.STOP, ATTEMPT_MAX)) == ID_LENGTH_MAX == 36


@pytest.mark.parametrize("attempt", [0, -1, ATTEMPT_MAX + 1])
def test_attempts_outside_the_range_are_refused(attempt: int) -> None:
    """An attempt below 1 or beyond the last is refused, naming the field and the value."""
    with pytest.raises(ValidationError, match=f"attempt: must be 1 to 9999, was {attempt}"):
        client_id("n", "s", Leg.ENTRY, attempt)


def test_an_id_of_ours_is_taken_apart() -> None:
    """Stem, leg and attempt are read back from the text alone."""
    assert parse_ours("sf-xghnfpsp6rdpkykhybcci2cms2m5T42", "bot-7") == OurId(_STEMS["bot-7"], Leg.TARGET, 42)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "web_1234567890",
        "sf-xghnfpsp6rdpkykhybcci2cms2m5",  # no leg
        "sf-xghnfpsp6rdpkykhybcci2cms2m5E",  # no attempt
        "sf-xghnfpsp6rdpkykhybcci2cms2m5E0",  # attempts count from 1
        "sf-xghnfpsp6rdpkykhybcci2cms2m5E01",  # and have one spelling
        "sf-xghnfpsp6rdpkykhybcci2cms2m5E12345",
        "sf-xghnfpsp6rdpkykhybcci2cms2m5Q1",
        "sf-xghnfpsp6rdpkykhybcci2cms2m5E1\n",
        "Sf-xghnfpsp6rdpkykhybcci2cms2m5E1",
        "sf-Xghnfpsp6rdpkykhybcci2cms2m5E1",
        "sf-xghnfpsp6rdpkykhybcci2cms2m1E1",  # 1 is not in the alphabet of the hash
        "xsf-xghnfpsp6rdpkykhybcci2cms2m5E1",
    ],
)
def test_other_ids_are_not_ours(text: str) -> None:
    """Whatever does not have the exact form of our ids was made by somebody else."""
    assert parse_ours(text, "bot-7") is None


def test_ids_of_another_namespace_are_not_ours() -> None:
    """A second bot on the account is as foreign as any other program."""
    assert parse_ours(client_id("bot-8", _SIGNAL, Leg.STOP, 1), "bot-7") is None


def test_a_namespace_does_not_run_into_the_signal() -> None:
    """Moving a character from the namespace to the signal id makes another stem."""
    assert stem("a", "bc")[7:] != stem("ab", "c")[7:]


@pytest.mark.parametrize("value", ["s", "x" * 256, "s7:2026-11-22T10:00", "测试", "two words"])
def test_printable_texts_are_names(value: str) -> None:
    """Anything printable of 1 to 256 characters can name a signal."""
    assert checked_text(value, "id") is value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "must be a string, was NoneType"),
        (b"s1", "must be a string, was bytes"),
        ("", "must have 1 to 256 characters, was 0"),
        ("x" * 257, "must have 1 to 256 characters, was 257"),
        (" s1", "must be printable, without blanks at its ends, was ' s1'"),
        ("s1 ", "must be printable, without blanks at its ends, was 's1 '"),
        ("s1\r\nside=SELL", r"must be printable, without blanks at its ends, was 's1\r\nside=SELL'"),
        ("a\x1fb", r"must be printable, without blanks at its ends, was 'a\x1fb'"),
        ("\ud800", r"must be printable, without blanks at its ends, was '\ud800'"),
        ("\u202e", r"must be printable, without blanks at its ends, was '\u202e'"),
    ],
)
def test_other_texts_are_refused(value: object, problem: str) -> None:
    """What is no string, empty, too long or not printable is refused by field name, shown without its tricks."""
    with pytest.raises(ValidationError) as refused:
        checked_text(value, "id")

    assert (refused.value.field, refused.value.problem) == ("id", problem)
