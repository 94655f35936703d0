# SPDX-License-Identifier: LGPL-2.1-or-later
"""The desktops: how each is started, told what to do, and painted on."""
from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from desktop import Card, DesktopError, end_process, wait_for


class Compositor:
    """A desktop on the module's card. stop() ends it and its painters."""

    name = "none"
    # Whether it shows something on a new monitor without being told to.
    extends_by_itself = True
    # Whether it draws into the buffer that is on the screen.
    draws_in_place = False
    # Whether the cursor is a plane of its own,
    cursor_plane = True
    # and moving it costs no picture.
    cursor_is_free = True

    def __init__(self, card: Card, programs: pathlib.Path, out: pathlib.Path):
        self.card, self.programs, self.out = card, programs, out
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.env = dict(os.environ, XDG_RUNTIME_DIR=str(self.runtime), LIBSEAT_BACKEND="builtin", SEATD_VTBOUND="0")
        self.processes: list[subprocess.Popen] = []

    def spawn(self, argv: list, log: str) -> subprocess.Popen:
        with open(self.out / f"{log}.log", "ab") as out:
            process = subprocess.Popen([str(word) for word in argv], env=self.env, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=out)
        self.processes.append(process)
        return process

    def tell(self, *argv: str) -> str:
        """Runs the desktop's own tool."""
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise DesktopError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def check(self) -> bool:
        """Raises when the desktop or a painter has died."""
        for process in self.processes:
            if process.poll() is not None:
                raise DesktopError(f"{process.args[0]} ended with status {process.returncode}")
        return True

    def start(self) -> None:
        raise NotImplementedError

    def outputs(self) -> dict[str, tuple[int, int]]:
        """Size of what the desktop shows on each connector, as it says itself."""
        raise NotImplementedError

    def light(self, connector: str) -> None:
        """The monitor has been plugged in: what a user would have to do then."""

    def leave(self, connector: str) -> None:
        """It has been unplugged."""

    def set_mode(self, connector: str, size: tuple[int, int]) -> bool:
        """By the desktop's own tool; False if it has none."""
        raise NotImplementedError

    def paint(self, connector: str, progress: pathlib.Path, who: int) -> subprocess.Popen:
        return self.spawn([self.programs / "painter-wayland", connector, progress, who], "painter")

    def end(self, process: subprocess.Popen) -> None:
        self.processes.remove(process)
        end_process(process)

    def stop(self) -> None:
        for process in reversed(self.processes.copy()):
            self.end(process)
        shutil.rmtree(self.runtime, ignore_errors=True)


class Weston(Compositor):
    name = "weston"
    # Its cursor planes want GBM, which the pixman renderer does without.
    cursor_plane = False

    def start(self) -> None:
        config = self.runtime / "weston.ini"
        # A panel would cover a full screen window while another monitor has the focus.
        config.write_text("[core]\nrequire-outputs=none\nidle-time=0\n"
                          "[shell]\npanel-position=none\nlocking=false\nanimation=none\n"
                          "startup-animation=none\n", encoding="ascii")
        self.env["WAYLAND_DISPLAY"] = "wayland-desktop"
        self.spawn(["weston", "--backend=drm", f"--drm-device={self.card.name}", "--renderer=pixman",
                    "--continue-without-input", "--debug", f"--config={config}", "--socket=wayland-desktop"], self.name)
        wait_for("Weston's socket", 60, lambda: self.check() and (self.runtime / "wayland-desktop").exists())

    def outputs(self) -> dict[str, tuple[int, int]]:
        # Weston has nothing to ask for sizes but its log, where the last that it said of each counts.
        log = (self.out / "weston.log").read_text(encoding="utf-8", errors="replace")
        found = re.findall(r"Output (\S+) \(crtc \d+\) video modes:\n(?: +.*\n)*? +(\d+)x(\d+)@.*, current", log)
        # Its shell is a program of its own. Weston 14 uses what it has freed, and dies, when a monitor goes before
        # the shell's background for it has come, so it has the monitor from then on.
        scene = self.tell("weston-debug", "scene-graph")
        return {connector: (int(width), int(height)) for connector, width, height in found
                if f"background for output {connector}" in scene and self.card.enabled(connector)}

    def set_mode(self, connector: str, size: tuple[int, int]) -> bool:
        return False


