"""What a source document prints: its requests, the answers under them, and any other JSON, taken out of its text.

The documents were pages once. Their text has lost its lines here and there, so that a path or a closing brace may run
into the words that follow (`/stats/wonResponse (200 OK):`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

# Anything that begins like a request or a JSON object, found without the care of the patterns below: a test holds
# that every one of these has been taken out.
ANY_REQUEST = re.compile(r"^[ \t]*(?P<start>(?:GET|POST|PUT|PATCH|DELETE) /|curl )", re.MULTILINE)
ANY_JSON = re.compile(r"^(?P<start>\{)$", re.MULTILINE)

HTTP = re.compile(
    r"(?P<method>GET|POST|PUT|PATCH|DELETE) (?P<path>/\S*?)(?=Response|Query|Example|\s)"
    r"(?P<type>\nContent-Type: application/json)?\n?"
)
CURL = re.compile(
    r"curl (?:-X (?P<method>[A-Z]+) )?(?P<url>(?:http://localhost:8081)?/\S*?)(?=Example|\s)"
    r'(?P<type>[ \\\n]*-H "Content-Type: application/json")?'
    r"(?:[ \\\n]*-d (?:'(?P<plain>[^']*)'|\"(?P<escaped>(?:\\.|[^\"\\])*)\"))?"
)
ANSWER = re.compile(r"Response \((?P<status>\d{3})[^)]*\):?\n?|(?P<example>Example Output:)\n?")
# A heading such as `6. Move Deal to Stage` or `Pattern 2: Full Pipeline`, wherever the line before it ended.
HEADING = re.compile(r"(?:^|(?<=[^\s\d#]))(?:\d+\. [A-Z]|(?:Example|Pattern) \d: )[^\n]*", re.MULTILINE)
COMMENT = re.compile(r"(?<= )// [^\n]*")


@dataclass(frozen=True)
class Answered:
    """An answer as printed; no status where only the body is shown."""

    status: int | None
    body: Any


@dataclass
class Request:
    """A request as printed: its `:id`, `$DEAL_ID`, host and dates are the document's."""

    start: int
    line: int
    section: str
    method: str
    path: str
    body: str | None
    answers: list[Answered] = field(default_factory=list)

    def __str__(self) -> str:
        return f"line {self.line}, {self.section!r}: {self.method} {self.path}"


@dataclass(frozen=True)
class Printed:
    """All of a document; `loose` are JSON objects (by section) that are neither body nor answer."""

    requests: list[Request]
    loose: dict[str, str]
    overlooked: list[str]


def printed_in(text: str) -> Printed:
    """The requests in their order, each with its answers."""
    # Comments give way to blanks, so that every place stays where it was.
    plain = COMMENT.sub(lambda found: " " * len(found[0]), text)
    headings = [(found.start(), found[0].strip()) for found in HEADING.finditer(text)]
    taken: list[range] = []
    requests = [
        request
        for found in ANY_REQUEST.finditer(plain)
        if (request := _request(plain, found.start("start"), headings, taken)) is not None
    ]
    _attach_answers(plain, requests, taken)
    loose: dict[str, str] = {}
    for found in ANY_JSON.finditer(plain):
        if not _is_taken(start := found.start("start"), taken):
            _, end = _json_at(plain, start)
            loose[_section(headings, start)] = plain[start:end]
            taken.append(range(start, end))
    places = [each.start("start") for each in (*ANY_REQUEST.finditer(plain), *ANY_JSON.finditer(plain))]
    return Printed(requests, loose, [_line(text, place) for place in places if not _is_taken(place, taken)])


def _request(text: str, start: int, headings: list[tuple[int, str]], taken: list[range]) -> Request | None:
    found = CURL.match(text, start) or HTTP.match(text, start)
    if found is None:
        return None
    end, parts = found.end(), found.groupdict()
    body = parts.get("plain")
    if (escaped := parts.get("escaped")) is not None:
        body = escaped.replace('\\"', '"')
    if "path" in parts and text[end : end + 1] == "{":
        _, end = _json_at(text, end)
        body = text[found.end() : end]
    taken.append(range(start, end))
    return Request(
        start=start,
        line=text.count("\n", 0, start) + 1,
        section=_section(headings, start),
        method=parts["method"] or "GET",
        path=(parts.get("path") or parts["url"]).removeprefix("http://localhost:8081"),
        body=body,
    )


def _attach_answers(text: str, requests: list[Request], taken: list[range]) -> None:
    """An answer belongs to the request above it; an `Example Output` to the first of its section."""
    ends = [*(request.start for request in requests), len(text)]
    for number, (start, end) in enumerate(pairwise(ends)):
        for found in ANSWER.finditer(text, start, end):
            body = None
            if text[found.end() : found.end() + 1] == "{":
                body, end_of_body = _json_at(text, found.end())
                taken.append(range(found.end(), end_of_body))
            request = requests[number]
            if found["example"]:
                request = next(each for each in requests if each.section == request.section)
            request.answers.append(Answered(int(found["status"]) if found["status"] else None, body))


def _is_taken(place: int, taken: list[range]) -> bool:
    return any(place in each for each in taken)


def _json_at(text: str, start: int) -> tuple[Any, int]:
    return json.JSONDecoder().raw_decode(text, start)


def _section(headings: list[tuple[int, str]], place: int) -> str:
    return next((heading for start, heading in reversed(headings) if start <= place), "")


def _line(text: str, place: int) -> str:
    return f"line {text.count(chr(10), 0, place) + 1}: {text[place:].partition(chr(10))[0]}"
