"""Versions laid into a workspace as a registered training leaves them, without the registry."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from paidan.workspace import Workspace
from train.commands.options import HEADS
from train.learn import Learned, Lesson, learn
from train.records import Record
from train.staging import Evidence, Stage


def place(workspace: Workspace, learned: Learned, version: str) -> str:
    """Put a training where `paidan train` puts it; returns the bundle's digest."""
    stage = Stage.make(workspace.models, learned.bundle, Evidence({}, {}, {}), learned.gate, learned.out_of_fold)
    stage.name("paidan", version)
    return stage.settle(workspace.models, version)


def learn_from(workspace: Workspace, records: tuple[Record, ...]) -> Learned:
    return learn(workspace, Lesson(records, (), workspace.taxonomy(), HEADS, hold_out=True, quick=True))


def shuffled(records: tuple[Record, ...], chosen: Callable[[Record], bool] = lambda _: True) -> tuple[Record, ...]:
    """The same messages, each tagged record with the labels of another."""
    tagged = [row for row, record in enumerate(records) if record.labels.get("tag") and chosen(record)]
    others = tagged[:]
    random.Random(7).shuffle(others)
    mixed = list(records)
    for row, other in zip(tagged, others, strict=True):
        mixed[row] = replace(records[row], labels=records[other].labels, also=records[other].also)
    return tuple(mixed)
