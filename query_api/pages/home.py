"""Home: what needs the customer, what is next, what was last, what is due, how contracts are kept."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from query_api.pages import summary
from query_api.pages.context import Page, PageRequest, see
from query_api.pages.render import Portal, Reader, render
from read_models.documents import Doc, timestamp
from read_models.reads import Reads


@get("/{slug:str}", include_in_schema=False)
async def home(page: NamedDependency[Page], request: PageRequest) -> Response[Any]:
    """The home page; signed out it leads to the sign-in, which comes back here."""
    if page.known is None:
        return see(f"{page.root}sign-in")
    reads: Reads = request.app.state.reads
    return home_page(await reads.dashboard(page.known, page.business), page.portal, page.reader)


def home_page(dashboard: Doc, portal: Portal, reader: Reader) -> Response[str]:
    """The home page, made of the dashboard."""
    values = {
        "dashboard": dashboard,
        "appointments": summary.appointments(dashboard["upcoming"], timestamp(reader.now)),
        "overdue": summary.overdue(dashboard),
        "contracts": [
            {"item": item, "figures": summary.figures(item["health"])} for item in dashboard["contracts"]
        ],
    }
    return render("home.html", portal, reader, values)
