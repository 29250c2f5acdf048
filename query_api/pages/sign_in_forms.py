"""The forms of the sign-in as pages: each with what was typed, what is wrong with it, and where to go on to."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from litestar import Response
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_401_UNAUTHORIZED,
    HTTP_409_CONFLICT,
    HTTP_410_GONE,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_429_TOO_MANY_REQUESTS,
)

from query_api.pages.render import minutes, render
from query_api.pages.request_context import PageContext
from query_api.sign_in.errors import Account
from read_models.documents import timestamp
from web.problems import retry_after_seconds

STATUS = {
    None: HTTP_200_OK,
    "limited": HTTP_429_TOO_MANY_REQUESTS,
    "code_refused": HTTP_401_UNAUTHORIZED,
}
"""The status of a page by what is wrong with its form; for all else it is the form that has to be corrected."""


class FormError(NamedTuple):
    """Error of a submitted form."""

    problem: str
    """Its name in `flash_message.html`."""
    retry_after: timedelta | None = None
    """When it is worth trying again."""


def form(
    template: str, page: PageContext, wrong: FormError | None, values: Mapping[str, Any]
) -> Response[str]:
    """Return a form, with what is wrong with it said on top and at its field."""
    problem, retry_after = wrong or (None, None)
    said = {"problem": problem, "wait": minutes(retry_after)}
    status = STATUS.get(problem, HTTP_422_UNPROCESSABLE_ENTITY)
    response = render(template, page.portal, page.reader, {**values, **said}, status=status)
    if retry_after:
        response.headers["Retry-After"] = str(retry_after_seconds(retry_after))
    return response


def address_form(
    page: PageContext, wanted: str, email: str = "", wrong: FormError | None = None
) -> Response[str]:
    """Step one: the address."""
    return form("sign_in.html", page, wrong, {"email": email, "next": wanted})


def code_form(
    page: PageContext, wanted: str, email: str, code: str = "", wrong: FormError | None = None
) -> Response[str]:
    """Step two: the code that was mailed to the address, if it is known."""
    return form("code.html", page, wrong, {"email": email, "code": code, "next": wanted})


def account_form(
    page: PageContext, wanted: str, accounts: Sequence[Account], action: str, hidden: Mapping[str, str]
) -> Response[str]:
    """Return which customer to sign in as. `hidden` is sent again beside the choice: nothing has been used up yet."""
    values = {
        "accounts": accounts,
        "action": action,
        "hidden": hidden,
        "next": wanted,
        "problem": None,
        "wait": None,
    }
    return render("accounts.html", page.portal, page.reader, values, status=HTTP_409_CONFLICT)


def link_form(page: PageContext, email: str, action: str) -> Response[str]:
    """Return the page of a mailed link that still works."""
    values = {"address": masked(email), "action": action, "next": ""}
    return render("link.html", page.portal, page.reader, values)


def link_over(page: PageContext, newer_at: datetime | None) -> Response[str]:
    """Return the page of a mailed link that does not work any more; it says when a newer mail was sent, if one was."""
    values = {"newer_at": timestamp(newer_at) if newer_at else None}
    return render("link_expired.html", page.portal, page.reader, values, status=HTTP_410_GONE)


def masked(email: str) -> str:
    """Return an address that its owner recognises and nobody else learns: the first letter and the domain."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"
