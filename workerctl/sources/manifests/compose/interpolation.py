"""
Replacing references to variables by their values, as docker compose does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workerctl.report.errors import SourceError
from workerctl.report.records import Record
from workerctl.secrecy.typed import named
from workerctl.sources.dialects import templates
from workerctl.sources.dialects.templates import Reference

_DEEPEST = 30
_WORK_PER_UNIT = 10


class Text(Record):
    """
    A text in which the references to variables without a value stay, as `$NAME` or `${NAME}`.

    What follows the name in a reference is left out: it is not part of the value, and the `?` of
    `redis://:${PASSWORD:?required}@queue` would begin the query of the URL. `missing` has the names
    of the variables, or "" for one that is not to be shown. `is_literal` is true if the text
    contains no value of a variable.
    """

    text: str
    missing: tuple[str, ...] = ()
    is_literal: bool = True

    def __repr__(self) -> str:
        return f"Text({len(self.text)} characters)"


class Interpolator(Record):
    """
    Replaces references by the values of `names`. `spend` counts the work that it takes.
    """

    names: Mapping[str, Text]
    spend: Callable[[int], None]

    def __repr__(self) -> str:
        return f"Interpolator({len(self.names)} names)"

    def text(self, template: str) -> Text:
        """
        Return the text of a template.

        A default applies if the variable has no value. A variable without a value and without a
        default is missing: docker compose may have one where it runs.

        Raises InvalidTemplateError, and SourceError for a template that takes too much work.
        """
        return self._text(template, 0)

    def _text(self, template: str, depth: int) -> Text:
        if "$" not in template:
            return Text(template)
        self.spend(template.count("${") * len(template) // _WORK_PER_UNIT)
        if depth > _DEEPEST:
            raise SourceError("References to variables are nested too deep.", "Simplify them.")
        found: list[Text] = []
        for part in templates.parts(template):
            if isinstance(part, str):
                found.append(Text(part))
            else:
                found.append(self._value(part, part.written == template, depth))
            self.spend(len(found[-1].text))
        return Text(
            text="".join(each.text for each in found),
            missing=tuple(dict.fromkeys(name for each in found for name in each.missing)),
            is_literal=all(each.is_literal for each in found),
        )

    def _value(self, reference: Reference, is_alone: bool, depth: int) -> Text:  # noqa: FBT001
        value = self.names.get(reference.name)
        kind = reference.operator.removeprefix(":")
        if kind == "?" and _is_empty(value, reference):
            value = None
        if kind == "-" and _is_empty(value, reference):
            return self._text(reference.argument, depth + 1)
        if value is None:
            # `$` in a password may look like a reference, whose name is then a part of it.
            is_meant = reference.is_braced or is_alone
            return Text(
                text=f"${{{reference.name}}}" if reference.is_braced else reference.written,
                missing=(named(reference.name) if is_meant else "",),
                is_literal=False,
            )
        if kind == "+" and not value.missing:
            return (
                Text("")
                if _is_empty(value, reference)
                else self._text(reference.argument, depth + 1)
            )
        return value.replace(is_literal=False)


def _is_empty(value: Text | None, reference: Reference) -> bool:
    """
    Return whether a variable counts as having no value: with a `:`, also if it is empty.
    """
    return value is None or (reference.operator.startswith(":") and not value.text)
