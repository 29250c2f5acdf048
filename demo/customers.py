"""A customer of the demo: who it is, how it likes things, and a pen to write facts about it."""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Literal

from demo.companies.company import Company, CompanyTechnician
from demo.event_log import EventLog, Owner
from demo.media_folder import MediaFolder

Habit = Literal["card", "bank", "check", "slow"]


@dataclass
class DemoCustomer:
    """A household or a small firm. All it does is drawn from a random generator of its own."""

    company: Company
    log: EventLog
    library: MediaFolder
    position: int
    """Among the company's customers."""
    since: date
    """The first of a month: when it became a customer."""
    until: date | None = None
    """When it left."""
    weeks: int = 1
    """Between two regular visits."""
    weekday: int = 0
    """Of regular visits; 0 is Monday."""
    hour: int = 9
    """At which their window begins."""
    plan: bool = True
    """Whether it subscribes to the company's plan; else visits are billed one by one."""
    habit: Habit = "card"
    """How it pays."""
    _ids: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = Random(f"{self.company.id} {self.position}")
        self.number = 1041 + 7 * self.position
        self.id = f"cus_{self.number}"
        self.owner = Owner(self.company.id, self.id)
        self.instructions = self.random.choice((None, *self.company.words.instructions))
        near = self.company.position
        self.location = {
            "lat": round(near[0] + self.random.uniform(-0.1, 0.1), 5),
            "lon": round(near[1] + self.random.uniform(-0.1, 0.1), 5),
        }

    @property
    def name(self) -> str:
        """Full name, as the business writes it."""
        return self.company.names[self.position]

    @property
    def email(self) -> str:
        """Made of the name."""
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode().lower()
        words = plain.replace("&", "").split()
        return f"{words[0]}.{words[-1]}@mail.example"

    @property
    def technician(self) -> CompanyTechnician:
        """Technician who usually comes."""
        return self.company.technicians[self.position % len(self.company.technicians)]

    def address(self) -> dict[str, str]:
        """Return where the work is done."""
        draw = Random(f"{self.company.id} {self.position} address")
        city, postal_code = draw.choice(self.company.places)
        streets = self.company.streets
        return {
            "id": "adr_1",
            "line1": streets[self.position % len(streets)].format(
                number=draw.randrange(3, 9_000 // len(streets))
            ),
            "city": city,
            "region": self.company.region,
            "postal_code": postal_code,
            "country": self.company.country,
        }

    def say(self, at: datetime, what: str, subject: str, **data: Any) -> None:
        """Add a fact about this customer."""
        self.log.say(at, what, self.owner, subject, **data)

    def new_id(self, kind: str) -> str:
        """Return an id that no other entity of the business has, e.g. `vis_1041_17`."""
        self._ids[kind] += 1
        return f"{kind}_{self.number}_{self._ids[kind]}"

    def at(self, day: date, hour: float) -> datetime:
        """Return a moment by the clock at the customer's."""
        clock = datetime.combine(day, time(), tzinfo=self.company.timezone)
        return clock + timedelta(hours=hour)

    def chance(self, percent: float) -> bool:
        """Return True in so many of a hundred cases."""
        return self.random.random() * 100 < percent

    def minutes(self, least: float, most: float) -> timedelta:
        """Return a while, to the second."""
        return timedelta(seconds=round(60 * self.random.uniform(least, most)))

    def technician_data(self, technician: CompanyTechnician | None = None) -> dict[str, Any]:
        """Return a technician as events name one; the usual one when none is given."""
        chosen = technician or self.technician
        return {
            "id": chosen.id,
            "name": chosen.name,
            "photo": self.library.media(self.company.id, chosen.photo),
        }
