"""A picture of a replay: the price with everything that was traded, and the equity below. It needs matplotlib."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from surefill.cli.chart_marks import Level, Mark, levels_of, marks_of
from surefill.cli.moments import moment_of
from surefill.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from surefill.cli.replay_run import Replayed
    from surefill.cli.track import Track

_INK: Final = "#24292f"
_FAINT: Final = "#d0d7de"
_PRICE: Final = "#57606a"
_EQUITY: Final = "#0969da"
_STYLES: Final = {
    # what: (marker, colour, name in the legend)
    "long": ("^", "#1a7f37", "long entry"),
    "short": ("v", "#cf222e", "short entry"),
    "stop": ("x", "#cf222e", "stop loss"),
    "target": ("o", "#1a7f37", "take profit"),
    "exit": ("s", "#8250df", "exit"),
    "liquidation": ("X", "#000000", "liquidation"),
    "other": ("D", "#9a6700", "not ours"),
}
_LEVELS: Final = {"stop": "#cf222e", "target": "#1a7f37"}
_INCHES: Final = (16.0, 9.0)
_DPI: Final = 120
_MANY: Final = 80
"""From so many fills on the marks are drawn smaller."""


def require_matplotlib() -> None:
    """Refuse to plan a picture that could not be drawn in the end.

    Raises:
        ConfigurationError: matplotlib is missing.
    """
    if find_spec("matplotlib") is None:
        raise ConfigurationError('matplotlib is missing; --plot needs: pip install "surefill[plot]"')


def draw(replayed: Replayed, path: Path) -> None:
    """Draw *replayed* into a PNG file. Floats are coordinates on paper here, and nothing else."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - an extra, loaded when asked for
    from matplotlib.figure import Figure  # noqa: PLC0415 - likewise

    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    result = replayed.result
    _draw_market(above, replayed)
    _draw_equity(below, replayed.equity)
    below.xaxis_date()
    below.set_ylabel(f"equity, {result.asset}", color=_INK)
    above.set_ylabel("price", color=_INK)
    _dress(figure, above, below)
    days = f"{moment_of(result.first_ms):%Y-%m-%d %H:%M} – {moment_of(result.last_ms):%Y-%m-%d %H:%M} UTC"
    above.set_title(f"{result.symbol}   {days}", loc="left", color=_INK, fontsize=13)
    # No date and no version of the drawing library in the file: equal pictures are equal bytes.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a symbol in a script the font lacks
        figure.savefig(path, format="png", metadata={"Software": None})


def _draw_market(axes: Axes, replayed: Replayed) -> None:
    intervals = list(replayed.prices.intervals)
    times = [_days(interval.at_ms) for interval in intervals]
    lows, highs = [float(each.low) for each in intervals], [float(each.high) for each in intervals]
    axes.fill_between(times, lows, highs, color=_FAINT, linewidth=0)
    axes.plot(times, [float(each.last) for each in intervals], color=_PRICE, linewidth=0.7)
    for level in levels_of(replayed.ledger, replayed.result.last_ms):
        _draw_level(axes, level)
    marks = marks_of(replayed.ledger)
    for what in _STYLES:
        _draw_marks(axes, what, [mark for mark in marks if mark.what == what], many=len(marks) > _MANY)
    if marks:
        axes.legend(loc="upper left", ncols=len(_STYLES), frameon=False, fontsize=9, labelcolor=_INK)


def _draw_level(axes: Axes, level: Level) -> None:
    span = [_days(level.from_ms), _days(level.to_ms)]
    axes.plot(span, [float(level.price)] * 2, color=_LEVELS[level.what], linewidth=0.8, alpha=0.55)


def _draw_marks(axes: Axes, what: str, marks: list[Mark], *, many: bool) -> None:
    if not marks:
        return
    marker, color, name = _STYLES[what]
    is_entry = what in ("long", "short")
    times = [_days(mark.at_ms) for mark in marks]
    prices = [float(mark.price) for mark in marks]
    axes.scatter(
        times,
        prices,
        s=(16 if is_entry else 28) if many else (50 if is_entry else 90),
        marker=marker,
        # Exits are open shapes around the entry that a flip makes at the same moment.
        facecolors=color if is_entry or marker in "xX" else "none",
        edgecolors=color if is_entry or marker not in "xX" else None,
        label=name,
        linewidths=1.2,
        zorder=4 if is_entry else 3,
    )


def _draw_equity(axes: Axes, equity: Track) -> None:
    intervals = list(equity.intervals)
    times = [_days(interval.at_ms) for interval in intervals]
    lows, highs = [float(each.low) for each in intervals], [float(each.high) for each in intervals]
    axes.fill_between(times, lows, highs, color=_EQUITY, alpha=0.2, linewidth=0, step="post")
    axes.plot(times, [float(each.last) for each in intervals], color=_EQUITY, linewidth=1.0, drawstyle="steps-post")


def _dress(figure: Figure, *panels: Axes) -> None:
    for axes in panels:
        axes.grid(visible=True, color=_FAINT, linewidth=0.4)
        axes.set_axisbelow(True)
        axes.tick_params(colors=_INK, labelsize=9)
        axes.margins(x=0.01)
        for name, spine in axes.spines.items():
            spine.set_visible(name in ("left", "bottom"))
            spine.set_color(_FAINT)
    figure.align_ylabels(list(panels))


def _days(at_ms: int) -> float:
    """Return a moment as the drawing library counts it: days since 1970."""
    return at_ms / 86_400_000
