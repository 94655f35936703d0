# SPDX-License-Identifier: LGPL-2.1-or-later
"""The desktops: how each is started, and how its user asks it for monitors, sizes, mirroring and sleep.

All else, what is done with them, is in sessions.py, and the same for each.
"""
from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from desktop import DesktopError, wait_for  # noqa: E402
from login import START_S  # noqa: E402

if TYPE_CHECKING:
    from login import Login

# What a program shows, and clicks there.
CLICKS = HERE / "clicks.py"
# The laptop's own card and screen (virtio-gpu), and the module's.
OWN_CARD, OWN_SCREEN = "/dev/dri/card0", "Virtual-1"
CAST_CARD = "/dev/dri/card1"
# Of gnome-shell: says yes in its dialogue about display changes, and how many there were.
KEEP_CHANGES = "Main.layoutManager.modalDialogGroup.get_children().filter(dialog => dialog._onSuccess)" \
               ".map(dialog => dialog._onSuccess()).length"
# Of gnome-shell: leaves the overview that it begins with, which comes after its socket; what is left at once comes again.
LEAVE_OVERVIEW = "Main.layoutManager._startingUp || (Main.overview.hide(), Main.overview.visible)"
# The extension, of userspace/gnome-shell, and what it has put into the quick settings.
EXTENSION = "cast@miracast.org"
CAST_TOGGLE = "Main.panel.statusArea.quickSettings.menu._grid.get_children().find(child => child.title === 'Cast')"

# Of desktops that are no more than a compositor.
NO_NOTICES = {"casts_from_the_window": "it shows no notifications"}


@dataclass
class Mode:
    """One that a desktop offers for a monitor; `name` is what its tool calls it."""
    width: int
    height: int
    refresh: float
    name: str

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


@dataclass
class Monitor:
    """What a desktop says of one that it shows something on. `mode` is None where it is dark."""
    connector: str
    mode: Mode | None
    place: tuple[int, int]
    title: str = ""
    serial: str = ""
    modes: list[Mode] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int] | None:
        return self.mode and self.mode.size


class Environment:
    """A desktop, as its own tools show it. Methods take the Login that it was started by."""

    name = "none"
    # Of the session, as logind calls it; and what a program of the user's must find.
    kind = "wayland"
    command = ""
    socket = "-d /run/user/1000/wayland-[0-9]"
    variables: dict[str, str] = {}
    client_variables: dict[str, str] = {}
    # Of the user's home: name to text.
    files: dict[str, str] = {}
    # Takes a graphics card that comes while it runs; else the module is there before the user logs in.
    takes_new_cards = True
    # Shows something on a new monitor without being told to.
    lights = True
    # Closes a card that has no monitor any more, and takes it when it comes anew.
    lets_go_of_cards = False
    # Why it shows nothing on the module's card beside another one: it is tried only when it is named.
    unable = ""
    # Steps of sessions.py that it has no means for, and why.
    cannot: dict[str, str] = {}
    painter = "painter-wayland"

    def started(self, login: Login) -> None:
        """The desktop's socket is there: what has to be told it once."""

    def monitors(self, login: Login) -> dict[str, Monitor]:
        raise NotImplementedError

    def light(self, login: Login, connector: str) -> None:
        """A monitor has been plugged in: what a user would have to do then."""

    def leave(self, login: Login, connector: str) -> None:
        """It has been unplugged."""

    def title(self, login: Login, connector: str) -> str:
        """What it calls a monitor."""
        return self.monitors(login)[connector].title

    def set_mode(self, login: Login, connector: str, mode: Mode) -> None:
        raise NotImplementedError

    def mirror(self, login: Login, connector: str, size: tuple[int, int]) -> None:
        """Shows the laptop's own screen on it, both in this size."""
        raise NotImplementedError

    def extend(self, login: Login, connector: str) -> None:
        """No more."""
        raise NotImplementedError

    def sleep(self, login: Login, asleep: bool) -> None:
        """All screens blank, or wake."""
        raise NotImplementedError

    def remember_mode(self, login: Login, connectors: dict[int, str], serial: int, mode: Mode) -> None:
        """Of the monitor of this serial number (connectors: all that are cast to), as a user who wants it kept."""
        self.set_mode(login, connectors[serial], mode)

    # Its display settings, and what they need beside the session's environment; empty where there are none.
    settings: tuple[str, ...] = ()

    def screenshot(self, login: Login, path: Path) -> None:
        """All screens beside each other, as a PNG."""
        raise NotImplementedError

    # The program that shows notifications and applets.
    SHELL = ""

    @contextlib.contextmanager
    def shell(self, login: Login) -> Iterator[None]:
        """Meanwhile notifications are shown, and applets."""
        yield

    def notices(self, login: Login) -> list[str]:
        """Titles of those that are there, maybe with other texts."""
        raise NotImplementedError

    # What shows our applet, if there is one; its name first.
    applet: tuple[str, ...] = ()

    # Has a button of ours in its quick settings, with these six.
    has_button = False

    def button_says(self, login: Login) -> list[str]:
        """The displays in its menu; none where it is off."""
        raise NotImplementedError

    def button_lists(self, login: Login) -> list[str]:
        """The displays in its menu, or what it says in their place."""
        raise NotImplementedError

    def open_button(self, login: Login, is_open: bool) -> None:
        """The quick settings, and the menu of the button."""
        raise NotImplementedError

    def click_button(self, login: Login) -> None:
        raise NotImplementedError

    def click_display(self, login: Login, name: str) -> None:
        """In the menu."""
        raise NotImplementedError

    def place_of_painter(self, login: Login, connector: str) -> str:
        """Its first argument: the connector, or for X11 the rectangle."""
        return connector


