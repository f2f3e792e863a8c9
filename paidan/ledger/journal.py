"""Where answers wait while the database is away: fsynced lines in files that all workers of a workspace share.

Appends go to `pending.jsonl` under a lock, so that the order of the lines is the order of the answers over all workers.
Who replays seals that file under a number and hands on its lines in order; a file is removed once all its lines are
committed. A crash in between replays lines again, which the database recognises by their ids.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from paidan.errors import LedgerError, LedgerUnavailable
from paidan.ledger import journal_lines as lines
from paidan.ledger.draft import Draft

log = logging.getLogger("paidan.ledger")
PENDING = "pending.jsonl"
DAMAGED, REFUSED = "damaged.log", "refused.log"
# The last lines are replayed while appends wait, so that nobody can come in between; this many bytes at most.
LAST = 1 << 20
Settle = Callable[[Sequence[Draft]], int]


class Journal:
    """The journal of a workspace.

    Args:
        folder: holds the files; made by `prepare`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pending = folder / PENDING
        self._counted: dict[tuple[int, int], int] = {}
        self._ahead = 0

    def prepare(self) -> None:
        """Make the folder and its locks, while there is room for them."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("append", "replay"):
            with self._locked(name):
                pass

    def waiting(self) -> bool:
        """Whether lines wait to be replayed. Cheap: asked before every write."""
        try:
            return any(name.endswith(".jsonl") for name in os.listdir(self.folder))  # noqa: PTH208 (half the time)
        except FileNotFoundError:
            return False

    def backlog(self) -> int:
        """How many lines wait."""
        total, known = 0, {}
        for path in [*self._sealed(), self._pending]:
            try:
                stat = path.stat()
                key = (stat.st_ino, stat.st_size)
                known[key] = self._counted[key] if key in self._counted else lines.count(path)
            except FileNotFoundError:
                continue
            total += known[key]
        self._counted = known
        return max(0, total - self._ahead)

    def append(self, texts: Sequence[str], *, only_behind: bool = False) -> bool:
        """Write the texts of drafts, a line each, and have them on the disk; all or none.

        Args:
            only_behind: do nothing unless other lines wait already.

        Returns:
            Whether the lines were written.

        Raises:
            OSError: they are not kept.
        """
        with self._locked("append"):
            if only_behind and not self.waiting():
                return False
            raw = b"".join(map(lines.encode, texts))
            descriptor = os.open(self._pending, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    # The last line was torn by a crash, and nobody was told that it is kept.
                    raw = b"\n" + raw
                lines.write(descriptor, raw, size)
            finally:
                os.close(descriptor)
            if size == 0:
                self._sync_folder()
            return True

    def probe(self) -> None:
        """Raise OSError unless lines could be kept now."""
        path = self.folder / f".probe.{os.getpid()}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                lines.write(descriptor, b" " * 65536, 0)
            finally:
                os.close(descriptor)
        finally:
            path.unlink(missing_ok=True)

    def replay(self, settle: Settle) -> int:
        """Hand on everything that waits, in order; how many lines the database did not have yet.

        Does nothing while another process replays.

        Args:
            settle: keeps drafts in one transaction.

        Raises:
            LedgerUnavailable: the database went away again; what is left goes on waiting.
            OSError: the journal cannot be read.
        """
        fresh = 0
        with self._locked("replay", wait=False) as mine:
            while mine:
                for path in self._sealed():
                    fresh += self._replay_file(path, settle)
                with self._locked("append"):
                    try:
                        size = self._pending.stat().st_size
                    except FileNotFoundError:
                        break
                    sealed = self._seal()
                    if size <= LAST:
                        fresh += self._replay_file(sealed, settle)
                        break
        return fresh

    def erase(self, source: str, id: str) -> tuple[int, list[Draft]]:
        """Remove a ticket's lines from every file; how many went, and the drafts among them."""
        count, gone = 0, []
        if not self.folder.is_dir():
            return 0, []
        with self._locked("replay"), self._locked("append"):
            for path in [*self._sealed(), self._pending, self.folder / DAMAGED, self.folder / REFUSED]:
                if not path.is_file():
                    continue
                left, before = [], count
                for line in path.read_bytes().splitlines(keepends=True):
                    draft = lines.read(line)
                    mine = draft is not None and (draft.entry.source, draft.entry.id) == (source, id)
                    # A torn line tells no ticket; the id's mention is enough.
                    torn = draft is None and id.encode() in line
                    if mine or torn:
                        count += 1
                        gone += [draft] if draft is not None else []
                    else:
                        left.append(line)
                if count > before:
                    lines.replace(path, b"".join(left))
            self._sync_folder()
        return count, gone

    def set_aside(self) -> dict[str, int]:
        """Lines that could not be read, and drafts that the database refused, which a person must look at."""
        return {name: lines.count(self.folder / name) for name in (DAMAGED, REFUSED) if (self.folder / name).is_file()}

    def _sealed(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.glob("*.jsonl") if path.name != PENDING)
        except FileNotFoundError:
            return []

    def _seal(self) -> Path:
        last = max((int(path.stem) for path in self._sealed()), default=0)
        sealed = self.folder / f"{last + 1:012d}.jsonl"
        self._pending.rename(sealed)
        self._sync_folder()
        return sealed

    def _replay_file(self, path: Path, settle: Settle) -> int:
        fresh = 0
        try:
            for drafts, damaged in lines.batches(path):
                if damaged:
                    log.error("%d damaged lines of the journal were set aside in %s", len(damaged), DAMAGED)
                    self._keep_aside(DAMAGED, damaged)
                fresh += self._settle(drafts, settle)
                self._ahead += len(drafts)
            path.unlink()
            self._sync_folder()
        finally:
            self._ahead = 0
        return fresh

    def _settle(self, drafts: list[Draft], settle: Settle) -> int:
        """Settle drafts together; one that the database refuses must not hold up the others."""
        if not drafts:
            return 0
        try:
            return settle(drafts)
        except LedgerUnavailable:
            raise
        except LedgerError as error:
            if len(drafts) > 1:
                half = len(drafts) // 2
                return self._settle(drafts[:half], settle) + self._settle(drafts[half:], settle)
            log.error("prediction %s was refused and set aside in %s: %s", drafts[0].prediction_id, REFUSED, error)
            self._keep_aside(REFUSED, [lines.encode(drafts[0].to_line())])
            return 0

    def _keep_aside(self, name: str, raw: list[bytes]) -> None:
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            lines.write(descriptor, b"".join(raw), os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)

    @contextmanager
    def _locked(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold one of the locks over all processes; without waiting, say whether it was free."""
        descriptor = os.open(self.folder / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
