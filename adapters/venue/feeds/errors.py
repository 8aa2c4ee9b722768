"""The one error of market data files."""

from pathlib import Path


class FeedError(ValueError):
    """Market data could not be used: where (*path*, *line* from 1 or `None` for the whole file), why, and what to do.

    The text is `file:line: reason — advice`, made for the person who has to mend the file.
    """

    def __init__(self, path: Path | str, line: int | None, reason: str, advice: str) -> None:
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {reason} — {advice}")
        self.path = path
        self.line = line
        self.reason = reason
        self.advice = advice

    def __reduce__(self) -> tuple[type["FeedError"], tuple[Path | str, int | None, str, str]]:
        """Four arguments make one text, so copying and pickling need them back."""
        return type(self), (self.path, self.line, self.reason, self.advice)


def shown(text: object, length_max: int = 40) -> str:
    """*text* as it may appear in a message: quoted, escaped, and short however long it was."""
    quoted = repr(text if not isinstance(text, str) else text[: length_max + 1])
    return quoted if len(quoted) <= length_max + 2 else f"{quoted[:length_max]}…"
