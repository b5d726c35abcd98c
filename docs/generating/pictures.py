"""
Pictures of terminals: each is an SVG of what the program shows on a terminal of a certain width.

A picture adapts to a light or dark background. It names its fonts without loading them, so that
nothing comes from another server. The same output makes the same file.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[2]
WIDE, NARROW = 80, 44
"""Columns of a terminal, and as many as a telephone shows in readable letters."""


class Picture(NamedTuple):
    """
    A command, the page whose first files it runs on, and what a screen reader says.
    """

    name: str
    command: str
    page: str
    alternative: str


PICTURES = (
    Picture(
        "check",
        "workerctl check",
        "docs/tutorial.md",
        "The report of workerctl check: two errors and a warning, each with its place and a hint.",
    ),
    Picture(
        "budget",
        "workerctl budget",
        "docs/budget.md",
        "A chart of the stages of a job, which ends before the timeout of the job.",
    ),
)

# The colours of black, red, green, yellow, blue, magenta, cyan and white text.
_LIGHT = TerminalTheme(
    (246, 248, 250),
    (13, 17, 23),
    [
        (13, 17, 23),
        (164, 14, 38),
        (17, 99, 41),
        (111, 70, 0),
        (9, 80, 174),
        (112, 48, 170),
        (6, 86, 99),
        (80, 88, 96),
    ],
)
_DARK = TerminalTheme(
    (22, 27, 34),
    (240, 246, 252),
    [
        (110, 118, 129),
        (255, 138, 128),
        (111, 221, 139),
        (230, 184, 92),
        (121, 184, 255),
        (210, 168, 255),
        (118, 227, 234),
        (200, 208, 216),
    ],
)
_PARTS = "\0".join(
    f"{{{name}}}"
    for name in ("terminal_width", "terminal_height", "styles", "lines", "backgrounds", "matrix")
)
_MARGIN = 16
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<style>
.frame {{ fill: {light_frame}; }}
.text {{ font: 20px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
.text text {{ white-space: pre; }}
{light}
@media (prefers-color-scheme: dark) {{
.frame {{ fill: {dark_frame}; }}
{dark}
}}
</style>
<defs>
{lines}
</defs>
<rect class="frame" width="{width}" height="{height}" rx="10"/>
<g class="text" transform="translate({margin} {margin})">
{backgrounds}{matrix}
</g>
</svg>
"""


def pictures() -> Iterator[tuple[str, str]]:
    """
    Yield the path below docs/ and the text of every picture.
    """
    for picture in PICTURES:
        for suffix, columns in (("", WIDE), ("-narrow", NARROW)):
            name = f"{picture.name}{suffix}"
            shown = f"$ {picture.command}\n{_run(picture, columns)}"
            yield f"assets/{name}.svg", drawn(shown, columns, name, picture.alternative)


def drawn(output: str, columns: int, name: str, title: str) -> str:
    """
    Return terminal output with its colours as an SVG; `name` keeps its classes apart from others.
    """
    console = Console(
        record=True, width=columns, file=StringIO(), force_terminal=True, color_system="standard"
    )
    console.print(Text.from_ansi(output.rstrip()), soft_wrap=True)
    light, dark = (
        console.export_svg(code_format=_PARTS, theme=theme, clear=False, unique_id=name).split("\0")
        for theme in (_LIGHT, _DARK)
    )
    width, height, styles, *body = light
    lines, backgrounds, matrix = (re.sub(r"\n\s*", "\n", part).strip() for part in body)
    return _SVG.format(
        title=title,
        width=float(width) + 2 * _MARGIN,
        height=float(height) + 2 * _MARGIN,
        margin=_MARGIN,
        light_frame=_LIGHT.background_color.hex,
        dark_frame=_DARK.background_color.hex,
        light=styles,
        dark=dark[2],
        lines=lines,
        backgrounds=f"{backgrounds}\n" if backgrounds else "",
        matrix=matrix,
    )


def _run(picture: Picture, columns: int) -> str:
    """
    Return what a command shows on a terminal, in a directory with the first files of its page.
    """
    with tempfile.TemporaryDirectory() as directory:
        for name, text in _files((ROOT / picture.page).read_text("utf-8")):
            path = Path(directory, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            path.chmod(0o644)  # as the usual umask makes it
        return _on_a_terminal(picture.command.split()[1:], directory, columns)


def _files(page: str) -> Iterator[tuple[str, str]]:
    """
    Yield the files that a page shows before its first report, each below its path in a comment.
    """
    before = page.partition("\n$ workerctl check\n")[0]
    yield from re.findall(r"```(?:python|sh|toml)\n# (\S+)\n(.*?)```", before, re.DOTALL)


def _on_a_terminal(arguments: list[str], directory: str, columns: int) -> str:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environ = {
        "PATH": os.defpath,
        "HOME": directory,
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONPATH": f"{ROOT}:{directory}",
    }
    command = [sys.executable, "-m", "workerctl", *arguments]
    streams = {"stdin": slave, "stdout": slave, "stderr": slave}
    with subprocess.Popen(command, env=environ, cwd=directory, **streams) as process:
        os.close(slave)
        shown = _everything(master)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{arguments} ended with {process.returncode}:\n{shown}")
    return shown


def _everything(master: int) -> str:
    chunks = []
    try:
        while chunk := os.read(master, 65536):
            chunks.append(chunk)
    except OSError:  # how Linux reports that the last writer has closed a terminal
        pass
    finally:
        os.close(master)
    return b"".join(chunks).decode().replace("\r\n", "\n")
