"""The tables as they are now. How they came to be stands in `migrations/`; a test holds the two together.

Times are milliseconds since 1970 (UTC); JSON is stored as text, so that both databases hold the same.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

ULID = String(26)
SERIAL = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

# One row a revision of a ticket. Prediction ids are ULIDs: their order is the order of time, so that retention
# needs no index of its own.
predictions = Table(
    "predictions",
    metadata,
    Column("prediction_id", ULID, primary_key=True),
    Column("source", Text, nullable=False),
    Column("id", Text),
    Column("revision", Integer, nullable=False),
    Column("text_key", String(32), nullable=False),
    Column("masked_text", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger, nullable=False),
    Column("channel", Text),
    Column("fields", Text),
    Column("model", Text),
    Column("decision", Text),
    Column("tag", Text),
    Column("queue", Text),
    UniqueConstraint("source", "id", "revision", name="predictions_identity"),
)

# What a reader said of a prediction: `old` and `new` hold tag, urgency and kind before and after.
reviews = Table(
    "reviews",
    metadata,
    Column("review_id", SERIAL, primary_key=True, autoincrement=True),
    Column("prediction_id", ULID, ForeignKey("predictions.prediction_id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("note", Text),
    Column("cause", Text),
    Index("reviews_prediction", "prediction_id"),
)

# What became of a ticket in the sender's system: each row is the whole of what is known since then.
outcomes = Table(
    "outcomes",
    metadata,
    Column("outcome_id", SERIAL, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),
    Column("tag", Text),
    Column("queue", Text),
    Column("urgency", Text),
    Column("rerouted", Boolean),
    Column("closed_at", Text),
    Index("outcomes_ticket", "source", "id"),
)

# What happened to models and to the ledger itself. Never names a ticket.
events = Table(
    "events",
    metadata,
    Column("event_id", SERIAL, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("events_kind", "kind", "at"),
)

# `position` is given by the sequencer once a change is committed, never at insert: see changes.py.
changes = Table(
    "changes",
    metadata,
    Column("change_id", SERIAL, primary_key=True, autoincrement=True),
    Column("position", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("prediction_id", ULID),
    Column("source", Text, nullable=False),
    Column("id", Text),
    Column("revision", Integer),
    Column("by", Text),
    Column("cause", Text),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    UniqueConstraint("position", name="changes_position"),
    Index("changes_ticket", "source", "id"),
    Index("changes_prediction", "prediction_id"),
)

change_sequence = Table(
    "change_sequence",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("pruned", BigInteger, nullable=False),
)

# An answer given while the database was away carries its own id; here is which prediction it became.
replayed = Table(
    "replayed",
    metadata,
    Column("entry", ULID, primary_key=True),
    Column("prediction_id", ULID, nullable=False),
    Index("replayed_prediction", "prediction_id"),
)
