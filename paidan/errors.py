"""The one family of errors. A message says what was found, where, what is allowed and what to do.

`serve` maps the family to HTTP in one place, the command line prints the sentence and exits 1.
"""

from __future__ import annotations

from collections.abc import Sequence


class PaidanError(Exception):
    """Anything a person can put right. `slug` names the kind of problem and never changes."""

    slug = "error"


class Findings(PaidanError):
    """Several problems reported at once: the first ten and how many more.

    >>> print(Findings("routing.yaml", ["rule 'a' names no queue"]))
    routing.yaml: rule 'a' names no queue
    """

    shown = 10

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        self.where = where
        self.problems = tuple(problems)
        more = len(self.problems) - self.shown
        lines = [f"{where}: {problem}" for problem in self.problems[: self.shown]]
        if more > 0:
            lines.append(f"… and {more} more")
        super().__init__("\n".join(lines))


class TaxonomyError(Findings):
    slug = "taxonomy"


class RoutingError(Findings):
    slug = "routing"


class SettingsError(Findings):
    slug = "settings"


class WorkspaceError(PaidanError):
    slug = "workspace"


class MessageError(PaidanError):
    """One message cannot be answered. Never carries the text, which is private.

    Args:
        field: the offending field, as the sender named it.
        problem: a sentence that says what is allowed.
        code: stable name of the problem (`too_long`, `missing`, …).
    """

    slug = "message"

    def __init__(self, field: str, problem: str, code: str = "invalid") -> None:
        self.field = field
        self.problem = problem
        self.code = code
        super().__init__(f"{field}: {problem}")


class RecordsError(PaidanError):
    """A file of records cannot be read, or too many of its rows are bad."""

    slug = "records"


class BundleError(PaidanError):
    """A model file is damaged, foreign or of another format."""

    slug = "bundle"


class RegistryError(PaidanError):
    slug = "registry"


class GateError(PaidanError):
    """A candidate is refused: it says which rule and by how much."""

    slug = "gate"


class ContractError(PaidanError):
    """The precision contract cannot be switched so: it says what is missing."""

    slug = "contract"


class LedgerError(PaidanError):
    slug = "ledger"


class LedgerUnavailable(LedgerError):
    """Neither kept nor answered: the sender may try again."""

    slug = "ledger-unavailable"