def _json(text: str, opening: str = "{"):
    """Of the output of a tool that may say something else before."""
    return json.loads(text[text.index(opening):])


def _described(login: Login) -> dict[str, Monitor]:
    """Of any Wayland desktop."""
    found = {}
    for block in re.split(r"(?m)^interface: 'wl_output'", login.run("wayland-info"))[1:]:
        block = re.split(r"(?m)^interface:", block)[0]
        name, = re.search(r"(?m)^\s*name: (\S+)$", block).groups()
        x, y = re.search(r"x: (-?\d+), y: (-?\d+)", block).groups()
        make, model = re.search(r"make: '(.*)', model: '(.*)'", block).groups()
        modes = [(Mode(int(width), int(height), float(refresh), ""), flags) for width, height, refresh, flags in re.findall(
            r"width: (\d+) px, height: (\d+) px, refresh: ([\d.]+) Hz,\s*flags: *(.*)", block)]
        current = next((mode for mode, flags in modes if "current" in flags), None)
        found[name] = Monitor(name, current, (int(x), int(y)), f"{make} {model}", modes=[mode for mode, _ in modes])
    return found


class Gnome(Environment):
    name = "gnome"
    # Unsafe mode: the test leaves the overview through the shell's own interpreter. The painter is stopped at times, for which
    # mutter would ask over its picture whether to end it ("check-alive-timeout").
    command = "/usr/bin/gnome-shell --wayland --no-x11 --unsafe-mode"
    variables = {"XDG_CURRENT_DESKTOP": "GNOME", "XDG_SESSION_DESKTOP": "gnome", "MUTTER_DEBUG": "kms"}
    files = {".config/glib-2.0/settings/keyfile": """\
[org/gnome/shell]
welcome-dialog-last-shown-version='99.0'
enabled-extensions=['cast@miracast.org']
[org/gnome/desktop/interface]
enable-animations=false
[org/gnome/mutter]
check-alive-timeout=uint32 0
[org/gnome/desktop/session]
idle-delay=uint32 0
[org/gnome/desktop/screensaver]
lock-enabled=false
[org/gnome/desktop/notifications]
show-banners=false
[org/gnome/desktop/background]
picture-uri=''
picture-uri-dark=''
primary-color='#2a5070'
color-shading-type='solid'
[org/gnome/desktop/peripherals/mouse]
accel-profile='flat'
"""}
    cannot = {"module_is_taken_away": "it takes no card a second time",
              "cursor_is_refused": "mutter, 48 to 50, commits it again with each picture, and shows none"}
    BUS = ("org.gnome.Mutter.DisplayConfig", "/org/gnome/Mutter/DisplayConfig", "org.gnome.Mutter.DisplayConfig")

    def started(self, login: Login) -> None:
        # It has a socket before it can be asked for anything.
        wait_for("gnome-shell leaves the overview", START_S, lambda: self._evaluate(login, LEAVE_OVERVIEW) == "false")

    @staticmethod
    def _evaluate(login: Login, script: str) -> str | None:
        """By the shell's own interpreter; None: not yet."""
        said = login.run("gdbus", "call", "--session", "--timeout", "50", "--dest", "org.gnome.Shell", "--object-path",
                         "/org/gnome/Shell", "--method", "org.gnome.Shell.Eval", script, check=False)
        return re.fullmatch(r"\(true, '(.*)'\)", said.strip()).group(1) if said.startswith("(true") else None

    def monitors(self, login: Login) -> dict[str, Monitor]:
        _, monitors, logical, _ = _json(login.run("busctl", "--user", "--json=short", "call", *self.BUS,
                                                  "GetCurrentState"))["data"]
        places = {spec[0]: (x, y) for x, y, _, _, _, specs, _ in logical for spec in specs}
        found = {}
        for (connector, vendor, product, serial), modes, properties in monitors:
            offered = [Mode(width, height, refresh, name) for name, width, height, refresh, *_ in modes]
            current = next((mode for mode, offer in zip(offered, modes) if "is-current" in offer[-1]), None)
            found[connector] = Monitor(connector, current if connector in places else None, places.get(connector, (0, 0)),
                                       properties.get("display-name", {}).get("data", f"{vendor} {product}"), serial, offered)
        return found

    @staticmethod
    def _own() -> tuple[str, ...]:
        return "--logical-monitor", "--primary", "--monitor", OWN_SCREEN

    def set_mode(self, login: Login, connector: str, mode: Mode) -> None:
        login.run("gdctl", "set", *self._own(), "--logical-monitor", "--monitor", connector, "--mode", mode.name,
                  "--right-of", OWN_SCREEN)

    def remember_mode(self, login: Login, connectors: dict[int, str], serial: int, mode: Mode) -> None:
        layout, left = [*self._own()], OWN_SCREEN
        for number, connector in connectors.items():
            layout += ["--logical-monitor", "--monitor", connector, *(("--mode", mode.name) if number == serial else ()),
                       "--right-of", left]
            left = connector
        login.run("gdctl", "set", "--persistent", *layout)
        # "Keep changes": 48 dies if the display is unplugged before it asks no more, after 20 s.
        wait_for("gnome-shell asks whether to keep the changes", START_S, lambda: self._evaluate(login, KEEP_CHANGES) == "1")

    def mirror(self, login: Login, connector: str, size: tuple[int, int]) -> None:
        modes = {name: next(mode.name for mode in monitor.modes if mode.size == size)
                 for name, monitor in self.monitors(login).items() if name in (OWN_SCREEN, connector)}
        login.run("gdctl", "set", *self._own(), "--mode", modes[OWN_SCREEN], "--monitor", connector, "--mode",
                  modes[connector])

    def extend(self, login: Login, connector: str) -> None:
        login.run("gdctl", "set", *self._own(), "--logical-monitor", "--monitor", connector, "--right-of", OWN_SCREEN)

    def sleep(self, login: Login, asleep: bool) -> None:
        login.run("busctl", "--user", "set-property", *self.BUS, "PowerSaveMode", "i", "3" if asleep else "0")

    has_button = True

    def button_says(self, login: Login) -> list[str]:
        return self.button_lists(login) if self._evaluate(login, f"{CAST_TOGGLE}.checked") == "true" else []

    def button_lists(self, login: Login) -> list[str]:
        said = self._evaluate(login, f"{CAST_TOGGLE}._displays._getMenuItems().map(item => item.label.text)")
        return json.loads(said or "[]")

    def open_button(self, login: Login, is_open: bool) -> None:
        action = "open" if is_open else "close"
        self._evaluate(login, f"Main.panel.statusArea.quickSettings.menu.{action}(); {CAST_TOGGLE}.menu.{action}()")

    def click_button(self, login: Login) -> None:
        self._evaluate(login, f"{CAST_TOGGLE}.emit('clicked', 1)")

    def click_display(self, login: Login, name: str) -> None:
        self._evaluate(login, f"{CAST_TOGGLE}._displays._getMenuItems().find(item => item.label.text === {json.dumps(name)})"
                              ".emit('activate', null)")

    def notices(self, login: Login) -> list[str]:
        said = self._evaluate(login, "Main.messageTray.getSources().flatMap(source => source.notifications.map(one => one.title))")
        return json.loads(said or "[]")

    settings = ("env", "GSK_RENDERER=cairo", "gnome-control-center", "display")

    def screenshot(self, login: Login, path: Path) -> None:
        login.run("gdbus", "call", "--session", "--timeout", "50", "--dest", "org.gnome.Shell.Screenshot", "--object-path",
                  "/org/gnome/Shell/Screenshot", "--method", "org.gnome.Shell.Screenshot.Screenshot", "false", "false",
                  str(path))


