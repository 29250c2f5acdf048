"""HTML to PDF, in a process of its own: `python -m query_api.pdf.renderer_process`, from standard input to standard
output.

It is told nothing but what is on the paper, reaches neither files nor network for it, and may use only so much of the
machine. What comes in is JSON, `{"html": text, "pictures": {address: base64}}`.
"""

import base64
import logging
import resource
import sys
from collections.abc import Mapping
from typing import Any, Final

import orjson
from weasyprint import HTML  # type: ignore[import-untyped]
from weasyprint.urls import URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]

MEMORY_BYTES: Final = 2 * 1024**3
CPU_SECONDS: Final = 60


def printed(html: str, pictures: Mapping[str, bytes]) -> bytes:
    """Return a PDF (tagged for screen readers, PDF/UA-1) of a page; its pictures are those and no others."""

    class OwnPictures(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            """Return a picture of the page; raises ValueError for any other address."""
            if url not in pictures:
                raise ValueError("no picture of this page")
            return URLFetcherResponse(url, pictures[url], {"Content-Type": "image/jpeg"})

    sheet = HTML(string=html, base_url="paper:", url_fetcher=OwnPictures())
    content: bytes = sheet.write_pdf(pdf_variant="pdf/ua-1")
    return content


def main() -> None:
    """Render one document."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    # The library's remarks on fonts and styles would only fill our log.
    logging.disable(logging.ERROR)
    told = orjson.loads(sys.stdin.buffer.read())
    pictures = {address: base64.b64decode(content) for address, content in told["pictures"].items()}
    sys.stdout.buffer.write(printed(told["html"], pictures))


if __name__ == "__main__":
    main()
