# SPDX-License-Identifier: LGPL-2.1-or-later
"""An ordinary user who is logged in at the machine's seat: a logind session with a desktop. Runs in the virtual machine.

There is no display manager: the unit of a desktop opens the session itself, by PAM, as a display manager's would. The user is
in no group that a fresh account is not in; the graphics cards and input devices are logind's to give.
"""
from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from desktop import DesktopError, wait_for  # noqa: E402
from systemd import Systemd  # noqa: E402

if TYPE_CHECKING:
    from environments import Environment

USER, UID = "viewer", 1000
HOME = pathlib.Path("/home", USER)
RUNTIME = pathlib.Path("/run/user", str(UID))
PAM_SERVICE = "desktop-session"
PAM = """\
auth     required pam_permit.so
account  required pam_permit.so
password required pam_permit.so
session  required pam_permit.so
session  required pam_systemd.so
"""
UNIT = pathlib.Path("/run/systemd/system/desktop-session.service")
# Emulated processors start gnome-shell in half a minute.
START_S = 300


class Login:
    def __init__(self, systemd: Systemd, out: pathlib.Path):
        self.systemd, self.out = systemd, out
        self.environment: Environment | None = None
        # Name of the desktop's socket.
        self.display = ""

    def prepare(self) -> None:
        """The account, and the PAM service of the session."""
        subprocess.run(["useradd", "--create-home", "--uid", str(UID), "--shell", "/bin/bash", USER], check=True)
        pathlib.Path("/etc/pam.d", PAM_SERVICE).write_text(PAM, encoding="ascii")

    # -- logging in and out ----------------------------------------------------------------------------------

    def variables(self) -> dict[str, str]:
        """Environment of the session's programs."""
        return {"XDG_RUNTIME_DIR": str(RUNTIME), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={RUNTIME}/bus", "LANG": "C.UTF-8",
                "XDG_SEAT": "seat0", "XDG_VTNR": "1", "HOME": str(HOME), "GSETTINGS_BACKEND": "keyfile",
                **self.environment.variables}

    def log_in(self, environment: Environment) -> None:
        """Starts the desktop; it is there when its socket is."""
        self.environment = environment
        for name, text in environment.files.items():
            path = HOME / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self._give(HOME)
        log = self.out / f"{environment.name}.log"
        UNIT.parent.mkdir(parents=True, exist_ok=True)
        UNIT.write_text("\n".join([
            "[Unit]", "After=systemd-user-sessions.service dbus.service", "[Service]", f"User={USER}",
            f"PAMName={PAM_SERVICE}", "TTYPath=/dev/tty1", "StandardInput=tty", f"StandardOutput=append:{log}",
            f"StandardError=append:{log}", "UtmpIdentifier=tty1", "UtmpMode=user",
            f"Environment=XDG_SESSION_TYPE={environment.kind}", "Environment=XDG_SESSION_CLASS=user",
            *(f'Environment="{name}={value}"' for name, value in self.variables().items()),
            f"ExecStart={environment.command}", ""]), encoding="utf-8")
        self.systemd.inside("systemctl", "daemon-reload")
        self.systemd.inside("systemctl", "start", UNIT.stem)
        socket = wait_for(f"the socket of {environment.name}", START_S, lambda: self.check() and self._socket())
        self.display = pathlib.Path(socket).name
        environment.started(self)

    def _socket(self) -> str:
        """Where only systemd's processes see it."""
        return self.systemd.call("sh", "-c", f"ls {self.environment.socket}").stdout.partition("\n")[0]

    @staticmethod
    def _give(path: pathlib.Path) -> None:
        owner = pwd.getpwnam(USER)
        for directory, _, names in os.walk(path):
            for name in (directory, *(os.path.join(directory, name) for name in names)):
                os.chown(name, owner.pw_uid, owner.pw_gid, follow_symlinks=False)

    def alive(self) -> bool:
        return self.systemd.property(UNIT.stem, "ActiveState") == "active"

    def check(self) -> bool:
        """Raises when the desktop has died."""
        if not self.alive():
            raise DesktopError(f"{self.environment.name} has ended, see {self.environment.name}.log")
        return True

    def kill(self) -> None:
        """SIGKILL of the desktop's first process."""
        self.systemd.inside("systemctl", "kill", "--kill-whom=main", "--signal=KILL", UNIT.stem)

    def log_out(self) -> None:
        self.systemd.inside("systemctl", "stop", UNIT.stem)
        self.gone()

    def gone(self) -> None:
        """The desktop has ended; so has what the user has started in it."""
        wait_for("the desktop ends", START_S, lambda: not self.alive())
        self.systemd.inside("systemctl", "reset-failed", UNIT.stem, check=False)
        self.systemd.inside("loginctl", "terminate-user", USER, check=False)
        wait_for("the user's session ends", START_S, lambda: not self.systemd.succeeds("loginctl", "show-user", USER))
        # A desktop that was killed leaves it, and the next one would be taken to be there.
        self.systemd.call("sh", "-c", f"rm -f {self.environment.socket}")

    def forget(self) -> None:
        """The next desktop finds a fresh home."""
        shutil.rmtree(HOME)
        HOME.mkdir(mode=0o700)
        self._give(HOME)

    # -- programs of the user --------------------------------------------------------------------------------

    def client_variables(self) -> dict[str, str]:
        where = {"WAYLAND_DISPLAY": self.display} if self.environment.kind == "wayland" else {}
        return {**self.variables(), **where, **self.environment.client_variables}

    def _as_user(self, argv: tuple[str, ...]) -> list[str]:
        names = [f"{name}={value}" for name, value in self.client_variables().items()]
        return ["runuser", "-u", USER, "--", "env", "-C", str(HOME), *names, *argv]

    def run(self, *argv: str, check: bool = True, tries: int = 1, seconds: int = 60) -> str:
        """Output of a program in the session, which ends within so long."""
        for _ in range(tries):
            done = self.systemd.call("timeout", "-k", "5", str(seconds), *self._as_user(argv), seconds=seconds + 60)
            if not done.returncode:
                break
        if done.returncode and check:
            raise DesktopError(f"{' '.join(argv)}: status {done.returncode}, {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def spawn(self, unit: str, *argv: str) -> None:
        """Starts a program of the user's; it is called by the unit's name from then on."""
        log = self.out / f"{unit}.log"
        self.systemd.inside("systemd-run", "--quiet", "--collect", f"--unit={unit}", f"--uid={USER}",
                            f"--property=StandardOutput=append:{log}", f"--property=StandardError=append:{log}",
                            *(f"--setenv={name}={value}" for name, value in self.client_variables().items()), *argv)

    def signal(self, unit: str, number: int) -> None:
        """To all processes of the unit, if there are any."""
        for process in self.systemd.processes(unit):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def end(self, unit: str) -> None:
        # What is stopped does not hear of its end.
        self.signal(unit, signal.SIGKILL)
        self.systemd.inside("systemctl", "stop", unit, check=False)

    def runs(self, unit: str) -> bool:
        return bool(self.systemd.processes(unit))
