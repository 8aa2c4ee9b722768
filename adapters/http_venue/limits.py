"""How much of everything one client may take."""

from __future__ import annotations

import attrs

from ...domain.errors import ConfigurationError


def _positive(_: object, field: attrs.Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ConfigurationError(f"{field.name}: must be a whole number above 0, was {value!r}")


@attrs.frozen(kw_only=True)
class HttpLimits:
    """The bounds of one server, in bytes and milliseconds of the machine's time.

    Attributes:
        head_bytes: request line and headers together.
        body_bytes: the body.
        head_ms: from the first byte of a request to the end of its headers.
        body_ms: from there to the end of the body.
        idle_ms: how long a connection may wait for its next request.
        write_ms: for taking an answer.
        grace_ms: for requests under way when the server stops.
        connections: open at once; further clients wait to be let in.
        kept_requests: how many requests the server remembers, the latest.
    """

    head_bytes: int = attrs.field(default=16 << 10, validator=_positive)
    body_bytes: int = attrs.field(default=64 << 10, validator=_positive)
    head_ms: int = attrs.field(default=5_000, validator=_positive)
    body_ms: int = attrs.field(default=5_000, validator=_positive)
    idle_ms: int = attrs.field(default=60_000, validator=_positive)
    write_ms: int = attrs.field(default=5_000, validator=_positive)
    grace_ms: int = attrs.field(default=2_000, validator=_positive)
    connections: int = attrs.field(default=128, validator=_positive)
    kept_requests: int = attrs.field(default=10_000, validator=_positive)
