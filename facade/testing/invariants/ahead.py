"""I4: what is sent is in the journal first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Final
from urllib.parse import quote_plus

import attrs

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.events import Intent
from surefill.testing.invariants.evidence import Kept
from surefill.testing.invariants.row import Row, leg_of, time_ms
from surefill.testing.invariants.violation import Violation

_PLAIN: Final = re.compile(r"[A-Za-z0-9._~=&-]*", re.ASCII)
"""Parameters that their form encoding leaves as they are."""


@attrs.define(kw_only=True)
class WriteAhead:
    """Every order of ours that reached the exchange has an intent with its id, its timestamp and its digest, and the
    commit of that intent had returned before the request left.

    It is shown commits and requests in their order. A journal that failed, and was reported by a STORE_FAILED alarm,
    excuses orders that can only reduce; never an entry.
    """  # noqa: D205 - the sentence is the invariant

    _intents: dict[tuple[str, str], str] = attrs.field(factory=dict[tuple[str, str], str])
    _failed_ms: int | None = None

    def hear(self, alarm: Alarm) -> None:
        """Take in an alarm."""
        if alarm.kind is AlarmKind.STORE_FAILED and self._failed_ms is None:
            self._failed_ms = alarm.at_ms

    def keep(self, kept: Kept) -> None:
        """Take in what the journal kept."""
        if isinstance(kept.event, Intent):
            intent = kept.event
            key = intent.request.client_id, str(intent.timestamp_ms)
            self._intents.setdefault(key, intent.digest)

    def request(self, row: Row, sent: Mapping[str, str]) -> Iterator[Violation]:
        """Judge an order that reached the exchange."""
        client_id = sent.get("newClientOrderId") or sent.get("clientAlgoId") or ""
        leg = leg_of(client_id)
        if row["method"] != "POST" or leg is None:
            return
        digest = self._intents.get((client_id, sent.get("timestamp", "")))
        if digest is None:
            problem = "no intent with its id and timestamp was in the journal"
        elif digest != digest_of(sent):
            problem = "its intent is of another order: the digests differ"
        else:
            return
        excused = leg != "E" and self._failed_ms is not None and self._failed_ms <= time_ms(row)
        if not excused:
            yield Violation(
                invariant="I4", time_ms=time_ms(row), text=f"{client_id}: {problem}", symbol=sent.get("symbol", "")
            )


def digest_of(sent: Mapping[str, str]) -> str:
    """Return what the journal must have kept for these parameters: BLAKE2b, 16 bytes, over the sorted form encoding."""
    pairs = sorted((name, value) for name, value in sent.items() if name != "signature")
    encoded = "&".join([f"{name}={value}" for name, value in pairs])
    if _PLAIN.fullmatch(encoded) is None:
        encoded = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return blake2b(encoded.encode("ascii"), digest_size=16).hexdigest()
