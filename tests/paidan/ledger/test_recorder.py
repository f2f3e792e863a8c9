from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from paidan.errors import LedgerError, LedgerUnavailable
from paidan.ledger import keeper, recorder
from paidan.ledger.draft import drafts_of
from paidan.ledger.journal import Journal
from paidan.ledger.ledger import Ledger
from paidan.ledger.recorder import Recorder
from tests.paidan.ledger.sample import entry
from tests.postgres import Postgres


def run(recorder: Recorder, work: Callable[[Recorder], Awaitable[Any]]) -> Any:
    """Do something with a recorder that is started and closed around it."""

    async def around() -> Any:
        await recorder.start()
        try:
            return await work(recorder)
        finally:
            await recorder.close()

    return asyncio.run(around())


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0.02)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def unplug(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is away for whoever wants to write or read."""

    def gone(*_: Any) -> None:
        raise LedgerUnavailable("the ledger's database is away: pulled the plug")

    monkeypatch.setattr(Ledger, "_write", gone)
    monkeypatch.setattr(Ledger, "_read", gone)


def test_one_commit_serves_whoever_waits(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    keep_drafts = Ledger.keep_drafts

    def counted(self: Ledger, drafts: Any) -> Any:
        commits.append(len(drafts))
        return keep_drafts(self, drafts)

    monkeypatch.setattr(Ledger, "keep_drafts", counted)

    async def work(recorder: Recorder) -> list[Any]:
        return await asyncio.gather(*(recorder.keep([entry(f"T-{n}")]) for n in range(300)))

    told = run(Recorder(url, tmp_path / "journal"), work)
    assert [kept[0].answer["id"] for kept in told] == [f"T-{n}" for n in range(300)]
    assert sum(commits) == 300
    assert len(commits) < 100


def test_fifty_repeats_at_once_make_one_record(url: str, tmp_path: Path) -> None:
    async def work(recorder: Recorder) -> Any:
        told = await asyncio.gather(*(recorder.keep([entry()]) for _ in range(50)))
        assert sum(not kept[0].answer["replayed"] for kept in told) == 1
        assert len({kept[0].answer["prediction_id"] for kept in told}) == 1
        return await recorder.read("counts")

    assert run(Recorder(url, tmp_path / "journal"), work)["predictions"] == 1


def test_a_client_that_went_away_disturbs_nobody(sqlite: str, tmp_path: Path) -> None:
    async def work(recorder: Recorder) -> Any:
        gone = asyncio.ensure_future(recorder.keep([entry("T-1")]))
        await asyncio.sleep(0)
        gone.cancel()
        await recorder.keep([entry("T-2")])
        return await recorder.read("counts")

    assert run(Recorder(sqlite, tmp_path / "journal"), work)["predictions"] == 2


def test_one_request_that_cannot_be_kept_does_not_cost_the_others_theirs(
    sqlite: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = entry("\ud800")

    async def work(recorder: Recorder) -> Any:
        with caplog.at_level(logging.CRITICAL, logger="paidan.ledger"):
            return await asyncio.gather(
                *(recorder.keep([one]) for one in (entry("T-1"), bad, entry("T-2"))), return_exceptions=True
            )

    told = run(Recorder(sqlite, tmp_path / "journal"), work)
    assert [type(one) for one in told][::2] == [list, list]
    assert isinstance(told[1], Exception)


def test_what_is_read_and_what_is_not(sqlite: str, tmp_path: Path) -> None:
    async def work(recorder: Recorder) -> None:
        told = (await recorder.keep([entry()]))[0].answer
        assert (await recorder.read("prediction", told["prediction_id"]))["id"] == "T-1"
        await recorder.read("review", told["prediction_id"], by="小王", tag="process.invoice")
        await recorder.read("outcome", "crm-a", "T-1", queue="billing")
        assert len((await recorder.read("changes", None, 100))["changes"]) == 2
        with pytest.raises(LedgerError, match="there is no prediction"):
            await recorder.read("review", "01JD", by="小王")
        with pytest.raises(LedgerError, match="has no 'erase' to be read"):
            await recorder.read("erase", "crm-a", "T-1")
        assert recorder.state == "database"

    run(Recorder(sqlite, tmp_path / "journal"), work)


def test_after_it_is_closed_nothing_is_taken(sqlite: str, tmp_path: Path) -> None:
    recorder = Recorder(sqlite, tmp_path / "journal")

    async def work() -> None:
        await recorder.start()
        last = [asyncio.ensure_future(recorder.keep([entry(f"T-{n}")])) for n in range(20)]
        await asyncio.sleep(0)
        await recorder.close()
        assert len(await asyncio.gather(*last)) == 20  # what had been taken is kept
        with pytest.raises(LedgerUnavailable, match="is stopping"):
            await recorder.keep([entry()])
        await recorder.close()

    asyncio.run(work())


def test_while_the_database_is_away_answers_go_on_and_find_their_place_later(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(recorder: Recorder) -> None:
        first = (await recorder.keep([entry("T-1", "甲")]))[0].answer
        with monkeypatch.context() as plug:
            unplug(plug)
            told = [(await recorder.keep([entry("T-1", text)]))[0].answer for text in ("甲", "乙", "乙")]
            assert [(one["revision"], one["replayed"]) for one in told] == [(None, False)] * 3
            assert (recorder.state, recorder.backlog) == ("journal", 3)
            with pytest.raises(LedgerUnavailable):
                await recorder.read("prediction", first["prediction_id"])
        await until(lambda: recorder.state == "database")
        assert recorder.backlog == 0
        again = (await recorder.keep([entry("T-1", "乙")]))[0].answer
        assert (again["revision"], again["replayed"], again["prediction_id"]) == (2, True, told[1]["prediction_id"])
        changes = (await recorder.read("changes", None, 100))["changes"]
        assert [(change["new"]["revision"], change["new"]["repeat"]) for change in changes] == [
            (1, True),
            (2, False),
            (2, True),
        ]
        assert (await recorder.read("counts"))["predictions"] == 2

    run(Recorder(url, tmp_path / "journal"), work)


def test_who_comes_while_others_wait_stays_behind_them(
    sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker has lines in the journal that this one, whose database is there, must not overtake."""
    monkeypatch.setattr(recorder, "LOOK_S", 3600)

    async def work(one: Recorder) -> None:
        other = keeper.Keeper(sqlite, tmp_path / "journal")
        other.journal.append([draft.to_line() for draft in drafts_of([entry("T-1", "甲")])])
        told = (await one.keep([entry("T-1", "乙")]))[0].answer
        assert (told["revision"], one.state) == (None, "journal")
        other.recover()
        assert (await one.keep([entry("T-1", "甲")]))[0].answer["revision"] == 1
        assert (await one.keep([entry("T-1", "乙")]))[0].answer["revision"] == 2
        assert other.ledger is not None
        other.ledger.close()

    run(Recorder(sqlite, tmp_path / "journal"), work)


def test_what_a_killed_server_left_in_the_journal_is_replayed_at_the_next_start(url: str, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.prepare()
    drafts = drafts_of([entry(f"T-{n}") for n in range(5)])
    journal.append([draft.to_line() for draft in drafts])

    async def work(recorder: Recorder) -> Any:
        assert (recorder.state, recorder.backlog) == ("database", 0)
        return [(await recorder.read("prediction", draft.prediction_id))["revision"] for draft in drafts]

    assert run(Recorder(url, tmp_path / "journal"), work) == [1] * 5


def test_when_neither_can_be_written_it_says_so_and_comes_back(
    sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def work(recorder: Recorder) -> None:
        with monkeypatch.context() as plug:
            unplug(plug)
            plug.setattr(Journal, "append", full)
            plug.setattr(Journal, "probe", full)
            with pytest.raises(LedgerUnavailable, match=r"neither .* \(No space left on device\); nothing was kept"):
                await recorder.keep([entry()])
            assert recorder.state == "nowhere"
        await until(lambda: recorder.state == "database")
        assert (await recorder.keep([entry()]))[0].answer["replayed"] is False

    run(Recorder(sqlite, tmp_path / "journal"), work)


def test_a_full_database_goes_to_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own limit stands in for a full disk; the journal lies on another."""
    path = tmp_path / "ledger.db"

    async def work(recorder: Recorder) -> None:
        ledger = recorder._keeper.ledger
        assert ledger is not None
        with ledger.engine.connect() as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        monkeypatch.setattr(Journal, "replay", lambda *_: 0)

        def limit(connection: Any, *_: Any) -> None:
            connection.execute(f"PRAGMA max_page_count={pages + 20}")

        ledger.engine.dispose()
        event.listen(ledger.engine, "connect", limit)
        told = [(await recorder.keep([entry(f"T-{n}", "长" * 2000)]))[0].answer for n in range(60)]
        assert told[0]["revision"] == 1
        assert told[-1]["revision"] is None
        kept = (await recorder.read("counts"))["predictions"]
        assert kept + recorder.backlog == 60
        assert kept > 0

    run(Recorder(f"sqlite:///{path}", tmp_path / "journal"), work)


def test_an_address_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    async def never(_: Recorder) -> None:
        raise AssertionError

    with pytest.raises(LedgerError, match="'mysql' is not supported"):
        run(Recorder("mysql://a/b", tmp_path / "journal"), never)


def test_a_server_starts_although_the_database_is_away(tmp_path: Path) -> None:
    async def work(recorder: Recorder) -> None:
        told = (await recorder.keep([entry()]))[0].answer
        assert (told["revision"], recorder.state, recorder.backlog) == (None, "journal", 1)
        with pytest.raises(LedgerUnavailable, match="database is away"):
            await recorder.read("counts")

    run(Recorder("postgresql://nobody@127.0.0.1:1/none", tmp_path / "journal"), work)


def test_what_is_too_old_is_removed_by_itself(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "PRUNE_S", 0.1)
    calls: list[Any] = []
    monkeypatch.setattr(Ledger, "prune", lambda _, *arguments: calls.append(arguments))

    async def work(_: Recorder) -> None:
        await until(lambda: bool(calls))

    run(Recorder(sqlite, tmp_path / "journal", retention_days=30), work)
    assert calls[0][1] == "retention"


@pytest.mark.postgres
def test_postgresql_stopped_under_load_loses_nothing(own_postgres: Postgres, tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []

    async def client(recorder: Recorder, name: str, stop: asyncio.Event) -> None:
        n = 0
        while not stop.is_set():
            told.append((await recorder.keep([entry(f"{name}-{n // 2}")]))[0].answer)
            n += 1
            await asyncio.sleep(0.008)

    async def work(recorder: Recorder) -> Any:
        stop = asyncio.Event()
        clients = [asyncio.ensure_future(client(recorder, name, stop)) for name in "abcd"]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(own_postgres.stop)
        await until(lambda: recorder.state == "journal")
        await asyncio.sleep(0.7)
        await asyncio.to_thread(own_postgres.start)
        await until(lambda: recorder.state == "database")
        await asyncio.sleep(0.3)
        stop.set()
        await asyncio.gather(*clients)
        await until(lambda: recorder.backlog == 0)
        found = [await recorder.read("prediction", one["prediction_id"]) for one in told]
        assert all(one is not None for one in found)
        return await recorder.read("counts")

    address = own_postgres.database()
    counts = run(Recorder(address, tmp_path / "journal"), work)
    tickets = {one["id"] for one in told}
    assert counts["predictions"] == len(tickets)
    assert {one["revision"] for one in told} == {1, None}


@pytest.mark.postgres
def test_postgresql_that_hangs_is_let_go_of(
    own_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PATIENCE_S", 0.8)

    async def work(one: Recorder) -> None:
        await one.keep([entry("T-1")])
        own_postgres.freeze()
        try:
            start = time.monotonic()
            told = (await one.keep([entry("T-2")]))[0].answer
            assert time.monotonic() - start < 3
            assert (told["revision"], one.state) == (None, "journal")
        finally:
            own_postgres.thaw()
        await until(lambda: one.state == "database")
        assert (await one.read("prediction", told["prediction_id"]))["revision"] == 1
        assert (await one.read("counts"))["predictions"] == 2

    run(Recorder(own_postgres.database(), tmp_path / "journal"), work)
