#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_shell.py MIRACASTD MIRACAST-UMD [unittest's options]

The extension for GNOME Shell, without the shell (shell/stubs.js is in its place), with the real daemon and displays of
the test's own.
"""
from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent)]

from stage import TOP, Stage, wait  # noqa: E402

NAME = "<b>TV</b> & \"co\""
EXTENSION = TOP / "userspace/gnome-shell"
PROGRAMS: dict[str, str] = {}


class Shell:
    """What the extension shows, and what is clicked there."""

    def __init__(self, stage: Stage):
        directory = stage.directory / "extension"
        shutil.copytree(EXTENSION, directory)
        for part in ("stubs.js", "main.js"):
            shutil.copy(pathlib.Path(__file__).with_name("shell") / part, directory)
        source = directory / "extension.js"
        text, n = re.subn(r"'(resource:///org/gnome/shell/[a-zA-Z/]+\.js|gi://Shell)'", "'./stubs.js'",
                          source.read_text(encoding="utf-8"))
        assert n == 5, f"{n} modules of the shell"
        source.write_text(text, encoding="utf-8")
        self.now: dict = {}
        self._process = stage.start(["gjs", "-m", directory / "main.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self.now = json.loads(line)

    def do(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def see(self, text: str):
        try:
            return wait(lambda: next((entry for entry in self.now.get("entries", []) if entry[0] == text), None), text)
        except AssertionError as error:
            raise AssertionError(f"{error}; there is {self.now}") from None

    def see_that(self, condition, what: str) -> None:
        try:
            wait(lambda: self.now and condition(self.now), what)
        except AssertionError as error:
            raise AssertionError(f"{error}; there is {self.now}") from None

    def end(self) -> int:
        self._process.stdin.close()
        return self._process.wait(20)


class QuickSettings(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="shell-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.stage = Stage(self.directory, PROGRAMS)
        self.addCleanup(self.stage.close)
        self.stage.begin()

    def log(self) -> str:
        return (self.directory / "log").read_text(encoding="utf-8", errors="replace")

    def test_cast(self):
        shell = Shell(self.stage)
        self.assertEqual(shell.see("No display found")[2], False)
        self.stage.start_daemon()
        self.stage.add_display(NAME)
        # Nobody looks for displays until it is opened.
        wait(self.owned, "the daemon")
        shell.do("click")
        self.assertEqual(shell.see(NAME)[1:], ["none", True])
        shell.do(NAME)
        self.assertEqual(shell.see(f"{NAME} – Casting")[1], "check")
        self.assertTrue(shell.now["checked"])
        self.assertEqual(shell.now["subtitle"], NAME)
        # The button ends all there is.
        shell.do("click")
        shell.see(NAME)
        self.assertFalse(shell.now["checked"])
        self.assertEqual(shell.now["told"], [])
        # Another one leaves, and is told of with what to do.
        study = self.stage.add_display("Study", "--behaviour", "stop")
        shell.see("Study")
        shell.do("Study")
        shell.see("Study – Casting")
        study.act()
        shell.see_that(lambda now: now["told"], "why it has ended")
        self.assertIn("Connect again", shell.now["told"][0][1])
        shell.see("Study")
        shell.do("Open Cast")
        shell.see_that(lambda now: now["opened"] == ["org.miracast.Cast.desktop"], "the window opened")
        # After that nothing is shown, whatever the daemon says.
        shell.do("disable")
        self.assertEqual(shell.end(), 0)
        self.assertNotRegex(self.log(), r"(?m)^.*(JS ERROR|Gjs-CRITICAL|Gjs-WARNING).*$")

    def test_refused(self):
        """The sentence that the daemon has for an error of the bus is found by the error's name."""
        shell = Shell(self.stage)
        self.stage.start_daemon()
        wait(self.owned, "the daemon")
        self.stage.add_display("Attic")
        shell.do("open")
        shell.see("Attic")
        shell.do("Attic")
        shell.see("Attic – Casting")
        shell.do("Attic")
        shell.see("Attic")
        self.assertEqual(shell.now["told"], [])
        # It goes: what is shown is not what is there, until it is clicked.
        self.stage.displays[0].gone()
        shell.do("Attic")
        shell.see_that(lambda now: now["told"], "why it is refused")
        self.assertIn("Check that the display is on", shell.now["told"][0][1])
        self.assertEqual(len(shell.now["told"]), 1)
        self.assertEqual(shell.end(), 0)

    def test_question(self):
        """Whether a display that has called may have the screen is asked in the window; a click here says neither yes nor no."""
        shell = Shell(self.stage)
        self.stage.start_daemon()
        wait(self.owned, "the daemon")
        shell.do("open")
        with self.stage.call(self.stage.listen(), "127.0.0.20") as caller:
            shell.see("127.0.0.20 – Asks to show your screen")
            self.assertFalse(shell.now["checked"])
            shell.do("127.0.0.20")
            shell.see_that(lambda now: now["opened"] == ["org.miracast.Cast.desktop"], "the window opened")
            # Nor does the button, which ends what is cast.
            shell.do("click")
            caller.settimeout(1)
            self.assertRaises(TimeoutError, caller.recv, 1)
            shell.see("127.0.0.20 – Asks to show your screen")
            # What people call it may have been given to another one that had this address; that itself is shown, too.
            self.stage.ask_daemon("SetAlias", "(ss)", "127.0.0.20", "Den")
            shell.see("Den – 127.0.0.20 asks to show your screen")
        self.assertEqual(shell.end(), 0)

    @staticmethod
    def owned() -> bool:
        from gi.repository import Gio, GLib
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        return bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner",
                             GLib.Variant("(s)", ("org.miracast.Miracast1",)), None, 0, -1, None).unpack()[0]


class Applet(unittest.TestCase):
    def test_question(self):
        """What Plasma's applet says of a display that asks: its address, beside what people call it."""
        source = (TOP / "userspace/plasma/contents/ui/main.qml").read_text(encoding="utf-8")
        described, = re.findall(r"^    (function describe\(.*?^    \})$", source, re.M | re.S)
        script = ("const domain = '', i18nd = (domain, text) => text;\n" + described +
                  "\nfor (const name of ['Den', '192.0.2.7'])"
                  " print(describe({name, address: '192.0.2.7', state: 'asking'}));\n")
        said = subprocess.run(["gjs", "-c", script], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertEqual(said.splitlines(), ["192.0.2.7 asks to show your screen", "Asks to show your screen"])
        self.assertIn("address: String(values.SinkId)", source)
        self.assertIn("root.describe(row.modelData)", source)


class Files(unittest.TestCase):
    def test_metadata(self):
        data = json.loads((EXTENSION / "metadata.json").read_text(encoding="utf-8"))
        built = (EXTENSION / "meson.build").read_text(encoding="utf-8")
        self.assertIn(f"'gnome-shell/extensions/{data['uuid']}'", built)
        self.assertEqual(data["gettext-domain"], "miracast-cast")
        for name in ("extension.js", "daemon.js", "metadata.json"):
            self.assertIn(f"'{name}'", built)


if __name__ == "__main__":
    PROGRAMS.update(zip(("miracastd", "umd"), sys.argv[1:3]))
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
