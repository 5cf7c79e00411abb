"""Firefox as its packages ship it, by WebDriver BiDi: Playwright's own is a download, and its BiDi wants commands that an ESR lacks.

Pages have those methods of Playwright's that the loss cases use, so that one test runs in both browsers.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import aiohttp

from tests.waiting import until

NAMES = ("firefox", "firefox-esr")
LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
START_S, ANSWER_S = 60.0, 30.0


def find_firefox() -> Path | None:
    """The one that `CARTWAKE_FIREFOX` names, else the first on PATH."""
    found = next((path for name in (os.environ.get("CARTWAKE_FIREFOX"), *NAMES) if name and (path := shutil.which(name))), None)
    return Path(found) if found else None


class Firefox:
    """One process with one profile. It answers from a thread of its own: Playwright may have a loop running in the test's."""

    def __init__(self, path: Path, profile: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        environ = {**os.environ, "HOME": str(profile), "MOZ_HEADLESS": "1"}
        command = [str(path), "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log, env=environ, start_new_session=True)
        self._number = 0
        self._do(self._connect(until(self._url, START_S, "Firefox to listen")))

    def _url(self) -> str:
        self._log.seek(0)
        found = LISTENING.search(self._log.read())
        return found[1].decode() if found else ""

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_S)

    async def _connect(self, url: str) -> None:
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(f"{url}/session", max_msg_size=0)
        await self._ask("session.new", {"capabilities": {}})

    async def _disconnect(self) -> None:
        await self._socket.close()
        await self._http.close()

    async def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            answer: dict[str, Any] = await self._socket.receive_json()
            if answer.get("id") == self._number:
                assert answer["type"] == "success", f"{method}: {answer}"
                return dict(answer["result"])

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What it answers to a command of BiDi; AssertionError where it refuses."""
        return dict(self._do(self._ask(method, parameters)))

    def close(self) -> None:
        """Also of one that was killed, or does not answer."""
        if self.process.poll() is None:
            self._do(self._socket.send_json({"id": 0, "method": "browser.close", "params": {}}))  # it answers, or is gone before it does
        try:
            self.process.wait(ANSWER_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._do(self._disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._log.close()

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Visitor:
    """Storage of its own; without `container` the profile's, which outlives the process."""

    def __init__(self, firefox: Firefox, container: bool = True) -> None:
        self._firefox = firefox
        self._container = {"userContext": firefox.ask("browser.createUserContext")["userContext"]} if container else {}
        self.pages: list[Page] = []

    def new_page(self) -> Page:
        context = self._firefox.ask("browsingContext.create", type="tab", **self._container)["context"]
        self.pages.append(Page(self._firefox, self, context))
        return self.pages[-1]

    def add_init_script(self, script: str) -> None:
        contexts = {"userContexts": list(self._container.values())} if self._container else {}
        self._firefox.ask("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}", **contexts)

    def close(self) -> None:
        if self._container:
            self._firefox.ask("browser.removeUserContext", **self._container)


class Page:
    """A tab."""

    def __init__(self, firefox: Firefox, visitor: Visitor, context: str) -> None:
        self._firefox, self._visitor, self._context = firefox, visitor, context

    def goto(self, url: str) -> None:
        self._firefox.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def reload(self) -> None:
        self._firefox.ask("browsingContext.reload", context=self._context, wait="complete")

    def evaluate(self, script: str) -> Any:
        """The value of its last expression; numbers, texts, truth values and nothing are told apart, lists and objects are not needed."""
        target = {"context": self._context}
        answer = self._firefox.ask("script.evaluate", expression=script, target=target, awaitPromise=False)
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return answer["result"].get("value")

    def wait_for_function(self, expression: str) -> None:
        until(lambda: self.evaluate(expression), ANSWER_S, expression)

    def wait_for_url(self, pattern: str) -> None:
        """`**` at the beginning stands for any text."""
        end = pattern.removeprefix("**")
        until(lambda: self._url().endswith(end) and self.evaluate("document.readyState") == "complete", ANSWER_S, pattern)

    def _url(self) -> str:
        (found,) = self._firefox.ask("browsingContext.getTree", root=self._context)["contexts"]
        return str(found["url"])

    def close(self) -> None:
        self._firefox.ask("browsingContext.close", context=self._context)
        self._visitor.pages.remove(self)
