"""Whom the demo companies sell to: invented firms of ten countries, and the people one talks to there."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

# Small, middling and large: how much more than the usual customer they buy, and how common they are.
SIZES = ((0.55, 50), (1.0, 33), (2.3, 17))
LARGE = 2.0
# In percent, and how common it is.
CHURN_RISKS = {(3, 28): 48, (29, 50): 16, (55, 92): 11, None: 25}


@dataclass(frozen=True, kw_only=True)
class Country:
    """Names as they are made there; `firms` combines `{stem}` and `{trade}`, `domain` is the ending of its sites."""

    code: str
    currency: str
    weight: int
    firms: tuple[str, ...]
    stems: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Customer:
    """A firm that deals are made with; `short` is what people call it. `churn_risk` is 0 to 1, where it is known."""

    name: str
    short: str
    country: Country
    size: float
    contacts: tuple[str, ...]
    domain: str
    churn_risk: Decimal | None


def make_customers(chance: random.Random, countries: Sequence[Country]) -> list[Customer]:
    """Every stem of every country with one or two trades; the same for the same `chance`."""
    made: list[Customer] = []
    for country in countries:
        for stem in country.stems:
            for trade in chance.sample(country.trades, chance.choice((1, 1, 2, 2))):
                firm = chance.choice(country.firms).format(stem=stem, trade=trade)
                (size,) = chance.choices([size for size, _ in SIZES], [weight for _, weight in SIZES])
                made.append(
                    Customer(
                        name=f"{firm} {chance.choice(country.forms)}".strip(),
                        short=stem,
                        country=country,
                        size=size,
                        contacts=tuple(
                            f"{first} {last}"
                            for first, last in zip(
                                chance.sample(country.first_names, 3),
                                chance.sample(country.last_names, 3),
                                strict=True,
                            )
                        ),
                        domain=f"{_host(firm)}.example",
                        churn_risk=_churn_risk(chance),
                    )
                )
    return made


def _churn_risk(chance: random.Random) -> Decimal | None:
    """Low for most, high for a few, and of some nobody knows."""
    (bounds,) = chance.choices(list(CHURN_RISKS), list(CHURN_RISKS.values()))
    return None if bounds is None else Decimal(chance.randint(*bounds)) / 100


def _host(firm: str) -> str:
    """`Clínicas Montalvo` is found at `clinicasmontalvo`."""
    plain = unicodedata.normalize("NFKD", firm.casefold().replace("ø", "o").replace("ß", "ss").replace("æ", "ae"))
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum())


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


COUNTRIES = (
    Country(
        code="US",
        currency="USD",
        weight=78,
        firms=("{stem} {trade}",),
        stems=_words(
            "Harbor & Pine, Oakridge, Brightwater, Fairhaven, Ironvale, Castellan, Stonegate, Blue Heron, Pelican Bay,"
            "Larkspur, Redwillow, Cedar Hollow, Copperline, Tidewater, Silverbrook, Elk Ridge, Prairie Star, Bayview,"
            "Wrenfield, Amber Creek, Sable Point, Lakemont, Juniper Flats, Coldspring, High Mesa, Tallgrass,"
            "Foxglove, Granite Bend, Sweetwater Bend, Willow Run"
        ),
        trades=_words(
            "Clinics, Foods, Logistics, School District, Credit Union, Properties, Dairy, Cold Storage, Pharmacies,"
            "Hospitals, Hotels, Brewing, Airfreight, Seafood, Self Storage"
        ),
        forms=("Inc.", "LLC", "Inc.", "Co.", ""),
        first_names=_words("Denise, Carl, Monique, Trevor, Alicia, Warren, Bethany, Luis, Janelle, Scott, Mei, Andre"),
        last_names=_words("Holloway, Pruitt, Castaneda, Lindgren, Baptiste, Mercer, Nakagawa, Boyle, Tran, Ostrowski"),
    ),
    Country(
        code="GB",
        currency="GBP",
        weight=23,
        firms=("{stem} {trade}",),
        stems=_words(
            "Thornbury, Quantock, Ashcombe, Wexley, Penhallow, Marchmont, Dunmore, Saltmarsh, Kirkdale, Lowfell,"
            "Chilverton, Hartsworth, Brackenhill, Tarnside, Oxmoor, Pendlebrook"
        ),
        trades=_words(
            "Rail, Breweries, Dairies, Care Homes, Cold Stores, Foods, Estates, Leisure, Pharmacy Group, Produce,"
            "Haulage, Academies Trust"
        ),
        forms=("Ltd", "Ltd", "plc", ""),
        first_names=_words("Imogen, Rhys, Farah, Callum, Harriet, Dev, Morag, Simon, Beatrice, Kwame"),
        last_names=_words("Ellery, Gwynne, Siddiqui, Tomlin, Ackroyd, Mensah, Farrow, Drummond, Peverell"),
    ),
    Country(
        code="DE",
        currency="EUR",
        weight=18,
        firms=("{stem} {trade}",),
        stems=_words(
            "Kessler, Schreiner & Söhne, Lindenhof, Vogtsberg, Ostertag, Hallstein, Weidinger, Kranzler, Nordheide,"
            "Falkenstein, Mühlbacher, Rautenberg, Grünwalder, Steinmetz"
        ),
        trades=_words(
            "Maschinenbau, Logistik, Lebensmittel, Kliniken, Kühltechnik, Molkerei, Immobilien, Pharmahandel,"
            "Fleischwaren, Gebäudetechnik"
        ),
        forms=("GmbH", "GmbH", "AG", "GmbH & Co. KG"),
        first_names=_words("Matthias, Katrin, Jürgen, Sabine, Florian, Anneliese, Uwe, Birte, Cem, Theresa"),
        last_names=_words("Ahlers, Dietz, Yıldız, Brückner, Lohmann, Petzold, Sommerfeld, Wieland"),
    ),
    Country(
        code="FR",
        currency="EUR",
        weight=10,
        firms=("{trade} {stem}",),
        stems=_words("Moreau, Valcourt, Lachenal, Beauvoir, Grandpré, Fontanel, Sauvebois, Montclair, Rivoire"),
        trades=_words("Laiterie, Transports, Cliniques, Hôtels, Ateliers, Pharmacies, Vergers, Caves"),
        forms=("SAS", "SARL", "SA"),
        first_names=_words("Hélène, Bastien, Corinne, Yacine, Margaux, Thierry, Solène"),
        last_names=_words("Aubry, Delcroix, Haddou, Pasquet, Rousselin, Tessier"),
    ),
    Country(
        code="ES",
        currency="EUR",
        weight=8,
        firms=("{trade} {stem}",),
        stems=_words("Montalvo, Belmonte, Sotomayor, Ribera Alta, Valdehierro, Campoamor, Los Olmos"),
        trades=_words("Clínicas, Frigoríficos, Bodegas, Logística, Conservas, Hoteles, Farmacias"),
        forms=("S.L.", "S.A."),
        first_names=_words("Íñigo, Nuria, Joaquín, Maite, Álvaro, Rocío"),
        last_names=_words("Barrenechea, Galván, Llorente, Peñalver, Uribe"),
    ),
    Country(
        code="IT",
        currency="EUR",
        weight=8,
        firms=("{trade} {stem}",),
        stems=_words("Montefosco, Ripalta, Serravento, Valdoria, Colleverde, Pietranera"),
        trades=_words("Caseificio, Trasporti, Farmacie, Salumificio, Cantine, Alberghi"),
        forms=("S.r.l.", "S.p.A."),
        first_names=_words("Ginevra, Matteo, Loredana, Fausto, Chiara, Ettore"),
        last_names=_words("Bellandi, Carnevale, Fumagalli, Orsini, Trevisan"),
    ),
    Country(
        code="NL",
        currency="EUR",
        weight=7,
        firms=("{stem} {trade}",),
        stems=_words("De Rietveen, Van Osterwold, Zuiderhaven, Meerlanden, Kolkstra, Hoogveld"),
        trades=_words("Zuivel, Koeltechniek, Bloemen, Transport, Zorggroep, Vastgoed"),
        forms=("B.V.", "N.V."),
        first_names=_words("Sanne, Joost, Marijke, Ruben, Fenna, Wouter"),
        last_names=_words("Dijkstra, Hoekema, Terpstra, Van Loon, Wiersma"),
    ),
    Country(
        code="NO",
        currency="EUR",
        weight=6,
        firms=("{stem} {trade}",),
        stems=_words("Nordlys, Fjellheim, Solbakken, Havørn, Storvik"),
        trades=_words("Energi, Sjømat, Meieri, Eiendom, Transport"),
        forms=("AS",),
        first_names=_words("Sigrid, Torbjørn, Ingvild, Eirik, Marit"),
        last_names=_words("Aasen, Bakkevik, Lunde, Myhre, Tveit"),
    ),
    Country(
        code="SE",
        currency="EUR",
        weight=6,
        firms=("{stem} {trade}",),
        stems=_words("Björkdalen, Österlid, Skogsmarken, Vintergatan, Åkerholm"),
        trades=_words("Fastigheter, Livsmedel, Vård, Kyl, Bageri"),
        forms=("AB",),
        first_names=_words("Linnea, Oskar, Gunilla, Rasmus, Ebba"),
        last_names=_words("Ekdahl, Forsman, Hedlund, Norén, Sjöqvist"),
    ),
    Country(
        code="JP",
        currency="JPY",
        weight=19,
        firms=("{stem} {trade}",),
        stems=_words(
            "Asagiri, Minamisato, Hoshikawa, Shirakaba, Umegaoka, Matsukaze, Aoyagi, Tsukimori, Kitanohara, Harukaze,"
            "Mizushiro, Takasago Bay"
        ),
        trades=_words("Foods, Logistics, Hospitals, Cold Storage, Seafood, Hotels, Brewery, Estates"),
        forms=("K.K.", "Co., Ltd."),
        first_names=_words("Haruka, Daichi, Yui, Kenji, Satomi, Ryo, Akane"),
        last_names=_words("Hirano, Kawabata, Mizuno, Ogata, Shimada, Tsuji, Yasuda"),
    ),
)
