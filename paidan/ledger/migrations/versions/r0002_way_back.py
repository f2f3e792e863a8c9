"""The way back: changes in the order of their commits, and what became of answers given while the database was away.

Reviews made before this step become changes too, so that a sender misses none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("change_id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("position", sa.BigInteger()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prediction_id", sa.String(26)),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text()),
        sa.Column("revision", sa.Integer()),
        sa.Column("by", sa.Text()),
        sa.Column("cause", sa.Text()),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.UniqueConstraint("position", name="changes_position"),
    )
    op.create_index("changes_ticket", "changes", ["source", "id"])
    op.create_index("changes_prediction", "changes", ["prediction_id"])
    sequence = op.create_table(
        "change_sequence",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("pruned", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(sequence, [{"name": "changes", "last": 0, "pruned": 0}])
    op.create_table(
        "replayed",
        sa.Column("entry", sa.String(26), primary_key=True),
        sa.Column("prediction_id", sa.String(26), nullable=False),
    )
    op.create_index("replayed_prediction", "replayed", ["prediction_id"])
    op.execute(
        sa.text(
            "INSERT INTO changes (at, kind, prediction_id, source, id, revision, by, cause, old, new) "
            "SELECT r.at, CASE r.verdict WHEN 'corrected' THEN 'correction' ELSE 'review' END, p.prediction_id, "
            "p.source, p.id, p.revision, r.by, r.cause, r.old, r.new "
            "FROM reviews r JOIN predictions p ON p.prediction_id = r.prediction_id ORDER BY r.review_id"
        )
    )
