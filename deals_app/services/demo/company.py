"""Who the demo companies are: their people, what they sell, and the pipelines they sell it through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from deals_app.domain.stages import DEFAULT_STAGES, StageStatus, StageTemplate
from deals_app.services.demo.customers import COUNTRIES, Country
from deals_app.services.demo.wording import LOSSES, LOSSES_AT_RENEWAL, MOVED, MOVED_TO_RENEW, Loss

PASSWORD = "demo-demo"  # noqa: S105 (printed for everyone to see)


@dataclass(frozen=True, kw_only=True)
class Leave:
    """Absent from `days_ago` for `days`; `cover` (an e-mail address) takes over what is open."""

    days_ago: int
    days: int
    cover: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody of the company; `role` as in the tenant.

    `skill` and `load` are relative to the others, `home` are the countries they sell to, and the login of those with
    `is_shown` is printed when the product starts.
    """

    name: str
    email: str
    role: str = "rep"
    skill: float = 1.0
    load: float = 1.0
    home: tuple[str, ...] = ()
    joined_days_ago: int | None = None
    leave: Leave | None = None
    is_shown: bool = False

    @property
    def first_name(self) -> str:
        """What colleagues call them."""
        return self.name.partition(" ")[0]


@dataclass(frozen=True, kw_only=True)
class Product:
    """What a deal is about: `name` counts `{n}` units of `unit_price` whole US dollars each."""

    name: str
    unit_price: int
    usual_units: int
    spread: float = 0.6


@dataclass(frozen=True, kw_only=True)
class Sale:
    """How a pipeline is sold through: its share of the deals, and how often they are won at average skill.

    `days_in_stage` is what a deal usually spends in each open stage, `lost_in_stage` and `open_in_stage` are where the
    lost ones end and the open ones stand, `doors` through which the deals of each of the `sources` come in.
    """

    pipeline: str
    stages: tuple[StageTemplate, ...]
    share: float
    win_rate: float
    days_in_stage: tuple[int, ...]
    lost_in_stage: tuple[int, ...]
    open_in_stage: tuple[int, ...]
    sources: Mapping[str, int]
    products: tuple[Product, ...]
    doors: Mapping[str, Mapping[str, int]]
    notes_on_moving: Sequence[Sequence[str]] = MOVED
    losses: Sequence[Loss] = LOSSES

    @property
    def open_stages(self) -> tuple[StageTemplate, ...]:
        """The stages that deals are worked on in."""
        return tuple(stage for stage in self.stages if stage.status is StageStatus.OPEN)


@dataclass(frozen=True, kw_only=True)
class Company:
    """A tenant of the demo. The first of `sales` is the default pipeline, which every new tenant has."""

    slug: str
    name: str
    people: tuple[Person, ...]
    sales: tuple[Sale, ...]
    countries: tuple[Country, ...]
    months: int
    open_deals: int
    closed_deals: int

    @property
    def reps(self) -> tuple[Person, ...]:
        """Those who sell."""
        return tuple(person for person in self.people if person.role == "rep")

    @property
    def managers(self) -> tuple[Person, ...]:
        """Those who assign, reopen and ask; the admin where there is nobody else."""
        return tuple(person for person in self.people if person.role == "manager") or self.people[:1]

    def person(self, email: str) -> Person:
        """The person with this address."""
        return next(person for person in self.people if person.email == email)


# Through which door deals of a source come in, and how often.
DOORS: Mapping[str, Mapping[str, int]] = {
    "inbound": {"web_form": 36, "email": 20, "manual": 24, "hubspot": 12, "api": 8},
    "outbound": {"manual": 72, "csv": 14, "salesforce": 14},
    "referral": {"manual": 84, "email": 16},
    "partner": {"manual": 60, "api": 22, "salesforce": 18},
}
PRODUCTS = (
    Product(name="Cold-chain monitoring, {n} sites", unit_price=4200, usual_units=6),
    Product(name="Beacon Cloud, {n} seats", unit_price=310, usual_units=60),
    Product(name="Energy dashboard, {n} buildings", unit_price=3600, usual_units=5),
    Product(name="Sensor refresh, {n} devices", unit_price=145, usual_units=160),
    Product(name="Fleet telemetry, {n} vehicles", unit_price=540, usual_units=40),
    Product(name="Leak detection, {n} floors", unit_price=1900, usual_units=9),
    Product(name="Warehouse rollout, {n} halls", unit_price=21_000, usual_units=3, spread=0.5),
    Product(name="Data integration, {n} systems", unit_price=12_500, usual_units=3, spread=0.4),
    Product(name="Pilot, {n} sites", unit_price=2900, usual_units=3, spread=0.4),
)
RENEWED = (
    Product(name="Beacon Cloud renewal, {n} seats", unit_price=290, usual_units=80),
    Product(name="Service plan renewal, {n} sites", unit_price=1500, usual_units=12),
    Product(name="Monitoring renewal, {n} sites", unit_price=2600, usual_units=8),
)

