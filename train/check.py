"""The data doctor: what is wrong with a set of records before anything is learned from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from paidan.segment import Segmenter
from paidan.taxonomy import Taxonomy
from train import probes
from train.claims import Claims
from train.findings import Finding, Report, worst_first
from train.records import Record, RecordSet
from train.survey import Survey
from train.vocabulary import Vocabulary, coverages


def check(
    records: RecordSet,
    taxonomy: Taxonomy | None,
    *,
    against: Sequence[Record] = (),
    vocabulary: Mapping[str, Vocabulary] | None = None,
    claims: Claims | None = None,
    heads: Sequence[str] = ("tag", "urgency", "kind"),
    segmenter: Segmenter | None = None,
) -> Report:
    """Look at a set of records from every side.

    Args:
        taxonomy: the tags there should be; None takes those there are.
        against: records the set will be judged on, and must not share texts with.
        vocabulary: word lists by tag, to be looked for in the tag's messages.
        claims: what the set promises of itself; one that does not hold is an error.
        heads: label columns in which the same text must not stand under two labels.
        segmenter: cuts the words of the lists.

    >>> from paidan.message import Message
    >>> rows = [Record(Message.from_text("退款没到账"), {"tag": tag}, row=i, file="a.csv") for i, tag in ((2, "退款"), (3, "发票"))]
    >>> check(RecordSet(tuple(rows)), None).findings[0].message
    "the same text stands under 2 labels of tag: '发票' and '退款'. Choose one"
    """
    survey = Survey(records.records, taxonomy)
    findings = list(_findings(survey, records, heads))
    if against:
        findings.extend(probes.overlaps(survey, against))
    if vocabulary:
        texts = {tag: survey.texts_of(tag) for tag in survey.tags}
        findings.extend(probes.vocabulary(coverages(vocabulary, texts, segmenter or Segmenter()), survey.tags))
    proofs, broken = claims.prove(survey) if claims else ([], [])
    report = Report(len(records.records), len(records.rejects), survey.counts(), (), tuple(proofs))
    return dataclasses.replace(report, findings=worst_first([*findings, *broken]))


def _findings(survey: Survey, records: RecordSet, heads: Sequence[str]) -> Iterator[Finding]:
    yield from probes.rejected(records.rejects)
    yield from probes.scarce(survey)
    yield from probes.conflicts(survey, heads)
    yield from probes.near_copies(survey)
    yield from probes.openings(survey)
    yield from probes.runs(survey)
    yield from probes.groups(survey)
