# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our window, our button and our applet in a desktop, clicked; Avahi finds the display in the network."""
from __future__ import annotations

import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cast import DIRECT_SINK, SINK, TIME_SCALE, VIDEO_FORMATS
from clicks import PATIENCE_S
from desktop import DesktopError, end_process, wait_for
from environments import CLICKS
from radios import SINK_NETNS

if TYPE_CHECKING:
    from sessions import Trial

# As it comes over the network, which anybody can choose.
NAME = "<b>TV</b> & co"
WINDOW = "miracast-cast"
# Another Avahi, at the other end of the cable: it answers for the display, and is on no bus.
AVAHI = """\
[server]
host-name=tv
use-ipv6=no
enable-dbus=no
[publish]
publish-addresses=no
publish-hinfo=no
publish-workstation=no
"""
# The other end has two addresses; the display listens at this one.
HOSTS = f"{DIRECT_SINK} display.local\n"
SERVICE = """\
<?xml version="1.0"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>&lt;b&gt;TV&lt;/b&gt; &amp; co</name>
<service><type>_display._tcp</type><host-name>display.local</host-name><port>7250</port></service></service-group>
"""
# What is the other Avahi's alone: `ip netns exec` has mounts of its own.
START = """
mkdir -p /run/avahi-daemon
mount -t tmpfs tmpfs /run/avahi-daemon
mount --bind "$1" /etc/avahi
exec avahi-daemon --no-drop-root --no-chroot --no-rlimits
"""
# On emulated processors: a cast begins; the user is told of something.
CAST_S, DONE_S = 300, 120
# A shell that does not bear the end of a cast has died by then; it took four seconds.
OUTLIVED_S = 30


