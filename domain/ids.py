"""Client order ids: made once, by a pure function, before the first byte is sent.

An id is ``sf-`` + 4 characters that name the namespace + 24 that name the signal within it + one leg letter + the
attempt number: at most 36 characters of the alphabet Binance accepts (``^[.A-Z:/a-z0-9_-]{1,36}$``; Binance docs: New
Order). All legs of a signal share the stem, so a process that lost its journal finds its orders from the exchange
alone.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from hashlib import blake2b

import attrs

from .errors import ValidationError

PREFIX = "sf-"
TAG_LENGTH = 4
HASH_LENGTH = 24
STEM_LENGTH = len(PREFIX) + TAG_LENGTH + HASH_LENGTH
ID_LENGTH_MAX = 36
ATTEMPT_MAX = 10 ** (ID_LENGTH_MAX - STEM_LENGTH - 1) - 1
TEXT_LENGTH_MAX = 256
_SEPARATOR = "\x1f"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_OURS = re.compile(r"sf-([a-z2-7]{4})([a-z2-7]{24})([ESTX])([1-9][0-9]{0,3})")


class Leg(Enum):
    """What an order of ours is for; the value is its letter in the client id."""

    ENTRY = "E"
    STOP = "S"
    TARGET = "T"
    EXIT = "X"


@attrs.frozen
class OurId:
    """A client id of ours, taken apart.

    Attributes:
        stem: the part shared by every leg of the signal.
        leg: what the order is for.
        attempt: 1 for the first order of that leg.
    """

    stem: str
    leg: Leg
    attempt: int


def checked_text(value: object, field: str) -> str:
    """Return *value* if it can name something: 1 to 256 printable characters.

    Raises:
        ValidationError: it was no string, empty, too long, or held control characters or lone surrogates.
    """
    if not isinstance(value, str):
        raise ValidationError(field, f"must be a string, was {type(value).__name__}")
    if not 1 <= len(value) <= TEXT_LENGTH_MAX:
        raise ValidationError(field, f"must have 1 to {TEXT_LENGTH_MAX} characters, was {len(value)}")
    if not value.isprintable() or value != value.strip():
        raise ValidationError(field, f"must be printable, without blanks at its ends, was {value!a}")
    return value


@lru_cache(maxsize=64)
def namespace_tag(namespace: str) -> str:
    """Return the four characters by which orders of *namespace* are known."""
    return _base32(namespace, 20)[:TAG_LENGTH]


@lru_cache(maxsize=1024)
def stem(namespace: str, signal_id: str) -> str:
    """Return the part of the client id shared by all legs of one signal."""
    return PREFIX + namespace_tag(namespace) + _base32(namespace + _SEPARATOR + signal_id, 15)


def client_id(namespace: str, signal_id: str, leg: Leg, attempt: int) -> str:
    """Return the client id of the *attempt*-th order (from 1) of one leg.

    Raises:
        ValidationError: the attempt was out of range.
    """
    if not 1 <= attempt <= ATTEMPT_MAX:
        raise ValidationError("attempt", f"must be 1 to {ATTEMPT_MAX}, was {attempt}")
    return f"{stem(namespace, signal_id)}{leg.value}{attempt}"


def parse_ours(text: str, namespace: str) -> OurId | None:
    """Take an id apart if *namespace* made it; None when somebody else did."""
    found = _OURS.fullmatch(text)
    if found is None or found[1] != namespace_tag(namespace):
        return None
    return OurId(stem=text[:STEM_LENGTH], leg=Leg(found[3]), attempt=int(found[4]))


def _base32(text: str, size: int) -> str:
    """Return the digest of *size* bytes, a multiple of five, in the small letters of RFC 4648's base 32."""
    number = int.from_bytes(blake2b(text.encode("utf-8"), digest_size=size).digest(), "big")
    return "".join([_ALPHABET[number >> shift & 31] for shift in range(8 * size - 5, -1, -5)])
