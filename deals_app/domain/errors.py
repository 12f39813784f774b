"""What can go wrong in the business, in its own words. HTTP statuses are decided in `blueprints/errors.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with one field: its name as the caller wrote it and a sentence saying what would be right."""

    field: str
    message: str


class DealsError(Exception):
    """Base of every refusal; `code` is stable and machine-readable, the message is for people."""

    code = "ERROR"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotFound(DealsError):
    """Not there, deleted, or another tenant's: the caller must not learn which."""

    code = "NOT_FOUND"


class Forbidden(DealsError):
    """The role may not do this."""

    code = "FORBIDDEN"


class Invalid(DealsError):
    """The input itself is wrong; `problems` names each field."""

    code = "VALIDATION_FAILED"

    def __init__(self, *problems: FieldProblem, message: str | None = None) -> None:
        super().__init__(message or "; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


class StageAsks(Invalid):
    """A stage wants to know something before a deal may come in; each problem is a question."""


class RuleBroken(DealsError):
    """Legal input that the deal's state does not allow, such as moving a closed deal."""


class Conflict(DealsError):
    """Somebody changed the thing first; `fields` are those in question where only some are."""

    code = "VERSION_CONFLICT"

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class AlreadyExists(DealsError):
    """A name or key that must be unique is taken."""

    code = "ALREADY_EXISTS"


class KeyInUse(DealsError):
    """An Idempotency-Key that cannot be used for this request (now); `code` says why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Unavailable(DealsError):
    """A dependency is down; trying again later may help."""

    code = "UNAVAILABLE"
