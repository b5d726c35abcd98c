"""
The form of every value: what surrounds it, what hides in it, and how its lists are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Severity
from workerctl.rules import Origins
from workerctl.sources.forms.plain import is_bare


def values_have_no_space_around(context: Context) -> Iterator[Finding]:
    """
    No value begins or ends with white space or a line end that the settings keep.

    Why: `echo` and editors add a line end to a file, and a file with Windows line ends leaves a
    carriage return in each value. No HTTP header can carry an API key with one, and the error of
    the client does not name the key. In a public text, only a single word is judged, because a
    blank at the end of prose is harmless.

    Fix: write the file with `printf %s`, or correct what sets the variable.
    """
    return _found(context, "FRM001")


def values_hide_nothing(context: Context) -> Iterator[Finding]:
    """
    No value contains a character that nobody sees, or that only looks like another one.

    These are byte order marks, zero-width characters, soft hyphens, marks of the writing direction,
    no-break spaces, control characters, and Cyrillic or Greek letters among Latin ones. In an API
    key or token, every character has to be ASCII; prose may contain any. The finding describes the
    character by its position and its class, and never shows it if it is visible.

    Why: such characters come along when a value is copied from a web page, a chat or a PDF. The
    client cannot encode the header, or the service refuses a key that looks right.

    Fix: copy the value again from its origin, as plain text.
    """
    return _found(context, "FRM002")


def values_are_bare(context: Context) -> Iterator[Finding]:
    """
    No value carries its own name, the scheme of a header, quotes or a comment.

    The check also finds the comma or semicolon of the line of code from which a value was copied,
    the `b'…'` in which Python prints bytes, white space in an API key or a token, and a key that
    was pasted twice.

    Why: parsers differ. `docker run --env-file` keeps quotes and comments; a secret file may hold
    `NAME=value`; and the client that sends a key adds `Bearer` by itself. Once the
    value is in the process, nothing removes them.

    Fix: set the value alone.
    """
    return _found(context, "FRM003")


def lists_are_separated(context: Context) -> Iterator[Finding]:
    """
    Every list has the items that were meant.

    The built-in settings separate items with commas or take JSON; other classes take JSON, unless
    they split texts by themselves. The check finds other separators, quotes and white space that
    became part of an item, brackets of a list that is not JSON, and empty items.

    Why: `fast;slow` is one queue, which nobody fills. For queues, the finding is an error.

    Fix: write `fast,slow`, or JSON such as `["fast", "slow"]`.
    """
    return _found(context, "FRM004")


def origins_are_as_browsers_send_them(context: Context) -> Iterator[Finding]:
    """
    Every allowed origin has the form in which a browser sends it.

    These are the fields marked `Origins`. The built-in settings remove a slash at the end.

    Why: an origin consists of a scheme, a host and a port that is not the default one, and is
    compared as a text. With a slash, a path or capital letters, it matches no browser.

    Fix: write it as the browser does: `https://app.example.com`.
    """
    from workerctl.sources.forms.origins import origin_fault  # few classes declare origins

    for (name,) in context.groups_of_valid((each.name,) for each in context.schema.of(Origins)):
        for number, origin in enumerate(_origins(context.value(name)), 1):
            fault = origin_fault(origin)
            if fault is not None and context.values.is_set(name):
                yield context.finding(
                    "FRM005",
                    Severity.WARNING,
                    f"Origin {number} of {name} {fault.words}, so no browser sends it.",
                    fault.remedy,
                    name,
                )
                break


def _found(context: Context, code: str) -> Iterator[Finding]:
    yield from (each for each in context.once(_faults) if each.code == code)


def _faults(context: Context) -> tuple[Finding, ...]:
    """
    Return what is wrong with the values that need a closer look.

    A class may read more from a file than workerctl does: a byte order mark.
    """
    own = context.schema.is_own
    suspects = [
        name
        for name, value in context.values.chosen.items()
        if name not in context.invalid
        and (not is_bare(value.text) or (not own and value.location.source == "secret-file"))
    ]
    if not suspects:
        return ()
    from workerctl.schema.boot_rules import forms

    return tuple(forms.faults(context, suspects))


def _origins(value: object) -> Iterator[str]:
    items = value.split(",") if isinstance(value, str) else value
    if isinstance(items, Iterable):
        yield from (str(item).strip() for item in items)


FRM001 = Check("FRM001", "No value has white space around it", values_have_no_space_around)
FRM002 = Check("FRM002", "No value hides invisible characters or look-alikes", values_hide_nothing)
FRM003 = Check("FRM003", "Values carry no name, scheme, quotes or comment", values_are_bare)
FRM004 = Check("FRM004", "Lists are separated as their settings read them", lists_are_separated)
FRM005 = Check(
    "FRM005",
    "Allowed origins are written as browsers send them",
    origins_are_as_browsers_send_them,
    rules=(Origins,),
)