SALES = Sale(
    pipeline="Sales Pipeline",
    stages=DEFAULT_STAGES,
    share=0.77,
    win_rate=0.238,
    days_in_stage=(8, 13, 16, 17),
    lost_in_stage=(26, 31, 27, 16),
    open_in_stage=(33, 29, 23, 15),
    sources={"inbound": 48, "outbound": 28, "referral": 16, "partner": 8},
    doors=DOORS,
    products=PRODUCTS,
)
PARTNER_DEALS = Sale(
    pipeline="Partner Deals",
    stages=(
        StageTemplate(key="registered", name="Registered", probability=Decimal(15), rotting_days=14),
        StageTemplate(key="joint_discovery", name="Joint Discovery", probability=Decimal(30), rotting_days=21),
        StageTemplate(
            key="joint_proposal",
            name="Joint Proposal",
            probability=Decimal(55),
            rotting_days=28,
            required_fields=("value",),
        ),
        StageTemplate(
            key="contracting",
            name="Contracting",
            probability=Decimal(80),
            rotting_days=30,
            required_fields=("value", "expected_close_date"),
        ),
        StageTemplate(key="closed_won", name="Won", probability=Decimal(100), status=StageStatus.CLOSED_WON),
        StageTemplate(
            key="closed_lost",
            name="Lost",
            probability=Decimal(0),
            status=StageStatus.CLOSED_LOST,
            required_fields=("loss_reason",),
        ),
    ),
    share=0.15,
    win_rate=0.25,
    days_in_stage=(9, 17, 21, 19),
    lost_in_stage=(22, 34, 28, 16),
    open_in_stage=(26, 30, 25, 19),
    sources={"partner": 100},
    doors=DOORS,
    products=PRODUCTS,
)
RENEWALS = Sale(
    pipeline="Renewals",
    stages=(
        StageTemplate(key="upcoming", name="Upcoming", probability=Decimal(60), rotting_days=30),
        StageTemplate(key="in_review", name="In Review", probability=Decimal(70), rotting_days=21),
        StageTemplate(
            key="negotiation",
            name="Negotiation",
            probability=Decimal(85),
            rotting_days=21,
            required_fields=("value", "expected_close_date"),
        ),
        StageTemplate(key="renewed", name="Renewed", probability=Decimal(100), status=StageStatus.CLOSED_WON),
        StageTemplate(
            key="churned",
            name="Churned",
            probability=Decimal(0),
            status=StageStatus.CLOSED_LOST,
            required_fields=("loss_reason",),
        ),
    ),
    share=0.08,
    win_rate=0.61,
    days_in_stage=(21, 14, 12),
    lost_in_stage=(30, 40, 30),
    open_in_stage=(45, 32, 23),
    sources={"inbound": 60, "outbound": 40},
    doors={"inbound": {"manual": 50, "api": 30, "hubspot": 20}, "outbound": {"manual": 100}},
    products=RENEWED,
    notes_on_moving=MOVED_TO_RENEW,
    losses=LOSSES_AT_RENEWAL,
)

NORTHBEAM = Company(
    slug="demo",
    name="Northbeam Systems",
    people=(
        Person(name="Dana Whitfield", email="admin@demo.example", role="admin", is_shown=True),
        Person(name="Marcus Okafor", email="manager@demo.example", role="manager", is_shown=True),
        Person(name="Ingrid Vasseur", email="ingrid@demo.example", role="manager"),
        Person(
            name="Priya Raman",
            email="priya@demo.example",
            skill=1.2,
            load=1.25,
            home=("US", "GB"),
            is_shown=True,
        ),
        Person(
            name="Tomás Herrera",
            email="tomas@demo.example",
            skill=0.95,
            home=("ES", "IT", "US"),
            leave=Leave(days_ago=232, days=23, cover="priya@demo.example"),
        ),
        Person(
            name="Elin Sørensen",
            email="elin@demo.example",
            skill=1.25,
            load=0.9,
            home=("NO", "SE", "NL", "GB"),
            leave=Leave(days_ago=118, days=44, cover="oliver@demo.example"),
        ),
        Person(name="Kenta Morishige", email="kenta@demo.example", skill=1.0, load=0.9, home=("JP",)),
        Person(name="Hanna Reuter", email="hanna@demo.example", skill=1.1, load=1.1, home=("DE", "NL")),
        Person(name="Oliver Pemberton", email="oliver@demo.example", skill=0.8, home=("GB", "NO", "SE")),
        Person(
            name="Zanele Dube",
            email="zanele@demo.example",
            skill=1.3,
            load=1.1,
            home=("US", "GB"),
            joined_days_ago=295,
        ),
        Person(
            name="Rafael Quintão",
            email="rafael@demo.example",
            skill=0.7,
            load=0.9,
            home=("FR", "ES", "IT"),
            joined_days_ago=165,
        ),
    ),
    sales=(SALES, PARTNER_DEALS, RENEWALS),
    countries=COUNTRIES,
    months=14,
    open_deals=350,
    closed_deals=1500,
)
SMALL_HARBOUR = Company(
    slug="demo-two",
    name="Small Harbour Studio",
    people=(
        Person(name="Noor Haddad", email="admin@demo-two.example", role="admin", is_shown=True),
        Person(name="Sam Lindqvist", email="sam@demo-two.example"),
    ),
    sales=(SALES,),
    countries=tuple(country for country in COUNTRIES if country.code in {"US", "GB"}),
    months=3,
    open_deals=4,
    closed_deals=1,
)
