"""
Chunk sizes: chunks advance through the text, fit the embedding model, and divide what is kept.
"""

from collections.abc import Iterator
from itertools import chain

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.report.findings import Finding, Severity

# The most input tokens, and the dimensions, that the provider documents for each model.
_MODELS = {
    "text-embedding-3-small": (8191, 1536),
    "text-embedding-3-large": (8191, 3072),
    "text-embedding-ada-002": (8191, 1536),
}
# A token is about four characters of English prose, or one character of Korean.
_MOST_CHARACTERS = 4

_OVERLAPS = (
    ("CHUNK_RAW_SECTION_OVERLAP", "CHUNK_RAW_SECTION_SIZE"),
    ("CHUNK_KOREAN_OVERLAP", "CHUNK_KOREAN_SIZE"),
)
_SIZES = (
    "CHUNK_MAX_STRUCTURED_CHARS",
    "CHUNK_MAX_RAW_FULL_CHARS",
    "CHUNK_RAW_SECTION_SIZE",
    "CHUNK_KOREAN_SIZE",
)
_SECTIONS = ("CHUNK_RAW_SECTION_SIZE", "CHUNK_KOREAN_SIZE")


def overlaps(context: Context) -> Iterator[Finding]:
    """
    Each overlap is smaller than the size of its chunks.

    Why: a chunk starts (size - overlap) characters after the one before it. If the overlap is as
    large as the size, chunking never advances: the worker loops forever, or silently stores
    nothing.

    Fix: set the overlap to between a tenth and a quarter of the size.
    """
    for overlap, size in context.groups_of_valid(_OVERLAPS):
        shared, whole = getattr(context.settings, overlap), getattr(context.settings, size)
        if shared >= whole:
            yield context.finding(
                "CHU001",
                Severity.ERROR,
                f"{overlap} ({shared}) is not smaller than {size} ({whole}).",
                f"Set {overlap} to {whole // 5}.",
                overlap,
                size,
            )


def model_limits(context: Context) -> Iterator[Finding]:
    """
    Chunk sizes fit the model's input limit, and EMBEDDING_DIMENSIONS fits its output.

    Why: the provider rejects an input that is too long, or silently truncates it. A vector with
    other dimensions than expected does not fit the database column made for it. The number of
    tokens is an estimate, because workerctl does not load the model's tokenizer: each character is
    assumed to be between a quarter of a token and one token.

    Fix: lower the chunk size, or set EMBEDDING_DIMENSIONS to the dimensions of the model.
    """
    model = context.settings.EMBEDDING_MODEL
    if model not in _MODELS:
        raise SkipCheck("workerctl does not know the limits of this embedding model")
    tokens, dimensions = _MODELS[model]
    if dimensions < context.settings.EMBEDDING_DIMENSIONS:
        yield context.finding(
            "CHU002",
            Severity.ERROR,
            f"EMBEDDING_DIMENSIONS ({context.settings.EMBEDDING_DIMENSIONS}) exceeds the "
            f"{dimensions} dimensions of the embedding model.",
            f"Set EMBEDDING_DIMENSIONS to {dimensions}.",
            "EMBEDDING_DIMENSIONS",
            "EMBEDDING_MODEL",
        )
    for (name,) in context.groups_of_valid((name,) for name in _SIZES):
        yield from _too_large(context, name, tokens)


def _too_large(context: Context, name: str, limit: int) -> Iterator[Finding]:
    size = getattr(context.settings, name)
    if size > limit * _MOST_CHARACTERS:
        severity, verb = Severity.ERROR, "exceeds"
    elif size > limit:
        severity, verb = Severity.WARNING, "may exceed"
    else:
        return
    yield context.finding(
        "CHU002",
        severity,
        f"{name} ({size} characters) {verb} the embedding model's limit of {limit} tokens, as "
        "estimated without its tokenizer.",
        f"Set {name} to at most {limit}.",
        name,
        "EMBEDDING_MODEL",
    )


def sections(context: Context) -> Iterator[Finding]:
    """
    Section sizes do not exceed CHUNK_MAX_RAW_FULL_CHARS.

    Why: CHUNK_MAX_RAW_FULL_CHARS limits how much of a raw text is kept. If a section may be larger
    than that, one section holds the whole text, and dividing it has no effect.

    Fix: lower the section size, or raise CHUNK_MAX_RAW_FULL_CHARS.
    """
    whole = context.settings.CHUNK_MAX_RAW_FULL_CHARS
    for (name,) in context.groups_of_valid((name,) for name in _SECTIONS):
        size = getattr(context.settings, name)
        if size > whole:
            yield context.finding(
                "CHU003",
                Severity.WARNING,
                f"{name} ({size}) exceeds CHUNK_MAX_RAW_FULL_CHARS ({whole}).",
                f"Set {name} to at most {whole}.",
                name,
                "CHUNK_MAX_RAW_FULL_CHARS",
            )


CHU001 = Check(
    "CHU001",
    "Overlaps are smaller than their chunks",
    overlaps,
    looks_at=tuple(chain.from_iterable(_OVERLAPS)),
)
CHU002 = Check(
    "CHU002",
    "Chunks fit the embedding model",
    model_limits,
    reads=("EMBEDDING_MODEL", "EMBEDDING_DIMENSIONS"),
    looks_at=_SIZES,
)
CHU003 = Check(
    "CHU003",
    "Section chunks fit the raw text limit",
    sections,
    reads=("CHUNK_MAX_RAW_FULL_CHARS",),
    looks_at=_SECTIONS,
)
