"""An event as the journal keeps it: a kind, a JSON text, and a place in a chain of hashes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import cast

import attrs

from ...domain.errors import JournalError, ValidationError
from ...domain.events import Claimed, Event, decode, encode

BODY_BYTES_MAX = 262_144
"""The longest body of one event. An event is a few kilobytes; more is somebody's mistake."""
FIRST_PREV_HASH = bytes(32)
_AT_MS_MAX = 2**63 - 1
_READER = json.JSONDecoder()
_BODIES = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


@attrs.frozen
class Record:
    """An event in the form that is stored.

    Attributes:
        at_ms: the event's time.
        signal_id: the event's signal; None for events that belong to none.
        signal_open: whether it opens (True) or closes (False) its signal; None when it does neither.
        kind: the name of the event's class.
        body: the event as a JSON object, plain ASCII.
        event: the event as it is read back from its body.
    """

    at_ms: int
    signal_id: str | None
    signal_open: bool | None
    kind: str
    body: str
    event: Event

    @classmethod
    def of(cls, event: Event) -> Record:
        """Encode *event*.

        Raises:
            JournalError: it cannot be kept: too long, outside time, or not made of what JSON can hold.
        """
        try:
            kind, fields = encode(event)
            body = _BODIES.encode(fields)
            if event.signal_id is not None:
                event.signal_id.encode("utf-8")
            kept = decode(kind, _READER.raw_decode(body)[0])
        except (TypeError, ValueError, RecursionError) as error:
            raise JournalError(f"an event of kind {type(event).__name__} cannot be kept: {error}") from error
        if len(body) > BODY_BYTES_MAX:
            raise JournalError(f"an event may have at most {BODY_BYTES_MAX} bytes, was a {kind} of {len(body)}")
        if kept != event:
            raise JournalError(f"an event of kind {kind} would come back changed: nothing is kept that cannot be read")
        if not 0 <= event.at_ms <= _AT_MS_MAX:
            raise JournalError(f"an event needs a time in UTC milliseconds, was {event.at_ms}")
        return cls(event.at_ms, event.signal_id, event.signal_open, kind, body, kept)

    def hash(self, prev_hash: bytes, seq: int) -> bytes:
        """Return the hash that chains it, as number *seq*, to the event before."""
        return chain_hash(prev_hash, seq, self.at_ms, self.signal_id, self.kind, self.body)


def chain_hash(prev_hash: bytes, seq: int, at_ms: int, signal_id: str | None, kind: str, body: str) -> bytes:
    """Return SHA-256 over the hash of the event before and everything this event says."""
    said = _BODIES.encode([seq, at_ms, signal_id, kind, body])
    return sha256(prev_hash + said.encode("ascii")).digest()


def event_of(kind: str, body: str) -> Event:
    """Decode what `Record.of` encoded.

    Raises:
        JournalError: it was written by a newer version, or changed since.
    """
    try:
        fields: object = json.loads(body)
        return decode(kind, cast("dict[str, object]", fields) if isinstance(fields, dict) else {})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise JournalError(
            f"an event of kind {kind!a} cannot be read: {error}; a newer version may have written it"
        ) from error


def claim_record(event: Event) -> tuple[str, Record]:
    """Return signal id and record of a claim.

    Raises:
        ValidationError: it is another kind of event.
        JournalError: it cannot be kept.
    """
    if not isinstance(event, Claimed):
        raise ValidationError("event", f"only a Claimed claims a signal, was {type(event).__name__}")
    return event.signal_id, Record.of(event)


def following_records(events: Sequence[Event]) -> tuple[Record, ...]:
    """Return the records of events that follow claims.

    Raises:
        ValidationError: one of them is a claim, which only `claim` may record.
        JournalError: one cannot be kept.
    """
    if any(isinstance(event, Claimed) for event in events):
        raise ValidationError("events", "a Claimed is recorded by claim(), which alone sees to it that it is the first")
    return tuple(Record.of(event) for event in events)


def unclaimed(signal_id: str) -> ValidationError:
    """Return the error for an event whose signal was never claimed: after a restart nobody would look at it."""
    return ValidationError("events", f"signal id {signal_id!a} was never claimed in this journal")
