"""I8: keys, secrets and signatures never come out anywhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import attrs

from surefill.domain.events import encode
from surefill.testing.invariants.evidence import Evidence
from surefill.testing.invariants.violation import Violation

_SHORTEST = 8
"""Shorter texts appear by chance; canaries are long."""


@attrs.define(kw_only=True)
class NoSecrets:
    """No text that leaves the process holds one of the `secrets`, plain, percent-encoded, in hex or base64."""

    secrets: tuple[str, ...] = ()

    def see(self, evidence: Evidence, *, now_ms: int) -> Iterator[Violation]:
        """Search all that was told, written and kept; without secrets to look for it costs nothing."""
        if not self.secrets:
            return
        for source, told in _texts(evidence):
            if leaks(self.secrets, told):
                yield Violation(invariant="I8", time_ms=now_ms, text=f"a secret stands in {source}", symbol="")


def leaks(secrets: Iterable[str], *texts: str | bytes) -> tuple[str, ...]:
    """Return the secrets that stand in one of *texts*, masked: first two characters and their length.

    Raises:
        ValueError: a secret is so short that finding it would mean nothing.
    """
    found: list[str] = []
    raw = [each.encode("utf-8", "surrogatepass") if isinstance(each, str) else each for each in texts]
    for secret in secrets:
        if len(secret) < _SHORTEST:
            raise ValueError(f"a secret to look for must have {_SHORTEST} characters or more, had {len(secret)}")
        if any(form in each for form in _forms(secret) for each in raw):
            found.append(f"{secret[:2]}… of {len(secret)} characters")
    return tuple(found)


def leaking_files(secrets: Iterable[str], paths: Iterable[Path]) -> tuple[tuple[Path, str], ...]:
    """Return the files that hold one of *secrets*, with the masked secret; folders are walked through."""
    wanted = tuple(secrets)
    found: list[tuple[Path, str]] = []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                found += [(file, leak) for leak in leaks(wanted, file.read_bytes())]
    return tuple(found)


def _forms(secret: str) -> tuple[bytes, ...]:
    raw = secret.encode("utf-8")
    base64 = b64encode(raw).rstrip(b"=")[:-1]  # the last characters depend on what follows
    return raw, quote_plus(secret).encode("ascii"), raw.hex().encode("ascii"), base64


def _texts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    yield from (("an alarm", repr(alarm)) for alarm in evidence.alarms)
    yield from (("the audit log", repr(record)) for record in evidence.written)
    yield from (("a report", repr(told.report)) for told in evidence.told)
    yield from (("the journal", repr(encode(kept.event))) for kept in evidence.kept)
