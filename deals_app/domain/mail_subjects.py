"""What the subject of a mail says about the mail, in six languages."""

from __future__ import annotations

import re
from typing import Final

# English, German, French, Spanish, Italian, Dutch and Portuguese clients; "RE[2]:" counts, and so does the wide colon.
_ANSWERS: Final = "re|aw|antw|antwort|rép|rep|réf|ref|rif|r|sv|vs|odp|res"
_FORWARDS: Final = "fwd?|fw|wg|tr|i|rv|reenv|enc|doorst|vb|vl|inoltra"
_PREFIX: Final = re.compile(rf"\s*(?:(?:{_ANSWERS}|{_FORWARDS})\s?(?:\[[0-9]{{1,3}}\])?\s?[:：]\s*)+", re.IGNORECASE)
_FORWARD: Final = re.compile(rf"\s*(?:{_FORWARDS})\s?(?:\[[0-9]{{1,3}}\])?\s?[:：]", re.IGNORECASE)
_ABSENCE: Final = re.compile(
    r"""\s*(?:
        auto(?:matic|mated|matisch)?[\s-]*(?:reply|response|answer)
      | out\s+of\s+(?:the\s+)?office (?=\s*(?:$|[:：(–-]|reply|auto|re\b))
      | autoreply\b | auto:
      | automatische\s+antwort | abwesenheits(?:notiz|meldung|nachricht|assistent) | abwesend\s*[:：]
      | r[ée]ponse\s+automatique | message\s+d['’]absence | absence\s+du\s+bureau
      | respuesta\s+autom[áa]tica | fuera\s+de\s+(?:la\s+)?oficina
      | risposta\s+automatica | fuori\s+(?:sede|ufficio)
      | automatisch\s+antwoord | afwezig(?:heid)?\s*[:：]
      | resposta\s+autom[áa]tica | aus[êe]ncia\s+tempor[áa]ria
      | 自動返信 | 不在通知 | 自动回复
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# Longer than any subject; RFC 5322 has no limit of its own.
_MAX_LENGTH: Final = 2_000


def bare_subject(subject: str) -> str:
    """Without `Re:`, `Fwd:`, `AW:`, `WG:`, `TR:`, `RV:` … at its beginning, and with single blanks."""
    text = " ".join(subject[:_MAX_LENGTH].split())
    return _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text


def is_forwarded(subject: str) -> bool:
    """True when the first prefix says that somebody passes a mail on."""
    return _FORWARD.match(subject[:_MAX_LENGTH]) is not None


def announces_absence(subject: str) -> bool:
    """True for the subjects that mail programs give to out-of-office notes."""
    return _ABSENCE.match(subject[:_MAX_LENGTH]) is not None
