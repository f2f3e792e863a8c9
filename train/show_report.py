"""A report on a terminal: counts in tables that know how wide Chinese is, then the findings, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from train.findings import Finding, Report

_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_LIMIT = 10
_GROUPS = 12


def show(report: Report, console: Console | None = None) -> None:
    """Print a report; long lists are cut to ten and how many more."""
    console = console or Console(highlight=False)
    _counts(console, report)
    if report.proofs:
        console.print(_proofs(report))
    for kind, found in _by_kind(report.findings).items():
        for finding in found[:_LIMIT]:
            _finding(console, finding)
        if len(found) > _LIMIT:
            _line(console, f"… and {len(found) - _LIMIT} more of this kind ({kind})")
    _verdict(console, report)


def _counts(console: Console, report: Report) -> None:
    counts = report.counts
    _line(console, f"{report.n:,} records, {report.rejected:,} rejected; " + _joined(counts.get("labelled", {})))
    tags = {tag: count for tag, count in counts.get("tag", {}).items() if count}
    if tags:
        console.print(_table("tag", tags))
    for name in ("style", "tier", "kind", "channel", "scope", "group"):
        if counts.get(name):
            found = counts[name]
            shown = dict(list(found.items())[:_GROUPS])
            more = f" … and {len(found) - _GROUPS} more" if len(found) > _GROUPS else ""
            _line(console, f"{name}: {_joined(shown)}{more}")


def _by_kind(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(f"{finding.level} {finding.code}", []).append(finding)
    return kinds


def _table(title: str, counts: Mapping[str, int]) -> Table:
    table = Table(title, "messages", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count in counts.items():
        table.add_row(Text(name), f"{count:,}")
    return table


def _proofs(report: Report) -> Table:
    table = Table("claim", "claimed", "measured", "holds", box=None, pad_edge=False)
    for proof in report.proofs:
        table.add_row(proof.name, f"{proof.claimed:g}", f"{proof.measured:.4g}", "yes" if proof.holds else "NO")
    return table


def _finding(console: Console, finding: Finding) -> None:
    line = Text(f"{finding.level}: ", style=_STYLES[finding.level])
    if finding.code == "rejected" and len(finding.rows) == 1:
        file, row = finding.rows[0]
        line.append(f"{file} line {row}: ", style="default")
    line.append(finding.message, style="default")
    console.print(line, soft_wrap=True)
    if finding.details:
        _list(console, finding.details)
    elif len(finding.rows) > 1 or finding.code != "rejected":
        _list(console, [f"{file} line {row}" for file, row in finding.rows])


def _list(console: Console, items: Iterable[str]) -> None:
    items = list(items)
    if items:
        more = len(items) - _LIMIT
        _line(console, "  " + "; ".join(items[:_LIMIT]) + (f" … and {more} more" if more > 0 else ""))


def _verdict(console: Console, report: Report) -> None:
    levels = [finding.level for finding in report.findings]
    parts = [
        f"{levels.count(level)} {level}{'s' if levels.count(level) != 1 else ''}" for level in ("error", "warning")
    ]
    _line(console, ("Good: " if report.ok else "Found wanting: ") + ", ".join(parts))


def _joined(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _line(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)
