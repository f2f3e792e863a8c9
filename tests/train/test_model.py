"""The registered model's own code: whatever MLflow or Spark hand over becomes answers, and nothing is recorded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from paidan.message import Message
from paidan.router import Router


@pytest.fixture(scope="module")
def model(tiny_folder: Path, tiny_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from mlflow.pyfunc.model import PythonModelContext

    from train.model import Paidan

    rules = tmp_path_factory.mktemp("rules")
    for name in ("routing.yaml", "holidays.yaml"):
        shutil.copy(tiny_home / "datasets" / name, rules / name)
    (rules / "settings.json").write_text('{"precision": 0.95, "candidate_coverage": 0.95}', encoding="utf-8")
    found = Paidan()
    artifacts = {"bundle": str(tiny_folder), "workspace": str(rules)}
    found.load_context(PythonModelContext(artifacts=artifacts, model_config={}))  # type: ignore[no-untyped-call]
    return found


SENT = {"id": "T-1", "text": "退款三天没到账", "received_at": "2026-11-20T12:00:00"}


@pytest.fixture(scope="module")
def expected(tiny_router: Router) -> dict[str, Any]:
    from dataclasses import replace

    answer: dict[str, Any] = replace(tiny_router, contract="trial").answer([Message.from_dict(SENT)])[0]
    return answer


def test_a_table_a_list_and_json_texts_give_the_same_answer(model: Any, expected: dict[str, Any]) -> None:
    line = json.dumps(SENT, ensure_ascii=False)
    assert model.predict(None, pd.DataFrame([SENT])) == [expected]
    assert model.predict(None, [SENT]) == [expected]
    assert model.predict(None, SENT) == [expected]
    for texts in (pd.Series([line]), pd.DataFrame({"message": [line]}), [line]):
        assert [json.loads(one) for one in model.predict(None, texts)] == [expected]


def test_plain_texts_are_messages(model: Any) -> None:
    assert [one["tag"]["id"] for one in model.predict(None, ["退款三天没到账", "退款"])] == ["process.refund-delay"] * 2
    (found,) = model.predict(None, pd.DataFrame({"text": ["退款三天没到账"]}))
    assert found["tag"]["id"] == "process.refund-delay"


def test_empty_cells_of_a_table_are_absent(model: Any, expected: dict[str, Any]) -> None:
    table = pd.DataFrame([{**SENT, "channel": None}, {"id": None, "text": "退款", "channel": "app"}])
    assert model.predict(None, table)[0] == expected


def test_a_bad_message_is_an_error_in_its_place(model: Any) -> None:
    found = model.predict(None, [{"id": "1", "text": ""}, SENT, {"id": "3"}])
    assert [("error" in one, one["id"]) for one in found] == [(True, "1"), (False, "T-1"), (True, "3")]


def test_null_and_broken_json_of_spark_are_errors(model: Any) -> None:
    found = [json.loads(one) for one in model.predict(None, pd.Series([json.dumps(SENT), float("nan"), "{x"]))]
    assert ["error" in one for one in found] == [False, True, True]


def test_nothing_is_claimed_that_only_a_ledger_knows(model: Any) -> None:
    (found,) = model.predict(None, [SENT])
    assert [found[name] for name in ("prediction_id", "source", "answered_at", "revision")] == [None] * 4
    assert found["decision"] != "auto"
