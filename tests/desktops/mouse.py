# SPDX-License-Identifier: LGPL-2.1-or-later
"""A mouse that a program moves, through uinput."""
from __future__ import annotations

import fcntl
import os
import pathlib
import struct
import time

EV_SYN, EV_KEY, EV_REL = 0, 1, 2
REL_X, REL_Y = 0, 1
BTN_LEFT = 0x110
UI_DEV_CREATE, UI_DEV_DESTROY = 0x5501, 0x5502
UI_SET_EVBIT, UI_SET_KEYBIT, UI_SET_RELBIT = 0x40045564, 0x40045565, 0x40045566
# struct uinput_user_dev: name, bus, vendor, product, version, effects, axes
NAME = "test mouse"
DEVICE = struct.pack("80s4HI1024x", NAME.encode(), 3, 1, 1, 1, 0)


class Mouse:
    """There while the context lasts."""

    def __enter__(self) -> Mouse:
        self.fd = os.open("/dev/uinput", os.O_WRONLY)
        for request, bit in ((UI_SET_EVBIT, EV_KEY), (UI_SET_KEYBIT, BTN_LEFT), (UI_SET_EVBIT, EV_REL),
                             (UI_SET_RELBIT, REL_X), (UI_SET_RELBIT, REL_Y)):
            fcntl.ioctl(self.fd, request, bit)
        os.write(self.fd, DEVICE)
        fcntl.ioctl(self.fd, UI_DEV_CREATE)
        return self

    def __exit__(self, *_exception) -> None:
        fcntl.ioctl(self.fd, UI_DEV_DESTROY)
        os.close(self.fd)

    @staticmethod
    def is_open() -> bool:
        """Somebody listens to it. What is moved before is lost."""
        nodes = {f"/dev/input/{path.parent.parent.name}" for path in pathlib.Path("/sys/class/input").glob("event*/device/name")
                 if path.read_text(encoding="utf-8").strip() == NAME}
        for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
            try:
                if os.readlink(link) in nodes:
                    return True
            except OSError:
                # It has been closed meanwhile.
                pass
        return False

    def move(self, x: int, y: int, times: int = 1) -> None:
        for _ in range(times):
            for kind, code, value in ((EV_REL, REL_X, x), (EV_REL, REL_Y, y), (EV_SYN, 0, 0)):
                os.write(self.fd, struct.pack("qqHHi", 0, 0, kind, code, value))
            time.sleep(0.05)
