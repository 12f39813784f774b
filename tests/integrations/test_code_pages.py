"""8-bit code pages told apart by the languages of their texts."""

from __future__ import annotations

import io

import pytest

from deals_app.integrations.csv_text import detect_encoding

TEXTS = {
    "German": "Größe über Müller Straße Äpfel Öl Übung",
    "French": "Société Générale Hôtel français élève où à ça",
    "Spanish": "Compañía Española año niño más información José Núñez",
    "Portuguese": "Ação coração João São Paulo comunicações você Conceição",
    "Swedish": "Göteborg Åkeri Älvsjö företag försäljning",
    "Danish": "København Ærø smørrebrød Århus",
    "Italian": "Società è già più perché qualità",
    "Czech": "Příliš žluťoučký kůň úpěl ďábelské ódy Škoda Řízení",
    "Polish": "Zażółć gęślą jaźń Łódź Spółka Świętokrzyska",
    "Hungarian": "Árvíztűrő tükörfúrógép Győr Kőszeg",
    "Turkish": "Şirket İstanbul ağaç çığ öğrenci müşteri",
    "Russian": "Поставка оборудования на завод ООО Ромашка",
    "Greek": "Προμήθεια εξοπλισμού για το εργοστάσιο",
    "One word": "Café",
    "Many languages": "Société Müller José Núñez São Paulo København",
}
WESTERN = ["German", "French", "Spanish", "Portuguese", "Swedish", "Danish", "Italian", "One word", "Many languages"]


@pytest.mark.parametrize(
    ("code_page", "languages"),
    [
        ("cp1252", WESTERN),
        ("latin-1", WESTERN),
        ("cp850", WESTERN),
        ("mac_roman", WESTERN),
        ("cp437", ["German", "French", "Spanish", "Swedish", "Italian", "One word"]),
        ("cp1250", ["Czech", "Polish", "Hungarian", "German"]),
        ("cp852", ["Czech", "Polish", "Hungarian"]),
        ("cp1254", ["Turkish", "German"]),
        ("cp1251", ["Russian"]),
        ("koi8_r", ["Russian"]),
        ("cp1253", ["Greek"]),
    ],
)
def test_it_reads_the_words_of_a_language_in_the_code_page_they_are_in(code_page: str, languages: list[str]) -> None:
    for language in languages:
        words = TEXTS[language].split()
        content = "".join(f"{word},Acme Inc,joe@acme.example\n" for word in ["Deal Name", *words]).encode(code_page)
        found = detect_encoding(io.BytesIO(content))

        assert content.decode(found) == content.decode(code_page), (language, found)


@pytest.mark.parametrize("sign", ["– –", "€", "“quoted”", "©"])
def test_it_takes_signs_without_letters_for_cp1252(sign: str) -> None:
    assert detect_encoding(io.BytesIO(f"name\n{sign} 5\n".encode("cp1252"))) == "cp1252"
