"""Predictions with their revisions, reviews, outcomes and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "predictions",
        sa.Column("prediction_id", sa.String(26), primary_key=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text_key", sa.String(32), nullable=False),
        sa.Column("masked_text", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text()),
        sa.Column("fields", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.Column("decision", sa.Text()),
        sa.Column("tag", sa.Text()),
        sa.Column("queue", sa.Text()),
        sa.UniqueConstraint("source", "id", "revision", name="predictions_identity"),
    )
    op.create_table(
        "reviews",
        sa.Column("review_id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column(
            "prediction_id",
            sa.String(26),
            sa.ForeignKey("predictions.prediction_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("cause", sa.Text()),
    )
    op.create_index("reviews_prediction", "reviews", ["prediction_id"])
    op.create_table(
        "outcomes",
        sa.Column("outcome_id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text()),
        sa.Column("queue", sa.Text()),
        sa.Column("urgency", sa.Text()),
        sa.Column("rerouted", sa.Boolean()),
        sa.Column("closed_at", sa.Text()),
    )
    op.create_index("outcomes_ticket", "outcomes", ["source", "id"])
    op.create_table(
        "events",
        sa.Column("event_id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
    )
    op.create_index("events_kind", "events", ["kind", "at"])
