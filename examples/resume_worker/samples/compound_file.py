"""
A small writer of compound files (MS-CFB), the container format of HWP 5.

A compound file holds streams, which may be grouped in storages. This writer produces version 3 with
512-byte sectors: the header, the streams, the directory and the allocation table. It pads short
streams with zeros, so that none belongs in a mini stream; HWP data marks its own end.
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
_NO_ENTRY = 0xFFFFFFFF
_UNUSED, _STORAGE, _STREAM, _ROOT = 0, 1, 2, 5
_BLACK = 1


class _Entry(NamedTuple):
    """
    An entry of the directory. The child of a storage is the root of a search tree of its entries.
    """

    name: str
    kind: int
    data: bytes = b""
    left: int = _NO_ENTRY
    right: int = _NO_ENTRY
    child: int = _NO_ENTRY


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """
    Return a compound file as bytes. Keys are `STREAM` or `STORAGE/STREAM`; no value may be empty.

    Raise ValueError for more than about 7 MB, whose allocation table would not fit in the header.
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
    Return the root entry, followed by its children and by those of each storage.
    """
    top: dict[str, bytes] = {}
    storages: dict[str, dict[str, bytes]] = {}
    for path, data in streams.items():
        storage, _, name = path.rpartition("/")
        (storages.setdefault(storage, {}) if storage else top)[name] = data
    entries = [_Entry("Root Entry", _ROOT)]
    _add(entries, 0, {**top, **dict.fromkeys(storages, b"")})
    positions = {entry.name: at for at, entry in enumerate(entries) if entry.kind == _STORAGE}
    for storage, children in storages.items():
        _add(entries, positions[storage], children)
    return entries


def _add(entries: list[_Entry], parent: int, children: Mapping[str, bytes]) -> None:
    """
    Append the children in the order that the format requires: shorter names first.
    """
    begin = len(entries)
    for name in sorted(children, key=lambda name: (len(name), name.upper())):
        kind = _STREAM if children[name] else _STORAGE
        entries.append(_Entry(name, kind, _padded(children[name])))
    entries[parent] = entries[parent]._replace(child=_link(entries, begin, len(entries)))


def _link(entries: list[_Entry], begin: int, end: int) -> int:
    """
    Link the entries from `begin` to `end` as a balanced tree. Return its root.
    """
    if begin == end:
        return _NO_ENTRY
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
        start = _END_OF_CHAIN  # there is no mini stream
    return struct.pack(
        "<64sHBB3I16xI16xIQ",
        name,
        len(name),
        entry.kind,
        _BLACK,  # a tree with only black nodes is valid
        entry.left,
        entry.right,
        entry.child,
        0,
        start,
        len(entry.data),
    )


def _table(chains: list[bytes]) -> bytes:
    """
    Return the allocation table: for every sector the next one of its chain, its own sectors last.
    """
    numbers: list[int] = []
    for data in chains:
        first, count = len(numbers), len(data) // _SECTOR
        numbers += [*range(first + 1, first + count), _END_OF_CHAIN]
    own = -(-len(numbers) // (_NUMBERS_IN_SECTOR - 1))  # each sector of the table lists itself
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
        6,  # a sector of the mini stream is 2 ** 6 bytes
        0,  # number of directory sectors, always 0 in version 3
        table_sectors,
        directory_at,
        0,  # transaction
        _MINI_STREAM_CUTOFF,
        _END_OF_CHAIN,  # there is no table of the mini stream
        0,
        _END_OF_CHAIN,  # the header holds the whole list of table sectors
        0,
        *table,
    )
