"""Customers of the demo: their master data, preferences and events."""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Literal

from demo.companies.company import Company, CompanyTechnician
from demo.event_log import EventLog, Owner
from demo.media_folder import MediaFolder

PaymentHabit = Literal["card", "bank", "check", "slow"]


@dataclass
class DemoCustomer:
    """A customer of a business, with a random generator of its own for what happens to it."""

    company: Company
    log: EventLog
    media: MediaFolder
    index: int
    """Position among the customers of the business."""
    since: date
    """First day as a customer: the first of a month."""
    until: date | None = None
    """Last day as a customer."""
    interval_weeks: int = 1
    """Weeks between two regular visits."""
    weekday: int = 0
    """Weekday of regular visits; 0 is Monday."""
    window_hour: int = 9
    """Hour at which the window of a regular visit begins."""
    has_plan: bool = True
    """Whether it subscribes to the plan of the business; visits are billed one by one otherwise."""
    payment_habit: PaymentHabit = "card"
    _id_counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = Random(f"{self.company.id} {self.index}")
        self.number = 1041 + 7 * self.index
        self.id = f"cus_{self.number}"
        self.owner = Owner(self.company.id, self.id)
        self.instructions = self.random.choice((None, *self.company.texts.instructions))
        latitude, longitude = self.company.coordinates
        self.location = {
            "lat": round(latitude + self.random.uniform(-0.1, 0.1), 5),
            "lon": round(longitude + self.random.uniform(-0.1, 0.1), 5),
        }
        self.address = self._build_address()

    @property
    def name(self) -> str:
        """Display name."""
        return self.company.customer_names[self.index]

    @property
    def email(self) -> str:
        """E-mail address made of the first and the last word of the name."""
        ascii_name = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode().lower()
        words = ascii_name.replace("&", "").split()
        return f"{words[0]}.{words[-1]}@mail.example"

    @property
    def usual_technician(self) -> CompanyTechnician:
        """Technician of most visits."""
        return self.company.technicians[self.index % len(self.company.technicians)]

    def add_event(self, time: datetime, event_type: str, subject: str, /, **data: Any) -> None:
        """Add an event of this customer to the event log."""
        self.log.add(time, event_type, self.owner, subject, **data)

    def new_id(self, prefix: str) -> str:
        """Return an id that is unique within the business, e.g. `vis_1041_17`."""
        self._id_counts[prefix] += 1
        return f"{prefix}_{self.number}_{self._id_counts[prefix]}"

    def local_time(self, day: date, hour: float) -> datetime:
        """Return the time *hour* hours after midnight of a day, in the time zone of the business."""
        midnight = datetime.combine(day, time(), tzinfo=self.company.timezone)
        return midnight + timedelta(hours=hour)

    def happens(self, percent: float) -> bool:
        """Return True with a probability of so many percent."""
        return self.random.random() * 100 < percent

    def random_duration(self, min_minutes: float, max_minutes: float) -> timedelta:
        """Return a duration in whole seconds between two numbers of minutes."""
        return timedelta(seconds=round(60 * self.random.uniform(min_minutes, max_minutes)))

    def technician_data(self, technician: CompanyTechnician | None = None) -> dict[str, Any]:
        """Return a technician, by default the usual one, as events contain it."""
        technician = technician or self.usual_technician
        return {
            "id": technician.id,
            "name": technician.name,
            "photo": self.media.media_object(self.company.id, technician.photo),
        }

    def _build_address(self) -> dict[str, str]:
        random = Random(f"{self.company.id} {self.index} address")
        city, postal_code = random.choice(self.company.cities)
        streets = self.company.streets
        number = random.randrange(3, 9_000 // len(streets))
        return {
            "id": "adr_1",
            "line1": streets[self.index % len(streets)].format(number=number),
            "city": city,
            "region": self.company.region,
            "postal_code": postal_code,
            "country": self.company.country,
        }
