"""The contract's arithmetic and states."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidan.champion import Contract
from paidan.contract import (
    ALARM,
    alarm_after,
    carried,
    counted,
    proves,
    readings_needed,
    still_to_read,
    switched_off,
    switched_on,
)
from paidan.errors import ContractError

PROVEN = Contract("proven", 97, 0)


@pytest.mark.parametrize(("read", "wrong"), [(97, 0), (127, 1), (158, 2), (188, 3)])
def test_the_promised_samples_prove_and_one_reading_fewer_does_not(read: int, wrong: int) -> None:
    assert proves(read, wrong)
    assert not proves(read - 1, wrong)
    assert readings_needed(wrong) == read


def test_what_is_right_95_times_in_100_passes_at_most_once_in_twenty() -> None:
    passed = 0
    for seed in range(400):
        draw, read, wrong = random.Random(seed), 0, 0
        while not proves(read, wrong) and read < 1500:
            read, wrong = read + 1, wrong + (draw.random() >= 0.95)
        passed += proves(read, wrong)
    assert passed / 400 <= 0.07


@given(st.integers(0, 60))
def test_each_wrong_reading_asks_for_about_thirty_more(wrong: int) -> None:
    assert 30 <= readings_needed(wrong + 1) - readings_needed(wrong) <= 32


def test_readings_prove_but_never_switch_on() -> None:
    read = counted(Contract(), [True] * 200)
    assert (read.state, read.read, read.wrong) == ("trial", 200, 0)
    assert switched_on(read) == Contract("proven", 200, 0)


def test_on_says_how_many_readings_are_missing() -> None:
    with pytest.raises(ContractError, match=r"60 answers read, 1 wrong: not proven yet\. At least 67 more"):
        switched_on(Contract("trial", 60, 1))
    assert still_to_read(Contract("trial", 60, 1)) == 67
    with pytest.raises(ContractError, match="in force already"):
        switched_on(PROVEN)


def test_six_wrong_audits_in_a_row_break_it() -> None:
    five = counted(PROVEN, [False] * 5)
    assert five.state == "proven"
    six = counted(five, [False])
    assert (six.state, six.audits, six.audits_wrong) == ("broken", 6, 6)
    assert six.alarm >= ALARM
    assert counted(six, [True, False]) == six


def test_audits_at_the_promised_precision_leave_it_calm() -> None:
    audits = [number % 20 != 0 for number in range(1, 400)]
    assert counted(PROVEN, audits).state == "proven"
    assert alarm_after(0.0, True) == 0.0


def test_a_broken_proof_is_spent() -> None:
    broken = counted(PROVEN, [False] * 6)
    with pytest.raises(ContractError, match="broke after 6 audits with 6 wrong"):
        switched_on(broken)
    assert switched_off(broken) == Contract()


def test_off_keeps_the_proof_of_a_contract_that_held() -> None:
    assert switched_off(counted(PROVEN, [True, False])) == Contract("trial", 97, 0)
    with pytest.raises(ContractError, match="on trial already"):
        switched_off(Contract())


@pytest.mark.parametrize(
    ("before", "read", "wrong", "state"),
    [("proven", 97, 0, "proven"), ("proven", 90, 0, "trial"), ("trial", 97, 0, "trial"), ("broken", 200, 0, "trial")],
)
def test_a_new_version_proves_itself_on_the_sample_that_was_read(
    before: str, read: int, wrong: int, state: str
) -> None:
    assert carried(Contract(before, 97, 0), read, wrong) == Contract(state, read, wrong)
