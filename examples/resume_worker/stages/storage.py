"""
Downloading a document from the storage.
"""

from pathlib import Path, PurePosixPath
from urllib.parse import quote

from resume_worker.attempts import attempts
from resume_worker.clients import request_headers, supabase_client
from workerctl.runtime.exceptions import InvalidFileError, ValidationError
from workerctl.settings import get_settings

_BUCKET = "resumes"
_MEGABYTE = 1024 * 1024


async def download(path: str, file: Path) -> None:
    """
    Download a stored document to a file.

    Raise InvalidFileError if it is larger than MAX_FILE_SIZE_MB, and ValidationError if the path
    leads out of the bucket.
    """
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise ValidationError("The path of the file is not in the bucket.")
    await attempts("storage", lambda: _fetch(path, file))


async def _fetch(path: str, file: Path) -> None:
    limit = get_settings().MAX_FILE_SIZE_MB * _MEGABYTE
    address = f"/storage/v1/object/{_BUCKET}/{quote(path)}"
    async with supabase_client().stream("GET", address, headers=request_headers()) as response:
        response.raise_for_status()
        size = 0
        with file.open("wb") as target:
            async for block in response.aiter_bytes():
                size += len(block)
                if size > limit:
                    raise InvalidFileError("The file is too large.", {"limit_bytes": limit})
                target.write(block)
