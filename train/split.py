"""Splits that keep a group together and every fold alike.

An author, a batch or a customer in both train and test lets a model recognise the hand instead of the issue.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from paidan.errors import RecordsError
from train.duplicates import comparable
from train.records import Record

_POOLED = "\x00pooled"


def group_keys(records: Sequence[Record]) -> list[str]:
    """A group for each record; one without stands with its own text, so that a copy never sits on the other side."""
    return [
        record.group or "text-" + hashlib.sha256(comparable(record.text).encode()).hexdigest() for record in records
    ]


def grouped_folds(
    groups: Sequence[str | None], strata: Sequence[str | None], n_folds: int, seed: int
) -> list[NDArray[np.int64]]:
    """Test indices of each fold: no group in two, every index in one, strata spread evenly.

    Groups of one are spread by themselves, which is exact; larger ones go greedily, the most lopsided first.

    Args:
        groups: of each record; None is a group of its own.
        strata: what every fold should hold alike, usually the tag; None is a stratum too.

    Raises:
        RecordsError: fewer groups than folds.

    >>> folds = grouped_folds(["客户甲", "客户甲", "客户乙", None], ["退款", "续航", "退款", "续航"], 2, seed=0)
    >>> sorted(int(i) for fold in folds for i in fold)
    [0, 1, 2, 3]
    """
    sizes = Counter(groups)
    alone = np.array([group is None or sizes[group] == 1 for group in groups], dtype=bool)
    keys = np.array([f"row-{i}" if group is None else f"group-{group}" for i, group in enumerate(groups)], dtype=object)
    distinct = len(set(keys))
    if n_folds < 2 or distinct < n_folds:
        raise RecordsError(
            f"{distinct} groups of records cannot be split into {n_folds} folds. "
            "At least 2 folds, and a group for each, are needed: add records, or lower the folds"
        )
    labels = np.array(["\x00none" if stratum is None else stratum for stratum in strata], dtype=object)
    whole = np.flatnonzero(~alone)
    if len(set(keys[whole])) < n_folds:
        parts = [np.arange(len(keys))] if len(whole) else [np.flatnonzero(alone)]
    else:
        parts = [part for part in (np.flatnonzero(alone), whole) if len(part)]
    folds: list[list[int]] = [[] for _ in range(n_folds)]
    for part in parts:
        tests = _spread(part, labels[part], keys[part], n_folds, seed)
        # The fullest share of one part goes to the emptiest fold so far.
        for fold, test in zip(sorted(folds, key=len), sorted(tests, key=len, reverse=True), strict=True):
            fold.extend(test)
    return [np.array(sorted(fold), dtype=np.int64) for fold in folds]


def holdout(groups: Sequence[str], share: float = 0.1) -> NDArray[np.bool_]:
    """Which records are kept from training for the gate: those whose group hashes into `share`.

    The hash decides, not a draw: a record stays on its side for good, whatever else comes or goes.

    Args:
        groups: of each record, from `group_keys`.
        share: 0 keeps none, 1 keeps all.
    """
    verdicts = {group: _position(group) < share for group in dict.fromkeys(groups)}
    return np.array([verdicts[group] for group in groups], dtype=np.bool_)


def _position(group: str) -> float:
    return int.from_bytes(hashlib.sha256(group.encode("utf-8", "surrogatepass")).digest()[:6]) / 2**48


def _spread(
    part: NDArray[np.int64], labels: NDArray[np.object_], keys: NDArray[np.object_], n_folds: int, seed: int
) -> list[list[int]]:
    from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold

    if len(part) < n_folds:
        return [[int(index)] for index in part] + [[] for _ in range(n_folds - len(part))]
    pooled = _pool_rare(labels, n_folds)
    if len(set(keys)) == len(keys):
        kind = StratifiedKFold if len(set(pooled)) > 1 else KFold
        splitter = kind(n_folds, shuffle=True, random_state=seed).split(keys, pooled)
    else:
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(keys, pooled, keys)
    return [[int(index) for index in part[test]] for _, test in splitter]


def _pool_rare(labels: NDArray[np.object_], n_folds: int) -> NDArray[np.int64]:
    """Strata as numbers; those with fewer members than folds are one stratum, or part of the largest."""
    counts = Counter(labels)
    pool = {label for label, count in counts.items() if count < n_folds}
    if 0 < sum(counts[label] for label in pool) < n_folds and len(pool) < len(counts):
        target = max((label for label in counts if label not in pool), key=lambda label: (counts[label], label))
    else:
        target = _POOLED
    names = [target if label in pool else label for label in labels]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([numbers[name] for name in names], dtype=np.int64)
