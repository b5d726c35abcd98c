"""
The database rows of a candidate. Personal data is encrypted, each value bound to its place.
"""

import base64
import uuid
from collections.abc import Sequence

from .stages.analyst import Resume
from .stages.chunking import Chunk
from .stages.database import Row
from .stages.embedding_service import Vector
from .stages.privacy import PERSONAL, Sealer

_CANDIDATES = uuid.UUID("6f1f0a3e-52d7-4f0b-9f3c-0d8f4be1a1c7")


def candidate_id(job_id: str) -> str:
    """
    Return the id of the job's candidate.

    It is the same in every run of the job, so that a second run replaces the rows of the first.
    """
    return str(uuid.uuid5(_CANDIDATES, job_id))


def encrypted_columns(sealer: Sealer, candidate: str, resume: Resume) -> Row:
    """
    Return the encrypted columns of the personal data that the résumé contains.
    """
    values = {column: getattr(resume, column) for column in PERSONAL}
    return {
        column: sealer.seal("candidates", column, candidate, text)
        for column, text in values.items()
        if text
    }


def chunk_rows(
    sealer: Sealer, candidate: str, pieces: Sequence[Chunk], vectors: Sequence[Vector | None]
) -> list[Row]:
    """
    Return a row for each piece of text.

    The text is encrypted as well: even without the personal data that was found, it is a résumé.
    """
    ids = [f"{candidate}/{index}" for index in range(len(pieces))]
    return [
        {
            "id": row,
            "candidate_id": candidate,
            "kind": piece.kind,
            "content": sealer.seal("candidate_chunks", "content", row, piece.text),
            "embedding": vector,
        }
        for row, piece, vector in zip(ids, pieces, vectors, strict=True)
    ]


def picture_column(picture: bytes | None) -> str | None:
    """
    Return the picture as text, in base64.
    """
    return None if picture is None else base64.b64encode(picture).decode()
