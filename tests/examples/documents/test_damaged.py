"""
A damaged document of any kind quickly results in a text or a rejection.
"""

import io
import signal
import zipfile
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from examples.resume_worker.samples.hangul import hwpx
from examples.resume_worker.samples.making import docx as docx_of
from examples.resume_worker.samples.people import PEOPLE
from tests.examples.documents.files import (
    EVERY_KIND,
    Extract,
    archive,
    deflated,
    hwp,
    text_record,
    utf16,
)
from workerctl.runtime.exceptions import InvalidFileError


class HangsError(BaseException):
    """The time of an example has run out; a BaseException, which no library catches."""


@pytest.fixture(scope="module", name="survives")
def _survives(extract: Extract) -> Iterator[Callable[[bytes], None]]:
    """Yield a function that asserts that data results in a text or a rejection within a minute."""

    def alarm(*_: object) -> NoReturn:
        raise HangsError

    def survives(data: bytes) -> None:
        signal.alarm(60)
        try:
            assert isinstance(extract(data), str)
        except InvalidFileError as error:
            assert error.__context__ is None  # noqa: PT017 -- a text is right as well
        finally:
            signal.alarm(0)

    before = signal.signal(signal.SIGALRM, alarm)
    yield survives
    signal.signal(signal.SIGALRM, before)


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Draw a function that flips bits, overwrites, removes or repeats bytes, and truncates data."""
    places = st.floats(0, 1, exclude_max=True)
    steps = draw(st.lists(st.tuples(places, st.integers(0, 7), st.integers(0, 3)), max_size=6))
    end = draw(st.one_of(st.just(1.0), places))

    def damage(data: bytes) -> bytes:
        changed = bytearray(data)
        for place, bit, way in steps:
            at, size = int(place * len(changed)), 1 << bit
            if way == 0:
                changed[at : at + 1] = bytes(byte ^ size for byte in changed[at : at + 1])
            else:
                piece = changed[at : at + size]
                changed[at : at + size] = (b"", b"\xff" * len(piece), piece * 2)[way - 1]
        return bytes(changed[: int(end * len(changed))])

    return damage


@EVERY_KIND
@examples(max_examples=120)
@given(damage=damages())
def test_a_damaged_file_is_text_or_refused(
    samples: dict[str, bytes],
    survives: Callable[[bytes], None],
    kind: str,
    damage: Callable[[bytes], bytes],
) -> None:
    """A damaged sample results in a text or a rejection."""
    survives(damage(samples[kind]))


@examples(max_examples=60)
@given(damage=damages(), choice=st.integers(0, 30))
def test_damage_below_the_compression_is_survived(
    survives: Callable[[bytes], None], damage: Callable[[bytes], bytes], choice: int
) -> None:
    """Damage that no checksum detects is handled: in markup, records and objects of a PDF."""
    for data in (docx_of(PEOPLE["docx"]), hwpx(PEOPLE["hwpx"])):
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            members = {name: source.read(name) for name in source.namelist()}
        name = sorted(members)[choice % len(members)]
        members[name] = damage(members[name])
        survives(archive(members, members.pop("mimetype", b"none").decode("latin-1")))
    records = text_record(utf16("가나다 \x0b......\x0b")) + text_record(b"x" * 5000, tag=choice)
    survives(hwp(deflated(damage(records)), damage(records), flags=choice % 2))
    file = io.BytesIO()
    canvas = Canvas(file, pageCompression=False)
    canvas.drawString(50, 700, "Jane Sample")
    canvas.save()
    survives(damage(file.getvalue()))


@given(st.binary(max_size=200), st.sampled_from([b"", b"%PDF-1.4\n", b"PK\x03\x04", b"\xd0\xcf"]))
def test_any_bytes_are_survived(
    survives: Callable[[bytes], None], data: bytes, start: bytes
) -> None:
    """Arbitrary bytes are handled, even if they start with the signature of a format."""
    survives(start + data + b"\n%%EOF")
