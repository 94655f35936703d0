# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real Wayland desktop (Weston) with moving clients, on the module's connector. Runs in the virtual machine."""
from __future__ import annotations

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from patience import wait

CONFIG = """\
[core]
# The desktop is there before the monitor: hotplug is part of what is shown.
require-outputs=none
idle-time=0
[shell]
background-color=0xff2a5070
panel-position=top
animation=none
startup-animation=none
locking=false
"""
# Clients that draw all the time, each in its own way: whole surface, small damage, many small steps.
CLIENTS = (["weston-simple-shm"], ["weston-simple-damage"], ["weston-flower"], ["weston-smoke"])


class DesktopError(Exception):
    """The desktop did not do what a desktop does; the message says what was expected."""


def wait_for(what: str, seconds: float, condition):
    """The first true value of condition(), see patience.py; or DesktopError."""
    value, refused = wait(condition, seconds, 0.1)
    if not value:
        raise DesktopError(f"{what}: not within {seconds:g} s{refused}")
    return value


def end_process(process: subprocess.Popen) -> None:
    """Ends it, even if it was stopped."""
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Card:
    """The module's DRM card, seen through sysfs."""

    def __init__(self, driver: str = "miracast"):
        self.path = wait_for(f"DRM card of {driver}", 20, lambda: self._find(driver))
        self.name = self.path.name

    @staticmethod
    def _find(driver: str):
        for card in sorted(pathlib.Path("/sys/class/drm").glob("card?")):
            if os.path.basename(os.path.realpath(card / "device/driver")) == driver:
                return card
        return None

    def connectors(self, status: str = "connected") -> list[str]:
        found = []
        for connector in sorted(self.path.glob(f"{self.name}-*")):
            if (connector / "status").read_text().strip() == status:
                found.append(connector.name.split("-", 1)[1])
        return found

    def enabled(self, connector: str) -> bool:
        return (self.path / f"{self.name}-{connector}/enabled").read_text().strip() == "enabled"


class Desktop:
    """Weston and its clients. Everything is logged to `logs`; stop() ends it all."""

    def __init__(self, card: Card, logs: pathlib.Path, mode: str = "preferred"):
        self.card, self.logs, self.mode = card, logs, mode
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="desktop-"))
        self.env = dict(os.environ, XDG_RUNTIME_DIR=str(self.runtime), WAYLAND_DISPLAY="wayland-cast",
                        LIBSEAT_BACKEND="builtin", XCURSOR_PATH="/usr/share/icons")
        self.weston: subprocess.Popen | None = None
        self.clients: list[subprocess.Popen] = []

    def _spawn(self, argv: list[str], log: str) -> subprocess.Popen:
        with open(self.logs / log, "ab") as out:
            return subprocess.Popen(argv, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def start(self) -> None:
        config = self.runtime / "weston.ini"
        outputs = "".join(f"[output]\nname={name}\nmode={self.mode}\n"
                          for name in self.card.connectors() + self.card.connectors("disconnected"))
        config.write_text(CONFIG + outputs)
        self.weston = self._spawn(["weston", "--backend=drm", f"--drm-device={self.card.name}", "--renderer=pixman",
                                   "--continue-without-input", "--debug", f"--config={config}",
                                   "--socket=wayland-cast"], "weston.log")
        wait_for("Weston's socket", 60, lambda: self._alive() and (self.runtime / "wayland-cast").exists())

    def _alive(self) -> bool:
        if self.weston.poll() is not None:
            raise DesktopError(f"Weston ended with status {self.weston.returncode}, see weston.log")
        return True

    def start_clients(self) -> None:
        for argv in CLIENTS:
            self.clients.append(self._spawn(argv, "clients.log"))

    def wait_output(self, seconds: float = 60) -> str:
        """Name of the connector once Weston shows something on it."""
        def lit():
            self._alive()
            return next((name for name in self.card.connectors() if self.card.enabled(name)), None)
        return wait_for("Weston lights the plugged connector", seconds, lit)

    def freeze(self) -> None:
        """Stops every client in its tracks, so that the picture stays as it is."""
        for client in self.clients:
            client.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for client in self.clients:
            client.send_signal(signal.SIGCONT)

    def screenshot(self, path: pathlib.Path) -> None:
        """What the compositor shows now, as a PNG."""
        with tempfile.TemporaryDirectory() as directory:
            env = dict(self.env, HOME=directory, XDG_PICTURES_DIR=directory)
            result = subprocess.run(["weston-screenshooter"], env=env, cwd=directory, capture_output=True, text=True,
                                    timeout=60, check=False)
            shots = glob.glob(f"{directory}/**/*.png", recursive=True)
            if result.returncode or len(shots) != 1:
                raise DesktopError(f"weston-screenshooter: status {result.returncode}, {result.stderr.strip()}")
            shutil.copyfile(shots[0], path)

    def running(self) -> bool:
        """Whether the compositor and all of its clients still live."""
        return self.weston.poll() is None and all(client.poll() is None for client in self.clients)

    def stop(self) -> None:
        for process in (*self.clients, self.weston):
            if process and process.poll() is None:
                end_process(process)
        shutil.rmtree(self.runtime, ignore_errors=True)
