"""
The waterfall chart as a self-contained SVG, for a wiki, a README or a slide.

It loads no fonts or other files, follows the reader's light or dark color scheme, and has a
description for screen readers. Equal budgets produce equal bytes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from fractions import Fraction
from html import escape
from itertools import pairwise
from typing import TextIO

from workerctl.budget.arithmetic import Budget, exact, seconds
from workerctl.commands.budget.drawing.bars import (
    Bar,
    Picture,
    Span,
    bars,
    facts,
    formula,
    headline,
    lanes,
    legend,
    longest,
    marks,
)
from workerctl.secrecy.masking import printable

_WIDTH, _MARGIN = 960, 24
_LEFT, _RIGHT = 290, _WIDTH - 40
_TOP, _ROW, _LANE, _BAR = 110, 50, 22, 18
_MOST_SPANS = 200
_MOST_MARKS = 9
_LONGEST_NAME, _LONGEST_TERMS, _LONGEST_LINE = 28, 40, 110

_STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.paper { fill: #ffffff }
.headline { font-size: 20px; font-weight: 600 }
.name { font-weight: 600 }
.dim { fill: #59636e }
.small { font-size: 12px }
.attempt { fill: #0969da }
.wait { fill: #afb8c1 }
.beyond { fill: #cf222e }
.too-late { fill: #cf222e; fill-opacity: .07 }
.timeout { stroke: #cf222e; stroke-width: 2 }
.grid { stroke: #59636e; stroke-opacity: .2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.paper { fill: #0d1117 }
.dim { fill: #9198a1 }
.attempt { fill: #4493f8 }
.wait { fill: #545d68 }
.beyond, .too-late { fill: #f85149 }
.timeout { stroke: #f85149 }
.grid { stroke: #9198a1 }
}
"""


def render(picture: Picture, stream: TextIO) -> None:
    """
    Write the SVG. Write nothing if the picture has no budget.
    """
    if picture.budget is not None:
        stream.writelines(f"{part}\n" for part in _document(picture, picture.budget))


def _document(picture: Picture, budget: Budget) -> Iterator[str]:
    title = headline(budget, on_defaults=picture.on_defaults)
    bottom, rows = _rows(budget)
    closing = [f"{label}: {text}" for label, text in facts(budget).items()]
    if picture.together:
        fix = "The smallest fix: " + " ".join(picture.together)
        closing += textwrap.wrap(fix, _LONGEST_LINE)
    height = bottom + 80 + 22 * len(closing)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">'
    )
    yield f'<title id="title">{_text(title)}</title>'
    yield f'<desc id="desc">{_text(" ".join(_description(budget)))}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield _box("paper", 0, 0, _WIDTH, height)
    yield _words(_MARGIN, 44, title, "headline")
    yield from _axis(budget, bottom)
    yield from rows
    yield from _timeout(budget, bottom)
    yield from _legend(bottom + 48, legend(budget))
    for number, text in enumerate(closing):
        yield _words(_MARGIN, bottom + 84 + 22 * number, text)
    yield "</svg>"


def _description(budget: Budget) -> Iterator[str]:
    for bar in bars(budget):
        terms, result = formula(bar)
        together = f", {len(bar.step)} side by side" if len(bar.step) > 1 else ""
        yield (
            f"{bar.stage.name}{together}: {terms} = {result}, "
            f"from {seconds(bar.start)} to {seconds(bar.end)}."
        )
    yield from (f"{label}: {text}." for label, text in facts(budget).items())


def _rows(budget: Budget) -> tuple[int, list[str]]:
    """
    Return the y coordinate below the rows, and the elements of the rows.
    """
    top = _TOP
    parts: list[str] = []
    for bar in bars(budget):
        parts += _row(bar, budget, top)
        top += max(_ROW, _LANE * len(lanes(bar)) + 6)
    return top, parts


def _row(bar: Bar, budget: Budget, top: int) -> Iterator[str]:
    terms, result = formula(bar)
    together = f", {len(bar.step)} side by side" if len(bar.step) > 1 else ""
    name = printable(bar.stage.name)
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    yield f"<g><title>{_text(f'{bar.stage.name}{together}: {terms} = {result}')}</title>"
    yield _words(_MARGIN, top + 14, short, "name")
    equation = f"{terms} = {result}{together}"
    shown = equation if len(equation) <= _LONGEST_TERMS else result
    yield _words(_MARGIN, top + 32, shown, "dim small")
    for lane in range(len(lanes(bar))):
        for span in bar.spans(_MOST_SPANS):
            yield from _boxes(span, budget, top + _LANE * lane)
    yield "</g>"


def _boxes(span: Span, budget: Budget, top: int) -> Iterator[str]:
    """
    Yield one box for a span, or two if the job timeout divides it.
    """
    timeout = exact(budget.job_timeout)
    cuts = [span.start, *([timeout] if span.start < timeout < span.end else []), span.end]
    for start, end in pairwise(cuts):
        x, right = _x(start, budget), _x(end, budget)
        # A gap of 1 separates consecutive attempts. A very short span stays visible.
        width = max(right - x - 1, 1)
        if span.is_wait:
            yield _box("wait", x, top + 6, width, _BAR - 12)
        else:
            yield _box("beyond" if start >= timeout else "attempt", x, top, width, _BAR)


def _axis(budget: Budget, bottom: int) -> Iterator[str]:
    for mark in marks(longest(budget), _MOST_MARKS):
        x = _x(Fraction(mark), budget)
        yield _line("grid", x, _TOP - 8, bottom)
        yield _words(x, bottom + 16, seconds(mark), "dim small", "middle")


def _timeout(budget: Budget, bottom: int) -> Iterator[str]:
    x = _x(exact(budget.job_timeout), budget)
    if budget.share > 1:
        yield _box("too-late", x, _TOP - 8, _RIGHT - x, bottom - _TOP + 8)
    yield _line("timeout", x, _TOP - 16, bottom)
    anchor = "end" if x > (_LEFT + _RIGHT) / 2 else "start"
    yield _words(x, _TOP - 24, f"job timeout {seconds(budget.job_timeout)}", "name", anchor)


def _legend(top: int, formulas: str) -> Iterator[str]:
    x = _MARGIN
    for style, height, meaning in (
        ("attempt", _BAR - 4, "attempts"),
        ("wait", _BAR - 12, "waits"),
        ("beyond", _BAR - 4, "beyond the job timeout"),
    ):
        yield _box(style, x, top - 5 - height / 2, 14, height)
        yield _words(x + 20, top, meaning, "dim small")
        x += 110
    yield _words(_RIGHT, top, formulas, "dim small", "end")


def _x(time: Fraction, budget: Budget) -> float:
    return _LEFT + float(time / longest(budget)) * (_RIGHT - _LEFT)


def _box(style: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
    )


def _line(style: str, x: float, top: int, bottom: int) -> str:
    return f'<line class="{style}" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'


def _words(x: float, y: int, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{_text(text)}</text>'


def _text(text: str) -> str:
    """
    Return the text, which may come from a team's configuration, escaped for XML.
    """
    return escape(printable(text))
