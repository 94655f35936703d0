# SPDX-License-Identifier: LGPL-2.1-or-later
"""A systemd for the installed units, with the restrictions that stand in them. Runs in the virtual machine.

The machine's first process is the harness; systemd is the first one of a process namespace of its own. Network, /run
and /tmp are the machine's, so that programs outside reach the system bus and see what the units do.
"""
from __future__ import annotations

import pathlib
import subprocess
import time

_CGROUP = pathlib.Path("/sys/fs/cgroup/machine")
_START = f"""
echo 0 >{_CGROUP}/cgroup.procs
exec unshare --mount --pid --fork --cgroup --kill-child sh -c '
	mount -t proc proc /proc
	umount -l /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	exec env -i container=vm PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd --unit=basic.target'
"""
_DROP_INS = pathlib.Path("/run/systemd/system")


class Systemd:
    def __init__(self, log: pathlib.Path):
        self._log = log
        self._outer: subprocess.Popen | None = None
        self._pid = ""

    def start(self) -> None:
        _CGROUP.mkdir(exist_ok=True)
        # Else it makes caches anew (of libraries, of hardware) that are in the root already; that takes a minute here.
        for directory in ("/etc", "/var"):
            pathlib.Path(directory, ".updated").touch()
        with open(self._log, "ab") as log:
            self._outer = subprocess.Popen(["sh", "-c", _START], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = subprocess.run(["pgrep", "-ox", "systemd"], capture_output=True, text=True, check=False)
            self._pid = found.stdout.strip()
            if self._pid and self._basic_target_reached():
                # What `make install` does: users and groups of the programs, and their cache.
                self.inside("systemd-sysusers")
                self.inside("systemd-tmpfiles", "--create", "miracast.conf")
                return
            time.sleep(0.2)
        raise TimeoutError("systemd does not reach basic.target within 60 s")

    def _basic_target_reached(self) -> bool:
        state = subprocess.run([*self._enter(), "systemctl", "--quiet", "is-active", "basic.target", "dbus.socket"],
                               capture_output=True, check=False)
        return state.returncode == 0

    def _enter(self) -> list[str]:
        return ["nsenter", "--target", self._pid, "--mount", "--pid", "--cgroup"]

    def inside(self, *argv: str, check: bool = True) -> str:
        """Output of a command where systemd is the first process."""
        return subprocess.run([*self._enter(), *argv], check=check, capture_output=True, text=True, timeout=120).stdout

    def call(self, *argv: str, seconds: int = 120) -> subprocess.CompletedProcess:
        """The same, however it ends."""
        return subprocess.run([*self._enter(), *argv], check=False, capture_output=True, text=True, timeout=seconds)

    def succeeds(self, *argv: str) -> bool:
        return self.call(*argv).returncode == 0

    def configure(self, unit: str, *lines: str) -> None:
        """The unit with other settings, lines of [Service]; all else stays as installed."""
        directory = _DROP_INS / f"{unit}.service.d"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "test.conf").write_text("\n".join(["[Service]", *lines, ""]), encoding="utf-8")
        self.inside("systemctl", "daemon-reload")

    def property(self, unit: str, name: str) -> str:
        return self.inside("systemctl", "show", f"--property={name}", "--value", unit).strip()

    @staticmethod
    def processes(unit: str) -> list[int]:
        """Of a service, by the machine's own numbers."""
        try:
            return [int(line) for line in (_CGROUP / f"system.slice/{unit}.service/cgroup.procs").read_text().split()]
        except OSError:
            return []

    def stop(self) -> None:
        if not self._outer:
            return
        with open(self._log, "a", encoding="utf-8") as log:
            log.write(self.inside("journalctl", "--no-pager", "--lines=400", check=False))
        self._outer.kill()
        self._outer.wait()
