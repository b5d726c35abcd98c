"""
A small writer of compound files (MS-CFB), the container of HWP 5: streams, some in storages.

Version 3, with sectors of 512 bytes: the header, the streams, the directory, the allocation table.
Every stream is padded with zeros past the size below which it would belong into the mini stream,
so that there is none; what HWP keeps in a stream says itself where it ends.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR = 512
_MINI_STREAM_CUTOFF = 4096
_ENTRY = 128
_NUMBERS_IN_SECTOR = _SECTOR // 4
_TABLE_SECTORS_IN_HEADER = 109

_FREE, _END_OF_CHAIN, _TABLE_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_NOBODY = 0xFFFFFFFF
_UNUSED, _STORAGE, _STREAM, _ROOT = 0, 1, 2, 5
_BLACK = 1


class _Entry(NamedTuple):
    """
    One entry of the directory. A storage has a child, the root of a search tree of its entries.
    """

    name: str
    kind: int
    data: bytes = b""
    left: int = _NOBODY
    right: int = _NOBODY
    child: int = _NOBODY


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """
    The bytes of a compound file. A path is `STREAM` or `STORAGE/STREAM`, a stream is not empty.

    Raises ValueError for what would need a table longer than the header can name, about 7 MB.
    """
    entries = _directory(streams)
    starts, at = [], 0
    for entry in entries:
        starts.append(at if entry.data else 0)
        at += len(entry.data) // _SECTOR
    directory = b"".join(map(_packed, entries, starts))
    directory += _packed(_Entry("", _UNUSED), 0) * (-len(entries) % (_SECTOR // _ENTRY))
    table = _table([*(entry.data for entry in entries if entry.data), directory])
    header = _header(
        len(table) // _SECTOR, directory_at=at, table_at=at + len(directory) // _SECTOR
    )
    return b"".join((header, *(entry.data for entry in entries), directory, table))


def _directory(streams: Mapping[str, bytes]) -> list[_Entry]:
    """
    The root, what is in it, and then what is in each storage.
    """
    top: dict[str, bytes] = {}
    storages: dict[str, dict[str, bytes]] = {}
    for path, data in streams.items():
        storage, _, name = path.rpartition("/")
        (storages.setdefault(storage, {}) if storage else top)[name] = data
    entries = [_Entry("Root Entry", _ROOT)]
    _add(entries, 0, {**top, **dict.fromkeys(storages, b"")})
    places = {entry.name: at for at, entry in enumerate(entries) if entry.kind == _STORAGE}
    for storage, inside in storages.items():
        _add(entries, places[storage], inside)
    return entries


def _add(entries: list[_Entry], parent: int, children: Mapping[str, bytes]) -> None:
    """
    Append the children in the order that the format defines: the shorter name first.
    """
    begin = len(entries)
    for name in sorted(children, key=lambda name: (len(name), name.upper())):
        kind = _STREAM if children[name] else _STORAGE
        entries.append(_Entry(name, kind, _padded(children[name])))
    entries[parent] = entries[parent]._replace(child=_link(entries, begin, len(entries)))


def _link(entries: list[_Entry], begin: int, end: int) -> int:
    """
    Make a balanced tree of the entries from begin to end; its root, or nobody.
    """
    if begin == end:
        return _NOBODY
    middle = (begin + end) // 2
    left, right = _link(entries, begin, middle), _link(entries, middle + 1, end)
    entries[middle] = entries[middle]._replace(left=left, right=right)
    return middle


def _padded(data: bytes) -> bytes:
    size = max(len(data), _MINI_STREAM_CUTOFF) if data else 0
    return data.ljust(size + -size % _SECTOR, b"\0")


def _packed(entry: _Entry, start: int) -> bytes:
    name = (entry.name + "\0").encode("utf-16-le") if entry.name else b""
    if entry.kind == _ROOT:
        start = _END_OF_CHAIN  # where the mini stream would begin
    return struct.pack(
        "<64sHBB3I16xI16xIQ",
        name,
        len(name),
        entry.kind,
        _BLACK,  # the simplest tree: every node black
        entry.left,
        entry.right,
        entry.child,
        0,
        start,
        len(entry.data),
    )


def _table(chains: list[bytes]) -> bytes:
    """
    For every sector the next one of its chain; the table's own sectors come last.
    """
    numbers: list[int] = []
    for data in chains:
        first, count = len(numbers), len(data) // _SECTOR
        numbers += [*range(first + 1, first + count), _END_OF_CHAIN]
    own = -(-len(numbers) // (_NUMBERS_IN_SECTOR - 1))  # each one holds itself, too
    if own > _TABLE_SECTORS_IN_HEADER:
        raise ValueError("the streams are too large for this writer")
    numbers += [_TABLE_SECTOR] * own
    numbers += [_FREE] * (own * _NUMBERS_IN_SECTOR - len(numbers))
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _header(table_sectors: int, *, directory_at: int, table_at: int) -> bytes:
    table = [*range(table_at, table_at + table_sectors)]
    table += [_FREE] * (_TABLE_SECTORS_IN_HEADER - table_sectors)
    return struct.pack(
        "<8s16x5H6x9I109I",
        _SIGNATURE,
        0x3E,  # minor version
        3,  # major version
        0xFFFE,  # little endian
        9,  # a sector is 2 ** 9 bytes
        6,  # one of the mini stream 2 ** 6
        0,  # directory sectors, which version 3 does not count
        table_sectors,
        directory_at,
        0,  # transaction
        _MINI_STREAM_CUTOFF,
        _END_OF_CHAIN,  # of the table of the mini stream
        0,
        _END_OF_CHAIN,  # of what the header has no room for
        0,
        *table,
    )
