"""
Chunk sizes: chunks advance through the text, fit the embedding model, and divide what is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.report.findings import Finding, Severity
from workerctl.rules import DimensionsOf, InputOf, SmallerThan, Within
from workerctl.schema.declarations import Declaration

# The most input tokens, and the dimensions, that the provider documents for each model.
_MODELS = {
    "text-embedding-3-small": (8191, 1536),
    "text-embedding-3-large": (8191, 3072),
    "text-embedding-ada-002": (8191, 1536),
}
# A token is about four characters of English prose, or one character of Korean.
_MOST_CHARACTERS = 4


def overlaps(context: Context) -> Iterator[Finding]:
    """
    Every field marked `SmallerThan`, such as an overlap, is smaller than the size that it names.

    Why: a chunk starts (size - overlap) characters after the one before it. If the overlap is as
    large as the size, chunking never advances: the worker loops forever, or silently stores
    nothing.

    Fix: set the overlap to between a tenth and a quarter of the size.
    """
    for one in context.declared(SmallerThan):
        size = one.others["than"]
        shared, whole = context.value(one.name), context.value(size)
        if None not in {shared, whole} and shared >= whole:
            yield context.finding(
                "CHU001",
                Severity.ERROR,
                f"{one.name} ({shared}) is not smaller than {size} ({whole}).",
                f"Set {one.name} to {whole // 5}.",
                one.name,
                size,
            )


def model_limits(context: Context) -> Iterator[Finding]:
    """
    Chunk sizes fit the model's input limit, and the dimensions fit its output.

    The fields are those marked `InputOf` and `DimensionsOf`.

    Why: the provider rejects an input that is too long, or silently truncates it. A vector with
    other dimensions than expected does not fit the database column made for it. The number of
    tokens is an estimate, because workerctl does not load the model's tokenizer: each character is
    assumed to be between a quarter of a token and one token.

    Fix: lower the chunk size, or set the dimensions to those of the model.
    """
    yield from _too_many_dimensions(context)
    for one in context.declared(InputOf):
        limits = _limits(context, one)
        if limits is not None:
            yield from _too_large(context, one, limits[0])


def _limits(context: Context, one: Declaration) -> tuple[int, int] | None:
    """
    Return the limits of a model; None if the field is None. Raise SkipCheck for an unknown model.
    """
    model = context.value(one.others["model"])
    if model not in _MODELS:
        raise SkipCheck("workerctl does not know the limits of this embedding model")
    return None if context.value(one.name) is None else _MODELS[model]


def _too_many_dimensions(context: Context) -> Iterator[Finding]:
    for one in context.declared(DimensionsOf):
        limits = _limits(context, one)
        given, model = context.value(one.name), one.others["model"]
        if limits is not None and limits[1] < given:
            yield context.finding(
                "CHU002",
                Severity.ERROR,
                f"{one.name} ({given}) exceeds the {limits[1]} dimensions of the embedding model.",
                f"Set {one.name} to {limits[1]}.",
                one.name,
                model,
            )


def _too_large(context: Context, one: Declaration, limit: int) -> Iterator[Finding]:
    size = context.value(one.name)
    if size > limit * _MOST_CHARACTERS:
        severity, verb = Severity.ERROR, "exceeds"
    elif size > limit:
        severity, verb = Severity.WARNING, "may exceed"
    else:
        return
    yield context.finding(
        "CHU002",
        severity,
        f"{one.name} ({size} characters) {verb} the embedding model's limit of {limit} tokens, as "
        "estimated without its tokenizer.",
        f"Set {one.name} to at most {limit}.",
        one.name,
        one.others["model"],
    )


def sections(context: Context) -> Iterator[Finding]:
    """
    No field marked `Within`, such as the size of a section, exceeds the whole that it names.

    Why: the whole limits how much of a text is kept. If a section may be larger than that, one
    section holds the whole text, and dividing it has no effect.

    Fix: lower the size of the section, or raise that of the whole.
    """
    for one in context.declared(Within):
        other = one.others["than"]
        size, whole = context.value(one.name), context.value(other)
        if None not in {size, whole} and size > whole:
            yield context.finding(
                "CHU003",
                Severity.WARNING,
                f"{one.name} ({size}) exceeds {other} ({whole}).",
                f"Set {one.name} to at most {whole}.",
                one.name,
                other,
            )


CHU001 = Check("CHU001", "Overlaps are smaller than their chunks", overlaps, rules=(SmallerThan,))
CHU002 = Check(
    "CHU002", "Chunks fit the embedding model", model_limits, rules=(InputOf, DimensionsOf)
)
CHU003 = Check("CHU003", "Section chunks fit the raw text limit", sections, rules=(Within,))
