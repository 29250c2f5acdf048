"""The printing press: one paper at a time, each in a process that ends with it."""

import asyncio
import base64
import os
import sys
from collections.abc import Mapping
from typing import Final

import orjson

from read_models.store import StoreUnavailable

TIMEOUT_S: Final = 90.0
"""For so long a paper may be in the press."""

STDERR_TAIL: Final = 2000
"""Characters of what a press that failed said, kept for the log."""

PASSED_ENVIRONMENT: Final = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
)
"""Of the environment: where libraries and fonts are. Nothing secret."""


class PdfRenderingFailed(Exception):
    """The press failed with a paper; this is a mistake of ours."""


class PdfRenderer:
    """The press of one process of the service."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(1)

    async def render(self, html: str, pictures: Mapping[str, bytes]) -> bytes:
        """Return a page as PDF, with its pictures (JPEG) by address.

        Raises `StoreUnavailable` when it takes too long, and `PdfRenderingFailed`.
        """
        told = {
            "html": html,
            "pictures": {
                address: base64.b64encode(content).decode() for address, content in pictures.items()
            },
        }
        async with self._free:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "query_api.pdf.renderer_process"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={name: os.environ[name] for name in PASSED_ENVIRONMENT if name in os.environ},
            )
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    content, said = await process.communicate(orjson.dumps(told))
            except TimeoutError as error:
                raise StoreUnavailable("a paper takes too long to print") from error
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            raise PdfRenderingFailed(said.decode(errors="replace")[-STDERR_TAIL:])
        return content
