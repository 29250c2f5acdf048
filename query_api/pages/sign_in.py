"""Signing in and out by forms. They call what the JSON API calls; nothing here decides who gets in."""

import re
from typing import Any, NamedTuple

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from query_api.pages.request_context import PageContext, PageRequest, redirect_see_other, safe_redirect_target
from query_api.pages.sign_in_forms import (
    FormError,
    account_form,
    address_form,
    code_form,
    link_form,
    link_over,
)
from query_api.services import services_of
from query_api.sign_in.cookies import binding_cookie, browser_of, expired_session_cookie, session_cookie
from query_api.sign_in.errors import AccountChoiceRequired, InvalidCredentials, InvalidEmail, TooManyAttempts
from query_api.sign_in.service import SEPARATORS

CODE = re.compile(r"[0-9]{6}")
"""A code as it is checked, without what people put between its digits."""


class SignInForm(NamedTuple):
    """The fields of a sign-in form, "" where one is absent."""

    email: str
    code: str
    customer_id: str
    next: str
    submitted: frozenset[str]
    """The names of the fields that were there."""


async def form_of(request: PageRequest) -> SignInForm:
    """Return the form of a request; a file in place of a text counts as absent."""
    sent = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    email, code, customer_id, wanted = (
        sent.get(name, "") for name in ("email", "code", "customer_id", "next")
    )
    return SignInForm(email.strip(), code.strip(), customer_id, wanted, frozenset(sent))


@get("/{slug:str}/sign-in", include_in_schema=False)
async def show_form(page: NamedDependency[PageContext], request: PageRequest) -> Response[Any]:
    """Return the form for the address; who is signed in already goes on."""
    wanted = request.query_params.get("next", "")
    if page.known:
        return redirect_see_other(safe_redirect_target(page, wanted))
    return address_form(page, wanted)


@post("/{slug:str}/sign-in", include_in_schema=False, status_code=HTTP_200_OK)
async def submit_form(page: NamedDependency[PageContext], request: PageRequest) -> Response[Any]:
    """Return the address alone has a code sent; with the code it signs in."""
    form = await form_of(request)
    if not form.email:
        return address_form(page, form.next, form.email, FormError("email_missing"))
    return await (check_code if "code" in form.submitted else send_code)(page, request, form)


async def send_code(page: PageContext, request: PageRequest, form: SignInForm) -> Response[Any]:
    """Have a code sent, and shows the form for it: the same for every address."""
    sign_in = services_of(request).sign_in
    browser = browser_of(request, page.business)
    try:
        binding = await sign_in.request_code(page.business, form.email, browser)
    except InvalidEmail:
        return address_form(page, form.next, form.email, FormError("email_malformed"))
    except TooManyAttempts as limited:
        return address_form(page, form.next, form.email, FormError("limited", limited.retry_after))
    response = code_form(page, form.next, form.email)
    response.set_cookie(binding_cookie(page.business, binding))
    return response


async def check_code(page: PageContext, request: PageRequest, form: SignInForm) -> Response[Any]:
    """Sign in by the code."""
    code = SEPARATORS.sub("", form.code)
    if not CODE.fullmatch(code):
        wrong = FormError("code_malformed" if code else "code_missing")
        return code_form(page, form.next, form.email, form.code, wrong)
    sign_in = services_of(request).sign_in
    browser = browser_of(request, page.business)
    try:
        token = await sign_in.sign_in_with_code(
            page.business, form.email, code, browser, form.customer_id or None
        )
    except InvalidCredentials:
        return code_form(page, form.next, form.email, form.code, FormError("code_refused"))
    except TooManyAttempts as limited:
        return code_form(page, form.next, form.email, form.code, FormError("limited", limited.retry_after))
    except AccountChoiceRequired as several:
        hidden = {"email": form.email, "code": code}
        return account_form(page, form.next, several.accounts, f"{page.root}sign-in", hidden)
    return signed_in(page, form.next, token)


@get("/{slug:str}/sign-in/{token:str}", include_in_schema=False)
async def open_link(
    page: NamedDependency[PageContext], request: PageRequest, token: FromPath[str]
) -> Response[Any]:
    """Return the page of a mailed link. It uses nothing up: programs that check mails open links, too."""
    sign_in = services_of(request).sign_in
    link = await sign_in.link(page.business, token)
    if link.email is None:
        return link_over(page, link.newer_at)
    return link_form(page, link.email, f"{page.root}sign-in/{token}")


@post("/{slug:str}/sign-in/{token:str}", include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def sign_in_with_link(
    page: NamedDependency[PageContext], request: PageRequest, token: FromPath[str]
) -> Response[Any]:
    """Sign in by the link."""
    form = await form_of(request)
    sign_in = services_of(request).sign_in
    browser = browser_of(request, page.business)
    try:
        made = await sign_in.sign_in_with_link(page.business, token, browser, form.customer_id or None)
    except InvalidCredentials:
        return link_over(page, (await sign_in.link(page.business, token)).newer_at)
    except AccountChoiceRequired as several:
        return account_form(page, form.next, several.accounts, f"{page.root}sign-in/{token}", {})
    return signed_in(page, form.next, made)


@post("/{slug:str}/sign-out", include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def sign_out(page: NamedDependency[PageContext], request: PageRequest) -> Redirect:
    """End the session, on the server too."""
    sign_in = services_of(request).sign_in
    await sign_in.sign_out(browser_of(request, page.business))
    response = redirect_see_other(f"{page.root}sign-in")
    response.set_cookie(expired_session_cookie(page.business))
    return response


def signed_in(page: PageContext, wanted: str, token: str) -> Redirect:
    """Lead on, with the new session."""
    response = redirect_see_other(safe_redirect_target(page, wanted))
    response.set_cookie(session_cookie(page.business, token))
    return response
