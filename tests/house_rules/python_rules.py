"""Rules over Python source: plain functions, so that a planted sin is a text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

LONGEST_FILE = 350
LONGEST_ROUTE = 15
LONGEST_JOB = 5
# Names that say nothing: whatever has no room of its own ends up in them.
NAMELESS = frozenset(
    {"base", "common", "constants", "core", "data", "handlers", "helper", "helpers", "lib", "manager", "managers"}
    | {"misc", "shared", "stuff", "types", "util", "utils"}
)
# The worker and the relay run jobs; they are none.
NO_JOBS = ("jobs/__init__.py", "jobs/worker.py", "jobs/relay.py")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def only_the_unit_of_work_commits(path: str, source: str) -> list[str]:
    """One `commit()` in the whole application."""
    calls = [node for node in _calls(source) if isinstance(node.func, ast.Attribute) and node.func.attr == "commit"]
    allowed = 1 if path == "deals_app/services/unit_of_work.py" else 0
    return [f"{path}:{call.lineno} commits: only the unit of work does" for call in calls[allowed:]]


def only_services_hold_sessions(path: str, source: str) -> list[str]:
    """`db.session` and SQLAlchemy's Session stay in the services."""
    if path.startswith("deals_app/services/"):
        return []
    tree = ast.parse(source)
    lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _text(node) == "db.session"]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"sqlalchemy.orm", "sqlalchemy.orm.session"}:
            sessions = {"Session", "scoped_session", "sessionmaker"} & {name.name for name in node.names}
            lines += [node.lineno] * bool(sessions)
    return [f"{path}:{line} holds a database session: only services do" for line in lines]


def jobs_are_doorbells(path: str, source: str) -> list[str]:
    """At most five lines a job, and nothing caught: the worker decides what is tried again."""
    if not _is_job_module(path):
        return []
    tree = ast.parse(source)
    found = [
        f"{path}:{node.lineno} catches" for node in ast.walk(tree) if isinstance(node, ast.Try | ast.ExceptHandler)
    ]
    return found + _too_long(path, _functions(tree), LONGEST_JOB)


def routes_translate(path: str, source: str) -> list[str]:
    """At most fifteen lines a route."""
    routes = (node for node in _functions(ast.parse(source)) if any(map(_is_route, node.decorator_list)))
    return _too_long(path, routes, LONGEST_ROUTE)


def sources_are_not_told_apart(path: str, source: str) -> list[str]:
    """No `if source == "hubspot"`: what differs stands in the source's own file."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            names = any(_text(side).rpartition(".")[2] in {"source", "ingested_from"} for side in sides)
            texts = any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides)
            if names and texts and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                found.append(f"{path}:{node.lineno} asks which source it is: let the source answer")
    return found


def names_say_something(path: str, _source: str) -> list[str]:
    """No module or folder called utils."""
    words = path.removesuffix(".py").split("/")
    return [f"{path}: {word!r} says nothing about what lives there" for word in words if word in NAMELESS]


def imports_stand_at_the_top(path: str, source: str) -> list[str]:
    """Our own modules are never imported inside functions: a cycle is mended, not hidden."""
    found: list[str] = []
    for function in _functions(ast.parse(source)):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
                ours = [name for name in names if name.split(".")[0] in {"", "deals_app", "migrations", "tests"}]
                found += [f"{path}:{node.lineno} hides the import of {name or 'a sibling'}" for name in ours]
    return found


def suppressions_say_why(path: str, source: str) -> list[str]:
    """A `noqa` names its rule and says why."""
    found: list[str] = []
    for number, line in enumerate(source.splitlines(), 1):
        _, mark, rest = line.partition("# noqa")
        if mark and not (rest.startswith(": ") and "(" in rest and rest.rstrip().endswith(")")):
            found.append(f"{path}:{number} has a noqa without its rule or without a reason in brackets")
    return found


def files_stay_readable(path: str, source: str) -> list[str]:
    """At most 350 lines a file, of any kind."""
    lines = len(source.splitlines())
    return [f"{path} has {lines} lines, more than {LONGEST_FILE}"] if lines > LONGEST_FILE else []


def named_jobs(source: str) -> set[str]:
    """The texts in a source that look like jobs: `deals_app.jobs.imports.run_import`."""
    texts = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and text.startswith("deals_app.jobs.")}


def defined_jobs(path: str, source: str) -> set[str]:
    """The jobs a job module defines."""
    if not _is_job_module(path):
        return set()
    module = path.removesuffix(".py").replace("/", ".")
    functions = (node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    return {f"{module}.{name}" for name in functions if not name.startswith("_")}


def _is_job_module(path: str) -> bool:
    return path.startswith("deals_app/jobs/") and not path.endswith(NO_JOBS)


def _calls(source: str) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _is_route(decorator: ast.expr) -> bool:
    """`@blueprint.get("/…")` and its kin."""
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    owner, _, verb = _text(call).rpartition(".")
    return owner.endswith("blueprint") and verb in {"delete", "get", "patch", "post", "put", "route"}


def _too_long(path: str, functions: Iterator[Function], most: int) -> list[str]:
    found: list[str] = []
    for function in functions:
        body = function.body[1:] if ast.get_docstring(function) else function.body
        lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
        if lines > most:
            found.append(f"{path}:{function.lineno} {function.name} has {lines} lines, more than {most}")
    return found


def _text(node: ast.expr) -> str:
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
