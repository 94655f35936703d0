#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_bus_policy.py POLICY [unittest's options]

The policy that is installed for the system bus, on a bus with a system bus's defaults: what gets through to the daemon from
who is not root.
"""
from __future__ import annotations

import getpass
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from gi.repository import Gio, GLib

NAME = "org.miracast.Miracast1"
POLICY = pathlib.Path(sys.argv.pop(1))
CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:dir={directory}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>
<allow receive_type="signal"/><allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/></policy>
<include>{directory}/policy.conf</include></busconfig>
"""


class Policy(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="policy-")
        self.addCleanup(temporary.cleanup)
        directory = pathlib.Path(temporary.name)
        # Whoever runs this owns the name as root does, and sends as anybody.
        text = POLICY.read_text(encoding="utf-8").replace('user="root"', f'user="{getpass.getuser()}"')
        text = text.replace(f'<allow send_destination="{NAME}"/>', "", 1)
        (directory / "policy.conf").write_text(text, encoding="utf-8")
        (directory / "bus.conf").write_text(CONFIG.format(directory=directory), encoding="utf-8")
        bus = subprocess.Popen(["dbus-daemon", "--nofork", "--print-address", f"--config-file={directory}/bus.conf"],
                               stdout=subprocess.PIPE, text=True)
        self.addCleanup(bus.wait)
        self.addCleanup(bus.stdout.close)
        self.addCleanup(bus.kill)
        self.address = bus.stdout.readline().strip()
        self.daemon, self.other = self.connect(), self.connect()
        self.daemon.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                              GLib.Variant("(su)", (NAME, 0)), None, Gio.DBusCallFlags.NONE, -1, None)
        self.heard: list[str] = []
        self.daemon.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE,
                                     lambda _bus, _sender, _path, _interface, signal, _values: self.heard.append(signal))

    def connect(self) -> Gio.DBusConnection:
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)

    def say(self, interface: str, signal: str) -> None:
        self.other.emit_signal(self.daemon.get_unique_name(), "/", interface, signal, None)

    def test_avahi_is_heard(self):
        self.say("org.example.Other", "Nothing")
        self.say("org.freedesktop.Avahi.ServiceBrowser", "ItemNew")
        deadline = time.monotonic() + 20
        while "ItemNew" not in self.heard:
            self.assertLess(time.monotonic(), deadline, self.heard)
            GLib.MainContext.default().iteration(False)
            time.sleep(0.01)
        # They keep their order, so the other one would have come by now.
        self.assertNotIn("Nothing", self.heard)

    def test_calls_get_through(self):
        # To the daemon, whose door decides. Here nobody answers.
        with self.assertRaises(GLib.Error) as unanswered:
            self.other.call_sync(NAME, "/org/miracast/Miracast1", f"{NAME}.Manager", "StopScan", None, None,
                                 Gio.DBusCallFlags.NONE, 500, None)
        self.assertNotIn("AccessDenied", str(unanswered.exception))


if __name__ == "__main__":
    unittest.main()
