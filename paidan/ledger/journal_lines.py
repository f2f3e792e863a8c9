"""The journal's lines: a checksum and a draft each, so that a torn or damaged one is known."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from paidan.ledger.draft import Draft

AT_ONCE = 500


def encode(text: str) -> bytes:
    """The line of a draft's text."""
    raw = text.encode()
    return b"%08x %s\n" % (zlib.crc32(raw), raw)


def write(descriptor: int, raw: bytes, size: int) -> None:
    """Write behind `size` bytes and sync; on any failure the file is as long as before."""
    try:
        view = memoryview(raw)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def read(line: bytes) -> Draft | None:
    """The draft of a line; None when it is torn or damaged."""
    digest, _, text = line.rstrip(b"\n").partition(b" ")
    try:
        return Draft.from_line(text.decode()) if int(digest, 16) == zlib.crc32(text) else None
    except (ValueError, KeyError, TypeError):
        return None


def batches(path: Path) -> Iterator[tuple[list[Draft], list[bytes]]]:
    """The drafts of a file and its damaged lines, some at a time."""
    drafts: list[Draft] = []
    damaged: list[bytes] = []
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            draft = read(line)
            if draft is None:
                damaged.append(line if line.endswith(b"\n") else line + b"\n")
            else:
                drafts.append(draft)
            if len(drafts) + len(damaged) >= AT_ONCE:
                yield drafts, damaged
                drafts, damaged = [], []
    yield drafts, damaged


def count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def replace(path: Path, raw: bytes) -> None:
    if not raw:
        path.unlink()
        return
    partial = path.with_suffix(".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write(descriptor, raw, 0)
    finally:
        os.close(descriptor)
    partial.replace(path)
