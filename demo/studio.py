"""Draws every picture of the demo, side by side on all processors."""

import io
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from PIL import Image

from demo.companies import Company
from demo.library import TAKES, Library
from demo.pictures import details, garden, people, pool
from demo.sonoran import SONORAN
from demo.turia import TURIA

SIGNATURES = 4
STAGES = ("before", "after")


class Wanted(NamedTuple):
    """A picture: whose it is, under which media key, and what is to be drawn."""

    business: str
    key: str
    drawer: str
    subject: str
    dirty: bool = False
    take: int = 0


class Drawn(NamedTuple):
    """A file, and its width and height in pixels."""

    content: bytes
    size: tuple[int, int]


def wanted() -> Iterator[Wanted]:
    """Yield all pictures, as visits and businesses name them."""
    for company in (SONORAN, TURIA):
        yield Wanted(company.id, "brand/logo.png", "logo", company.scene)
        for technician in company.technicians:
            yield Wanted(company.id, technician.photo, "portrait", Path(technician.photo).stem)
        for number in range(SIGNATURES):
            yield Wanted(company.id, f"signatures/{number}.png", "signature", str(number))
        yield from _photos(company)


def _photos(company: Company) -> Iterator[Wanted]:
    services = (company.regular, *company.occasional)
    close_ups = dict.fromkeys(name for service in services for name in service.details)
    places = [(company.scene, f"{company.scene}-{look}", str(look)) for look in range(company.looks)]
    for drawer, name, subject in (*places, *(("detail", name, name) for name in close_ups)):
        for take in range(TAKES):
            for stage in STAGES:
                key = f"photos/{name}-{stage}-{take}.jpg"
                yield Wanted(company.id, key, drawer, subject, stage == "before", take)


def draw(one: Wanted) -> Drawn:
    """Draw a picture and write it in the format its key names."""
    image = _image(one)
    file = io.BytesIO()
    if one.key.endswith(".jpg"):
        image.convert("RGB").save(file, "JPEG", quality=80)
    else:
        image.save(file, "PNG", optimize=True)
    return Drawn(file.getvalue(), image.size)


def _image(one: Wanted) -> Image.Image:
    match one.drawer:
        case "pool":
            return pool.pool(int(one.subject), one.dirty, one.take)
        case "garden":
            return garden.garden(int(one.subject), one.dirty, one.take)
        case "detail":
            return details.detail(one.subject, one.dirty, one.take)
        case "portrait":
            return people.portrait(one.subject)
        case "signature":
            return people.signature(int(one.subject))
        case "logo":
            return people.logo(one.subject)
        case other:
            raise ValueError(f"nobody draws {other}")


def _settle(group: int) -> None:
    os.setpgid(0, group)
    # The servers, which start meanwhile, go first.
    os.nice(10)


class Studio:
    """Begins to draw when it is entered, so that other things can be done meanwhile."""

    def __init__(self, group: int) -> None:
        """Its processes join process group `group`, which a Ctrl-C at the terminal does not reach."""
        self._group = group

    def __enter__(self) -> Self:
        """Start the drawing processes."""
        self._pool = ProcessPoolExecutor(
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_settle,
            initargs=(self._group,),
        )
        self._orders: dict[Future[Drawn], Wanted] = {self._pool.submit(draw, one): one for one in wanted()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them; what is not begun is not drawn any more."""
        self._pool.shutdown(cancel_futures=True)

    def deliver(self, library: Library) -> int:
        """Wait for the pictures, put them into the library and close; how many there are."""
        for order in as_completed(self._orders):
            one, drawn = self._orders[order], order.result()
            library.add(one.business, one.key, drawn.content, drawn.size)
        self._pool.shutdown()
        return len(self._orders)
