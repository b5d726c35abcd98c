"""
Embedding the chunks of a text as vectors.
"""

from collections.abc import Sequence
from typing import NamedTuple

from resume_worker.attempts import attempts
from resume_worker.clients import embedding_client, request_headers
from workerctl.runtime.exceptions import EmbeddingPartialFailure, WorkerBaseException
from workerctl.settings import get_settings

from .chunking import Chunk

_BATCH = 16

Vector = list[float]


class Embedding(NamedTuple):
    """
    A vector or None for each chunk, and the failure if any are missing.
    """

    vectors: list[Vector | None]
    failure: EmbeddingPartialFailure | None


async def process_candidate(pieces: Sequence[Chunk]) -> Embedding:
    """
    Embed the chunks in batches. A batch that fails is left out, so that the analysis is not lost.
    """
    vectors: list[Vector | None] = []
    cause: WorkerBaseException | None = None
    for start in range(0, len(pieces), _BATCH):
        texts = [piece.text for piece in pieces[start : start + _BATCH]]
        try:
            vectors += await _embed(texts)
        except WorkerBaseException as error:
            vectors += [None] * len(texts)
            cause = error
    return Embedding(vectors, None if cause is None else _partial(vectors, cause))


async def _embed(texts: list[str]) -> list[Vector]:
    settings = get_settings()
    response = await attempts(
        "embedding",
        lambda: embedding_client().embeddings.create(
            model=settings.EMBEDDING_MODEL,
            dimensions=settings.EMBEDDING_DIMENSIONS,
            input=texts,
            extra_headers=request_headers(),
        ),
    )
    return [item.embedding for item in response.data]


def _partial(vectors: list[Vector | None], cause: WorkerBaseException) -> EmbeddingPartialFailure:
    failure = EmbeddingPartialFailure(
        "Some pieces of the text have no vector, so the search will not find them.",
        {"pieces": len(vectors), "missing": vectors.count(None), "cause": cause.error_code},
    )
    failure.__cause__ = cause
    return failure