class Network:
    """A display that takes a source's call, and what announces it."""

    def __init__(self, trial: Trial):
        self.trial, self.machine = trial, trial.machine
        self.process: subprocess.Popen | None = None

    @contextlib.contextmanager
    def announced(self) -> Iterator[None]:
        directory = pathlib.Path("/tmp/avahi-tv")
        (directory / "services").mkdir(parents=True, exist_ok=True)
        (directory / "avahi-daemon.conf").write_text(AVAHI, encoding="ascii")
        (directory / "hosts").write_text(HOSTS, encoding="ascii")
        (directory / "services/tv.service").write_text(SERVICE, encoding="ascii")
        self.machine.systemd.inside("systemctl", "start", "avahi-daemon")
        with open(self.machine.out / "avahi.log", "ab") as log:
            announcer = subprocess.Popen(["ip", "netns", "exec", SINK_NETNS, "sh", "-ec", START, "sh", str(directory)],
                                         stdout=log, stderr=log)
        try:
            yield
        finally:
            end_process(announcer)
            self.machine.systemd.inside("systemctl", "stop", "avahi-daemon.socket", "avahi-daemon")

    def wait_for_call(self) -> None:
        """The display waits for a source; one, once."""
        self.trial.number += 1
        self.trial.recording = f"sink-{self.trial.number}"
        argv = ["ip", "netns", "exec", SINK_NETNS, str(SINK / "wfd-sink-mice"), "--listen", DIRECT_SINK, "--behaviour", "stop",
                "--out", str(self.trial.recordings / self.trial.recording), "--video-formats", VIDEO_FORMATS, "--sound",
                "lpcm-48000", "--mice-timeout", "1000", "--duration", "100000", "--end", "wait", "--time-scale", TIME_SCALE,
                "--no-analysis"]
        with open(self.machine.out / "sink.log", "ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        self.machine.displays.append(self.process)

    def leave(self) -> None:
        """The display stops the cast."""
        self.process.send_signal(signal.SIGUSR1)


def picture(trial: Trial, name: str) -> str:
    """
    Of all screens, for the documentation: what is said is drawn some time later. Figures change each second, so two
    pictures are nearly the same, which their sizes say, when all is drawn.
    """
    path = pathlib.Path(f"/tmp/{name}-{trial.environment.name}.png")
    size = 0

    def drawn() -> bool:
        nonlocal size
        last = size
        trial.environment.screenshot(trial.login, path)
        size = path.stat().st_size
        return abs(size - last) < size / 50
    with trial.quiet():
        wait_for("two pictures of the screens are nearly the same", DONE_S, drawn)
    shutil.copyfile(path, trial.machine.out / path.name)
    return path.name


def begins(trial: Trial) -> None:
    """The display that was connected to is streamed to, and the desktop shows something on it."""
    wait_for("the display is streamed to", CAST_S, lambda: trial.machine.streaming() == 1)
    trial.lit()


class Program:
    """One of ours in the session, as the user's screen reader has it; it runs for the length of a `with`."""

    def __init__(self, trial: Trial, *command: str):
        self.trial, self.login, self.command = trial, trial.login, command
        self.name = command[0]

    def __enter__(self) -> Program:
        self.login.spawn(self.name, "env", "GSK_RENDERER=cairo", "GTK_A11Y=atspi", "QT_QUICK_BACKEND=software",
                         "QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1", *self.command)
        return self

    def __exit__(self, *_error: object) -> None:
        self.login.end(self.name)

    def do(self, *actions: str, of: str = "") -> list[str]:
        """See clicks.py."""
        with self.trial.quiet():
            return json.loads(self.login.run("python3", str(CLICKS), of or self.name, *actions,
                                             seconds=60 + PATIENCE_S * (len(actions) // 2)))

    def casts(self) -> None:
        try:
            begins(self.trial)
        except DesktopError as error:
            raise DesktopError(f"{error}; the window says {self.do()}") from error


def casts_from_the_window(self: Trial) -> str:
    """A click casts and another one ends it; who does not look at the window is told that the display has left."""
    # It would cover the window, on the laptop's own screen.
    self.stop_painting()
    self.unplug()
    network = Network(self)
    with network.announced(), Program(self, WINDOW) as window:
        network.wait_for_call()
        window.do("see", NAME, "see", "Ready", "click", f"Connect to {NAME}")
        window.casts()
        said = window.do("see", "Casting")
        path = picture(self, "window")
        window.do("click", f"Disconnect {NAME}", "see", "Ready")
        self.left()
        self.machine.forget_displays()
        network.wait_for_call()
        window.do("click", f"Connect to {NAME}")
        window.casts()
        # It covers the new monitor, and has the keyboard.
        self.paint()
        pictures = self.pictures()
        with contextlib.ExitStack() as shown:
            with self.quiet():
                shown.enter_context(self.environment.shell(self.login))
            network.leave()
            window.do("see", "Not connected")
            with self.quiet():
                wait_for("the user is told", DONE_S, lambda: f"{plain(NAME)} has left" in self.environment.notices(self.login))
        self.machine.forget_displays()
    self.plug()
    # Another display has another connector.
    self.paint()
    self.pictures()
    return f"{next(text for text in said if 'Casting' in text)}, {pictures}, {path}"


def has_a_button(self: Trial) -> str:
    """
    In the quick settings: it says what is cast to, and ends it; a click in its menu casts to a display that it has found.
    A picture of it for the documentation.
    """
    desktop = self.environment
    if not desktop.has_button:
        return "there is none"

    def says(*displays: str) -> None:
        with self.quiet():
            wait_for(f"the button says {displays or 'nothing'}", DONE_S, lambda: desktop.button_says(self.login) == [
                f"{display} \N{EN DASH} Casting" for display in displays])

    def ends() -> None:
        desktop.click_button(self.login)
        self.left()
        self.machine.forget_displays()
        says()
    says(DIRECT_SINK)
    desktop.open_button(self.login, True)
    path = picture(self, "button")
    desktop.open_button(self.login, False)
    ends()
    network = Network(self)
    with network.announced():
        network.wait_for_call()
        # It looks for displays when it is opened.
        desktop.open_button(self.login, True)
        with self.quiet():
            wait_for("the display is in the menu", DONE_S, lambda: NAME in desktop.button_lists(self.login))
        desktop.click_display(self.login, NAME)
        begins(self)
        says(NAME)
        desktop.open_button(self.login, False)
        self.paint()
        pictures = self.pictures()
        self.stop_painting()
        ends()
    self.plug()
    says(DIRECT_SINK)
    return f"{pictures}, {path}"


def has_an_applet(self: Trial) -> str:
    """
    In the tray it says what is cast to, and ends that; in a window of its own it opens ours, too, and bears that there is
    no daemon.
    """
    if not self.environment.applet:
        return "there is none"
    self.stop_painting()
    with self.environment.shell(self.login):
        tray = Program(self, self.environment.SHELL)
        said = tray.do("click", "Cast", "see", "Casting")
        in_tray = picture(self, "tray")
        display = next(text for text in said if text == DIRECT_SINK)
        tray.do("click", f"Disconnect {display}")
        self.left()
        self.machine.forget_displays()
        time.sleep(OUTLIVED_S)
        if not self.login.runs(self.environment.SHELL):
            raise DesktopError(f"{self.environment.SHELL} has died of it")
    # With the shell on two screens an emulated processor has no time for what it is asked.
    self.plug()
    with Program(self, *self.environment.applet) as applet:
        applet.do("see", "Casting")
        path = picture(self, "applet")
        applet.do("click", f"Disconnect {display}", "see", "Nothing is cast")
        self.left()
        self.machine.forget_displays()
        applet.do("click", "Open Cast")
        applet.do("see", "For the next cast", of=WINDOW)
        self.login.run("gapplication", "action", "org.miracast.Cast", "quit")
        self.plug()
        applet.do("see", "Casting")
        self.machine.stop_service()
        self.machine.forget_displays()
        applet.do("see", "Nothing is cast")
        self.left()
        self.machine.listen()
        self.plug()
        applet.do("see", "Casting")
    self.follow()
    self.pictures()
    return f"{display}, {in_tray}, {path}"


def plain(name: str) -> str:
    """In notifications, which some desktops take for markup (cast-words.c)."""
    return name.replace("<", "\u2039").replace(">", "\u203a").replace("&", "+")
