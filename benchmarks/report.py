# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the benchmarks say in one form: ratios, goals, tables of reStructuredText, plots."""

from __future__ import annotations

import re
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

matplotlib.use("svg")
# The same figures give the same file.
matplotlib.rcParams.update({"svg.hashsalt": "winops.rds", "svg.fonttype": "none", "font.size": 9})

OURS, FLOOR, LOOP = "#1f77b4", "#7f7f7f", "#d62728"


@dataclass(frozen=True)
class Ratio:
    """The median of ratios that were measured side by side, and how far they went apart."""

    median: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, above: Sequence[float], below: Sequence[float]) -> Ratio:
        """Divide pair by pair."""
        ratios = [a / b for a, b in zip(above, below, strict=True)]
        return cls(statistics.median(ratios), min(ratios), max(ratios), len(ratios))

    def __str__(self) -> str:
        least, most = f"{self.least:.2f}", f"{self.most:.2f}"
        return f"{self.median:.2f}" + (f" ({least} to {most}, {self.count} pairs)" if least != most else "")


@dataclass(frozen=True)
class Goal:
    """A ratio, and what it should be."""

    what: str
    ours: str
    other: str
    ratio: Ratio
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.ratio.median >= self.bound if self.at_least else self.ratio.median <= self.bound

    def row(self) -> list[str]:
        bound = f"{'≥' if self.at_least else '≤'} {self.bound:g}"
        return [self.what, self.ours, self.other, str(self.ratio), bound, "met" if self.met else "**missed**"]


def goal_table(goals: Sequence[Goal]) -> str:
    return table(
        ["", "ours", "compared with", "ratio: median (range)", "goal", ""],
        [goal.row() for goal in goals],
        left=(0, 2, 5),
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> str:
    """A table of reStructuredText that can be read as it is; the columns not in ``left`` are set to the right."""
    # Alone in a cell, nothing at all would continue the row above, and a dash would begin a list.
    lines = [[{"": "\\", "-": "\\-"}.get(cell, cell) for cell in line] for line in (header, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = "  ".join("=" * width for width in widths)

    def text(cells: Sequence[str]) -> str:
        aligned = (
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(aligned).rstrip()

    # A line of headings without any text is none.
    above = [rule, text(lines[0])] if any(header) else []
    return "\n".join([*above, rule, *map(text, lines[1:]), rule])


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def milliseconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 0.01 else f"{value * 1000:.0f} ms"


def mebibytes(value: float) -> str:
    return f"{value / 2**20:.1f} MiB"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def fill(page: Path, parts: Mapping[str, str]) -> None:
    """Replace what stands between the comments ``.. begin NAME`` and ``.. end NAME``.

    :raises ValueError: the page has no such place, or one that nothing was measured for.
    """
    text = page.read_text("utf-8")
    places = re.findall(r"^\.\. begin (\S+)$", text, re.MULTILINE)
    if sorted(places) != sorted(parts):
        raise ValueError(f"{page} has places for {sorted(places)}, and measured was {sorted(parts)}")
    for name, part in parts.items():
        text = re.sub(
            rf"(^\.\. begin {name}\n\n).*?(\n\.\. end {name}$)",
            lambda match, part=part: f"{match[1]}{part}\n{match[2]}",  # type: ignore[misc]
            text,
            flags=re.DOTALL | re.MULTILINE,
        )
    page.write_text(text, "utf-8")


def new_plot(count: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with plots beside each other."""
    figure = Figure(figsize=(4.5 * count, 3.2), layout="constrained")
    axes: list[Axes] = [figure.add_subplot(1, count, place + 1) for place in range(count)]
    for plot in axes:
        plot.spines[["top", "right"]].set_visible(False)
        plot.grid(alpha=0.3)
    return figure, axes


def save(figure: Figure, path: Path) -> None:
    no_date: dict[str, Any] = {"Date": None}
    figure.savefig(path, format="svg", metadata=no_date)