class Plasma(Environment):
    name = "plasma"
    command = "/usr/bin/kwin_wayland --drm --no-lockscreen --no-global-shortcuts"
    # With Mesa's software renderer it would rather not use OpenGL, which it does on every laptop.
    variables = {"XDG_CURRENT_DESKTOP": "KDE", "XDG_SESSION_DESKTOP": "KDE", "KWIN_COMPOSE": "O2",
                 "KWIN_SCREENSHOT_NO_PERMISSION_CHECKS": "1", "QT_FORCE_STDERR_LOGGING": "1",
                 "QT_LOGGING_RULES": "kwin_wayland_drm.debug=true;kwin_core.debug=true"}
    client_variables = {"QT_QPA_PLATFORM": "wayland"}
    # The device as tests/desktops/mouse.py names it: vendor, product, name. Nothing moves by itself, and nothing is blurred:
    # with an emulated processor KWin would do nothing else, and Plasma's tools wait five seconds for it.
    files = {".config/kcminputrc": "[Libinput][1][1][test mouse]\nPointerAccelerationProfile=1\n",
             ".config/kwinrc": "[Plugins]\nblurEnabled=false\ncontrastEnabled=false\n",
             # What is said there for five seconds an emulated processor has not read to its end.
             ".config/plasmanotifyrc": "[Notifications]\nPopupTimeout=600000\n",
             ".config/kdeglobals": "[KDE]\nAnimationDurationFactor=0\n",
             ".config/gtk-4.0/settings.ini": "[Settings]\ngtk-enable-animations=false\n",
             ".config/glib-2.0/settings/keyfile": "[org/gnome/desktop/interface]\nenable-animations=false\n"}

    def started(self, login: Login) -> None:
        # KWin 6.3 does; 6.7 keeps it, and takes it again.
        major, minor = re.search(r"(\d+)\.(\d+)", login.run("kwin_wayland", "--version")).groups()
        self.lets_go_of_cards = (int(major), int(minor)) < (6, 7)
        # For what the bus starts.
        login.run("dbus-update-activation-environment", *login.client_variables())

    def monitors(self, login: Login) -> dict[str, Monitor]:
        found = {}
        for output in _json(self._tell(login, "--json"))["outputs"]:
            if not output["connected"]:
                continue
            offered = [Mode(mode["size"]["width"], mode["size"]["height"], mode["refreshRate"], mode["id"])
                       for mode in output["modes"]]
            current = next((mode for mode in offered if mode.name == output["currentModeId"]), None)
            found[output["name"]] = Monitor(output["name"], current if output["enabled"] else None,
                                            (output["pos"]["x"], output["pos"]["y"]), modes=offered)
        return found

    def title(self, login: Login, connector: str) -> str:
        return _described(login)[connector].title

    @staticmethod
    def _tell(login: Login, *settings: str) -> str:
        # It waits for ever for an answer that has not come within five seconds.
        return login.run("timeout", "20", "kscreen-doctor", *settings, tries=10)

    def set_mode(self, login: Login, connector: str, mode: Mode) -> None:
        self._tell(login, f"output.{connector}.mode.{mode.name}")

    def mirror(self, login: Login, connector: str, size: tuple[int, int]) -> None:
        # Where two outputs lie on each other both show what is there; Plasma 6.3 knows no other way.
        known = self.monitors(login)
        self._tell(login, *(f"output.{name}.mode.{next(mode.name for mode in known[name].modes if mode.size == size)}"
                            for name in (OWN_SCREEN, connector)), f"output.{connector}.position.0,0")

    def extend(self, login: Login, connector: str) -> None:
        self._tell(login, f"output.{connector}.position.{self.monitors(login)[OWN_SCREEN].size[0]},0")

    def sleep(self, login: Login, asleep: bool) -> None:
        self._tell(login, "--dpms", "off" if asleep else "on")

    settings = ("env", "QT_QUICK_BACKEND=software", "XDG_MENU_PREFIX=plasma-", "systemsettings", "kcm_kscreen")

    def screenshot(self, login: Login, path: Path) -> None:
        login.run("python3", str(HERE / "plasma_screenshot.py"), str(path), seconds=180)

    applet = ("plasmawindowed", "org.miracast.cast")
    SHELL = "plasmashell"

    @contextlib.contextmanager
    def shell(self, login: Login) -> Iterator[None]:
        # It is not started with KWin. If it dies it is to do so, and not to be started again behind our backs.
        login.spawn(self.SHELL, "env", "KDE_DEBUG=1", "QT_QUICK_BACKEND=software", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1", self.SHELL)
        try:
            login.run("gdbus", "wait", "--session", "--timeout", str(START_S), "org.freedesktop.Notifications",
                      seconds=START_S + 10)
            # Its panel comes last.
            login.run("python3", str(CLICKS), self.SHELL, "find", "Show hidden icons", seconds=START_S)
            yield
        finally:
            login.end(self.SHELL)

    def notices(self, login: Login) -> list[str]:
        return json.loads(login.run("python3", str(CLICKS), self.SHELL, seconds=110))


class Sway(Environment):
    name = "sway"
    command = "/usr/bin/sway --debug"
    # Several cards need a renderer that imports; the software one has to be asked for.
    variables = {"XDG_CURRENT_DESKTOP": "sway", "WLR_RENDERER_ALLOW_SOFTWARE": "1", "WLR_RENDERER": "gles2",
                 "SWAYSOCK": "/run/user/1000/sway.sock"}
    files = {".config/sway/config": "xwayland disable\ndefault_border none\nfocus_follows_mouse no\n"
                                    "input type:pointer accel_profile flat\n"}
    MIRROR = "wl-mirror"
    cannot = NO_NOTICES
    unable = "wlroots 0.18 copies to a second card with a renderer of that card's, and Mesa's for a card without a GPU " \
             "imports no buffers: \"cannot be imported into multi-GPU renderer\""

    def monitors(self, login: Login) -> dict[str, Monitor]:
        found = {}
        for output in json.loads(login.run("swaymsg", "--raw", "-t", "get_outputs")):
            modes = [Mode(mode["width"], mode["height"], mode["refresh"] / 1000,
                          f"{mode['width']}x{mode['height']}@{mode['refresh'] / 1000:.3f}Hz") for mode in output["modes"]]
            current = output.get("current_mode") if output["active"] else None
            found[output["name"]] = Monitor(
                output["name"], current and Mode(current["width"], current["height"], current["refresh"] / 1000, ""),
                (output["rect"]["x"], output["rect"]["y"]), f"{output['make']} {output['model']}", output["serial"], modes)
        return found

    def _tell(self, login: Login, command: str) -> None:
        login.run("swaymsg", command)

    def set_mode(self, login: Login, connector: str, mode: Mode) -> None:
        self._tell(login, f"output {connector} mode {mode.name}")

    def mirror(self, login: Login, connector: str, size: tuple[int, int]) -> None:
        # A program's task here, and a popular one does it.
        for name in (OWN_SCREEN, connector):
            mode = next(mode for mode in self.monitors(login)[name].modes if mode.size == size)
            self.set_mode(login, name, mode)
        login.spawn(self.MIRROR, "wl-mirror", "--fullscreen-output", connector, OWN_SCREEN)

    def extend(self, login: Login, connector: str) -> None:
        login.end(self.MIRROR)

    def remember_mode(self, login: Login, connectors: dict[int, str], serial: int, mode: Mode) -> None:
        monitor = self.monitors(login)[connectors[serial]]
        self._tell(login, f'output "{monitor.title} {monitor.serial}" mode {mode.name}')

    def sleep(self, login: Login, asleep: bool) -> None:
        self._tell(login, f"output * power {'off' if asleep else 'on'}")


class Weston(Environment):
    name = "weston"
    command = f"/usr/bin/weston --backend=drm --drm-device={Path(OWN_CARD).name} --additional-devices={Path(CAST_CARD).name} " \
              "--renderer=pixman --continue-without-input --debug"
    # A panel would cover a full screen window while another monitor has the focus.
    files = {".config/weston.ini": "[core]\nrequire-outputs=none\nidle-time=0\n[shell]\npanel-position=none\nlocking=false\n"
                                   "animation=none\nstartup-animation=none\n[libinput]\naccel-profile=flat\n"}
    takes_new_cards = False
    cannot = {"every_mode": "sizes are set in its configuration", "mirrors": "mirroring is set in its configuration",
              "sleeps_and_wakes": "it sleeps when nobody touches it for a time that is set in its configuration",
              "module_is_taken_away": "it takes no card that comes while it runs",
              "tells_displays_apart": "it remembers nothing of monitors", **NO_NOTICES}

    def monitors(self, login: Login) -> dict[str, Monitor]:
        return _described(login)


class Xorg(Environment):
    name = "xorg"
    kind = "x11"
    command = "/usr/lib/xorg/Xorg :7 vt1 -keeptty -config /home/viewer/xorg.conf -noreset -nolisten tcp"
    socket = "/tmp/.X11-unix/X7"
    client_variables = {"DISPLAY": ":7"}
    # The card of the cast shows what the laptop's own card draws.
    files = {"xorg.conf": f"""\
Section "Device"
	Identifier "own"
	Driver "modesetting"
	Option "kmsdev" "{OWN_CARD}"
	Option "AccelMethod" "glamor"
EndSection
Section "Device"
	Identifier "cast"
	Driver "modesetting"
	Option "kmsdev" "{CAST_CARD}"
	Option "AccelMethod" "none"
EndSection
Section "Screen"
	Identifier "desktop"
	Device "own"
	GPUDevice "cast"
EndSection
Section "InputClass"
	Identifier "mouse"
	MatchIsPointer "yes"
	Option "AccelProfile" "flat"
EndSection
Section "ServerFlags"
	Option "BlankTime" "0"
	Option "StandbyTime" "0"
	Option "SuspendTime" "0"
	Option "OffTime" "0"
EndSection
"""}
    takes_new_cards = False
    cannot = {"module_is_taken_away": "it takes no card of its configuration that comes while it runs",
              "tells_displays_apart": "it remembers nothing of monitors", **NO_NOTICES}
    lights = False
    painter = "painter-x11"

    def started(self, login: Login) -> None:
        login.run("xrandr", "--setprovideroutputsource", "1", "0")

    @staticmethod
    def _name(connector: str) -> str:
        """The X server puts the number of the card, among those that do not draw, in front of the connector's."""
        kind, number = connector.rsplit("-", 1)
        return connector if connector == OWN_SCREEN else f"{kind}-1-{number}"

    def monitors(self, login: Login) -> dict[str, Monitor]:
        found: dict[str, Monitor] = {}
        monitor = None
        for line in login.run("xrandr").splitlines():
            if head := re.match(r"(\S+) connected (?:primary )?(?:(\d+)x(\d+)\+(\d+)\+(\d+))?", line):
                name = re.sub(r"-1(-\d+)$", r"\1", head[1])
                monitor = found[name] = Monitor(name, None, tuple(int(value or 0) for value in head.group(4, 5)))
            elif re.match(r"\S", line):
                monitor = None
            elif monitor and (mode := re.match(r"\s+((\d+)x(\d+))\S*\s+([\d.]+)(\*?)", line)):
                monitor.modes.append(Mode(int(mode[2]), int(mode[3]), float(mode[4]), mode[1]))
                if "*" in line:
                    monitor.mode = monitor.modes[-1]
        return found

    def _arrange(self, login: Login, connector: str, *how: str) -> None:
        login.run("xrandr", "--output", self._name(connector), *how)

    def light(self, login: Login, connector: str) -> None:
        self._arrange(login, connector, "--auto", "--right-of", OWN_SCREEN)

    def leave(self, login: Login, connector: str) -> None:
        self._arrange(login, connector, "--off")

    def set_mode(self, login: Login, connector: str, mode: Mode) -> None:
        self._arrange(login, connector, "--mode", mode.name)

    def mirror(self, login: Login, connector: str, size: tuple[int, int]) -> None:
        self._arrange(login, OWN_SCREEN, "--mode", "{}x{}".format(*size))
        self._arrange(login, connector, "--mode", "{}x{}".format(*size), "--same-as", OWN_SCREEN)

    def extend(self, login: Login, connector: str) -> None:
        self._arrange(login, connector, "--right-of", OWN_SCREEN)

    def sleep(self, login: Login, asleep: bool) -> None:
        login.run("xset", "dpms", "force", "off" if asleep else "on")

    def place_of_painter(self, login: Login, connector: str) -> str:
        monitor = self.monitors(login)[connector]
        if not monitor.mode:
            raise DesktopError(f"{connector} is dark")
        return "{}x{}+{}+{}".format(*monitor.size, *monitor.place)


ALL = {kind.name: kind for kind in (Gnome, Plasma, Sway, Weston, Xorg)}
