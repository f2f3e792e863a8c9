from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidan.errors import LedgerError, LedgerUnavailable
from paidan.ledger import journal_lines
from paidan.ledger.draft import Draft, drafts_of
from paidan.ledger.journal import DAMAGED, PENDING, REFUSED, Journal
from paidan.ledger.ledger import Ledger
from tests.paidan.ledger.sample import entry


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal")
    made.prepare()
    return made


def spool(journal: Journal, *ids: str | None, text: str = "空调不制冷") -> list[Draft]:
    drafts = drafts_of([entry(id, text) for id in ids])
    assert journal.append([draft.to_line() for draft in drafts])
    return drafts


def replayed(journal: Journal) -> list[Draft]:
    seen: list[Draft] = []

    def settle(drafts: Sequence[Draft]) -> int:
        seen.extend(drafts)
        return len(drafts)

    journal.replay(settle)
    return seen


def test_lines_are_handed_on_in_order_and_once(journal: Journal) -> None:
    first, second = spool(journal, "T-1", "T-2"), spool(journal, "T-3", None)
    assert (journal.waiting(), journal.backlog()) == (True, 4)
    assert replayed(journal) == first + second
    assert (journal.waiting(), journal.backlog()) == (False, 0)
    assert replayed(journal) == []


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    assert (journal.waiting(), journal.backlog(), journal.set_aside()) == (False, 0, {})


def test_only_the_owner_can_read_what_waits(journal: Journal) -> None:
    spool(journal, "T-1")
    for path in (journal.folder, journal.folder / PENDING):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_who_comes_behind_waits_behind_and_else_is_sent_to_the_database(journal: Journal) -> None:
    assert journal.append(["{}"], only_behind=True) is False
    spool(journal, "T-1")
    assert journal.append(["{}"], only_behind=True) is True


def test_a_line_torn_by_a_crash_is_set_aside_and_the_next_one_is_whole(journal: Journal) -> None:
    first = spool(journal, "T-1")
    with (journal.folder / PENDING).open("ab") as file:
        file.write(journal_lines.encode(first[0].to_line())[:100])
    second = spool(journal, "T-2")
    assert replayed(journal) == first + second
    assert journal.set_aside() == {DAMAGED: 1}


def test_a_changed_byte_is_noticed(journal: Journal) -> None:
    spool(journal, "T-1", "T-2")
    path = journal.folder / PENDING
    raw = path.read_bytes()
    path.write_bytes(raw.replace("空调不制冷".encode(), "空调不制热".encode(), 1))
    assert [draft.entry.id for draft in replayed(journal)] == ["T-2"]
    assert journal.set_aside() == {DAMAGED: 1}


def test_when_the_database_goes_away_again_the_rest_goes_on_waiting(journal: Journal) -> None:
    drafts = spool(journal, *(f"T-{n}" for n in range(1200)))
    seen: list[Draft] = []

    def settle(some: Sequence[Draft]) -> int:
        if seen:
            raise LedgerUnavailable("gone")
        seen.extend(some)
        return len(some)

    with pytest.raises(LedgerUnavailable):
        journal.replay(settle)
    assert 0 < len(seen) < 1200
    later = spool(journal, "T-late")
    assert replayed(journal) == drafts + later  # again from the beginning: the database knows them by their ids


def test_what_the_database_refuses_is_set_aside_and_holds_nobody_up(journal: Journal) -> None:
    drafts = spool(journal, *(f"T-{n}" for n in range(20)))
    seen: list[Draft] = []

    def settle(some: Sequence[Draft]) -> int:
        if any(draft.entry.id == "T-7" for draft in some):
            raise LedgerError("refused")
        seen.extend(some)
        return len(some)

    journal.replay(settle)
    assert seen == [draft for draft in drafts if draft.entry.id != "T-7"]
    assert journal.set_aside() == {REFUSED: 1}
    assert not journal.waiting()


def test_many_who_append_at_once_lose_no_line(journal: Journal) -> None:
    others = [Journal(journal.folder) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: [spool(others[n], f"{n}-{step}") for step in range(20)], range(8)))
    ids = [str(draft.entry.id) for draft in replayed(journal)]
    assert len(ids) == 160
    for n in range(8):
        assert [id for id in ids if id.startswith(f"{n}-")] == [f"{n}-{step}" for step in range(20)]


