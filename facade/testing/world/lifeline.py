"""Where a process can die, and where it does."""

from __future__ import annotations

import attrs


class Killed(BaseException):
    """The process ended here. No ``except Exception`` of anybody catches it."""


@attrs.define
class Lifeline:
    """Counts the points at which a process touches the outside, and ends it at one of them.

    Attributes:
        ends_at: the number of the point that kills, from 1; None lives on.
        points: what was touched so far, in order; the last one is where it died.
        dead: whether it died.
    """

    ends_at: int | None = None
    points: list[str] = attrs.field(factory=list[str])
    dead: bool = False

    def touch(self, what: str) -> None:
        """Pass a point.

        Raises:
            Killed: this was the last one, or the process is dead already.
        """
        if self.dead:
            raise Killed(what)
        self.points.append(what)
        if len(self.points) == self.ends_at:
            self.dead = True
            raise Killed(what)
