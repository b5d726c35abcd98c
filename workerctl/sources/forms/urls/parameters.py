"""
Query parameters: which of them a client knows, and what their values must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from workerctl.report.records import Record
from workerctl.sources.forms.urls.faults import Effect, Fault

_LONGEST_SUGGESTED = 40
_RATIO = 0.75


class Kind(Record):
    """
    What the values of a parameter must be, completing "it must be …". None accepts any text.
    """

    expects: str
    accepts: Callable[[str], object] | None = None

    def refuses(self, value: str) -> bool:
        """
        Return whether a client refuses a value: `accepts` raises ValueError or returns False.
        """
        try:
            return self.accepts is not None and self.accepts(value) is False
        except ValueError:
            return True


class Table(Record):
    """
    The parameters that a client knows.

    `unknown` is the effect of any other parameter and `wrong` that of a wrong value. `judge` names
    those of several clients that judge values.
    """

    client: str
    kinds: Mapping[str, Kind]
    unknown: Effect = Effect.REFUSED
    wrong: Effect = Effect.REFUSED
    judge: str = ""


TEXT = Kind("a text")
INTEGER = Kind("a whole number", int)
NUMBER = Kind("a number", float)


def one_of(*words: str) -> Kind:
    """
    Return the kind of a parameter that takes certain words.
    """
    expects = ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else words[0]
    return Kind(expects, frozenset(words).__contains__)


def named(kind: Kind, names: str) -> dict[str, Kind]:
    """
    Return the entries of a table for parameters of one kind; blanks separate their names.
    """
    return dict.fromkeys(names.split(), kind)


BOOLEAN = one_of("true", "false")


def faults(pairs: Iterable[tuple[str, str]], table: Table) -> Iterator[Fault]:
    """
    Yield the faults of the parameters of a query. An unknown name may be a secret: it is counted.
    """
    seen: set[str] = set()
    for number, (name, value) in enumerate(pairs, 1):
        kind = table.kinds.get(name)
        if kind is None:
            yield _unknown(number, name, table)
        elif name in seen:
            yield Fault(
                Effect.IGNORED,
                f"sets the parameter `{name}` more than once, and only one of them counts",
                f"Keep one `{name}`.",
                name,
            )
        elif kind.refuses(value):
            yield refused(name, kind, table.judge or table.client, table.wrong)
        seen.add(name)


def refused(name: str, kind: Kind, client: str, effect: Effect = Effect.REFUSED) -> Fault:
    """
    Return the fault of a parameter with a wrong value.
    """
    verb = "ignored" if effect is Effect.IGNORED else "refused"
    what = f"gives the parameter `{name}` a value that is {verb} by {client}"
    return Fault(effect, what, f"Its value must be {kind.expects}.", name)


def _unknown(number: int, name: str, table: Table) -> Fault:
    from workerctl.report.suggest import closest  # only for a fault

    # What is about TLS is suggested for nothing else, and nothing else for it.
    near = [each for each in table.kinds if _is_about_tls(each) == _is_about_tls(name)]
    short = name if len(name) <= _LONGEST_SUGGESTED else ""
    meant = closest(short, near, _RATIO)
    does = {Effect.REFUSED: ", which refuses it", Effect.IGNORED: ", which ignores it"}
    return Fault(
        table.unknown,
        f"has a query parameter unknown to {table.client}{does.get(table.unknown, '')} "
        f"(number {number})",
        "Remove it, or correct its name." if meant is None else f"Did you mean {meant}?",
    )


def _is_about_tls(name: str) -> bool:
    return re.search("ssl|tls|verify|cert", name, re.IGNORECASE) is not None
