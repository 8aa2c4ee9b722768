"""Print the table fault x step, and the counts: ``python -m tests.chaos.matrix``."""

from __future__ import annotations

from rich.console import Console

from tests.chaos.matrix.table import cells, counted, drawn

WIDTH = 200


def main() -> None:
    """Print it; as plain text when nobody watches."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    found = list(cells())
    console.print(drawn(found))
    console.print(", ".join(f"{name} {count}" for name, count in counted(found).items()))


if __name__ == "__main__":
    main()
