"""The names of the months in the six languages whose exports we read, as files write them. Dates are dates.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deals_app.domain.letters import plain_letters

# A language behind the other, January first; what stands behind a bar is another way to write the same month.
_NAMES: Final = """
    january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct
    november|nov december|dec

    januar|jänner|jän februar|feber märz|mrz|maerz april mai juni juli august september oktober|okt november
    dezember|dez

    janvier|janv février|févr|fév mars avril|avr mai juin juillet|juil août septembre octobre novembre décembre|déc

    enero|ene febrero marzo abril|abr mayo junio julio agosto|ago septiembre|setiembre|set octubre noviembre
    diciembre|dic

    janeiro fevereiro|fev março abril maio|mai junho julho agosto setembro outubro|out novembro dezembro

    januari februari maart|mrt april mei juni juli augustus september oktober november december
"""

MONTHS: Final[Mapping[str, int]] = {
    plain_letters(name): index % 12 + 1 for index, names in enumerate(_NAMES.split()) for name in names.split("|")
}
