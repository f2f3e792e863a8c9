"""What goes in and comes out, as the OpenAPI page shows it. Requests are checked by `paidan.message`, not by these."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Turn(BaseModel):
    role: Literal["customer", "agent", "bot"]
    text: str


class Record(BaseModel):
    """One message. `text` or `turns`; with `title` together 1 to 10,000 code points."""

    model_config = ConfigDict(extra="allow")

    id: str | None = Field(None, description="the sender's own ticket id; with `source` the identity")
    source: str | None = Field(None, description="the sending system; default: the key's name, `local` without keys")
    text: str | None = Field(None, description="what the customer wrote")
    turns: list[Turn] | None = Field(None, description="a conversation; only the customer's words are scored")
    title: str | None = None
    channel: str | None = Field(None, description="phone, app, web, email, social, store, hotline or another word")
    received_at: str | None = Field(None, description="ISO 8601; default now")
    fields: dict[str, str | int | float | bool | None] | None = Field(
        None, description="the sender's own, for routing and reports; up to 20"
    )
    dry_run: bool = Field(False, description="answer fully, record nothing")


class Named(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    name: str


class Candidate(Named):
    probability: float


class Tag(Candidate):
    code: str | None
    category: Named | None


class Cue(BaseModel):
    id: str
    part: str
    start: int
    end: int
    text: str


class Urgency(Named):
    probabilities: dict[str, float] | None
    raised_by: str | None
    cues: list[Cue]


class Route(BaseModel):
    queue: Named
    proposed: Named
    rule: str | None
    respond_by: str
    resolve_by: str
    escalate_at: str | None
    escalate_to: Named | None
    calendar: str


class Answer(BaseModel):
    """All that is said of a message. Enumerations are open: ignore values you do not know."""

    model_config = ConfigDict(extra="allow")

    prediction_id: str | None
    source: str | None
    id: str | None
    revision: int | None
    replayed: bool
    dry_run: bool
    model: str
    received_at: str
    answered_at: str | None
    decision: str
    would_be: str
    reason: str
    tag: Tag | None
    candidates: list[Candidate]
    set_size: int
    also: list[Candidate]
    urgency: Urgency
    kind: Candidate | None
    heads: dict[str, Candidate]
    route: Route


class Batch(BaseModel):
    messages: list[Record] = Field(max_length=1000)


class ProblemShape(BaseModel):
    """RFC 9457. `type` never changes for the same kind of problem; the text is never repeated."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None


class Result(BaseModel):
    answer: Answer | None = None
    error: ProblemShape | None = None


class BatchAnswer(BaseModel):
    results: list[Result]
    answered: int
    refused: int


class Review(BaseModel):
    """Nothing given confirms the answer; anything given corrects it."""

    tag: str | None = None
    urgency: Literal["high", "medium", "low"] | None = None
    kind: Literal["complaint", "inquiry", "suggestion"] | None = None
    note: str | None = None


class Outcome(BaseModel):
    """What became of a ticket in the sender's system."""

    source: str | None = None
    id: str
    tag: str | None = None
    queue: str | None = None
    urgency: str | None = None
    rerouted: bool | None = None
    closed_at: str | None = None


RECORD_EXAMPLES: dict[str, Any] = {
    "复诉": {
        "summary": "一条热线投诉",
        "value": {
            "id": "T-1001",
            "channel": "phone",
            "received_at": "2026-11-20T17:50:00+08:00",
            "text": "空调修了三次还是不制冷，师傅每次都说好了，家里老人热得受不了",
        },
    },
    "对话": {
        "summary": "一段在线会话，只读客户的话",
        "value": {
            "id": "C-77",
            "channel": "app",
            "turns": [
                {"role": "bot", "text": "您好，请问有什么可以帮您？"},
                {"role": "customer", "text": "退款说好三天到账，都一个星期了"},
            ],
        },
    },
    "试算": {"summary": "只试不记", "value": {"text": "想问问发票怎么开", "dry_run": True}},
}
BATCH_EXAMPLES: dict[str, Any] = {
    "两条": {
        "summary": "两条消息",
        "value": {"messages": [{"id": "1", "text": "快递一直不动"}, {"id": "2", "text": "宽带断了两天了"}]},
    }
}
_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {"schema": ProblemShape.model_json_schema()}}}


def _problems(**details: str) -> dict[int | str, dict[str, Any]]:
    return {int(code[1:]): {"description": text, **_PROBLEM} for code, text in details.items()}


CLASSIFY_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Answer, "description": "The answer, recorded unless `dry_run`"},
    **_problems(
        _400="not JSON",
        _401="key needed",
        _409="another text under the same id (`if_changed=error`)",
        _413="too large",
        _415="not JSON in UTF-8",
        _422="the message cannot be answered",
        _503="cannot be kept now; try again",
    ),
}
BATCH_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": BatchAnswer,
        "description": "A result for each message, in order; a bad message is an error of its own",
    },
    **_problems(
        _400="not JSON",
        _401="key needed",
        _413="more than 1,000 messages",
        _415="not JSON in UTF-8",
        _422="no list of messages",
    ),
}


def body(shape: type[BaseModel], examples: dict[str, Any]) -> dict[str, Any]:
    """The request body of an endpoint that reads its own JSON, for the OpenAPI page."""
    schema = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.pop("$defs", {})
    for name, definition in definitions.items():
        _inline(schema, f"#/components/schemas/{name}", definition)
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}
    }


def _inline(schema: Any, reference: str, definition: dict[str, Any]) -> None:
    items = schema.items() if isinstance(schema, dict) else enumerate(schema) if isinstance(schema, list) else ()
    for key, value in list(items):
        if isinstance(value, dict) and value.get("$ref") == reference:
            schema[key] = definition
        else:
            _inline(value, reference, definition)
