"""Who takes part in a deal of the demo, and what it is about; what happens in it is `lives.py`."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from deals_app.domain.money import minor_digits
from deals_app.services.demo.company import Company, Person, Product, Sale
from deals_app.services.demo.customers import LARGE, Customer
from deals_app.services.demo.rates import rate_on

# What no person types in; and of it, where nobody said what it is worth.
BY_PROGRAM = frozenset({"web_form", "email", "hubspot", "api", "salesforce"})
WITHOUT_AMOUNT = frozenset({"web_form", "email"})
WON_MORE_OFTEN: Mapping[str, float] = {"inbound": 1.0, "outbound": 0.75, "referral": 1.6, "partner": 1.1}
AT_HOME, ABROAD = 5.0, 0.35
TAGS = ("multi-site", "public sector", "fast-track", "upsell", "tender")
# Amounts are quoted in steps: the larger, the rounder.
STEPS = ((5_000, 50), (25_000, 250), (150_000, 500), (10**12, 2500))
CHEAP_UNITS = 100  # of a currency without decimals make about one of the others


@dataclass(frozen=True, kw_only=True)
class Cast:
    """A deal before anything happens. `dollars` (US, whole) is what the list price of the final offer comes to."""

    name: str
    sale: Sale
    customer: Customer
    product: Product
    owner: Person
    dollars: float
    source: str
    ingested_from: str
    tags: tuple[str, ...]

    @property
    def currency(self) -> str:
        """The customer's."""
        return self.customer.country.currency

    @property
    def pace(self) -> float:
        """How long things take, compared with the usual customer."""
        return 0.75 + 0.3 * self.customer.size

    def price(self, share: float = 1.0) -> int:
        """What an offer at this share of the list price says, in minor units."""
        return quoted(self.dollars * share, self.currency)

    @property
    def win_probability(self) -> float:
        """By the pipeline, the seller's skill, how the deal came about, and its size."""
        by_size = 1.08 - 0.1 * self.customer.size
        return min(0.9, self.sale.win_rate * self.owner.skill * WON_MORE_OFTEN[self.source] * by_size)


class Casting:
    """Casts deals one after the other; no two get the same name."""

    def __init__(self, company: Company, customers: Sequence[Customer], today: date) -> None:
        self._company = company
        self._customers = customers
        of_country = Counter(customer.country.code for customer in customers)
        self._weights = [
            customer.country.weight / of_country[customer.country.code] * (0.6 + 0.4 * customer.size)
            for customer in customers
        ]
        self._today = today
        self._taken: set[str] = set()

    def cast(self, chance: random.Random, *, begun: date) -> Cast:
        """A deal that begins about that day, in any pipeline."""
        (sale,) = chance.choices(self._company.sales, [sale.share for sale in self._company.sales])
        (customer,) = chance.choices(self._customers, self._weights)
        source = _chosen(chance, sale.sources)
        product, name, units = self._named(chance, sale, customer)
        return Cast(
            name=name,
            sale=sale,
            customer=customer,
            product=product,
            owner=self._owner(chance, customer, begun),
            dollars=units * product.unit_price * chance.uniform(0.82, 1.08),
            source=source,
            ingested_from=_chosen(chance, sale.doors[source]),
            tags=_tags(chance, customer, product),
        )

    def _named(self, chance: random.Random, sale: Sale, customer: Customer) -> tuple[Product, str, int]:
        """A product in a number of units that this customer was not offered before."""
        while True:
            product = chance.choice(sale.products)
            units = max(2, round(product.usual_units * customer.size * chance.lognormvariate(0, product.spread)))
            units = units if units < 30 else round(units, -1)  # noqa: PLR2004 (nobody asks for 47 seats)
            name = f"{product.name.format(n=units)} – {customer.short}"
            if name not in self._taken:
                self._taken.add(name)
                return product, name, units

    def _owner(self, chance: random.Random, customer: Customer, begun: date) -> Person:
        reps = [rep for rep in self._company.reps if joined(rep, self._today) <= begun] or list(self._company.reps)
        weights = [rep.load * (AT_HOME if customer.country.code in rep.home else ABROAD) for rep in reps]
        return chance.choices(reps, weights)[0]


def joined(person: Person, today: date) -> date:
    """The first day of a person; those who were there from the start have always been."""
    return date.min if person.joined_days_ago is None else today - timedelta(days=person.joined_days_ago)


def quoted(dollars: float, currency: str) -> int:
    """An amount in whole US dollars as the round figure that an offer in the currency says, in minor units."""
    digits = minor_digits(currency)
    unit = 1 if digits else CHEAP_UNITS
    amount = dollars / float(_usual_rate(currency)) / unit
    step = next(step for below, step in STEPS if amount < below)
    return max(step, round(amount / step) * step) * unit * 10**digits


def _usual_rate(currency: str) -> float:
    """Offers follow a price list, not the day's rate."""
    return float(rate_on(currency, date(2025, 1, 1)))


def _chosen(chance: random.Random, weights: Mapping[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _tags(chance: random.Random, customer: Customer, product: Product) -> tuple[str, ...]:
    tags = ["enterprise"] if customer.size >= LARGE else []
    if chance.random() < 0.35:  # noqa: PLR2004 (a share)
        tags.append(chance.choice(TAGS))
    if product.name.startswith("Pilot"):
        tags.append("pilot")
    return tuple(tags)
