#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What else is on the bus, played: Avahi, which finds what it is told on the standard input, a JSON list [NAME, ADDRESS,
PORT] a line; and what shows notifications, which prints them as [TITLE, TEXT, BUTTON...] and what it takes back as []; a JSON
string on the standard input is a click on the button of the last one.
"""
import json
import sys

from gi.repository import Gio, GLib

AVAHI = "org.freedesktop.Avahi"
BROWSER = "/Client0/ServiceBrowser0"
NOTIFICATIONS = "org.freedesktop.Notifications"
XML = """<node>
<interface name='org.freedesktop.Avahi.Server'>
 <method name='ResolveService'>
  <arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>
  <arg type='s' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='in'/>
  <arg type='i' direction='out'/><arg type='i' direction='out'/><arg type='s' direction='out'/>
  <arg type='s' direction='out'/><arg type='s' direction='out'/><arg type='s' direction='out'/>
  <arg type='i' direction='out'/><arg type='s' direction='out'/><arg type='q' direction='out'/>
  <arg type='aay' direction='out'/><arg type='u' direction='out'/>
 </method>
</interface>
<interface name='org.freedesktop.Avahi.Server2'>
 <method name='ServiceBrowserPrepare'>
  <arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>
  <arg type='u' direction='in'/><arg type='o' direction='out'/>
 </method>
</interface>
<interface name='org.freedesktop.Avahi.ServiceBrowser'><method name='Free'/><method name='Start'/></interface>
<interface name='org.freedesktop.Notifications'>
 <method name='GetCapabilities'><arg type='as' direction='out'/></method>
 <method name='GetServerInformation'>
  <arg type='s' direction='out'/><arg type='s' direction='out'/><arg type='s' direction='out'/><arg type='s' direction='out'/>
 </method>
 <method name='Notify'>
  <arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>
  <arg type='s' direction='in'/><arg type='as' direction='in'/><arg type='a{sv}' direction='in'/>
  <arg type='i' direction='in'/><arg type='u' direction='out'/>
 </method>
 <method name='CloseNotification'><arg type='u' direction='in'/></method>
</interface>
</node>"""


class Neighbours:
    def __init__(self, bus: Gio.DBusConnection):
        self._bus = bus
        self._services: dict[str, tuple[str, int]] = {}
        self._browsed = False
        self._buttons: dict[str, str] = {}    # of the last notification: text to name
        for interface, path in zip(Gio.DBusNodeInfo.new_for_xml(XML).interfaces,
                                   ("/", "/", BROWSER, "/org/freedesktop/Notifications")):
            bus.register_object(path, interface, self._called, None, None)
        for name in (AVAHI, NOTIFICATIONS):
            bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                          GLib.Variant("(su)", (name, 0)), None, Gio.DBusCallFlags.NONE, -1, None)

    def add(self, name: str, address: str, port: int) -> None:
        self._services[name] = (address, port)
        if self._browsed:
            self._say(name)

    def _say(self, name: str) -> None:
        self._bus.emit_signal(None, BROWSER, f"{AVAHI}.ServiceBrowser", "ItemNew",
                              GLib.Variant("(iisssu)", (1, 0, name, "_display._tcp", "local", 0)))

    def _called(self, _bus, _sender, _path, _interface, method, arguments, call) -> None:
        call.return_value(getattr(self, f"_{method}")(*arguments.unpack()))
        if method == "Start":
            for name in self._services:
                self._say(name)

    def _ResolveService(self, _interface, _protocol, name, kind, *_more):
        address, port = self._services[name]
        return GLib.Variant("(iissssisqaayu)", (1, 0, name, kind, "local", "display.local", 0, address, port, [], 0))

    def _ServiceBrowserPrepare(self, *_all):
        return GLib.Variant("(o)", (BROWSER,))

    def _Start(self):
        self._browsed = True

    def _Free(self):
        self._browsed = False

    def _GetCapabilities(self):
        return GLib.Variant("(as)", (["body", "body-markup", "actions"],))

    def _GetServerInformation(self):
        return GLib.Variant("(ssss)", ("test", "test", "1", "1.2"))

    def press(self, button: str) -> None:
        self._bus.emit_signal(None, "/org/freedesktop/Notifications", NOTIFICATIONS, "ActionInvoked",
                              GLib.Variant("(us)", (7, self._buttons[button])))

    def _Notify(self, _app, _id, _icon, title, text, actions, *_more):
        self._buttons = {label: name for name, label in zip(actions[::2], actions[1::2]) if name != "default"}
        print(json.dumps([title, text, *self._buttons]), flush=True)
        return GLib.Variant("(u)", (7,))

    def _CloseNotification(self, _number):
        print("[]", flush=True)


def main() -> None:
    neighbours = Neighbours(Gio.bus_get_sync(Gio.BusType.SESSION))
    loop = GLib.MainLoop()

    def told(_stream, _condition) -> bool:
        if line := sys.stdin.readline():
            said = json.loads(line)
            if isinstance(said, str):
                neighbours.press(said)
            else:
                neighbours.add(*said)
            return True
        loop.quit()
        return False

    print("ready", flush=True)
    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, told)
    loop.run()


main()
