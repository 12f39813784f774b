"""Spellings of the same name have the same key, others do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.matching import fold, is_blank, match_key


@pytest.mark.parametrize(
    "text",
    [
        "Acme",
        "ACME",
        " acme ",
        "Acme, Inc.",
        "Acme Inc",
        "ACME CORP.",
        "Acme Corporation",
        "Acme Ltd.",
        "Acme L.L.C.",
        "Acme GmbH",
        "Acme GmbH & Co. KG",
        "Acme S.A.",
        "Acme S. A.",
        "Acme s. r. o.",
        "Acme A/S",
        "Acme (Pty) Ltd",
        "Acme Co., Ltd.",
        "Ａｃｍｅ Ｃｏｒｐ",
        "Ac\u200bme",
        "Acme\xa0 Inc",
        "Acme B.V.",
        "Acme Ltda",
    ],
)
def test_it_sees_through_case_blanks_width_and_legal_forms(text: str) -> None:
    assert match_key(text) == "acme"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Inc", "inc"),
        ("Inc Ltd", "inc"),
        ("Coca-Cola", "coca-cola"),
        ("Limited Brands", "limited brands"),
        ("Caf\u00e9", "caf\u00e9"),
        ("Cafe\u0301", "caf\u00e9"),
        ("Straße", "strasse"),
        ("株式会社", "株式会社"),
        ("", ""),
        (" \u200b", ""),
    ],
)
def test_it_keeps_what_is_the_name(text: str, key: str) -> None:
    assert match_key(text) == key


@given(st.text())
def test_it_is_idempotent_and_never_empty_for_a_visible_name(text: str) -> None:
    key = match_key(text)

    assert match_key(key) == key
    assert bool(key) != is_blank(text)


@given(st.lists(st.sampled_from(["acme", "Inc.", "&", "Co", "S.", "A.", "r.", "o.", "(Pty)", ",", "-", "GmbH"])))
def test_it_is_idempotent_for_piles_of_legal_forms(words: list[str]) -> None:
    key = match_key(" ".join(words))

    assert match_key(key) == key


def test_it_folds_labels_to_letters_and_digits() -> None:
    assert fold("Probability (%)") == "probability"
    assert fold("Closed - Won") == fold("closed_won") == fold("CLOSEDWON") == "closedwon"
    assert fold("Größe") == "grösse"
    assert fold("हिन्दी") != fold("हनद")
