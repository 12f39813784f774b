"""A language model on this machine: OpenAI's chat completions with answers out of a drawer.

Asked for JSON of a schema, it gives the plainest value that fits; otherwise a canned insight. `POST /_answers` with
`{"contents": [...]}` says what the next answers are, nonsense included; `GET /_requests` shows what was asked.
"""

from __future__ import annotations

import json
from typing import Any, Final, cast

from deals_app.integrations.simulator.serving import Answer, Faults, Request, Simulation

_MODEL: Final = "simulated-1"
_CANNED: Final = {
    "insights": [
        {"kind": "risk", "text": "Nobody has spoken with the customer for two weeks."},
        {"kind": "action", "text": "Agree on a date for the next call."},
    ]
}
_KEPT: Final = 100


class LanguageModel(Simulation):
    """Any key is welcome, none is refused as OpenAI does."""

    def __init__(self, *, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self.requests: list[dict[str, Any]] = []
        self._next: list[str] = []
        self.on("POST", "/v1/chat/completions", self._complete)
        self.on("GET", "/v1/models", lambda _: Answer({"object": "list", "data": [{"id": _MODEL, "object": "model"}]}))
        self.on("POST", "/_answers", self._say_next)
        self.on("GET", "/_requests", lambda _: Answer({"requests": self.requests}))

    def door(self, request: Request) -> Answer | None:
        """Somebody's key, whichever."""
        if request.token:
            return None
        return Answer({"error": {"message": "You didn't provide an API key.", "type": "invalid_request_error"}}, 401)

    def too_many(self) -> Answer:
        """As OpenAI says it."""
        error = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}
        return Answer({"error": error}, 429, {"Retry-After": "1"})

    def _say_next(self, request: Request) -> Answer:
        self._next += [str(content) for content in request.json["contents"]]
        return Answer({"waiting": len(self._next)})

    def _complete(self, request: Request) -> Answer:
        asked = request.json
        if asked.get("stream"):
            return Answer({"error": {"message": "streaming is not simulated", "type": "invalid_request_error"}}, 400)
        self.requests = [*self.requests, asked][-_KEPT:]
        content = self._next.pop(0) if self._next else json.dumps(_fitting(asked))
        length = {"prompt_tokens": len(request.body) // 4, "completion_tokens": len(content) // 4}
        return Answer(
            {
                "id": f"chatcmpl-simulated-{len(self.requests)}",
                "object": "chat.completion",
                "created": 1767600000,
                "model": asked.get("model", _MODEL),
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
                ],
                "usage": {**length, "total_tokens": sum(length.values())},
            }
        )


def _fitting(asked: dict[str, Any]) -> Any:
    form: dict[str, Any] = asked.get("response_format", {})
    wanted: dict[str, Any] = form.get("json_schema", {})
    schema: dict[str, Any] = wanted.get("schema", {})
    return plainest(schema, schema.get("$defs", {})) if schema else _CANNED


def plainest(schema: Any, definitions: dict[str, Any]) -> Any:
    """The plainest value that fits a JSON schema: the first choice, the least number, one of each list."""
    rules = cast("dict[str, Any]", schema)
    if "$ref" in rules:
        return plainest(definitions[str(rules["$ref"]).rpartition("/")[2]], definitions)
    if "const" in rules or "enum" in rules:
        return rules.get("const", rules.get("enum", [None])[0])
    if choices := rules.get("anyOf") or rules.get("oneOf"):
        return plainest(choices[0], definitions)
    kind = rules.get("type")
    if kind == "object":
        return {name: plainest(each, definitions) for name, each in rules.get("properties", {}).items()}
    if kind == "array":
        return [plainest(rules.get("items", {}), definitions) for _ in range(max(1, rules.get("minItems", 1)))]
    least = rules.get("minimum", 0)
    return {"integer": least, "number": least, "boolean": True, "null": None}.get(str(kind), "A simulated answer.")
