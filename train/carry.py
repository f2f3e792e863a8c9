"""The proof belongs to a version: at promotion the sample that was read is answered by the new one, and tested again."""

from __future__ import annotations

from collections.abc import Sequence

from paidan.audit import ledger_of, model_of, recount
from paidan.champion import Champion, Contract, last_contract, read_champion
from paidan.contract import carried
from paidan.errors import PaidanError
from paidan.ledger.audits import Reading, readings
from paidan.message import Message
from paidan.router import Router
from paidan.workspace import Workspace


def retested(router: Router, sample: Sequence[Reading], before: Contract) -> Contract:
    """The contract of the version behind `router`, after the sample that was read for the version before.

    Only what the new version would route unattended counts; right is what the readers say.
    """
    read = wrong = 0
    for reading in sample:
        answer = router.answer([Message.from_text(reading.masked_text)])[0]
        if answer["would_be"] == "auto":
            read += 1
            wrong += reading.tag is None or answer["tag"]["id"] != reading.tag
    return carried(before, read, wrong)


def contract_for(workspace: Workspace, router: Router, version: str) -> tuple[Contract, str | None]:
    """What a version begins with when it is promoted, and a note that says why; never an error.

    A version that answered before comes back with what it had reached; trial where nothing can be tested.
    """
    champion = read_champion(workspace.models)
    digest = router.bundle.digest
    if champion is None or (champion.version, champion.digest) == (version, digest):
        return (champion.contract if champion else Contract()), None
    known = last_contract(workspace.models, version, digest)
    if known != Contract():
        return known, None
    try:
        champion = recount(workspace).champion
        sample = _sample(workspace, champion)
    except PaidanError as error:
        return Contract(), f"the contract begins in trial: the readings cannot be had ({error})"
    if not sample:
        return Contract(), None
    found = retested(router, sample, champion.contract)
    said = f"{len(sample)} readings of version {champion.version} answered again: {found.read} would be auto, {found.wrong} wrong"
    return found, f"contract {found.state}: {said}"


def _sample(workspace: Workspace, champion: Champion) -> list[Reading]:
    ledger = ledger_of(workspace)
    if ledger is None:
        return []
    try:
        return readings(ledger, model_of(workspace, champion))
    finally:
        ledger.close()
