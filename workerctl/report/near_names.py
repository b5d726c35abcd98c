"""
Near misses of variable names: the known name that an unknown one was probably meant to be.

    >>> NearNames(["LLM_TIMEOUT_SECONDS"]).near("WORKER_LLM_TIMEOUT_MS")
    Near(known='LLM_TIMEOUT_SECONDS', is_typo=False, units=('SECONDS', 'MILLISECONDS'))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from workerctl.report.records import Record
from workerctl.report.suggest import NearMisses, is_slip, is_transposition

_MINIMUM = 6
_SHORT_WORD = 3
_LONG_NAME = 3

_UNITS: Mapping[str, str] = {
    word: unit
    for unit, words in {
        "SECONDS": "SECONDS SECOND SECS SEC S",
        "MILLISECONDS": "MILLISECONDS MILLISECOND MILLIS MSECS MSEC MS",
        "MINUTES": "MINUTES MINUTE MINS MIN",
        "HOURS": "HOURS HOUR HRS HR H",
        "DAYS": "DAYS DAY",
        "BYTES": "BYTES BYTE",
        "KILOBYTES": "KILOBYTES KB KIB",
        "MEGABYTES": "MEGABYTES MB MIB",
        "GIGABYTES": "GIGABYTES GB GIB",
    }.items()
    for word in words.split()
}
"""Units at the end of a name, each with the one that it stands for."""

_OTHER_WORDS = frozenset({frozenset({"URL", "URI"}), frozenset({"ID", "IP"})})
"""Pairs of words in use that differ in one letter."""

_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_SEPARATORS = str.maketrans("", "", "_-.")


class Near(Record):
    """
    The known name that is near an unknown one.

    `is_typo` is true if the unknown name is the known one with a typing error. Otherwise, it may
    just as well be that of another program. `units` are the units of the known and the unknown
    name if they differ; the second one is "" for a name without a unit. `is_respelt` is true if
    nothing but case, hyphens, dots and underscores differs.
    """

    known: str
    is_typo: bool = False
    units: tuple[str, str] | None = None
    is_respelt: bool = False

    @property
    def hint(self) -> str:
        """
        A question that suggests the known name.
        """
        differ = self.units is not None and all(self.units)
        unit = f", in {self.units[0].lower()}" if self.units is not None and differ else ""
        return f"Did you mean {self.known}{unit}?"


class NearNames:
    """
    Finds near misses of known names, which are compared in capitals.

    `prefix` begins the variables of the settings class; a name without it is near the one with it.
    `others` are further near names, each with the known name: those of fields that have an alias.
    """

    def __init__(
        self, known: Iterable[str], prefix: str = "", others: Mapping[str, str] = _NO_NAMES
    ) -> None:
        self._others = {name.upper(): meant for name, meant in others.items()}
        names = sorted(known)
        self._shown = {name.upper(): name for name in reversed(names)}
        self._prefix = prefix.upper()
        self._misses = NearMisses(self._shown)
        long = [name for name in self._shown if len(name) >= _MINIMUM]
        self._bases = {_without_unit(name)[0]: name for name in reversed(long)}
        self._squeezed = {name.translate(_SEPARATORS): name for name in reversed(long)}
        self._last_words = {name.rpartition("_")[2] for name in (*long, *self._bases, *_UNITS)}

    def near(self, name: str) -> Near | None:
        """
        Return the known name that is near an unknown one, or None.
        """
        upper = name.upper()
        slip = self._misses.slip(upper)
        if slip is not None and self._is_typo(upper, slip):
            return Near(self._shown[slip], is_typo=True)
        return self._variant(upper) or self._similar(upper, slip)

    def near_in_environment(self, name: str) -> Near | None:
        """
        Return the known name that is near a variable of the environment, or None.

        Most of the environment belongs to other programs, so other spellings than typing errors are
        near only to a name of at least three words.
        """
        upper = name.upper()
        slip = self._misses.slip(upper)
        if slip is not None:
            return Near(self._shown[slip], is_typo=True) if self._is_typo(upper, slip) else None
        is_candidate = upper.rpartition("_")[2] in self._last_words or "-" in upper
        found = self._variant(upper) if is_candidate else None
        return None if found is None or found.known.count("_") + 1 < _LONG_NAME else found

    def same(self, name: str) -> str | None:
        """
        Return the known name that differs in case, hyphens, dots and underscores only, or None.
        """
        found = self._squeezed.get(name.upper().translate(_SEPARATORS))
        return None if found is None else self._shown[found]

    def is_inside(self, name: str) -> bool:
        """
        Return whether a name begins with the prefix of the class.
        """
        return bool(self._prefix) and name.upper().startswith(self._prefix)

    def _is_typo(self, name: str, slip: str) -> bool:
        # no other program has a name with the prefix of the class
        return self.is_inside(name) or _is_typing_error(name, slip)

    def _variant(self, name: str) -> Near | None:
        """
        Return the known name without another program's prefix, or with its unit.
        """
        if name in self._others:
            return Near(self._others[name])
        prefixed = f"{self._prefix}{name}"
        if self._prefix and len(name) >= _MINIMUM and prefixed in self._shown:
            return Near(self._shown[prefixed])
        same = self.same(name)
        if same is not None:
            return Near(same, is_respelt=True)
        for has_prefix, rest in enumerate(_endings(name)):
            if rest in self._shown:
                return Near(self._shown[rest])
            base, unit = _without_unit(rest)
            known = self._bases.get(base)
            if known is None or (has_prefix and "_" not in base):
                continue
            _, known_unit = _without_unit(known)
            if known_unit != unit:
                return Near(self._shown[known], units=(known_unit, unit))
            return Near(self._shown[known])
        return None

    def _similar(self, name: str, slip: str | None) -> Near | None:
        found = slip or self._misses.similar(name)
        if found is None or not _begin_alike(name, found):
            return None
        return Near(self._shown[found])


def _endings(name: str) -> Iterator[str]:
    """
    Yield a name, then what follows each of its underscores, as long as that is a name by itself.
    """
    while len(name) >= _MINIMUM:
        yield name
        name = name.partition("_")[2].lstrip("_")


def _without_unit(name: str) -> tuple[str, str]:
    """
    Return a name without the unit at its end, and the usual word for the unit.
    """
    base, _, word = name.rpartition("_")
    unit = _UNITS.get(word) if base else None
    return (name, "") if unit is None else (base, unit)


def _is_typing_error(name: str, known: str) -> bool:
    """
    Return whether one slip between two names is a typing error, not the name of another thing.

    Names that differ in a digit, in joined words or in a plural are those of other things, and so
    are names whose first word is another short one.
    """
    if _digits(name) != _digits(known):
        return False
    own_words, words = name.split("_"), known.split("_")
    if len(own_words) != len(words):  # `__` for `_`, or words that are joined
        return list(filter(None, own_words)) == list(filter(None, words))
    if is_transposition(name, known):
        return True
    position, own, other = next(
        (position, own, other)
        for position, (own, other) in enumerate(zip(own_words, words, strict=True))
        if own != other
    )
    return not (
        (_differ_in_number(own, other) and other not in _UNITS)
        or frozenset({own, other}) in _OTHER_WORDS
        or (position == 0 and len(other) <= _SHORT_WORD)
    )


def _differ_in_number(own: str, other: str) -> bool:
    """
    Return whether one word is the plural of the other. ACCESS is not a plural.
    """
    longer, shorter = (own, other) if len(own) > len(other) else (other, own)
    return longer == shorter + "S" and not shorter.endswith("S")


def _digits(name: str) -> list[str]:
    return [each for each in name if each.isdigit()]


def _begin_alike(name: str, known: str) -> bool:
    """
    Return whether two names have the same first word, possibly misspelt or cut short.
    """
    own, other = name.partition("_")[0], known.partition("_")[0]
    if own == other:
        return True
    if min(len(own), len(other)) <= _SHORT_WORD:
        return False
    return is_slip(own, other) or own.startswith(other) or other.startswith(own)
