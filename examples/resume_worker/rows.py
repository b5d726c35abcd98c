"""
What is stored of a candidate: personal data encrypted, each value bound to its place.
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
    The id of the candidate that a job makes: a second run replaces what the first one stored.
    """
    return str(uuid.uuid5(_CANDIDATES, job_id))


def encrypted_columns(sealer: Sealer, candidate: str, resume: Resume) -> Row:
    """
    The columns with personal data, those that were found.
    """
    found = {column: getattr(resume, column) for column in PERSONAL}
    return {
        column: sealer.seal("candidates", column, candidate, text)
        for column, text in found.items()
        if text
    }


def chunk_rows(
    sealer: Sealer, candidate: str, pieces: Sequence[Chunk], vectors: Sequence[Vector | None]
) -> list[Row]:
    """
    A row for each piece. The found values are not in it, and it is still the text of a résumé.
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
    A picture as text.
    """
    return None if picture is None else base64.b64encode(picture).decode()
