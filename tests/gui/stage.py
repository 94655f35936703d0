# SPDX-License-Identifier: LGPL-2.1-or-later
"""A screen, a bus, miracastd with a moving picture, displays in the network, and miracast-cast on it all.

What is on the screen is read and clicked through AT-SPI, as screen readers do.
"""
from __future__ import annotations

import ctypes
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"
SCREEN, WINDOW = "640x720", "480x600"
SECONDS = 20


def wait(condition, what: str, seconds: float = SECONDS):
    """Its first true value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
    return value


class Display:
    """A test sink that waits for its source; "address" and "port" are where."""

    def __init__(self, stage: "Stage", name: str, *options: str):
        self.name, self.directory = name, stage.directory / re.sub(r"\W", "-", name)
        listen = f"127.0.{os.getpid() % 200 + 20}.{len(stage.displays) + 2}"
        self._process = stage.start([PYTHON, TOP / "tests/sink/wfd-sink-mice", "--listen", f"{listen}:0", "--out",
                                     self.directory, "--no-analysis", *options], stdout=subprocess.PIPE)
        _, _, self.address, self.port = self._process.stdout.readline().split()

    def act(self) -> None:
        """What its behaviour is."""
        self._process.send_signal(signal.SIGUSR1)

    def gone(self) -> None:
        self._process.kill()
        self._process.wait()


class Stage:
    """Everything that runs; close() leaves no process behind, however far begin() came."""

    def __init__(self, directory: pathlib.Path, build: dict[str, str]):
        self.directory, self._build = directory, build
        self.displays: list[Display] = []
        self.notifications: list[list[str]] = []
        self._running: list[subprocess.Popen] = []
        self._daemon: subprocess.Popen | None = None
        self._log = open(directory / "log", "w", encoding="utf-8")

    def close(self) -> None:
        for process in reversed(self._running):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._log.close()

    def start(self, command: list, **options) -> subprocess.Popen:
        process = subprocess.Popen([str(word) for word in command], stderr=self._log, text=True, **options)
        self._running.append(process)
        return process

    def begin(self) -> None:
        screen = self.start(["Xvfb", "-displayfd", "1", "-screen", "0", f"{SCREEN}x24", "-nolisten", "tcp"],
                            stdout=subprocess.PIPE)
        display = screen.stdout.readline().strip()
        for name in ("WAYLAND_DISPLAY", "LANGUAGE", "GTK_THEME"):
            os.environ.pop(name, None)
        # Before there is a bus: what that starts, as the bus of screen readers, has its socket below these directories, and
        # another stage's elsewhere.
        os.environ.update(DISPLAY=f":{display}", XDG_RUNTIME_DIR=str(self.directory), XDG_CONFIG_HOME=str(self.directory),
                          XDG_CACHE_HOME=str(self.directory), XDG_DATA_HOME=str(self.directory), GSK_RENDERER="cairo",
                          GDK_BACKEND="x11", LC_ALL="C.UTF-8", GSETTINGS_BACKEND="memory", NO_AT_BRIDGE="0", GTK_A11Y="atspi")
        bus = self.start(["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE)
        address = bus.stdout.readline().strip()
        os.environ.update(DBUS_SESSION_BUS_ADDRESS=address, DBUS_SYSTEM_BUS_ADDRESS=address)
        self._neighbours = self.start([PYTHON, pathlib.Path(__file__).with_name("neighbours.py")], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        assert self._neighbours.stdout.readline() == "ready\n"
        threading.Thread(target=self._listen, daemon=True).start()

    def start_daemon(self) -> None:
        # GStreamer reads all of its plugins once, for whom this is a new user. On a machine that is busy that may take
        # longer than a display waits for M4.
        subprocess.run(["gst-inspect-1.0", "--exists", "x264enc"], stdin=subprocess.DEVNULL, check=False)
        self._daemon = self.start([self._build["miracastd"], "--session-bus", "--no-p2p", "--source=test",
                                   f"--umd={self._build['umd']}", "--sandbox=", f"--state-dir={self.directory}",
                                   f"--runtime-dir={self.directory}"], stdout=self._log)

    def play_daemon(self) -> None:
        """In the place of the real one, if that runs: played-daemon.c."""
        if self._daemon:
            self._daemon.terminate()
            self._daemon.wait(10)
        self.start([self._build["played"]], stdout=self._log)

    def start_cast(self) -> subprocess.Popen:
        return self.start([self._build["cast"], "--session-bus"], stdout=self._log)

    def add_display(self, name: str, *options: str) -> Display:
        display = Display(self, name, *options)
        self.displays.append(display)
        self._neighbours.stdin.write(json.dumps([name, display.address, int(display.port)]) + "\n")
        self._neighbours.stdin.flush()
        return display

    def press(self, button: str) -> None:
        """In the last notification."""
        self._neighbours.stdin.write(json.dumps(button) + "\n")
        self._neighbours.stdin.flush()

    @staticmethod
    def ask_daemon(method: str, signature: str = "()", *arguments):
        """Not through the window, which takes its time to be read."""
        from gi.repository import Gio, GLib
        return Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
            "org.miracast.Miracast1", "/org/miracast/Miracast1/Manager", "org.miracast.Miracast1.Manager", method,
            GLib.Variant(signature, arguments), None, 0, -1, None).unpack()

    def listen(self) -> tuple[str, int]:
        """Where whoever calls is asked about."""
        bound, = self.ask_daemon("Listen", "(sa{sv})", "127.0.0.1:0", {})
        host, port = bound.rsplit(":", 1)
        return host, int(port)

    def call(self, where: tuple[str, int], address: str) -> socket.socket:
        """A display at this address calls, and waits for the first word."""
        return socket.create_connection(where, SECONDS, (address, 0))

    def add_panel(self, name: str) -> pathlib.Path:
        """A panel of the desktop's settings, which makes a file when it is opened; that file."""
        opened = self.directory / f"{name}-opened"
        panel = self.directory / "applications" / f"{name}.desktop"
        panel.parent.mkdir(exist_ok=True)
        panel.write_text(f"[Desktop Entry]\nType=Application\nName={name}\nExec=touch {opened}\nNoDisplay=true\n",
                         encoding="utf-8")
        return opened

    def _listen(self) -> None:
        """All notifications, [TITLE, TEXT, BUTTON...], and [] when one is taken back."""
        for line in self._neighbours.stdout:
            self.notifications.append(json.loads(line))

    def look_away(self) -> None:
        """The window has the keyboard no more."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        display = ctypes.c_void_p(x11.XOpenDisplay(None))
        x11.XSetInputFocus(display, ctypes.c_ulong(0), 0, ctypes.c_ulong(0))
        x11.XCloseDisplay(display)

    def picture(self, name: str) -> pathlib.Path:
        """What is on the screen."""
        path = self.directory / f"{name}.png"
        subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "x11grab", "-draw_mouse", "0", "-video_size", WINDOW,
                        "-i", os.environ["DISPLAY"], "-frames:v", "1", path], check=True, stdin=subprocess.DEVNULL)
        return path


class Screen:
    """What a screen reader sees: of one application, or of all that are on the bus."""

    def __init__(self, application: str = ""):
        import gi
        gi.require_version("Atspi", "2.0")
        from gi.repository import Atspi, GLib
        self._atspi, self._error = Atspi, GLib.Error
        self._application = application
        Atspi.init()

    def _all(self):
        """Everything that shows, with its role."""
        todo = [self._atspi.get_desktop(0)]
        while todo:
            one = todo.pop()
            try:
                if one is None:
                    continue
                role = one.get_role_name()
                if role == "application" and self._application not in ("", one.get_name()):
                    continue
                if role not in ("desktop frame", "application"):
                    if not one.get_state_set().contains(self._atspi.StateType.VISIBLE):
                        continue
                    yield role, one
                todo += [one.get_child_at_index(i) for i in range(one.get_child_count() - 1, -1, -1)]
            except self._error:
                continue    # it has gone meanwhile

    def texts(self, *roles: str) -> list[str]:
        """Of labels, or of what has one of these roles."""
        found = []
        for role, one in self._all():
            if role in (roles or ("label",)):
                try:
                    found.append(one.get_name() or self._atspi.Text.get_text(one, 0, -1))
                except self._error:
                    continue
        return found

    def has(self, text: str):
        return text in self.texts()

    def find(self, name: str, *roles: str):
        for role, one in self._all():
            if role in roles and one.get_name() == name:
                return one
        return None

    def click(self, name: str, *roles: str, seconds: float = SECONDS) -> None:
        one = wait(lambda: self.find(name, *(roles or ("push button", "button"))), f"a button {name!r}; there is {self.dump()}",
                   seconds)
        self._atspi.Action.do_action(one, 0)

    def is_on(self, name: str) -> bool:
        one = self.find(name, "check box", "switch")
        return bool(one and one.get_state_set().contains(self._atspi.StateType.CHECKED))

    def has_focus(self, name: str, *roles: str) -> bool:
        one = self.find(name, *(roles or ("push button", "button")))
        return bool(one and one.get_state_set().contains(self._atspi.StateType.FOCUSED))

    def pressed(self) -> list[str]:
        """Buttons that stay so."""
        return [one.get_name() for role, one in self._all() if role in ("toggle button", "push button", "button") and
                one.get_state_set().contains(self._atspi.StateType.PRESSED)]

    def items(self, of_list) -> dict[str, str]:
        """Of what find() has found: its items and their descriptions, as far as it is there."""
        found = {}
        try:
            for i in range(of_list.get_child_count()):
                one = of_list.get_child_at_index(i)
                found[one.get_name()] = one.get_description()
        except self._error:
            pass    # it has gone meanwhile
        return found

    def type(self, name: str, text: str) -> None:
        one = wait(lambda: self.find(name, "text", "entry", "password text"), f"an entry {name!r}; there is {self.dump()}")
        self._atspi.EditableText.set_text_contents(one, text)

    def dump(self) -> str:
        return ", ".join(f"{role} {one.get_name()!r}" for role, one in self._all())

