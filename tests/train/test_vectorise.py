"""Training sees what serving sees: the same n-grams, columns and values."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from paidan.masking import starred
from paidan.normalise import normalise
from train.vectorise import Grams, View, matrix, to_features, vectoriser

VIEWS = (View("words", 1, 2), View("chars", 1, 3, scale=1.5))


@pytest.fixture(scope="module")
def texts(starter_texts: tuple[str, ...]) -> list[str]:
    return [starred(normalise(text)) for text in starter_texts[::80]]


def test_serving_makes_the_rows_that_scikit_learn_makes(texts: list[str]) -> None:
    union = vectoriser(VIEWS, ()).fit(texts[:-20])
    features = to_features(union, VIEWS, ())
    rows, vectors = matrix(features, texts)
    assert rows.shape == (len(texts), features.width)
    assert [vector.columns.tolist() for vector in vectors] == [row.indices.tolist() for row in rows]
    assert abs(rows - union.transform(texts)).max() < 1e-12


def test_columns_stand_in_the_order_of_the_terms(texts: list[str]) -> None:
    union = vectoriser(VIEWS, ()).fit(texts)
    features = to_features(union, VIEWS, ())
    for block in features.blocks:
        assert list(block.columns.values()) == list(range(len(block.terms)))
    assert features.blocks[1].offset == len(features.blocks[0].terms)


def test_the_lexicon_reaches_the_words() -> None:
    assert "被盗刷" in Grams("words", 1, 1, ("被盗刷",))("卡被盗刷")
    assert "被盗刷" not in Grams("words", 1, 1)("卡被盗刷")


def test_an_analyzer_can_be_cloned_after_use() -> None:
    grams = Grams("words", 1, 2, ("被盗刷",))
    assert clone(grams)("卡被盗刷") == grams("卡被盗刷")


def test_no_text_makes_no_rows(texts: list[str]) -> None:
    features = to_features(vectoriser(VIEWS, ()).fit(texts), VIEWS, ())
    rows, vectors = matrix(features, [])
    assert (rows.shape, vectors) == ((0, features.width), [])
    rows, _ = matrix(features, ["龘靐"])
    assert rows.nnz == 0


def test_scarce_grams_are_left_out() -> None:
    union = vectoriser((View("chars", 1, 1, scarce=2),), ()).fit(["退款", "退货"])
    assert to_features(union, (View("chars", 1, 1),), ()).blocks[0].terms == ["退"]
    assert np.isfinite(union.transform(["退"]).data).all()
