"""
Storing rows in the database.
"""

from typing import Any

from resume_worker.attempts import attempts
from resume_worker.clients import request_headers, supabase_client

Row = dict[str, Any]


async def save(candidate: Row, chunks: list[Row]) -> None:
    """
    Store a candidate and its chunks. Their ids are fixed, so a second run of the job replaces them.
    """
    await attempts("database", lambda: _upsert("candidate_chunks", chunks))
    # The candidate is stored last: once it is visible, its chunks must exist.
    await attempts("database", lambda: _upsert("candidates", [candidate]))


async def _upsert(table: str, rows: list[Row]) -> None:
    response = await supabase_client().post(
        f"/rest/v1/{table}",
        json=rows,
        headers={"Prefer": "resolution=merge-duplicates", **request_headers()},
    )
    response.raise_for_status()
