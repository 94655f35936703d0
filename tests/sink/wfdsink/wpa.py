# SPDX-License-Identifier: LGPL-2.1-or-later
"""wpa_supplicant: one process of our own, driven over its global control socket (Unix datagrams).

The global socket, because a driver with a P2P device of its own gets its events on another interface's socket.
"""
from __future__ import annotations

import itertools
import os
import re
import select
import socket
import subprocess
import tempfile
import time

_EVENT = re.compile(r"^(IFNAME=\S+ )?<\d>")
_serial = itertools.count()


class WpaError(RuntimeError):
    pass


class Control:
    """A control connection: request() for commands; event() for the unsolicited messages since attach()."""

    def __init__(self, path: str):
        self._local = f"{path}.client-{os.getpid()}-{next(_serial)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._local)
        self._socket.connect(path)

    def request(self, command: str, timeout: float = 10.0) -> str:
        self._socket.send(command.encode())
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            text = self._receive(left)
            if text is not None and not _EVENT.match(text):
                return text
        raise WpaError(f"wpa_supplicant does not answer {command.split()[0]}")

    def ok(self, command: str) -> None:
        """A command that must be answered OK."""
        answer = self.request(command)
        if answer.strip() != "OK":
            raise WpaError(f"wpa_supplicant answers {answer.strip()!r} to {command!r}")

    def event(self, timeout: float) -> str | None:
        """The next event without priority and interface, or None. Use a connection of its own for events."""
        text = self._receive(timeout)
        return _EVENT.sub("", text) if text else None

    def _receive(self, timeout: float) -> str | None:
        if not select.select([self._socket], [], [], max(timeout, 0))[0]:
            return None
        return self._socket.recv(65536).decode("utf-8", "replace")

    def close(self) -> None:
        self._socket.close()
        if os.path.exists(self._local):
            os.unlink(self._local)


class Supplicant:
    """A wpa_supplicant process on one interface. Configuration and log are in `directory`."""

    def __init__(self, interface: str, directory: str, settings: dict[str, str]):
        # Socket paths are short, and a shared directory may not be able to hold sockets.
        self._interface = interface
        self._sockets = tempfile.TemporaryDirectory(prefix="wpa-")
        self._path = os.path.join(self._sockets.name, "global")
        config = os.path.join(directory, "wpa_supplicant.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"ctrl_interface={self._sockets.name}\n")
            file.writelines(f"{name}={value}\n" for name, value in settings.items())
        self._process = subprocess.Popen(
            ["wpa_supplicant", "-t", "-g", self._path, "-i", interface, "-D", "nl80211", "-c", config,
             "-f", os.path.join(directory, "wpa_supplicant.log")])

    def connect(self, timeout: float) -> Control:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise WpaError(f"wpa_supplicant ended with status {self._process.returncode}; "
                               "see wpa_supplicant.log")
            if os.path.exists(self._path):
                try:
                    control = Control(self._path)
                    # The socket is there before P2P is; until then P2P commands are unknown.
                    if control.request("WFD_SUBELEM_GET 0").strip() != "UNKNOWN COMMAND":
                        return control
                    control.close()
                except ConnectionRefusedError:
                    pass
            time.sleep(0.1)
        raise WpaError(f"wpa_supplicant does not come up within {timeout:.0f} s; see wpa_supplicant.log")

    def overhear(self) -> Control:
        """What it says to itself about P2P, which it says for its log and nobody else: events of debugging."""
        # With a driver that has a P2P device of its own that one says it.
        path = os.path.join(self._sockets.name, f"p2p-dev-{self._interface}")
        control = Control(path if os.path.exists(path) else os.path.join(self._sockets.name, self._interface))
        control.ok("ATTACH")
        control.ok("LEVEL 2")
        return control

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._sockets.cleanup()


def words(event: str) -> tuple[str, list[str], dict[str, str]]:
    """('P2P-GROUP-STARTED', ['p2p-wlan1-0', 'client'], {'ssid': ..., 'freq': ...})."""
    parts = re.findall(r'[^\s="]+="[^"]*"|[^\s=]+=\'[^\']*\'|\S+', event)
    plain = [part for part in parts[1:] if "=" not in part]
    named = dict(part.split("=", 1) for part in parts[1:] if "=" in part)
    return parts[0] if parts else "", plain, {k: v.strip("\"'") for k, v in named.items()}
