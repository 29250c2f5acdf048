"""The JSON API of sign-in, sessions and devices (docs/contracts/api.md)."""

from typing import Annotated, Any, TypedDict

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ValidationException
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import (
    PART,
    AnyRequest,
    business_of,
    json_or_404,
    require_session,
    response_specs,
    session_of,
    session_or_401,
)
from query_api.http.prebuilt_response import PrebuiltJson
from query_api.services import services_of
from query_api.sign_in.cookies import binding_cookie, browser_of, expired_session_cookie, session_cookie
from query_api.sign_in.errors import Account
from query_api.sign_in.service import SignInService
from query_api.sign_in.sessions import Session, SessionService
from read_models.documents import Doc, timestamp
from read_models.queries import PageQuery, paginate_in_memory
from read_models.store.operational import SessionRecord

Short = Annotated[str, msgspec.Meta(max_length=320)]


class SignInBody(msgspec.Struct, frozen=True):
    """The address that a code is to be mailed to."""

    email: Short


class SessionBody(msgspec.Struct, frozen=True):
    """Mailed secret: `email` and `code`, or `token`; and the chosen one of several customers."""

    email: Short | None = None
    code: Short | None = None
    token: Short | None = None
    customer_id: Short | None = None


class SwitchBody(msgspec.Struct, frozen=True):
    """The customer to go on as."""

    customer_id: Short


class SignInAccepted(TypedDict):
    """Acceptance of a sign-in request: a code is on its way, if anybody has the address."""

    detail: str


class Person(TypedDict):
    """Whom a session is signed in as."""

    id: str
    name: str


class SignedIn(TypedDict):
    """A session, and the customers that its address may switch to."""

    email: str
    customer: Person
    accounts: list[Account]
    ends_at: str


class Device(TypedDict):
    """A signed-in device."""

    id: str
    current: bool
    device: str
    started_at: str
    last_seen_at: str


class Devices(TypedDict):
    """Devices, the latest first."""

    items: list[Device]
    next: str | None


@post("/{slug:str}/api/sign-in", operation_id="askForCode", tags=["sign-in"], status_code=HTTP_202_ACCEPTED)
async def ask_for_code(request: AnyRequest, data: JSONBody[SignInBody]) -> Response[SignInAccepted]:
    """Mails a code and a link, if anybody has the address; the answer is the same for all."""
    business, sign_in = business_of(request), _service(request)
    binding = await sign_in.request_code(business, data.email, browser_of(request, business))
    accepted: SignInAccepted = {"detail": "If we know this address, a mail with a code is on its way to it."}
    return Response(accepted, cookies=[binding_cookie(business, binding)])


class SessionController(Controller):
    """`/{slug}/api/session`"""

    path = "/{slug:str}/api/session"
    tags = ("sign-in",)

    @post("/", operation_id="signIn", responses={HTTP_201_CREATED: ResponseSpec(SignedIn)})
    async def start(self, request: AnyRequest, data: JSONBody[SessionBody]) -> Response[Any]:
        """Sign in with a code, in the browser that asked for it, or with the token of a link."""
        business, sign_in = business_of(request), _service(request)
        browser = browser_of(request, business)
        if data.token is not None and data.email is None and data.code is None:
            token = await sign_in.sign_in_with_link(business, data.token, browser, data.customer_id)
        elif data.token is None and data.email is not None and data.code is not None:
            token = await sign_in.sign_in_with_code(
                business, data.email, data.code, browser, data.customer_id
            )
        else:
            raise ValidationException("Either email and code, or token, is needed.")
        return await _started(request, token, HTTP_201_CREATED)

    @get("/", operation_id="getSession")
    async def show(self, request: AnyRequest) -> SignedIn:
        """Return who is signed in."""
        return await _shown(request, await session_or_401(request))

    @delete("/", operation_id="signOut", status_code=HTTP_204_NO_CONTENT)
    async def end(self, request: AnyRequest) -> Response[None]:
        """Sign out: the session is dead on the server too."""
        await session_or_401(request)
        business = business_of(request)
        await _service(request).sign_out(browser_of(request, business))
        return Response(None, cookies=[expired_session_cookie(business)])

    @post("/customer", operation_id="switchCustomer", status_code=HTTP_200_OK)
    async def switch(self, request: AnyRequest, data: JSONBody[SwitchBody]) -> Response[Any]:
        """Go on as another customer of the same address and business, with a new session."""
        session, business = await session_or_401(request), business_of(request)
        token = await _service(request).switch(session, data.customer_id, browser_of(request, business))
        if token is None:
            raise NotFoundException
        return await _started(request, token, HTTP_200_OK)


class DevicesController(Controller):
    """`/{slug}/api/sessions`: the devices of the person, which is an address at a business."""

    path = "/{slug:str}/api/sessions"
    tags = ("devices",)

    @get(
        "/",
        operation_id="listDevices",
        guards=[require_session],
        dependencies=PART,
        responses=response_specs(Devices),
    )
    async def show(self, request: AnyRequest, part: NamedDependency[PageQuery]) -> PrebuiltJson:
        """Return the devices that the person is signed in on, the latest first."""
        session = session_of(request)

        def item(record: SessionRecord) -> Doc:
            return {
                "id": record.id,
                "current": record.id == session.record.id,
                "device": record.device,
                "started_at": timestamp(record.started_at),
                "last_seen_at": timestamp(record.seen_at),
            }

        def place(record: SessionRecord) -> tuple[str, str]:
            return timestamp(record.started_at), record.id

        return json_or_404(
            paginate_in_memory("devices", await _sessions(request).devices(session), part, place, item)
        )

    @delete("/", operation_id="signOutEverywhere", status_code=HTTP_204_NO_CONTENT)
    async def end_all(self, request: AnyRequest) -> Response[None]:
        """Sign the person out everywhere, here included."""
        await _sessions(request).end_devices(await session_or_401(request))
        return Response(None, cookies=[expired_session_cookie(business_of(request))])

    @delete("/{device_id:str}", operation_id="signOutDevice", status_code=HTTP_204_NO_CONTENT)
    async def end_one(self, request: AnyRequest, device_id: FromPath[str]) -> None:
        """Sign one device out."""
        if not await _sessions(request).end_device(await session_or_401(request), device_id):
            raise NotFoundException


async def _started(request: AnyRequest, token: str, status: int) -> Response[Any]:
    business = business_of(request)
    session = await _sessions(request).find(business, token)
    shown = await _shown(request, session) if session else None
    return Response(shown, status_code=status, cookies=[session_cookie(business, token)])


async def _shown(request: AnyRequest, session: Session) -> SignedIn:
    return {
        "email": session.address,
        "customer": {"id": session.customer["id"], "name": session.customer["name"]},
        "accounts": list(await _service(request).accounts(session)),
        "ends_at": timestamp(session.ends_at),
    }


def _service(request: AnyRequest) -> SignInService:
    return services_of(request).sign_in


def _sessions(request: AnyRequest) -> SessionService:
    return services_of(request).sessions


ROUTES: list[ControllerRouterHandler] = [ask_for_code, SessionController, DevicesController]
