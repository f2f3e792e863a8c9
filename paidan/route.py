"""Where one message goes, and by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paidan.queues import Party
from paidan.workdays import Certainty


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes and by when; the moments are aware, in the table's zone."""

    queue: Party
    proposed: Party
    rule: str | None
    respond_by: datetime
    resolve_by: datetime
    escalate_at: datetime | None
    escalate_to: Party | None
    calendar: Certainty

    def to_dict(self) -> dict[str, Any]:
        """The `route` of an answer."""
        return {
            "queue": self.queue.to_dict(),
            "proposed": self.proposed.to_dict(),
            "rule": self.rule,
            "respond_by": self.respond_by.isoformat(timespec="seconds"),
            "resolve_by": self.resolve_by.isoformat(timespec="seconds"),
            "escalate_at": self.escalate_at and self.escalate_at.isoformat(timespec="seconds"),
            "escalate_to": self.escalate_to and self.escalate_to.to_dict(),
            "calendar": self.calendar,
        }
