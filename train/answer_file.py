"""Answering a whole file: in order, with bounded memory, and from where it stopped.

Answers go to `OUT.part`, one JSON line a row, and a note beside it says which input they belong to; when the last
row is answered they become OUT. A run that was stopped leaves both, and the next one goes on from there.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from paidan.errors import MessageError, RecordsError
from paidan.message import Message
from paidan.problem import message_problem, problem
from paidan.router import Router
from train.columns import message_of
from train.labels import SURROGATE, Labels
from train.profile import Profile
from train.readers import is_tabular, read_raw
from train.rows import BadRow, Row

OUTPUTS = (".jsonl", ".csv", ".xlsx")
ADDED = ("paidan_tag", "paidan_tag_name", "paidan_probability", "paidan_decision", "paidan_would_be", "paidan_reason")
ADDED_ROUTE = (
    "paidan_urgency",
    "paidan_kind",
    "paidan_queue",
    "paidan_respond_by",
    "paidan_resolve_by",
    "paidan_model",
    "paidan_error",
)
FLUSH_EVERY = 500


@dataclass(frozen=True)
class AnswerFile:
    """One run of `paidan predict`.

    Args:
        profile: how the input is to be read.
        detail: whether answers carry evidence and the masked text.
    """

    source: Path
    target: Path
    router: Router
    profile: Profile
    detail: bool = False

    @property
    def part(self) -> Path:
        return self.target.with_name(self.target.name + ".part")

    @property
    def note(self) -> Path:
        return self.target.with_name(self.target.name + ".part.json")

    def run(self, progress: Callable[[int], None] = lambda _: None) -> tuple[int, int, int]:
        """Answer every row. Returns how many were answered, refused, and taken over from a stopped run.

        Raises:
            RecordsError: the input cannot be read or the output not be written.
        """
        if self.target.suffix.lower() not in OUTPUTS:
            raise RecordsError(
                f"{self.target}: answers are written to {', '.join(OUTPUTS)}, not '{self.target.suffix}'"
            )
        if self.target.resolve() == self.source.resolve():
            raise RecordsError(f"{self.target}: is the input itself; name another file with -o")
        try:
            done = self._resume()
            progress(done)
            answered, refused = self._answer(done, progress)
            self._finish()
        except OSError as error:
            raise RecordsError(
                f"{self.target}: cannot be written ({error.strerror}). {self.part} keeps what was answered; run again to go on"
            ) from None
        return answered, refused, done

    def _rows(self) -> Iterator[Row]:
        return read_raw(self.source, self.profile.encoding, self.profile.columns, self.profile.sheet)

    def _identity(self) -> dict[str, Any]:
        stat = self.source.stat()
        digest = self.router.bundle.digest or self.router.bundle.name
        return {
            "input": str(self.source.resolve()),
            "size": stat.st_size,
            "modified": stat.st_mtime_ns,
            "model": digest,
            "detail": self.detail,
        }

    def _resume(self) -> int:
        """How many rows a stopped run of the same input and model has answered; what it tore is cut off."""
        next(iter(self._rows()))  # an input that cannot be read is refused before anything is written
        identity = self._identity()
        if self.part.is_file() and self._noted() == identity:
            done, end = 0, 0
            with self.part.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    done, end = done + 1, end + len(line)
            os.truncate(self.part, end)
            return done
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.part.write_text("", encoding="utf-8")
        self.note.write_text(json.dumps(identity), encoding="utf-8")
        return 0

    def _noted(self) -> Any:
        """What the last run belonged to; None when it left no note, or a torn one."""
        try:
            return json.loads(self.note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def _answer(self, done: int, progress: Callable[[int], None]) -> tuple[int, int]:
        labels = Labels(None, (), self.profile.columns, self.profile.values)
        tabular = is_tabular(self.source)
        answered = refused = 0
        with self.part.open("a", encoding="utf-8") as file:
            for count, (_, row) in enumerate(islice(self._rows(), done, None), 1):
                answer = self._one(row, labels, tabular)
                refused += "error" in answer
                answered += "error" not in answer
                file.write(json.dumps(answer, ensure_ascii=False) + "\n")
                if count % FLUSH_EVERY == 0:
                    file.flush()
                    progress(FLUSH_EVERY)
            file.flush()
            os.fsync(file.fileno())
        return answered, refused

    def _one(self, row: Mapping[str, Any] | BadRow, labels: Labels, tabular: bool) -> dict[str, Any]:
        if isinstance(row, BadRow):
            return {"id": _id(row.raw), "error": problem("unreadable", "The row cannot be read", 400, row.problem)}
        try:
            message: Message = message_of(row, labels, tabular, self.router.routing.timezone)
        except MessageError as error:
            return {"id": _id(row), "error": message_problem(error)}
        return self.router.answer([message], detail=self.detail)[0]

    def _finish(self) -> None:
        suffix = self.target.suffix.lower()
        if suffix == ".jsonl":
            self.part.replace(self.target)
        else:
            finished = self.target.with_name(self.target.name + ".new")
            (self._write_csv if suffix == ".csv" else self._write_xlsx)(finished)
            finished.replace(self.target)
            self.part.unlink()
        self.note.unlink(missing_ok=True)

    def _table(self) -> Iterator[list[Any]]:
        """The input's own columns, in their order, then ours."""
        columns: dict[str, None] = {}
        for _, row in self._rows():
            columns.update(dict.fromkeys(row.raw if isinstance(row, BadRow) else row))
        yield [*columns, *ADDED, *ADDED_ROUTE]
        with self.part.open(encoding="utf-8") as answers:
            for (_, row), line in zip(self._rows(), answers, strict=True):
                cells = row.raw if isinstance(row, BadRow) else row
                yield [*(cells.get(name, "") for name in columns), *_cells(json.loads(line))]

    def _write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
            csv.writer(file).writerows(self._table())

    def _write_xlsx(self, path: Path) -> None:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("answers")
        for row in self._table():
            sheet.append([_spreadsheet(cell) for cell in row])
        book.save(path)


def _id(row: Mapping[str, Any]) -> str | None:
    value = row.get("id")
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        return None
    return SURROGATE.sub("\ufffd", str(value)[:200])


def _cells(answer: Mapping[str, Any]) -> list[Any]:
    if "error" in answer:
        return [None] * (len(ADDED) + len(ADDED_ROUTE) - 1) + [answer["error"]["detail"]]
    tag, kind, route = answer["tag"], answer["kind"], answer["route"]
    first = [tag["id"], tag["name"], tag["probability"]] if tag else [None, None, None]
    return [
        *first,
        answer["decision"],
        answer["would_be"],
        answer["reason"],
        answer["urgency"]["id"],
        kind["id"] if kind else None,
        route["proposed"]["id"],
        route["respond_by"],
        route["resolve_by"],
        answer["model"],
        None,
    ]


def _spreadsheet(value: Any) -> Any:
    if isinstance(value, str):
        value = SURROGATE.sub("\ufffd", ILLEGAL_CHARACTERS_RE.sub("", value))[:32_767]
        return "'" + value if value[:1] == "=" else value
    return value if value is None or isinstance(value, int | float | bool) else str(value)
