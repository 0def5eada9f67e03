"""A page in a headless Chromium, driven by the DevTools protocol; what a person at a browser would see."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

REPOSITORY = Path(__file__).resolve().parents[2]
INSTALLED = REPOSITORY / ".tools/browser/chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
_SECONDS_TO_START = 60.0
_SECONDS_TO_ANSWER = 30.0
# It runs as whoever runs the tests, perhaps root in a container, and shows only pages of this machine.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)


class BrowserError(Exception):
    """The browser did not start, or did not show the page; the text says what it said."""


def found() -> Path | None:
    """Return a Chromium that runs here: the one of `python -m infra.browser`, or one on the PATH; None for none."""
    names = [str(INSTALLED), *filter(None, map(shutil.which, _NAMES))]
    return next((Path(name) for name in names if _runs(name)), None)


def _runs(browser: str) -> bool:
    """Whether it starts at all: this machine may lack libraries that it needs."""
    try:
        return subprocess.run([browser, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class Page:
    """A tab."""

    def __init__(self, devtools: aiohttp.ClientWebSocketResponse) -> None:
        self._devtools = devtools
        self._asked = 0

    async def open(self, url: str) -> str:
        """Go to a URL, and return the text that is shown there. Raises BrowserError."""
        answer = await self._ask("Page.navigate", url=url)
        if "errorText" in answer:
            raise BrowserError(f"{url}: {answer['errorText']}")
        await self._until("Page.loadEventFired")
        return await self.text()

    async def reload(self) -> str:
        """Press the button, and return the text that is shown then."""
        await self._ask("Page.reload")
        await self._until("Page.loadEventFired")
        return await self.text()

    async def text(self) -> str:
        """Return what is shown."""
        answer = await self._ask("Runtime.evaluate", expression="document.body.innerText")
        return str(answer["result"]["value"])

    async def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._asked += 1
        await self._devtools.send_json({"id": self._asked, "method": method, "params": parameters})
        while True:
            message = await self._next()
            if message.get("id") == self._asked:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result

    async def _until(self, event: str) -> None:
        while (await self._next()).get("method") != event:
            pass

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = await asyncio.wait_for(self._devtools.receive_json(), _SECONDS_TO_ANSWER)
        return message


@asynccontextmanager
async def opened(browser: Path) -> AsyncIterator[Page]:
    """Run a browser with one tab until the block is left. Raises BrowserError where it does not start."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile, (Path(profile) / "log").open("w+") as log:
        process = subprocess.Popen(  # noqa: ASYNC220  it starts at once; what takes time is waited for
            [browser, *_FLAGS, f"--user-data-dir={profile}", "about:blank"], stderr=log, stdout=log
        )
        try:
            port = await _port(process, Path(profile))
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = await answer.json()
                tab = next(each for each in tabs if each["type"] == "page")
                async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as devtools:
                    page = Page(devtools)
                    await page._ask("Page.enable")  # noqa: SLF001  its maker's own module
                    yield page
        finally:
            process.kill()
            process.wait()


async def _port(process: "subprocess.Popen[bytes]", profile: Path) -> int:
    told = profile / "DevToolsActivePort"
    loop = asyncio.get_running_loop()
    until = loop.time() + _SECONDS_TO_START
    while not (told.exists() and "\n" in told.read_text()):
        if process.poll() is not None or loop.time() > until:
            raise BrowserError(f"the browser did not start: {(profile / 'log').read_text()[-1000:]}")
        await asyncio.sleep(0.05)
    return int(told.read_text().partition("\n")[0])
