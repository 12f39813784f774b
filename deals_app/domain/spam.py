"""How much what came through a public form looks like spam: signs, each with its weight, that add up.

A sign says what was seen, so that a person who looks through what was held knows why. Nothing is learned or fetched.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from deals_app.domain.inbound import LeadDraft
from deals_app.domain.letters import plain_letters

# From the first a person looks at it before it becomes a deal; from the second nobody needs to.
HELD_FROM: Final = 50
SPAM_FROM: Final = 100

# Nobody reads and fills in a form faster.
FASTEST_PERSON: Final = timedelta(seconds=3)


@dataclass(frozen=True)
class SpamSign:
    """One thing seen: its stable key, a sentence, and its weight."""

    key: str
    says: str
    weight: int


_MAX_LENGTH: Final = 20_000
_LINK: Final = re.compile(
    r"https?://|www\.[a-z0-9-]|\b[a-z0-9-]{2,60}\.(?:ru|top|xyz|click|icu|bet|casino|shop|info)/", re.IGNORECASE
)
_LINK_IN_NAME: Final = re.compile(
    r"https?:|www\.|\b[a-z0-9-]{2,60}\.(?:com|net|org|info|ru|top|xyz|io|shop)\b", re.IGNORECASE
)
_MARKUP: Final = re.compile(r"\[/?(?:url|link|b)[=\]]|<a\s|</a>|<script|href\s{0,5}=", re.IGNORECASE)
_REPEATED: Final = re.compile(r"([^\s.\-_=*])\1{7,}")
_MONEY_AND_PILLS: Final = re.compile(
    r"\b(?:viagra|cialis|casino|porn|xxx|escort|bitcoin|crypto (?:invest\w*|profit)|forex|payday loans?|buy followers"
    r"|backlinks?|seo (?:services?|expert|agency|packages?)|first page of google|rank(?:ing)? on google|guest posts?"
    r"|web traffic|earn money|make money|work from home|million dollars|lottery|inheritance|weight loss|nigerian prince"
    r"|dofollow|click here|unsubscribe here|increase your sales fast|replica watches|online pharmacy"
    r"|adult dating|onlyfans)\b",
    re.IGNORECASE,
)
_FEWEST_LETTERS: Final = 20
_SHOUTING: Final = 0.8
_SAME_FIELDS: Final = 3
_LONG_NAME: Final = 8
_JUMPS_OF_CASE: Final = 3
_MANY_LINKS: Final = 3
_WORDS_WEIGHT: Final = 25
_MOST_WORDS: Final = 4


def spam_signs(lead: LeadDraft, *, is_disposable: bool = False) -> tuple[SpamSign, ...]:
    """What in a form's words looks like spam. `is_disposable`: the address is one that somebody has for ten minutes."""
    message = (lead.message or "")[:_MAX_LENGTH]
    names = [text for text in (lead.first_name, lead.last_name, lead.company) if text]
    found = [*_in_message(message), *_in_names(names)]
    everything = [*names, message, *lead.facts.values()]
    if any(map(_mixes_scripts, everything)):
        found.append(SpamSign("mixed_scripts", "A word mixes letters of two alphabets.", 40))
    if _repeats_itself([*everything, lead.phone or ""]):
        found.append(SpamSign("same_text", "The same text stands in several fields.", 50))
    if is_disposable:
        found.append(SpamSign("disposable_address", "The e-mail address is a disposable one.", 40))
    return tuple(found)


def spam_score(signs: Iterable[SpamSign]) -> int:
    """The sum of the weights, at most 100."""
    return min(100, sum(sign.weight for sign in signs))


def honeypot_sign(filled_in: str | None) -> SpamSign | None:
    """A field that people do not see was filled in; only programs do that."""
    if filled_in is None or not filled_in.strip():
        return None
    return SpamSign("honeypot", "A field that people do not see was filled in.", 100)


def haste_sign(shown_at: datetime | None, sent_at: datetime) -> SpamSign | None:
    """The form came back faster than a person types; None too when nobody knows when it was shown."""
    if shown_at is None or sent_at - shown_at >= FASTEST_PERSON:
        return None
    return SpamSign("haste", "The form was sent within three seconds.", 60)


def _in_message(message: str) -> Iterator[SpamSign]:
    links = len(_LINK.findall(message))
    if links:
        weight = 60 if links >= _MANY_LINKS else 20 * links
        yield SpamSign("links", f"The message has {links} link{'s' if links > 1 else ''}.", weight)
    if _MARKUP.search(message):
        yield SpamSign("markup", "The message has HTML or forum markup.", 50)
    words = Counter(plain_letters(word) for word in _MONEY_AND_PILLS.findall(message))
    if words:
        named = ", ".join(f"“{word}”" for word in list(words)[:_MOST_WORDS])
        yield SpamSign("words", f"The message speaks of {named}.", _WORDS_WEIGHT * min(len(words), _MOST_WORDS))
    if _REPEATED.search(message):
        yield SpamSign("repeated_characters", "The message repeats a character over and over.", 20)
    letters = [letter for letter in message if letter.isalpha() and letter.lower() != letter.upper()]
    if len(letters) >= _FEWEST_LETTERS and sum(map(str.isupper, letters)) > _SHOUTING * len(letters):
        yield SpamSign("capitals", "The message is written in capitals.", 20)


def _in_names(names: list[str]) -> Iterator[SpamSign]:
    if any(_LINK_IN_NAME.search(name) for name in names[:2]) or any("://" in name for name in names):
        yield SpamSign("link_as_name", "A name is a link.", 60)
    if any(_MARKUP.search(name) for name in names):
        yield SpamSign("markup_in_name", "A name has HTML or forum markup.", 60)
    if any(map(_is_gibberish, names)):
        yield SpamSign("gibberish", "A name is a run of random letters.", 40)


def _is_gibberish(name: str) -> bool:
    """`xKqTbZvLmRpW`: capitals jump about within one long word. McDonald and DeVries change twice at most."""
    word = name.strip()
    if len(word) < _LONG_NAME or not word.isalpha() or word.isupper():
        return False
    return sum(a.islower() and b.isupper() for a, b in pairwise(word)) >= _JUMPS_OF_CASE


def _mixes_scripts(text: str) -> bool:
    """Latin letters with Cyrillic or Greek ones in a word, as in `Vіagra`. Japanese and Korean mix by themselves."""
    if text.isascii():
        return False
    for word in text.split():
        scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word if letter.isalpha()}
        if len(scripts & {"LATIN", "CYRILLIC", "GREEK"}) > 1:
            return True
    return False


def _repeats_itself(texts: list[str]) -> bool:
    said = Counter(plain_letters(" ".join(text.split())) for text in texts if text.strip())
    return any(count >= _SAME_FIELDS for count in said.values())
