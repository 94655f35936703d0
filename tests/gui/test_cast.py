#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_cast.py MIRACASTD MIRACAST-UMD MIRACAST-CAST PLAYED-DAEMON [--keep DIR] [unittest's options]

The window of miracast-cast with the real daemon and displays of the test's own: found, clicked, cast to, left.
"""
from __future__ import annotations

import pathlib
import re
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1])]

from stage import SECONDS, Display, Screen, Stage, wait  # noqa: E402
from steadiness import SANITIZER_REPORT  # noqa: E402

# The name is as it comes over the network, which anybody can choose.
NAME = "<b>TV</b> & \"co\""
LATENCY = "microsoft_latency_management_capability"
PROGRAMS: dict[str, str] = {}
DIRECTORY = pathlib.Path()


class Window(unittest.TestCase):
    """One screen for all of them: what is started takes longer than what is tried."""

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage(DIRECTORY, PROGRAMS)
        cls.addClassCleanup(cls.stage.close)
        cls.stage.begin()
        cls.opened = {name: cls.stage.add_panel(f"gnome-{name}-panel") for name in ("sound", "display")}
        cls.cast = cls.stage.start_cast()
        cls.screen = Screen()

    def see(self, text: str, seconds: float = 20):
        wait(lambda: self.screen.has(text), f"{text!r}; there is {self.screen.texts()}", seconds)

    def see_some(self, part: str, seconds: float = 20):
        wait(lambda: any(part in text for text in self.screen.texts()), f"{part!r}; there is {self.screen.texts()}", seconds)

    def find_display(self, name: str, *options: str) -> Display:
        """The window looks for displays for a minute; what was before may have taken longer."""
        if self.screen.find("Search again", "push button", "button"):
            self.screen.click("Search again")
        display = self.stage.add_display(name, *options)
        self.see(name)
        return display

    def told(self, title: str) -> list[str]:
        return wait(lambda: next((said for said in self.stage.notifications if said and said[0] == title), None),
                    f"a notification {title!r} in {self.stage.notifications}")

    def test_1_no_daemon(self):
        self.see("Cannot cast")
        self.see("miracastd is not running\nStart it: systemctl start miracastd")

    def test_2_cast(self):
        self.stage.start_daemon()
        self.see("No display found")
        self.screen.click("Search again")
        self.see("Looking for displays")
        display = self.stage.add_display(NAME, "--behaviour", "stop", "--duration", "100")
        self.see(NAME)
        self.see("Ready")
        self.stage.picture("found")
        self.screen.click(f"Connect to {NAME}")
        self.see_some("Casting")
        self.stage.picture("casting")
        self.screen.click("Sound settings")
        wait(self.opened["sound"].exists, "the desktop's settings of sound")
        # Mode, mirror and extend are the desktop's as well.
        self.screen.click("Display settings")
        wait(self.opened["display"].exists, "the desktop's settings of monitors")
        self.look_at_numbers(f"Measurements of {NAME}")
        self.screen.click(f"Disconnect {NAME}")
        self.see("Ready")
        shown = self.screen.dump()
        for name in ("Sound settings", "Display settings", "Measurements"):
            self.assertNotIn(name, shown)
        display.gone()

    def look_at_numbers(self, title: str):
        """They are there when they are asked for, in words, and keep up with the cast."""
        self.assertIsNone(self.screen.find(title, "list"))
        self.screen.click(title, "toggle button", "push button", "button")
        rows = wait(lambda: self.screen.find(title, "list"), f"the numbers; there is {self.screen.dump()}")

        def numbers() -> dict[str, tuple[str, str]]:
            """What it is: how good, and the number, as a screen reader says them."""
            return {name.partition(": ")[0]: (name.partition(": ")[2], text)
                    for name, text in self.screen.items(rows).items()}
        wait(lambda: {"Frame rate", "Delay", "Bit rate", "Key frames", "Sound"} <= set(numbers()), "all of them")
        first = numbers()
        for verdict, text in first.values():
            self.assertIn(verdict, ("good", "fair", "poor", "unknown"))
            self.assertRegex(text, r"\d|not known")
        self.assertIn(" ms, 95 % within ", first["Delay"][1])
        self.assertIn(" Mbit/s, the encoder may have ", first["Bit rate"][1])
        # What is heard is seen.
        self.see_some(" Mbit/s, the encoder may have ")
        self.stage.picture("numbers")
        wait(lambda: numbers()["Delay"][1] != first["Delay"][1], "another delay")

    def test_3_left(self):
        """Why it is over is said in the window, and to who does not look at it."""
        self.assertEqual([said for said in self.stage.notifications if said], [])
        self.stage.look_away()
        display = self.find_display("Study", "--behaviour", "stop")
        self.screen.click("Connect to Study")
        self.see_some("Casting")
        display.act()
        self.see("Not connected")
        self.stage.picture("left")
        self.assertIn("Connect again", self.told("Study has left")[1])
        # What the hint says to do, the same button does; that display calls nobody any more.
        self.screen.click("Try again with Study")
        self.see_some("Study takes no connection")

    def choose_latency(self):
        self.assertEqual(self.screen.pressed(), ["Latency: Normal"])
        self.screen.click("Latency: Low", "toggle button", "push button")
        wait(lambda: self.screen.pressed() == ["Latency: Low"], "it pressed, and no other one")

    def test_4_chosen(self):
        """A PIN, and a latency, of which the display is told."""
        display = self.find_display("Attic", "--pin", "87654321", "--param", f"{LATENCY}=supported")
        self.choose_latency()
        self.screen.click("Ask for a PIN", "check box", "switch")
        # It slides, and is on only when it is there; a busy machine takes its time, and who clicks sooner asks for no PIN.
        wait(lambda: self.screen.is_on("Ask for a PIN"), "the switch on")
        self.screen.click("Connect to Attic")
        self.see("Type the PIN that the display shows")
        self.assertIn("PIN", self.told("Attic wants a PIN")[1])
        self.be_called_while_typing()
        self.screen.type("PIN", "12")
        self.screen.click("Send")
        self.see_some("A PIN has 4 to 16 digits")
        self.stage.picture("pin")
        self.screen.type("PIN", "8765 4321")
        self.screen.click("Send")
        self.see_some("Casting")
        self.screen.click("Disconnect Attic")
        self.see("Ready")
        transcript = (display.directory / "rtsp.log").read_text(encoding="utf-8")
        self.assertEqual(re.findall(rf"^ *\| {LATENCY}: (low|normal|high)$", transcript, re.M), ["low"])
        for line in ("pin=true", "latency=low"):
            self.assertIn(line, (DIRECTORY / "miracast/cast.conf").read_text(encoding="utf-8"))

    def be_called_while_typing(self):
        """Whoever types a PIN goes on with that, whoever calls meanwhile."""
        entry = ("PIN", "text", "entry", "password text")
        wait(lambda: self.screen.has_focus(*entry), "the entry to have the keyboard")
        with self.stage.call(self.stage.listen(), "127.0.0.24") as caller:
            wait(lambda: self.screen.find("Allow 127.0.0.24 to show your screen", "push button", "button"), "the question")
            self.assertTrue(self.screen.has_focus(*entry))
            self.screen.click("Refuse 127.0.0.24")
            self.assertEqual(caller.recv(1), b"")

    def test_5_refused(self):
        """What was there is there no more."""
        self.screen.click(f"Connect to {NAME}")
        self.see_some("Check that the display is on")

    def test_6_again(self):
        """What was chosen is chosen in the next window, and what was cast to is known there."""
        self.cast.terminate()
        self.cast.wait(10)
        self.stage.start_cast()
        self.see(NAME)
        self.see("Attic")
        wait(lambda: self.screen.is_on("Ask for a PIN"), "the switch as it was left")
        self.assertFalse(self.screen.is_on("Reconnect"))
        self.assertEqual(self.screen.pressed(), ["Latency: Low"])
        self.stage.picture("again")

    def test_7_kept(self):
        """What is kept of a display is changed in its row, which stays open meanwhile."""
        self.assertIsNone(self.screen.find("Rename", "push button", "button"))
        self.find_display("Den")
        # Which of the two a toggle button is depends on GTK's version.
        self.screen.click("Settings of Den", "push button", "toggle button")
        switch = "Connect whenever it is in sight"
        wait(lambda: self.screen.find(switch, "check box", "switch"), f"a switch; there is {self.screen.dump()}")
        self.assertFalse(self.screen.is_on(switch))
        self.screen.type("Name of your own", "Loft <1>")
        self.screen.click("Rename")
        self.see("Loft <1>")
        self.screen.click(switch, "check box", "switch")
        wait(lambda: self.screen.is_on(switch), "the switch on")
        wait(lambda: "autoconnect=true" in self.kept(), f"it on in what is kept: {self.kept()}")
        self.see_some("Casting")
        self.stage.picture("kept")
        self.screen.click("Disconnect Loft <1>")
        wait(lambda: self.screen.find("Connect to Loft <1>", "push button", "button"), "it over")
        self.screen.click("Forget this display")
        wait(lambda: "Loft" not in self.kept(), f"it forgotten: {self.kept()}")
        self.see("Den")
        wait(lambda: not self.screen.is_on(switch), "the switch off")

    def test_7_question(self):
        """A display that calls is not answered before somebody says yes; the no is what the keyboard is at."""
        where = self.stage.listen()
        with self.stage.call(where, "127.0.0.20") as caller:
            self.see("Asks to show your screen")
            wait(lambda: self.screen.has_focus("Refuse 127.0.0.20"), "the no to have the keyboard")
            self.stage.picture("question")
            caller.settimeout(1)
            self.assertRaises(TimeoutError, caller.recv, 1)
            caller.settimeout(SECONDS)
            self.screen.click("Allow 127.0.0.20 to show your screen")
            self.assertEqual(caller.recv(7), b"OPTIONS")
            self.stage.ask_daemon("DisconnectAll")
        with self.stage.call(where, "127.0.0.21") as caller:
            self.stage.look_away()
            self.see("Asks to show your screen")
            self.screen.click("Refuse 127.0.0.21")
            self.assertEqual(caller.recv(1), b"")
            wait(lambda: not self.screen.has("127.0.0.21"), "its row gone")
        self.answer_notification(where)

    def answer_notification(self, where: tuple[str, int]):
        """The same for who does not look at the window."""
        with self.stage.call(where, "127.0.0.22") as caller:
            _, text, *buttons = self.told("127.0.0.22 asks to show your screen")
            self.assertIn("Allow it only if", text)
            self.assertEqual(buttons, ["Refuse", "Allow"])
            self.stage.press("Refuse")
            self.assertEqual(caller.recv(1), b"")
        with self.stage.call(where, "127.0.0.23") as caller:
            self.told("127.0.0.23 asks to show your screen")
            self.stage.press("Allow")
            self.assertEqual(caller.recv(7), b"OPTIONS")
            self.stage.ask_daemon("DisconnectAll")

    def test_8_accept(self):
        """Who does not look at the window is told that somebody has to say yes at the display."""
        self.stage.play_daemon()
        self.see("Gallery")
        self.stage.look_away()
        self.screen.click("Connect to Gallery")
        self.see("Accept the connection at the display")
        self.assertIn("asks whether", self.told("Accept the connection at Gallery")[1])

    def kept(self) -> str:
        return (DIRECTORY / "displays").read_text(encoding="utf-8")


def main() -> bool:
    global DIRECTORY
    PROGRAMS.update(zip(("miracastd", "umd", "cast", "played"), sys.argv[1:5]))
    rest = sys.argv[5:]
    with tempfile.TemporaryDirectory(prefix="cast-") as temporary:
        DIRECTORY = pathlib.Path(temporary)
        if rest[:1] == ["--keep"]:
            DIRECTORY = pathlib.Path(rest[1])
            DIRECTORY.mkdir(parents=True, exist_ok=True)
            rest = rest[2:]
        passed = unittest.main(argv=[sys.argv[0], *rest], failfast=True, exit=False).result.wasSuccessful()
        log = (DIRECTORY / "log").read_text(encoding="utf-8", errors="replace")
        complaint = SANITIZER_REPORT.search(log) or re.search(r"^.*-CRITICAL \*\*.*$", log, re.M)
        if complaint:
            print(f"a program has complained: {complaint[0]}", file=sys.stderr)
        if complaint or not passed:
            print(log, file=sys.stderr)
        return bool(complaint) or not passed


if __name__ == "__main__":
    sys.exit(main())
