"""Bodies that cannot be read."""

import pytest

from tests.unit.pages.in_memory_portal import Portal


@pytest.mark.parametrize(
    "body", [b'{"email":"\xff"}', b"[" * 8000, b'{"email":' + b"[" * 8000, b'{"email":"\\ud800@mail.test"}']
)
async def test_json_that_cannot_be_read_is_the_clients_mistake(body: bytes) -> None:
    """Whatever is wrong with it, the answer is a problem with status 400."""
    async with Portal().browser() as browser:
        headers = {"Content-Type": "application/json"}
        answer = await browser.post("/clearwater/api/sign-in", content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 400


@pytest.mark.parametrize(
    ("charset", "email"),
    [
        ("utf-8", b"\xff@mail.test"),
        ("foo", b"ada@mail.test"),
        ("hex", b"ada@mail.test"),
        ("unicode_escape", b"\\ud800@mail.test"),
    ],
)
async def test_a_form_that_cannot_be_read_is_the_clients_mistake(charset: str, email: bytes) -> None:
    """Bytes that are no text, charsets that are none, and those that make no characters."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n'
        + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
        + email
        + b"\r\n--x--\r\n"
    )
    async with Portal().browser() as browser:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = await browser.post("/clearwater/sign-in", content=body, headers=headers)

    assert answer.status_code == 400
