"""What a version is registered with, out of a training: parameters, metrics with intervals, hashes, sources."""

from __future__ import annotations

from typing import Any

from train.learn import Learned
from train.staging import Evidence


def evidence_of(learned: Learned) -> Evidence:
    """Everything that MLflow is told of a training."""
    return Evidence(_params(learned), _metrics(learned), _tags(learned), list(learned.sources), _figures(learned))


def _params(learned: Learned) -> dict[str, Any]:
    recipe = learned.recipe
    return {
        "views": ", ".join(f"{v.view} {v.shortest}-{v.longest}" for v in recipe.views),
        "penalty": recipe.penalty.c,
        "folds": recipe.folds,
        "seed": recipe.seed,
        "lexicon": len(recipe.lexicon),
        "lent": ", ".join(learned.lent) or "none",
        "features": learned.bundle.features.width,
        "quick": learned.bundle.identity["quick"],
        **{f"rows {name}": count for name, count in learned.rows.items()},
        **{f"rows from {name}": count for name, count in learned.bundle.identity["sources"].items()},
        **{f"penalty {head}": penalty.c for head, penalty in recipe.penalties.items()},
        **_thresholds(learned),
    }


def _thresholds(learned: Learned) -> dict[str, float]:
    table = learned.bundle.table
    limits = {"high": table.limits.high, "low": table.limits.low, "in scope": table.limits.in_scope}
    return {
        **{f"threshold {policy.precision:.2f}": policy.threshold for policy in table.policies},
        **{f"limit {name}": value for name, value in limits.items()},
    }


def _figures(learned: Learned) -> dict[str, float]:
    """The few numbers that the history shows beside a registered version."""
    found = {f"{head}.accuracy": values["accuracy"]["value"] for head, values in learned.honest.items()}
    return {name: value for name, value in found.items() if value is not None}


def _metrics(learned: Learned) -> dict[str, float]:
    flat: dict[str, float] = {}
    for where, figures in (("out_of_fold", learned.honest), ("held_out", learned.metrics)):
        for head, values in figures.items():
            for name, value in values.items() if isinstance(values, dict) else ():
                if isinstance(value, dict) and value.get("value") is not None:
                    flat |= {
                        f"{where}/{head}.{name}": value["value"],
                        f"{where}/{head}.{name}.low": value["low"],
                        f"{where}/{head}.{name}.high": value["high"],
                    }
                elif isinstance(value, int | float):
                    flat[f"{where}/{head}.{name}"] = float(value)
    if learned.adaptation is not None:
        tag = learned.adaptation.tag
        flat |= {
            "self_training/taken": float(learned.adaptation.taken),
            "self_training/kept": float(learned.adaptation.kept),
        }
        flat |= {f"self_training/tag.{when}": tag[when]["value"] for when in ("before", "now", "delta")}
    return flat


def _tags(learned: Learned) -> dict[str, str]:
    identity = learned.bundle.identity
    return {
        "data_fingerprint": learned.fingerprint,
        "taxonomy": identity["taxonomy"],
        "lexicon": identity["lexicon"],
        "normaliser": str(identity["normaliser"]),
        "git": identity["git"] or "unknown",
        "paidan": identity["paidan"],
        "python": identity["python"],
        "gate": identity["gate"]["sha256"],
        **{f"library.{name}": found for name, found in identity["libraries"].items()},
    }
