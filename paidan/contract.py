"""The precision contract: read a blind sample until it proves, then audit until it breaks. Arithmetic and states only.

- Proof: Wald's sequential probability ratio test of 0.98 against the promised 0.95, with no border for giving up. By
  Ville's inequality it may be looked at after every reading and errs at most once in twenty.
- Alarm: Page's CUSUM over later audits, of 0.90 against 0.95; at 4 the contract is broken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from paidan.champion import Contract
from paidan.errors import ContractError

TRIAL, PROVEN, BROKEN = "trial", "proven", "broken"
PROMISED, HOPED, FEARED = 0.95, 0.98, 0.90
RISK = 0.05
ALARM = 4.0
_PROOF = math.log(1 / RISK)
_RIGHT, _WRONG = math.log(HOPED / PROMISED), math.log((1 - HOPED) / (1 - PROMISED))
_CALM, _WORRY = math.log(FEARED / PROMISED), math.log((1 - FEARED) / (1 - PROMISED))


def proves(read: int, wrong: int) -> bool:
    """Whether a sample proves the promise.

    >>> [proves(97, 0), proves(96, 0), proves(127, 1), proves(126, 1)]
    [True, False, True, False]
    """
    return (read - wrong) * _RIGHT + wrong * _WRONG >= _PROOF


def readings_needed(wrong: int) -> int:
    """The size of the smallest sample that proves with so many wrong.

    >>> [readings_needed(wrong) for wrong in range(4)]
    [97, 127, 158, 188]
    """
    return wrong + math.ceil((_PROOF - wrong * _WRONG) / _RIGHT)


def still_to_read(contract: Contract) -> int:
    """How many more readings prove, if none of them is wrong; 0 when it is proven by what was read."""
    return 0 if contract.state == PROVEN else max(0, readings_needed(contract.wrong) - contract.read)


def alarm_after(alarm: float, right: bool) -> float:
    """The CUSUM after one more audit. 0: nothing against the promise; 4: broken.

    >>> [round(alarm_after(0.0, right), 2) for right in (True, False)]
    [0.0, 0.69]
    """
    return max(0.0, alarm + (_CALM if right else _WORRY))


def counted(contract: Contract, verdicts: Iterable[bool]) -> Contract:
    """The contract after further blind readings, in order: proof while on trial, audits once it is proven.

    Readings never switch it on; audits switch it off by themselves. A proof that broke is spent.
    """
    for right in verdicts:
        if contract.state == TRIAL:
            contract = replace(contract, read=contract.read + 1, wrong=contract.wrong + (not right))
        elif contract.state == PROVEN:
            alarm = alarm_after(contract.alarm, right)
            state = BROKEN if alarm >= ALARM else PROVEN
            contract = replace(
                contract,
                state=state,
                alarm=round(alarm, 6),
                audits=contract.audits + 1,
                audits_wrong=contract.audits_wrong + (not right),
            )
    return contract


def switched_on(contract: Contract) -> Contract:
    """The contract in force.

    Raises:
        ContractError: it is not proven yet (says how many readings are missing), or it broke.
    """
    if contract.state == PROVEN:
        raise ContractError("the contract is in force already; `paidan contract off` goes back to trial")
    if contract.state == BROKEN:
        raise ContractError(
            f"the contract broke after {contract.audits} audits with {contract.audits_wrong} wrong, and its proof is spent. "
            "`paidan contract off` begins a new trial; then read a new sample"
        )
    if not proves(contract.read, contract.wrong):
        raise ContractError(
            f"{contract.read} answers read, {contract.wrong} wrong: not proven yet. At least {still_to_read(contract)} more "
            "are to be read, none of them wrong (each wrong one asks for about 30 more). docs/contract.md has the table"
        )
    return replace(contract, state=PROVEN, alarm=0.0, audits=0, audits_wrong=0)


def switched_off(contract: Contract) -> Contract:
    """The contract on trial again: what proved it still counts, unless it broke.

    Raises:
        ContractError: it is on trial already.
    """
    if contract.state == TRIAL:
        raise ContractError("the contract is on trial already: nothing is routed unattended")
    if contract.state == BROKEN:
        return Contract(TRIAL, seen=contract.seen)
    return replace(contract, state=TRIAL, alarm=0.0, audits=0, audits_wrong=0)


def carried(before: Contract, read: int, wrong: int) -> Contract:
    """What a new version begins with.

    Args:
        read: of the sample that was read for the version before, how many the new one would route unattended.
        wrong: how many of those it answers otherwise than the readers say.

    In force only where the version before was and the sample proves the new one too.
    """
    state = PROVEN if before.state == PROVEN and proves(read, wrong) else TRIAL
    return Contract(state, read, wrong, seen=before.seen)
