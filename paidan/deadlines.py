"""By when a message must be answered and solved, and when its desk's lead must hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from paidan.service_hours import ServiceHours
from paidan.terms import Terms
from paidan.workdays import Workdays

Count = Literal["service_hours", "elapsed"]
COUNTS: tuple[Count, ...] = ("service_hours", "elapsed")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Aware moments on the desk's wall clock; `escalate_at` is None where nobody is named to escalate to."""

    respond_by: datetime
    resolve_by: datetime
    escalate_at: datetime | None


def set_deadlines(
    received_at: datetime,
    terms: Terms,
    hours: ServiceHours,
    workdays: Workdays,
    *,
    respond: Count = "service_hours",
    resolve: Count = "elapsed",
    round_the_clock: bool = False,
    escalate_before_min: int | None = None,
) -> Deadlines:
    """Count both deadlines from the moment of receipt.

    Args:
        received_at: aware, in the zone of the desk.
        terms: the tier's hours.
        hours: when the desk is staffed.
        workdays: holidays and 调休.
        respond: how the answer is counted.
        resolve: how the solution is counted.
        round_the_clock: the tier `high`: received + hours, whatever the desk's hours.
        escalate_before_min: minutes before `respond_by`; None when nobody is named to escalate to.

    >>> from zoneinfo import ZoneInfo
    >>> friday = datetime(2026, 11, 20, 17, 50, tzinfo=ZoneInfo("Asia/Shanghai"))
    >>> desk = ServiceHours.parse("Mon-Fri 09:00-18:00")
    >>> due = set_deadlines(friday, Terms(2, 48), desk, Workdays.none())
    >>> f"{due.respond_by:%a %H:%M}, {due.resolve_by:%a %H:%M}"
    'Mon 10:50, Mon 11:00'
    """
    if round_the_clock or hours.always:
        respond_by, resolve_by = after(received_at, terms.respond_h), after(received_at, terms.resolve_h)
    else:
        respond_by = _count(respond, received_at, terms.respond_h, terms, hours, workdays)
        resolve_by = _count(resolve, received_at, terms.resolve_h, terms, hours, workdays)
    escalate_at = None
    if escalate_before_min is not None:
        escalate_at = max(received_at, after(respond_by, -escalate_before_min / 60))
    return Deadlines(respond_by, resolve_by, escalate_at)


def after(moment: datetime, hours: float) -> datetime:
    """So many real hours later, on the same wall clock: right across a change to summer time."""
    shift = timedelta(hours=hours)
    later = moment + shift
    if later.utcoffset() == moment.utcoffset():
        return later
    return (moment.astimezone(UTC) + shift).astimezone(moment.tzinfo)


def _count(
    count: Count, received_at: datetime, promised_h: float, terms: Terms, hours: ServiceHours, workdays: Workdays
) -> datetime:
    if count == "service_hours":
        return hours.add_open_minutes(received_at, round(promised_h * 60), workdays)
    due = after(received_at, promised_h)
    if hours.admits(due, workdays):
        return due
    # Nobody is there when it falls due: the next morning's work begins with it, as if it had just come in.
    return hours.add_open_minutes(due, round(terms.respond_h * 60), workdays)
