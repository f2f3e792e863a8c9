"""A large ledger is as quick as a small one, and a large file of closed tickets joins."""

from __future__ import annotations

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


def measure(ledger: Ledger, count: int, chance: random.Random, run: str) -> tuple[float, float]:
    """Seconds of a batch that is kept, and of a ticket that is looked up by its source and id."""
    batches, looks = [], []
    for n in range(60):
        entries = [entry(f"{run}-{n}-{i}") for i in range(BATCH)]
        start = time.perf_counter()
        ledger.keep(entries)
        batches.append(time.perf_counter() - start)
    for _ in range(400):
        n = chance.randrange(count)
        again = [entry(f"T-{n * 7919 % LARGE:07d}-{n}")]
        start = time.perf_counter()
        (kept,) = ledger.keep(again)
        looks.append(time.perf_counter() - start)
        assert kept.answer["replayed"]
    return median(batches), median(looks)


def test_a_million_predictions_are_kept_and_found_as_quickly_as_ten_thousand(
    tmp_path: Path, record_testsuite_property: Any
) -> None:
    chance = random.Random(6)
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    fill(ledger, 0, SMALL)
    small = measure(ledger, SMALL, chance, "small")
    start = time.perf_counter()
    fill(ledger, SMALL, LARGE)
    rate = (LARGE - SMALL) / (time.perf_counter() - start)
    large = measure(ledger, LARGE, chance, "large")
    assert ledger.check() == []
    ledger.close()
    record_testsuite_property(
        "million", f"fill {rate:.0f}/s; batch {small[0]:.4f}→{large[0]:.4f} s; look-up {small[1]:.5f}→{large[1]:.5f} s"
    )
    assert large[0] <= 2 * small[0]
    assert large[1] <= 2 * small[1]


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