class Sway(Compositor):
    name = "sway"
    # Each move makes it commit another buffer, without saying that nothing has changed in it.
    cursor_is_free = False

    def start(self) -> None:
        config = self.runtime / "config"
        config.write_text("xwayland disable\ndefault_border none\nfocus_follows_mouse no\n", encoding="ascii")
        self.env |= {"WLR_DRM_DEVICES": f"/dev/dri/{self.card.name}", "WLR_RENDERER": "pixman",
                     "WLR_LIBINPUT_NO_DEVICES": "1", "SWAYSOCK": str(self.runtime / "sway.sock")}
        self.spawn(["sway", "--debug", f"--config={config}"], self.name)
        socket = wait_for("Sway's socket", 60, lambda: self.check() and next(self.runtime.glob("wayland-?"), None))
        self.env["WAYLAND_DISPLAY"] = socket.name

    def outputs(self) -> dict[str, tuple[int, int]]:
        return {output["name"]: (output["current_mode"]["width"], output["current_mode"]["height"])
                for output in json.loads(self.tell("swaymsg", "--raw", "-t", "get_outputs")) if output["active"]}

    def set_mode(self, connector: str, size: tuple[int, int]) -> bool:
        self.tell("swaymsg", f"output {connector} mode {size[0]}x{size[1]}")
        return True


class Xorg(Compositor):
    name = "xorg"
    extends_by_itself = False
    draws_in_place = True
    # All monitors together. A screen of another size is a new one, for which windows are drawn anew.
    SCREEN = "2560x768"

    def start(self) -> None:
        config = self.runtime / "xorg.conf"
        config.write_text(
            'Section "Device"\nIdentifier "cast"\nDriver "modesetting"\n'
            f'Option "kmsdev" "/dev/dri/{self.card.name}"\nOption "AccelMethod" "none"\nEndSection\n'
            'Section "ServerFlags"\nOption "AutoAddGPU" "false"\nOption "BlankTime" "0"\nOption "StandbyTime" "0"\n'
            'EndSection\n', encoding="ascii")
        self.env["DISPLAY"] = ":7"
        self.spawn(["/usr/lib/xorg/Xorg", ":7", "-config", config, "-noreset", "-nolisten", "tcp", "-novtswitch",
                    "-logfile", self.out / "xorg-server.log"], self.name)
        wait_for("Xorg's socket", 60, lambda: self.check() and os.path.exists("/tmp/.X11-unix/X7"))

    def _arrange(self, connector: str, *how: str) -> None:
        self.tell("xrandr", "--fb", self.SCREEN, "--output", connector, *how)

    def _geometry(self, connector: str) -> str | None:
        found = re.search(rf"^{connector} connected (?:primary )?(\d+x\d+\+\d+\+\d+)", self.tell("xrandr"), re.MULTILINE)
        return found and found[1]

    def outputs(self) -> dict[str, tuple[int, int]]:
        return {found[0]: (int(found[1]), int(found[2])) for found in re.findall(
            r"^(\S+) connected (?:primary )?(\d+)x(\d+)\+", self.tell("xrandr"), re.MULTILINE)}

    def light(self, connector: str) -> None:
        wait_for(f"Xorg sees {connector}", 20, lambda: f"{connector} connected" in self.tell("xrandr"))
        others = [name for name in self.outputs() if name != connector]
        self._arrange(connector, "--auto", *(("--right-of", others[0]) if others else ()))

    def leave(self, connector: str) -> None:
        self._arrange(connector, "--off")

    def set_mode(self, connector: str, size: tuple[int, int]) -> bool:
        self._arrange(connector, "--mode", f"{size[0]}x{size[1]}")
        return True

    def paint(self, connector: str, progress: pathlib.Path, who: int) -> subprocess.Popen:
        return self.spawn([self.programs / "painter-x11", self._geometry(connector), progress, who], "painter")


ALL = {kind.name: kind for kind in (Weston, Sway, Xorg)}