def test_lines_that_come_while_others_are_replayed_are_replayed_after_them(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paidan.ledger.journal.LAST", 0)
    spool(journal, "T-1", "T-2")
    seen: list[str | None] = []

    def settle(drafts: Sequence[Draft]) -> int:
        if not seen:
            spool(Journal(journal.folder), "T-3")
        seen.extend(draft.entry.id for draft in drafts)
        return len(drafts)

    assert journal.replay(settle) == 3
    assert seen == ["T-1", "T-2", "T-3"]


def test_while_one_replays_another_does_nothing(journal: Journal) -> None:
    spool(journal, "T-1")

    def settle(drafts: Sequence[Draft]) -> int:
        assert Journal(journal.folder).replay(lambda _: pytest.fail("two replay at once")) == 0
        return len(drafts)

    assert journal.replay(settle) == 1


def test_a_disk_that_is_full_keeps_all_lines_or_none(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    first = spool(journal, "T-1")
    write = os.write

    def half(descriptor: int, raw: memoryview) -> int:
        write(descriptor, raw[: len(raw) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space left"):
        spool(journal, "T-2")
    with pytest.raises(OSError, match="No space left"):
        journal.probe()
    monkeypatch.undo()
    assert replayed(journal) == first
    assert journal.set_aside() == {}


def test_a_ticket_is_erased_from_every_file(journal: Journal) -> None:
    spool(journal, "T-1", "T-2")
    journal._seal()
    spool(journal, "T-1", "T-3")
    (journal.folder / DAMAGED).write_text('torn "T-1" 空调\nother\n', encoding="utf-8")
    count, gone = journal.erase("crm-a", "T-1")
    assert (count, [draft.entry.id for draft in gone]) == (3, ["T-1", "T-1"])
    assert not any(b'"T-1"' in path.read_bytes() for path in journal.folder.iterdir())
    assert [draft.entry.id for draft in replayed(journal)] == ["T-2", "T-3"]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_draft_reads_back_from_its_line_as_it_was(text: str, id: str) -> None:
    (draft,) = drafts_of([entry(id or None, text)])
    line = journal_lines.encode(draft.to_line())
    assert line.count(b"\n") == 1
    back = journal_lines.read(line)
    assert back is not None
    assert back.answer(None) == draft.answer(None)
    assert back.row(3) == draft.row(3)


def test_settling_keeps_the_first_and_tells_of_each(ledger: Ledger) -> None:
    """One ticket was answered before; while the database was away it and a new one came twice each, and a text changed."""
    before = ledger.keep([entry("T-0", "甲")])[0].answer
    drafts = drafts_of(
        [
            entry("T-0", "甲"),
            entry("T-1", "乙", tag="process.invoice"),
            entry("T-1", "乙"),
            entry("T-1", "丙"),
            entry(None, "丁"),
        ]
    )
    assert ledger.settle(drafts) == 5
    told = {change["old"]["prediction_id"]: change for change in ledger.changes()["changes"]}
    found = [
        (told[draft.prediction_id]["new"]["revision"], told[draft.prediction_id]["new"]["repeat"]) for draft in drafts
    ]
    assert found == [(1, True), (1, False), (1, True), (2, False), (1, False)]
    assert {change["kind"] for change in told.values()} == {"settled"}
    assert {change["old"]["revision"] for change in told.values()} == {None}
    assert told[drafts[0].prediction_id]["new"]["prediction_id"] == before["prediction_id"]
    # Who got another answer meanwhile learns which one stands.
    dropped = told[drafts[2].prediction_id]
    assert (dropped["old"]["tag"], dropped["new"]["tag"]) == ("product.battery", "process.invoice")
    # Every id that was given away leads to a prediction.
    for draft in drafts:
        assert ledger.prediction(draft.prediction_id) is not None
    assert ledger.review(drafts[2].prediction_id, by="小王")["prediction_id"] == drafts[1].prediction_id


def test_settling_again_changes_nothing(ledger: Ledger) -> None:
    drafts = drafts_of([entry("T-1", "甲"), entry("T-1", "乙"), entry(None, "丙")])
    ledger.settle(drafts[:2])
    before = (ledger.counts(), ledger.changes())
    assert ledger.settle(drafts[:2]) == 0
    assert (ledger.counts(), ledger.changes()) == before
    assert ledger.settle(drafts) == 1


def test_a_draft_whose_commit_was_not_heard_of_is_settled_as_itself(ledger: Ledger) -> None:
    drafts = drafts_of([entry("T-1", "甲")])
    ledger.keep_drafts(drafts)
    ledger.settle(drafts)
    (change,) = ledger.changes()["changes"]
    assert (change["new"]["prediction_id"], change["new"]["repeat"]) == (drafts[0].prediction_id, False)
    assert ledger.counts()["predictions"] == 1


def test_a_refusal_that_comes_too_late_becomes_a_revision(ledger: Ledger) -> None:
    ledger.keep([entry("T-1", "甲")])
    (draft,) = drafts_of([entry("T-1", "乙", if_changed="error")])
    ledger.settle([draft])
    assert ledger.changes()["changes"][0]["new"]["revision"] == 2


def test_a_line_holds_no_more_than_the_ledger_does(journal: Journal) -> None:
    spool(journal, "T-1")
    line = (journal.folder / PENDING).read_text(encoding="utf-8")
    assert set(json.loads(line.partition(" ")[2])) == {
        *("entry", "source", "id", "text_key", "masked_text", "received_at"),
        *("answered_at", "written", "channel", "fields", "body"),
    }
