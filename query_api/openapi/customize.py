"""Additions to the OpenAPI document: errors that all routes share, the session, files, examples."""

from collections.abc import Mapping
from typing import Any, Final

from web.problems import PROBLEM_JSON

Json = dict[str, Any]

PUBLIC: Final = frozenset({"getBusiness", "askForCode", "signIn"})
"""Operations that need no session."""

ERRORS: Final[Mapping[str, str]] = {
    "400": "A parameter, a filter, a cursor or the body is wrong; `errors` names it.",
    "401": "Nobody is signed in to this business; of a sign-in: wrong, used or expired.",
    "403": "A change that does not come from the portal's own pages.",
    "404": "The customer has no such record, or the business no portal.",
    "409": "The address belongs to several customers: `accounts` are they; repeat with `customer_id`.",
    "413": "The body is too large.",
    "429": "Too many tries; `Retry-After` says when there may be the next.",
    "503": "Not now, or not set up; where it passes, `Retry-After` says when to ask again.",
}

TOO_LARGE: Final[dict[str, Json]] = {
    "414": {"description": "The address is too long; may come without a body."},
    "431": {"description": "The headers are too large; may come without a body."},
}
"""What any request may meet before it is read."""

FURTHER: Final[Mapping[str, tuple[str, ...]]] = {
    "askForCode": ("429",),
    "signIn": ("401", "409", "429"),
}
"""Errors of single operations."""

SLUG: Final[Json] = {
    "name": "slug",
    "in": "path",
    "required": True,
    "description": "The business's part of the address.",
    "schema": {"type": "string", "pattern": "^[a-z0-9-]{2,40}$", "examples": ["blue-pools"]},
}

PICTURES: Final = ("image/jpeg", "image/png", "image/webp", "application/pdf", "application/octet-stream")

FILES: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "media/visits/{visit_id}/proofs/{proof_id}": (
        "getProofFile",
        "The file of an item of a Proof Pack.",
        PICTURES,
    ),
    "media/visits/{visit_id}/document": ("getProofDocument", "The document of a Proof Pack.", PICTURES),
    "media/visits/{visit_id}/technician": ("getTechnicianPhoto", "The photo of a technician.", PICTURES),
    "media/visits/{visit_id}/proof.pdf": ("getProofPdf", "A Proof Pack as PDF.", ("application/pdf",)),
    "media/visits/{visit_id}/proof.zip": (
        "getProofZip",
        "All files of a Proof Pack, with a manifest of their SHA-256.",
        ("application/zip",),
    ),
    "media/contracts/{contract_id}/terms": ("getContractTerms", "The terms of a contract.", PICTURES),
    "media/invoices/{invoice_id}.pdf": ("getInvoicePdf", "An invoice as PDF.", ("application/pdf",)),
    "media/payments/{payment_id}.pdf": ("getPaymentPdf", "The receipt of a payment.", ("application/pdf",)),
}
"""Operation, summary and content types by path; no route of theirs is among those that are described."""

SIZED: Final = frozenset({"getProofFile", "getProofDocument", "getTechnicianPhoto", "getContractTerms"})

MONEY: Final[Json] = {"amount": 12900, "currency": "usd"}
WINDOW: Final[Json] = {"start": "2026-11-24T16:00:00.000Z", "end": "2026-11-24T18:00:00.000Z"}
VISIT: Final[Json] = {
    "id": "vis_1",
    "status": "scheduled",
    "service": "Pool cleaning",
    "window": WINDOW,
    "timezone": "America/Phoenix",
    "technician": "Sam Ortiz",
    "contract_id": "con_1",
    "subscription_id": None,
}
EXAMPLES: Final[Mapping[str, Json]] = {
    "Money": MONEY,
    "Window": WINDOW,
    "Appointment": VISIT,
    "PastVisit": VISIT
    | {"status": "completed", "completed_at": "2026-11-24T17:10:00.000Z", "has_proof": True},
    "Invoice": {
        "id": "inv_1",
        "number": "1042",
        "status": "open",
        "issued_on": "2026-11-24",
        "due_on": "2026-12-08",
        "overdue": False,
        "total": MONEY,
        "amount_due": MONEY,
    },
    "Payment": {
        "id": "pay_1",
        "status": "succeeded",
        "amount": MONEY,
        "refunded": MONEY | {"amount": 0},
        "method": {"kind": "card", "brand": "visa", "last4": "4242"},
        "at": "2026-11-25T09:30:00.000Z",
        "invoice_id": "inv_1",
        "invoice_number": "1042",
        "failure_reason": None,
    },
    "Business": {
        "name": "Blue Pools",
        "slug": "blue-pools",
        "tagline": "Clear water, every week",
        "logo_url": "/blue-pools/media/logo",
        "primary_color": "#0a6c8e",
        "support": {"email": "office@bluepools.example", "phone": "+1 602 555 0142"},
    },
    "Problem": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "limit: Expected `int` <= 100",
        "errors": [{"message": "Expected `int` <= 100", "key": "limit", "source": "query"}],
    },
    "Asked": {"email": "ada@mail.example"},
    "Shown": {"email": "ada@mail.example", "code": "042042"},
    "Chosen": {"customer_id": "cus_1"},
}
"""By the name of their schema."""


