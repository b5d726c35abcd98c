"""
The pictures of terminals can be read on every background, and load nothing.
"""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs/assets").glob("*.svg"))
# What WCAG 2 requires of text of normal size.
_CONTRAST = 4.5


def luminance(colour: str) -> float:
    """
    Return the relative luminance of a colour such as `#a40e26`, as WCAG defines it.
    """
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_every_text_of_a_picture_can_be_read(path: Path) -> None:
    """
    On light and on dark backgrounds, each colour has enough contrast with the frame.
    """
    light, _, dark = path.read_text("utf-8").partition("</style>")[0].partition("@media")
    for rules in (light, dark):
        (frame,) = re.findall(r"\.frame \{ fill: (#\w{6})", rules)
        colours = re.findall(r"-r\d+ \{ fill: (#\w{6})", rules)
        assert len(colours) > 3
        for colour in colours:
            darker, lighter = sorted((luminance(colour), luminance(frame)))
            assert (lighter + 0.05) / (darker + 0.05) >= _CONTRAST, f"{colour} on {frame}"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_loads_nothing(path: Path) -> None:
    """
    It refers to no server, not even for a font.
    """
    text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")

    assert "//" not in text
    assert "@import" not in text


def test_there_are_pictures_for_wide_and_narrow_screens() -> None:
    """
    Each picture exists in two widths.
    """
    names = {path.stem for path in PICTURES}

    assert len(names) >= 4
    assert {f"{name.removesuffix('-narrow')}-narrow" for name in names} <= names
