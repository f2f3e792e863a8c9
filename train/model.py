"""The registered model, loaded by MLflow from this very file (models from code): nothing is unpickled.

A Series or list of JSON texts gives JSON texts (so does Spark's UDF); a table with a `text` column, or a list
of texts or objects, gives objects. Nothing is recorded.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class Paidan(PythonModel):
    """Answers records with the bundle, routing table and settings that were logged beside it."""

    def load_context(self, context: PythonModelContext) -> None:
        from paidan.bundle import Bundle
        from paidan.router import Router
        from paidan.routing import RoutingTable
        from paidan.workdays import Workdays

        rules = Path(context.artifacts["workspace"])
        bundle = Bundle.load(Path(context.artifacts["bundle"]))
        settings = json.loads((rules / "settings.json").read_text(encoding="utf-8"))
        workdays = Workdays.load(rules / "holidays.yaml")
        routing = RoutingTable.load(rules / "routing.yaml", bundle.taxonomy, workdays, lenient=True)
        self.router = Router(bundle, routing, settings["precision"], settings["candidate_coverage"])

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ARG002
        # No type hints: MLflow would take them for a schema and refuse all that does not fit it.
        records, as_text = _records(model_input)
        answers = [self._answer(record) for record in records]
        return [json.dumps(answer, ensure_ascii=False) for answer in answers] if as_text else answers

    def _answer(self, record: Any) -> dict[str, Any]:
        from paidan.errors import MessageError
        from paidan.message import Message
        from paidan.problem import message_problem

        try:
            return self.router.answer([Message.from_dict(record, self.router.routing.timezone)])[0]
        except MessageError as error:
            return {"id": record.get("id") if isinstance(record, dict) else None, "error": message_problem(error)}


def _records(model_input: Any) -> tuple[list[Any], bool]:
    columns = getattr(model_input, "columns", None)
    if columns is not None and "text" not in columns and "turns" not in columns and len(columns) == 1:
        model_input = model_input[columns[0]]
        columns = None
    if columns is not None:
        return [_present(row) for row in model_input.to_dict(orient="records")], False
    values = list(model_input) if not isinstance(model_input, str | dict) else [model_input]
    if (
        values
        and all(not isinstance(value, str) or value.lstrip()[:1] == "{" for value in values)
        and any(isinstance(v, str) for v in values)
    ):
        return [_parsed(value) for value in values], True
    return [{"text": value} if isinstance(value, str) else _present(value) for value in values], False


def _parsed(value: Any) -> Any:
    # Spark hands a null text over as NaN; json.loads would also take NaN for a number.
    try:
        return json.loads(value) if isinstance(value, str) else {}
    except json.JSONDecodeError:
        return {}


def _present(row: Any) -> Any:
    """A table's row without its empty cells, which pandas writes as NaN."""
    if not isinstance(row, dict):
        return row
    return {key: value for key, value in row.items() if value is not None and value == value}


mlflow.models.set_model(Paidan())
