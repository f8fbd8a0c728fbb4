"""A headless Chromium of one's own, driven through two pipes by its DevTools protocol: no driver, no further package."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

_PATIENCE = 60.0
_QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--disable-extensions", "--no-default-browser-check", "--remote-debugging-pipe"),
]


def find() -> str | None:
    """Return the path of the browser."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Chromium:
    """A browser with one page.

    Attributes
    ----------
    complaints : list of str
        Console messages of the level warning or error, exceptions, refused content, since the last `open`.
    requests : list of str
        Addresses that were asked for since the last `open`.
    """

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="chromium")
        read_by_it, self._write = os.pipe()
        self._read, written_by_it = os.pipe()
        command = ["bash", "-c", 'exec "$0" "$@" 3<&"$IN" 4>&"$OUT"', str(find()), *_QUIET]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={self._folder}", "about:blank"],
            env={**os.environ, "IN": str(read_by_it), "OUT": str(written_by_it)},
            pass_fds=(read_by_it, written_by_it),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_by_it)
        os.close(written_by_it)
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._read, selectors.EVENT_READ)
        self._number, self._rest, self._session = 0, b"", ""
        self._loaded = False
        self.complaints: list[str] = []
        self.requests: list[str] = []
        pages = [one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        attached = self.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """Stop it and remove its folder."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._folder, ignore_errors=True)

    def open(self, page: Path, *, width: int = 1280, height: int = 900) -> None:
        """Open a file, and return when it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.complaints, self.requests, self._loaded = [], [], False
        self.call("Page.navigate", url=page.absolute().as_uri())
        self.wait()

    def wait(self) -> None:
        """Return when the page that is being opened is loaded."""
        while not self._loaded:
            self._hear(self._message())
        self._loaded = False

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression; its exceptions are errors of the test."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        number = self._send(method, **parameters)
        while True:
            answer = self._message()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])
            self._hear(answer)

    def _send(self, method: str, **parameters: Any) -> int:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return self._number

    def _message(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while b"\0" not in self._rest:
            assert self._ready.select(max(deadline - time.monotonic(), 0.0)), "Chromium does not answer"
            part = os.read(self._read, 1 << 16)
            assert part, "Chromium is gone"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))

    def _hear(self, event: dict[str, Any]) -> None:
        what, told = event.get("method"), event.get("params", {})
        if what == "Page.loadEventFired":
            self._loaded = True
        elif what == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif what == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        elif what == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(told["args"]))
        elif what == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif what == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {told['message']}")
            self._send("Page.handleJavaScriptDialog", accept=True)
