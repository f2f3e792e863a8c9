"""A large ledger is as quick as a small one, and a large file of closed tickets joins."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from paidan.ledger.ledger import Ledger
from paidan.main import Context
from paidan.workspace import Workspace
from tests.paidan.ledger.sample import entry
from train.commands.corrections import corrections

SMALL, LARGE, BATCH = 10_000, 1_000_000, 64
pytestmark = pytest.mark.proof


def fill(ledger: Ledger, start: int, stop: int, size: int = 1000) -> None:
    for first in range(start, stop, size):
        ledger.keep([entry(f"T-{n * 7919 % LARGE:07d}-{n}") for n in range(first, min(first + size, stop))])


def kept(ledger: Ledger, run: str) -> float:
    """Seconds in which a batch of new tickets is kept."""
    entries = [entry(f"{run}-{n}") for n in range(BATCH)]
    start = time.perf_counter()
    ledger.keep(entries)
    return time.perf_counter() - start


def found(ledger: Ledger, n: int) -> float:
    """Seconds in which a ticket is found by its source and id."""
    again = [entry(f"T-{n * 7919 % LARGE:07d}-{n}")]
    start = time.perf_counter()
    (one,) = ledger.keep(again)
    seconds = time.perf_counter() - start
    assert one.answer["replayed"]
    return seconds


def test_a_million_predictions_are_kept_and_found_as_quickly_as_ten_thousand(
    tmp_path: Path, record_testsuite_property: Any
) -> None:
    chance = random.Random(6)
    small, large = (Ledger.open(f"sqlite:///{tmp_path / name}") for name in ("small.db", "large.db"))
    fill(small, 0, SMALL)
    start = time.perf_counter()
    fill(large, 0, LARGE)
    rate = LARGE / (time.perf_counter() - start)
    # In turns, so that whatever else the machine does slows both.
    batches = [(kept(small, f"a-{n}"), kept(large, f"a-{n}")) for n in range(150)]
    looks = [(found(small, chance.randrange(SMALL)), found(large, chance.randrange(LARGE))) for _ in range(1000)]
    assert large.check() == []
    for ledger in (small, large):
        ledger.close()
    times = {
        name: tuple(round(median(column) * 1000, 3) for column in zip(*pairs, strict=True))
        for name, pairs in (("batch_ms", batches), ("look_up_ms", looks))
    }
    record_testsuite_property("million", json.dumps({"filled_per_s": round(rate), **times}))
    for at_small, at_large in times.values():
        assert at_large <= 2 * at_small


def test_five_thousand_closed_tickets_join(workspace_copy: Workspace, tmp_path: Path) -> None:
    ledger = Ledger.open(workspace_copy.ledger_url)
    ledger.keep([entry(str(n), source="crm") for n in range(4980)])
    ledger.close()
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["工单号", "处理组", "是否转派", "关闭时间"])
    for n in range(5000):
        sheet.append([n, "财务组" if n % 10 == 0 else "售后组", "是" if n % 10 == 0 else "否", "2026-11-25 10:00"])
    book.save(tmp_path / "closed.xlsx")
    arguments = ["import", str(tmp_path / "closed.xlsx"), "--source", "crm"]
    result = CliRunner().invoke(corrections, arguments, obj=Context(workspace_copy.home), catch_exceptions=False)
    assert "5,000 rows: 4,980 joined (99.6%" in result.output
    assert "first desk right: 90.0% of 4,980" in result.output
