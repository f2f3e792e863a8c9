"""The files of a training: metrics, confusion, errors and the model card. Texts in them are masked."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paidan.masking import mask
from train.learn import Learned
from train.lineage import environment

ERRORS_MOST = 2000


def write_report(learned: Learned, folder: Path) -> None:
    """Write everything that a version is registered with into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {"out_of_fold": dict(learned.honest), "held_out": dict(learned.metrics)}
    if learned.adaptation is not None:
        figures["self_training"] = learned.adaptation.to_dict()
    (folder / "metrics.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "model-card.md").write_text(model_card(learned), encoding="utf-8")
    thresholds = learned.bundle.table.to_dict()
    (folder / "thresholds.json").write_text(json.dumps(thresholds, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "environment.json").write_text(json.dumps(environment(), ensure_ascii=False, indent=1), encoding="utf-8")
    made_of = {"fingerprint": learned.fingerprint, "rows": dict(learned.rows), "sources": list(learned.sources)}
    (folder / "lineage.json").write_text(json.dumps(made_of, ensure_ascii=False, indent=1), encoding="utf-8")
    _write_per_tag(learned, folder / "per-tag.csv")
    _write_confusion(learned, folder / "confusion.csv")
    _write_errors(learned, folder / "errors.csv")


def _write_per_tag(learned: Learned, path: Path) -> None:
    """Each tag's precision, recall and F1 with 95 % intervals, on out-of-fold answers and on the gate's records."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        shares = [f"{share} {part}".strip() for share in ("precision", "recall") for part in ("", "low", "high")]
        writer.writerow(["on", "tag", "support", "f1", *shares])
        for where, figures in (("out_of_fold", learned.honest), ("held_out", learned.metrics)):
            for tag, row in figures.get("tag", {}).get("per_tag", {}).items():
                values = [row[share][part] for share in ("precision", "recall") for part in ("value", "low", "high")]
                writer.writerow([where, tag, row["support"], row["f1"], *values])


def _write_confusion(learned: Learned, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["truth", "said", "n"])
        for pair in learned.metrics.get("tag", {}).get("confused", []):
            writer.writerow([pair["truth"], pair["said"], pair["n"]])


def _write_errors(learned: Learned, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["truth", "said", "probability", "decision", "text"])
        wrong = [
            (one, record)
            for one, record in zip(learned.held_out, learned.held_out_records, strict=True)
            if one.in_scope and not one.accepted
        ]
        for one, record in wrong[:ERRORS_MOST]:
            tag = one.answer["tag"]
            # A leading apostrophe keeps a spreadsheet from running a text that begins like a formula.
            text = mask(record.text)
            text = "'" + text if text[:1] in "=+-@\t\r" else text
            writer.writerow(
                [one.labels["tag"], one.said, tag["probability"] if tag else "", one.answer["would_be"], text]
            )


def model_card(learned: Learned) -> str:
    """What the model is, what it was made of, how well it answers, and what it must not be used for (Mitchell et al. 2019)."""
    bundle = learned.bundle
    identity = bundle.identity
    tag = learned.honest["tag"]
    lines = [
        f"# {identity['name']}",
        "",
        "A linear model over jieba words and characters (TF-IDF, one-vs-rest SVM), calibrated on grouped out-of-fold answers.",
        "It names the issue tag, urgency tier and kind of one Chinese customer message.",
        "",
        "## Made of",
        f"- records: {', '.join(f'{count:,} {name}' for name, count in learned.rows.items())}; fingerprint `{learned.fingerprint[:16]}`",
        f"- heads: {', '.join(f'{head.name} ({len(head.labels)})' for head in bundle.heads)}; lent by the starter set: {', '.join(learned.lent) or 'none'}",
        f"- features: {bundle.features.width:,}; normaliser {bundle.normaliser}; taxonomy `{bundle.taxonomy.digest[:16]}`",
        f"- code: {identity['git'] or 'not from a checkout'}; libraries: {', '.join(f'{k} {v}' for k, v in identity['libraries'].items())}",
        "",
        *([f"- {learned.adaptation}", ""] if learned.adaptation else []),
        "## How well it answers",
        "Grouped out-of-fold: no message is answered by a model that saw its group.",
        "",
        *_rows(learned.honest),
        "",
        f"Calibration: ECE {tag['ece']:.3f}, of which {tag['ece_floor']:.3f} is the sample's size.",
        "",
        "## Not for",
        "Decisions about people; languages other than Chinese; unattended routing before its precision contract is proven on the company's own messages.",
        "",
    ]
    return "\n".join(lines)


def _rows(figures: Mapping[str, Any]) -> list[str]:
    lines = ["| head | accuracy | 95 % | macro-F1 | n |", "|---|---|---|---|---|"]
    for head, values in figures.items():
        share = values["accuracy"]
        lines.append(
            f"| {head} | {share['value']:.3f} | {share['low']:.3f}–{share['high']:.3f} | {values['macro_f1']:.3f} | {share['n']} |"
        )
    return lines
