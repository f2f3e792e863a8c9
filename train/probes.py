"""Probes: each looks at a survey for one kind of trouble and tells what it found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from train.duplicates import comparable, conflicting, overlap
from train.findings import Finding, Level, Place
from train.records import Record, Reject
from train.survey import Survey
from train.vocabulary import Coverage

SCARCE = 20
OPENING_SHARE = 0.03
RUN_SHARE = 0.005
GROUP_SHARE = 0.25
FEW_RUNS = 3  # in small sets 0.5 % is less than one message; a run must be held by this many to be told of


def rejected(rejects: Sequence[Reject]) -> Iterator[Finding]:
    """Rows that were set aside, one finding for each problem."""
    rows: dict[str, list[Place]] = defaultdict(list)
    for reject in rejects:
        rows[reject.problem].append((reject.file, reject.row))
    for problem, places in rows.items():
        yield Finding("error", "rejected", problem, tuple(places))


def scarce(survey: Survey) -> Iterator[Finding]:
    """Tags with too few messages to be learned."""
    if not survey.tagged:
        return
    none = [tag for tag in survey.tags if not survey.of(tag)]
    if none:
        yield Finding(
            "warning", "scarce", f"{len(none)} tags have no message and cannot be learned", details=tuple(none)
        )
    few = [tag for tag in survey.tags if 0 < len(survey.of(tag)) < SCARCE]
    if few:
        details = tuple(f"'{tag}': {len(survey.of(tag))}" for tag in few)
        rows = survey.places([position for tag in few for position in survey.of(tag)])
        yield Finding(
            "warning", "scarce", f"{len(few)} tags have fewer than {SCARCE} messages. Add some", rows, details
        )


def conflicts(survey: Survey, heads: Sequence[str]) -> Iterator[Finding]:
    """The same text under two labels of one head: whichever the model learns, one of the rows says it is wrong."""
    for head in heads:
        chosen = [position for position, record in enumerate(survey.records) if head in record.labels]
        labels = [survey.records[position].labels[head] for position in chosen]
        level: Level = "error" if head == "tag" else "warning"
        for found in conflicting([survey.texts[position] for position in chosen], labels):
            names = sorted({labels[i] or "out of scope" for i in found})
            quoted = " and ".join(f"'{name}'" for name in names)
            places = survey.places([chosen[i] for i in found])
            yield Finding(
                level,
                "conflict",
                f"the same text stands under {len(names)} labels of {head}: {quoted}. Choose one",
                places,
            )


def near_copies(survey: Survey) -> Iterator[Finding]:
    if not survey.near:
        return
    involved = sorted({position for pair in survey.near for position in (pair.first, pair.second)})
    details = tuple(
        f"{survey.records[pair.first].place} and {survey.records[pair.second].place} ({pair.similarity:.2f})"
        for pair in survey.near
    )
    message = (
        f"{len(involved)} messages ({survey.near_share:.1%}) have a near copy (5-gram Jaccard above 0.5). "
        "Keep one of each, or give them one group"
    )
    yield Finding("warning", "near_duplicate", message, survey.places(involved), details)


def openings(survey: Survey) -> Iterator[Finding]:
    """First four characters that too many of a tag's messages share."""
    for tag in survey.tags:
        opening, share = survey.largest_opening(tag)
        if share > OPENING_SHARE:
            rows = [position for position in survey.of(tag) if survey.texts[position].startswith(opening)]
            message = f"'{tag}': {share:.1%} of its messages open with '{opening}' (more than {OPENING_SHARE:.0%})"
            yield Finding("warning", "opening", message, survey.places(rows))


def runs(survey: Survey) -> Iterator[Finding]:
    """Runs of eight characters that come again and again, as templates do."""
    total = len(survey.records)
    for run, count in survey.runs:
        if count <= RUN_SHARE * total:
            break
        if count >= FEW_RUNS:
            rows = [position for position, text in enumerate(survey.texts) if run in text]
            message = f"'{run}' is in {count} messages ({count / total:.1%}, more than {RUN_SHARE:.1%})"
            yield Finding("warning", "run", message, survey.places(rows))


def groups(survey: Survey) -> Iterator[Finding]:
    """Tags that come from one hand, or nearly."""
    if not survey.tagged:
        return
    if not any(record.group for record in survey.records):
        yield Finding(
            "info", "group", "no record carries a `group`; copies and authors may stand on both sides of a split"
        )
        return
    for tag in survey.tags:
        found = survey.groups(tag)
        if not found:
            continue
        name, share = survey.largest_group(tag)
        if len(found) < 2:
            message = f"'{tag}': all its messages are of one group; it cannot be judged on another's"
            yield Finding("warning", "group", message, survey.places(survey.of(tag)))
        elif share > GROUP_SHARE and len(survey.of(tag)) >= SCARCE:
            message = f"'{tag}': group '{name}' holds {share:.0%} of its messages (more than {GROUP_SHARE:.0%})"
            rows = [position for position in survey.of(tag) if survey.records[position].group == name]
            yield Finding("warning", "group", message, survey.places(rows))


def overlaps(survey: Survey, against: Sequence[Record]) -> Iterator[Finding]:
    """Messages that also stand, the same or nearly, among the records they are to be judged on."""
    pairs = overlap(survey.texts, [comparable(record.text) for record in against])
    if not pairs:
        return
    details = tuple(
        f"{survey.records[pair.first].place} and {against[pair.second].place} ({pair.similarity:.2f})" for pair in pairs
    )
    message = (
        f"{len(pairs)} messages are the same as, or near copies of (5-gram Jaccard above 0.5), messages of the files "
        "they are checked against. Take them out of one side"
    )
    rows = (
        *survey.places([pair.first for pair in pairs]),
        *((against[p.second].file, against[p.second].row) for p in pairs),
    )
    yield Finding("error", "overlap", message, rows, details)


def vocabulary(coverages: Sequence[Coverage], tags: Sequence[str]) -> Iterator[Finding]:
    """Words and situations of the lists that no message of their tag contains, and words that are cut apart."""
    for found in coverages:
        listed = found.vocabulary
        if listed.tag not in tags:
            yield Finding("warning", "vocabulary", f"{listed.tag}.txt: '{listed.tag}' is no tag of the taxonomy")
            continue
        for name, missing, total, share in (
            ("words", found.missing_words, len(listed.words), found.words_share),
            ("situations", found.missing_situations, len(listed.situations), found.situations_share),
        ):
            if total:
                level: Level = "warning" if missing else "info"
                message = f"'{listed.tag}': {share:.1%} of {total} listed {name} are in its messages"
                yield Finding(
                    level, f"vocabulary_{name}", f"{message}; missing:" if missing else message, details=missing
                )
    apart = tuple(dict.fromkeys(word for found in coverages for word in found.apart))
    if apart:
        yield Finding(
            "info", "lexicon", f"{len(apart)} listed words are cut apart; candidates for lexicon.txt", details=apart
        )
