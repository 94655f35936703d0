#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What KWin shows on all screens, as a PNG. Runs as the user, in a session that permits it to everybody.

    plasma_screenshot.py FILE
"""
from __future__ import annotations

import os
import struct
import sys
import threading
import zlib

import dbus

# An emulated processor draws, and hands over, a workspace.
PATIENCE_S = 150


def png(width: int, height: int, stride: int, pixels: bytes) -> bytes:
    """Of blue, green, red and alpha, premultiplied; nothing of a whole desktop is transparent."""
    lines = []
    for row in range(height):
        line = pixels[row * stride:row * stride + 4 * width]
        rgb = bytearray(3 * width)
        rgb[0::3], rgb[1::3], rgb[2::3] = line[2::4], line[1::4], line[0::4]
        lines.append(b"\0" + rgb)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(b"IEND", b"")


def main() -> int:
    read_end, write_end = os.pipe()
    received: list[bytes] = []

    def receive() -> None:
        with open(read_end, "rb") as pipe:
            received.append(pipe.read())
    reader = threading.Thread(target=receive)
    reader.start()
    kwin = dbus.SessionBus().get_object("org.kde.KWin", "/org/kde/KWin/ScreenShot2")
    try:
        image = dbus.Interface(kwin, "org.kde.KWin.ScreenShot2").CaptureWorkspace(
            dbus.Dictionary({"include-cursor": False}, signature="sv"), dbus.types.UnixFd(write_end),
            timeout=PATIENCE_S)
    finally:
        os.close(write_end)
    reader.join()
    with open(sys.argv[1], "wb") as file:
        file.write(png(int(image["width"]), int(image["height"]), int(image["stride"]), received[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
