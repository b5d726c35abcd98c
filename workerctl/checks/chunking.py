"""
Chunks: they advance, they fit the model, they fit each other.
"""

from collections.abc import Iterator
from itertools import chain

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.report.findings import Finding, Severity

# Input tokens and dimensions as the provider documents them for its embedding models.
_MODELS = {
    "text-embedding-3-small": (8191, 1536),
    "text-embedding-3-large": (8191, 3072),
    "text-embedding-ada-002": (8191, 1536),
}
# Characters of a token: at most about 4 (English prose), at least about 1 (Korean).
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
    The overlap of neighbouring chunks is smaller than a chunk.

    Why: each chunk starts size minus overlap characters after the one before. With an overlap as
    large as the chunk it never advances: the worker loops, or silently stores nothing.

    Fix: make the overlap a tenth to a quarter of the size.
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
    A chunk fits what the embedding model takes, and the vector what it gives.

    Why: the provider refuses a longer input, or cuts it off without a word; a vector of another
    length does not go into the column made for it. Without the model's tokenizer the number of
    tokens is an estimate: a quarter to one token for a character.

    Fix: lower the chunk's size, or set EMBEDDING_DIMENSIONS to what the model gives.
    """
    model = context.settings.EMBEDDING_MODEL
    if model not in _MODELS:
        raise SkipCheck("the limits of this embedding model are not known to workerctl")
    tokens, dimensions = _MODELS[model]
    if dimensions < context.settings.EMBEDDING_DIMENSIONS:
        yield context.finding(
            "CHU002",
            Severity.ERROR,
            f"EMBEDDING_DIMENSIONS ({context.settings.EMBEDDING_DIMENSIONS}) exceeds the "
            f"{dimensions} that the embedding model gives.",
            f"Set EMBEDDING_DIMENSIONS to {dimensions}.",
            "EMBEDDING_DIMENSIONS",
            "EMBEDDING_MODEL",
        )
    for (name,) in context.groups_of_valid((name,) for name in _SIZES):
        yield from _too_large(context, name, tokens)


def _too_large(context: Context, name: str, limit: int) -> Iterator[Finding]:
    size = getattr(context.settings, name)
    if size > limit * _MOST_CHARACTERS:
        severity, certainty = Severity.ERROR, "needs"
    elif size > limit:
        severity, certainty = Severity.WARNING, "may need"
    else:
        return
    yield context.finding(
        "CHU002",
        severity,
        f"{name} ({size} characters) {certainty} more than the {limit} tokens that the embedding "
        "model takes, by an estimate without its tokenizer.",
        f"Set {name} to at most {limit}.",
        name,
        "EMBEDDING_MODEL",
    )


def sections(context: Context) -> Iterator[Finding]:
    """
    A section of a text is not larger than the whole that is kept of it.

    Why: with sections above the limit for the raw text, one section holds all of it, and the
    division into sections does nothing.

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
