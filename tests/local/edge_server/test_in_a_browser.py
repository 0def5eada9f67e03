"""A person at a browser sees the old page until its invalidation has arrived, then the new one."""

import asyncio
import time

import pytest

from infra.browser import page

BROWSER = page.found()


@pytest.mark.long
@pytest.mark.skipif(
    BROWSER is None, reason="no Chromium: .venv/bin/python -m infra.browser, or one on the PATH"
)
def test_a_page_in_a_browser_shows_the_old_and_then_the_new(site):
    site.s3.bodies["index.html"] = b"<!doctype html><body>the old page</body>"
    url = site.server.url("E1")

    async def look() -> list[str]:
        async with page.opened(BROWSER) as tab:
            seen = [await tab.open(url)]
            site.s3.bodies["index.html"] = b"<!doctype html><body>the new page</body>"
            seen.append(await tab.reload())
            site.server.invalidate("E1", "I1", ("/",), time.time() + 5)
            seen.append(await tab.reload())
        return seen

    assert asyncio.run(look()) == ["the old page", "the old page", "the new page"]
