"""How long a request and its answer travel between us and the simulated exchange."""

from __future__ import annotations

import attrs

from ...domain.errors import ValidationError


def _not_negative(_: object, field: attrs.Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValidationError(field.name, f"must be whole milliseconds of 0 or more, was {value!r}")


@attrs.frozen(kw_only=True)
class Latency:
    """Travel times in milliseconds of exchange time; the market moves on meanwhile.

    Attributes:
        up_ms: from us to the exchange's gateway.
        down_ms: from the exchange back to us.
        timeout_ms: how long we wait for an answer before we give up on it.
    """

    up_ms: int = attrs.field(default=20, validator=_not_negative)
    down_ms: int = attrs.field(default=20, validator=_not_negative)
    timeout_ms: int = attrs.field(default=5_000, validator=_not_negative)

    def __attrs_post_init__(self) -> None:
        if self.up_ms + self.down_ms >= self.timeout_ms:
            problem = f"must be longer than both ways together, or no answer ever comes; was {self.timeout_ms}"
            raise ValidationError("timeout_ms", problem)
