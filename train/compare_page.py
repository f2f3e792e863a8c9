"""A comparison as a page and as a terminal's lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from train.page import Cell, Page

SHOWN = 10
_ROW = ("text", "label", "before", "after", "urgency", "where")


def comparison_page(found: Mapping[str, Any]) -> Page:
    """Everything, with every row that was fixed or broken."""
    page = Page(f"{found['before']['model']} → {found['after']['model']}", headline(found))
    page.table("Figures", ("figure", "n", "before", "now", "change", "95 %", "won", "lost", "p"), _figures(found))
    page.table("Decisions (would be)", ("decision", "before", "after"), _decisions(found))
    page.table("At the contract", ("figure", "before", "now"), _contract(found))
    page.table("Size and speed", ("", "before", "after"), _sizes(found))
    page.table(
        "By tag, worst change first", ("tag", "n", "before", "now", "change", "95 %", "won", "lost", "p"), _tags(found)
    )
    for title, rows in _lists(found):
        page.table(f"{title}: {len(rows)}", _ROW, [_shown(row) for row in rows])
    for line in taxonomy_lines(found):
        page.note(line)
    return page


def print_comparison(found: Mapping[str, Any], console: Console) -> None:
    """The figures, the tags that moved, and the first rows of each list."""
    console.print(Text(headline(found)), soft_wrap=True)
    _table(console, "", ("figure", "n", "before", "now", "change", "95 %", "won", "lost", "p"), _figures(found))
    _table(console, "decisions (would be)", ("decision", "before", "after"), _decisions(found))
    _table(console, "at the contract", ("figure", "before", "now"), _contract(found))
    _table(console, "size and speed", ("", "before", "after"), _sizes(found))
    moved = [row for row in _tags(found) if row[6] or row[7]]
    best = moved[-5:] if len(moved) > SHOWN + 5 else []
    rows = moved[: SHOWN if best else len(moved)] + best
    _table(
        console,
        "tags that moved, worst first",
        ("tag", "n", "before", "now", "change", "95 %", "won", "lost", "p"),
        rows,
    )
    for title, found_rows in _lists(found):
        console.print(Text(f"{title}: {len(found_rows)}"))
        for row in found_rows[:SHOWN]:
            before, after = row["before"], row["after"]
            said = f"{before['tag']} → {after['tag']}, {before['urgency']} → {after['urgency']}"
            console.print(Text(f"  [{row['tag']}] {said}: {_short(row['text'])}"), soft_wrap=True)
        if len(found_rows) > SHOWN:
            console.print(Text(f"  … and {len(found_rows) - SHOWN} more (--html, --json)"))
    for line in taxonomy_lines(found):
        console.print(Text(line), soft_wrap=True)


def headline(found: Mapping[str, Any]) -> str:
    """The release note in a sentence.

    >>> share = {"before": {"value": 0.5}, "now": {"value": 0.6}, "delta": {"value": 0.1, "low": 0.02, "high": 0.18}}
    >>> headline({"rows": 100, "compared": 90, "tag": {"accuracy_also": {**share, "won": 12, "lost": 3, "p": 0.03}}})
    '100 rows, 90 compared by tag: 12 fixed, 3 broken; right 50.0 % → 60.0 % (+10.0 points, 95 % +2.0 to +18.0, p = 0.030)'
    """
    share = found["tag"]["accuracy_also"]
    said = (
        f"{found['rows']:,} rows, {found['compared']:,} compared by tag: {share['won']} fixed, {share['lost']} broken"
    )
    if share["delta"]["value"] is None:
        return said
    delta = share["delta"]
    return (
        (
            f"{said}; right {share['before']['value']:.1%} → {share['now']['value']:.1%} "
            f"({_points(delta['value'])} points, 95 % {_points(delta['low'])} to {_points(delta['high'])}, p = {share['p']:.3f})"
        )
        .replace("%", " %")
        .replace("95  %", "95 %")
    )


def taxonomy_lines(found: Mapping[str, Any]) -> Iterator[str]:
    taxonomy = found["taxonomy"]
    if taxonomy["lost"] or taxonomy["added"]:
        yield f"Other tags: {taxonomy['shared']} shared and compared"
        for name in ("lost", "added"):
            if taxonomy[name]:
                yield f"{name}: {', '.join(taxonomy[name])}"


def _figures(found: Mapping[str, Any]) -> list[Sequence[Any]]:
    tag, urgency = found["tag"], found["urgency"]
    named = {
        "tag right": tag["accuracy"],
        "tag right, `also` counts": tag["accuracy_also"],
        "tag among the best three": tag["top3"],
        "urgent recognised": urgency["high_recall"],
        "not urgent left so": urgency["false_high"],
        "kind right": found["kind"]["accuracy"],
    }
    return [(name, *_change(share)) for name, share in named.items() if share["before"]["n"]]


def _tags(found: Mapping[str, Any]) -> list[Sequence[Any]]:
    return [(tag, *_change(share)) for tag, share in found["per_tag"].items()]


def _change(share: Mapping[str, Any]) -> Sequence[Any]:
    delta = share["delta"]
    look = "bad" if delta["high"] < 0 else "good" if delta["low"] > 0 else "n"
    return (
        share["before"]["n"],
        Cell(f"{share['before']['value']:.3f}", "n"),
        Cell(f"{share['now']['value']:.3f}", "n"),
        Cell(f"{_points(delta['value'])}", look),
        Cell(f"{_points(delta['low'])} … {_points(delta['high'])}", "n"),
        share["won"],
        share["lost"],
        Cell(f"{share['p']:.3f}", "n"),
    )


def _decisions(found: Mapping[str, Any]) -> list[Sequence[Any]]:
    decisions = found["decisions"]
    rows: list[Sequence[Any]] = [(name, n, decisions["after"][name]) for name, n in decisions["before"].items()]
    return rows + [(f"moved {name}", None, n) for name, n in decisions["moved"].items()]


def _contract(found: Mapping[str, Any]) -> list[Sequence[Any]]:
    sides = (found["contract"]["before"], found["contract"]["after"])
    rows: list[Sequence[Any]] = [
        ("precision promised", *(Cell(f"{side['precision_promised']:.2f}", "n") for side in sides))
    ]
    rows += [(f"auto {name}", *(_share(side[name]) for side in sides)) for name in ("coverage", "precision")]
    rows.append(("candidate sets hold the right tag", *(_share(side["candidates"]["coverage"]) for side in sides)))
    sizes = (
        Cell("–" if side["candidates"]["mean_size"] is None else f"{side['candidates']['mean_size']:.2f}", "n")
        for side in sides
    )
    return [*rows, ("mean size of a candidate set", *sizes)]


def _sizes(found: Mapping[str, Any]) -> list[Sequence[Any]]:
    before, after, speed = found["before"], found["after"], found["speed"]
    rows: list[Sequence[Any]] = [
        (name, before[key], after[key]) for name, key in (("bytes", "bytes"), ("features", "features"))
    ]
    if speed:
        rows.append(("ms an answer", *(Cell(f"{speed[key]:.3f}", "n") for key in ("before_ms", "after_ms"))))
    return rows


def _lists(found: Mapping[str, Any]) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    urgency = found["urgency"]
    return [
        ("Urgent and now missed", urgency["newly_missed"]),
        ("Urgent and no longer missed", urgency["no_longer_missed"]),
        ("Broken", found["broken"]),
        ("Fixed", found["fixed"]),
    ]


def _shown(row: Mapping[str, Any]) -> Sequence[Any]:
    before, after = row["before"], row["after"]
    label = "、".join([str(row["tag"]), *row["also"]])
    moved = before["urgency"] if before["urgency"] == after["urgency"] else f"{before['urgency']} → {after['urgency']}"
    where = row["place"] or row["id"]
    return (
        Cell(row["text"], "text"),
        label,
        _answer(before),
        _answer(after),
        f"{row['urgency'] or '–'}: {moved}",
        where,
    )


def _answer(said: Mapping[str, Any]) -> str:
    return "–" if said["tag"] is None else f"{said['tag']} {said['probability']:.2f} ({said['decision']})"


def _share(share: Mapping[str, Any]) -> Cell:
    if share["value"] is None:
        return Cell(None, "n")
    return Cell(f"{share['value']:.3f} ({share['low']:.3f}–{share['high']:.3f}, n {share['n']})", "n")


def _points(share: float) -> str:
    return f"{share * 100:+.1f}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:60] + "…"


def _table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if not rows:
        return
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    for row in rows:
        cells = []
        for value in row:
            style = {"good": "green", "bad": "bold red"}.get(value.look, "") if isinstance(value, Cell) else ""
            text = "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
            cells.append(Text(text, style=style))
        table.add_row(*cells)
    console.print(table)
