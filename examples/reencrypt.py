#!/usr/bin/env python3
"""
Encrypt anew, with the current key, what other keys wrote; then count. The workers may go on.

    workerctl run -- python reencrypt.py worker.db   # again, until no older version is left

SQLite stands in for your database. A run that was stopped is continued by the next one. A value
that does not open is told by its place and left as it is; the exit code is then 1.
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

# All that is encrypted; the primary key of each table is `id`.
COLUMNS = {"candidates": ("name", "phone", "email", "address"), "candidate_chunks": ("content",)}
PLACES = [(table, column) for table, columns in COLUMNS.items() for column in columns]
Rows = list[tuple[str, bytes]]
FIRST = ""  # stands before every id; 0 where ids are numbers

TOTAL = "SELECT count({column}) FROM {table} WHERE id > ?"
SELECT = """SELECT id, CAST({column} AS BLOB) FROM {table}
    WHERE id > ? AND {column} IS NOT NULL ORDER BY id LIMIT 500"""
UPDATE = "UPDATE {table} SET {column} = ? WHERE id = ? AND CAST({column} AS BLOB) = ?"
CREATE = "CREATE TABLE IF NOT EXISTS reencrypt_progress (version PRIMARY KEY, place, id, unopened)"
FIND = "SELECT place, id, unopened FROM reencrypt_progress WHERE version = ?"


def context(table: str, column: str, row: str) -> bytes:
    """
    What a token is bound to: exactly what your worker gives to `KeyRing.encrypt`.
    """
    return f"{table}/{column}/{row}".encode()


def batches(database: Connection, place: tuple[str, str], after: str = FIRST) -> Iterator[Rows]:
    """
    Ids and tokens of a column, in the order of the ids, from behind one of them on.
    """
    table, column = place
    select = SELECT.format(table=table, column=column)
    while batch := database.execute(select, (after,)).fetchall():
        yield batch
        after = batch[-1][0]


def encrypt_anew(database: Connection, ring: KeyRing, progress: Progress) -> int:
    """
    Go through all tokens once. Returns how many did not open.
    """
    database.execute(CREATE)
    found = database.execute(FIND, (ring.current_version,)).fetchone()
    start, after, unopened = found or (0, FIRST, 0)
    for number, (table, column) in enumerate(PLACES[start:], start):
        total, update = (sql.format(table=table, column=column) for sql in (TOTAL, UPDATE))
        task = progress.add_task(column, total=database.execute(total, (after,)).fetchone()[0])
        for batch in batches(database, (table, column), after):
            changes = []
            for row, token in batch:
                progress.advance(task)
                try:
                    new = ring.reencrypt(token, context(table, column, row))
                except EncryptionError as error:
                    unopened += 1
                    progress.console.out(f"{table}/{column}/{row}: {error}", highlight=False)
                else:
                    changes += [(new.decode(), row, token)] if new != token else []
            reached = (ring.current_version, number, batch[-1][0], unopened)
            with database:  # one short transaction: what takes time is done
                changed = database.executemany(update, changes).rowcount
                database.execute("REPLACE INTO reencrypt_progress VALUES (?, ?, ?, ?)", reached)
            if changed < len(changes):  # somebody else wrote there, and is not overwritten
                progress.console.out(f"{table}/{column}: {len(changes) - changed} left for later")
        after = FIRST
    with database:
        database.execute("DELETE FROM reencrypt_progress")
    return unopened


def version_of(ring: KeyRing, token: bytes) -> int | str:
    """
    What a token is counted as; nothing is decrypted.
    """
    with suppress(EncryptionError):
        version = ring.version_of(token)
        is_old = version == ring.current_version and not ring.is_current(token)
        return f"{version}, not encrypted anew" if is_old else version
    return "unknown"


def main() -> int:
    """
    Returns the exit code.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("database", type=Path)
    parser.add_argument("--count", action="store_true", help="only count, and change nothing")
    arguments = parser.parse_args()
    ring = KeyRing.from_settings(get_settings())
    counts: Counter[int | str] = Counter(dict.fromkeys(sorted(ring.versions), 0))
    progress = Progress(console=Console(stderr=True), disable=not sys.stderr.isatty())
    address = f"{arguments.database.resolve().as_uri()}?mode=rw"
    with closing(connect(address, uri=True, timeout=60)) as database, progress:
        unopened = 0 if arguments.count else encrypt_anew(database, ring, progress)
        for batch in (batch for place in PLACES for batch in batches(database, place)):
            counts.update(version_of(ring, token) for _, token in batch)
    for version, number in counts.items():
        print(f"version {version}: {number}")
    for version in sorted(number for number in ring.versions if number < ring.current_version):
        print(f"At 0: workerctl keygen --retire {version} --in-use {counts[version]} --write FILE")
    return 1 if unopened else 0


if __name__ == "__main__":
    sys.exit(main())
