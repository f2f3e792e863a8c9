"""Times of the ledger: stored as milliseconds since 1970 in UTC, shown as ISO 8601 with an offset."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def stored(when: datetime) -> int:
    """A time as it is stored.

    >>> stored(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    1795339800000
    """
    return round(when.timestamp() * 1000)


def shown(milliseconds: int, zone: tzinfo = UTC) -> str:
    """A stored time as a person or a client reads it, to the second.

    >>> shown(1795339800000)
    '2026-11-22T09:30:00+00:00'
    """
    return datetime.fromtimestamp(milliseconds / 1000, zone).isoformat(timespec="seconds")


def zone_of(written: object) -> tzinfo:
    """The offset that an answer's `received_at` was written in; UTC when it says none."""
    try:
        return datetime.fromisoformat(written).tzinfo or UTC if isinstance(written, str) else UTC
    except ValueError:
        return UTC


def now() -> datetime:
    return datetime.now(UTC)