def described(schema: Json) -> Json:
    """Return the description with all that; the one that is given is left as it is."""
    paths = {path: _operations(path, operations) for path, operations in schema["paths"].items()}
    paths |= {f"/{{slug}}/{path}": {"get": _file(path, *said)} for path, said in FILES.items()}
    components = schema["components"]
    schemas = {
        name: {**shape, "examples": [EXAMPLES[name]]} if name in EXAMPLES else shape
        for name, shape in components["schemas"].items()
    }
    session = {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-portal-{slug}",
        "description": "Set by a sign-in. A change needs an `Origin` that is the portal's own, too.",
    }
    return schema | {
        "paths": paths,
        "components": {**components, "schemas": schemas, "securitySchemes": {"session": session}},
    }


def _operations(path: str, operations: Json) -> Json:
    return {method: _operation(path, method, operation) for method, operation in operations.items()}


def _operation(path: str, method: str, operation: Json) -> Json:
    if not path.startswith("/{slug}/"):
        return operation
    name = operation["operationId"]
    errors = ["400", "404", "503", *FURTHER.get(name, ())]
    secured = name not in PUBLIC
    if secured:
        errors.append("401")
    if method != "get":
        errors += ["403", "413"]
    known = {status: said for status, said in operation["responses"].items() if status not in errors}
    if method == "get":
        known["304"] = {"description": "What `If-None-Match` names is what there is."}
    parameters = [SLUG if one["name"] == "slug" else one for one in operation.get("parameters", [])]
    return (
        operation
        | {"responses": dict(sorted((known | {one: _problem(one) for one in errors} | TOO_LARGE).items()))}
        | {"parameters": parameters}
        | ({"security": [{"session": []}]} if secured else {})
    )


def _problem(status: str) -> Json:
    shape: Json = {"$ref": "#/components/schemas/Problem"}
    return {"description": ERRORS[status], "content": {PROBLEM_JSON: {"schema": shape}}}


def _file(path: str, name: str, summary: str, types: tuple[str, ...]) -> Json:
    subjects = [part.partition("}")[0] for part in path.split("{")[1:]]
    ids = [
        {"name": subject, "in": "path", "required": True, "schema": {"type": "string", "maxLength": 64}}
        for subject in subjects
    ]
    size = {
        "name": "size",
        "in": "query",
        "required": False,
        "description": "Of pictures: the width in pixels.",
        "schema": {"type": "string", "enum": ["320", "800", "1600", "thumb"]},
    }
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in types}
    part = {"description": "The part that `Range` asks for.", "content": content}
    ranged = {} if name == "getProofZip" else {"206": part, "416": {"description": "There is no such part."}}
    operation = {
        "tags": ["files"],
        "summary": summary,
        "operationId": name,
        "deprecated": False,
        "parameters": [SLUG, *ids, *([size] if name in SIZED else [])],
        "responses": {"200": {"description": "The file.", "content": content}, **ranged},
    }
    whole = _operation(f"/{{slug}}/{path}", "get", operation)
    # Files lie beside pages: who may not have one is told so by a page.
    page = {"text/html": {"schema": {"type": "string"}}}
    whole["responses"] |= {
        status: whole["responses"][status] | {"content": page} for status in ("400", "401", "404", "503")
    }
    return whole
