#!/usr/bin/env python3
"""
Re-encrypt everything that older keys encrypted, and count the values of each key version.

    workerctl run -- python reencrypt.py worker.db   # repeat until only the current version is left

Workers may keep running. A run that is interrupted is continued by the next one. A value that
cannot be decrypted is reported and left unchanged; the exit code is then 1. This example uses
SQLite: adapt the queries to your database.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from sqlite3 import Connection, connect

from rich.console import Console
from rich.progress import Progress

from workerctl.keyring import KeyRing
from workerctl.runtime.exceptions import EncryptionError
from workerctl.settings import get_settings

# All encrypted columns, by table. The primary key of each table is `id`.
COLUMNS = {"candidates": ("name", "phone", "email", "address"), "candidate_chunks": ("content",)}
PLACES = [(table, column) for table, columns in COLUMNS.items() for column in columns]
Rows = list[tuple[str, bytes]]
FIRST = ""  # sorts before every id; use 0 if ids are numbers

TOTAL = "SELECT count({column}) FROM {table} WHERE id > ?"
SELECT = """SELECT id, CAST({column} AS BLOB) FROM {table}
    WHERE id > ? AND {column} IS NOT NULL ORDER BY id LIMIT 500"""
UPDATE = "UPDATE {table} SET {column} = ? WHERE id = ? AND CAST({column} AS BLOB) = ?"
CREATE = "CREATE TABLE IF NOT EXISTS reencrypt_progress (version PRIMARY KEY, place, id, failed)"
FIND = "SELECT place, id, failed FROM reencrypt_progress WHERE version = ?"


def context(table: str, column: str, row: str) -> bytes:
    """
    Return the context of a value, exactly as your worker passes it to `KeyRing.encrypt`.
    """
    return f"{table}/{column}/{row}".encode()


def batches(database: Connection, place: tuple[str, str], after: str = FIRST) -> Iterator[Rows]:
    """
    Yield batches of ids and tokens of a column, ordered by id, starting after one id.
    """
    table, column = place
    select = SELECT.format(table=table, column=column)
    while batch := database.execute(select, (after,)).fetchall():
        yield batch
        after = batch[-1][0]


def reencrypt_all(database: Connection, ring: KeyRing, progress: Progress) -> int:
    """
    Process all tokens once. Return the number of those that cannot be decrypted.
    """
    database.execute(CREATE)
    saved = database.execute(FIND, (ring.current_version,)).fetchone()
    start, after, failed = saved or (0, FIRST, 0)
    for number, (table, column) in enumerate(PLACES[start:], start):
        total, update = (sql.format(table=table, column=column) for sql in (TOTAL, UPDATE))
        task = progress.add_task(column, total=database.execute(total, (after,)).fetchone()[0])
        for batch in batches(database, (table, column), after):
            updates = []
            for row, token in batch:
                progress.advance(task)
                try:
                    new = ring.reencrypt(token, context(table, column, row))
                except EncryptionError as error:
                    failed += 1
                    progress.console.out(f"{table}/{column}/{row}: {error}", highlight=False)
                else:
                    updates += [(new.decode(), row, token)] if new != token else []
            state = (ring.current_version, number, batch[-1][0], failed)
            with database:  # a short transaction: the slow part, decryption, is done
                updated = database.executemany(update, updates).rowcount
                database.execute("REPLACE INTO reencrypt_progress VALUES (?, ?, ?, ?)", state)
            skipped = len(updates) - updated
            if skipped:  # a worker has changed these values since they were read
                progress.console.out(f"{table}/{column}: {skipped} left for the next run")
        after = FIRST
    with database:
        database.execute("DELETE FROM reencrypt_progress")
    return failed


def version_of(ring: KeyRing, token: bytes) -> int | str:
    """
    Return the label under which a token is counted. Decrypt nothing.
    """
    with suppress(EncryptionError):
        version = ring.version_of(token)
        is_old_format = version == ring.current_version and not ring.is_current(token)
        return f"{version}, old format" if is_old_format else version
    return "unknown"


def main() -> int:
    """
    Run the command. Return the exit code.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("database", type=Path)
    parser.add_argument("--count", action="store_true", help="count without changing anything")
    arguments = parser.parse_args()
    ring = KeyRing.from_settings(get_settings())
    counts: Counter[int | str] = Counter(dict.fromkeys(sorted(ring.versions), 0))
    progress = Progress(console=Console(stderr=True), disable=not sys.stderr.isatty())
    address = f"{arguments.database.resolve().as_uri()}?mode=rw"
    with closing(connect(address, uri=True, timeout=60)) as database, progress:
        failed = 0 if arguments.count else reencrypt_all(database, ring, progress)
        for batch in (batch for place in PLACES for batch in batches(database, place)):
            counts.update(version_of(ring, token) for _, token in batch)
    for version, number in counts.items():
        print(f"version {version}: {number}")
    for version in sorted(number for number in ring.versions if number < ring.current_version):
        command = f"workerctl keygen --retire {version} --in-use {counts[version]} --write FILE"
        print(f"To retire version {version} when its count is 0: {command}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
