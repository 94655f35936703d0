# SPDX-License-Identifier: LGPL-2.1-or-later
"""A computer with iwd, which has the Wi-Fi adapter."""
from __future__ import annotations

import contextlib
import pathlib
import shutil

from p2p.expectations import Expected
from p2p.machine import interfaces, tables
from p2p.scene import Scene, ctl
from p2p.waiting import demand, wait_for
from radios import run

LOG = "/tmp/iwd.log"
# A display that is owner of the group claims to be a router, too, and to know names.
ROUTERS = ("--dhcp-option", "3,192.168.173.1", "--dhcp-option", "6,192.168.173.1")


@contextlib.contextmanager
def has_the_adapter(scene: Scene, configuration: str = "[General]\nEnableNetworkConfiguration=true\n"):
    """iwd has the source's adapter, as its package has it but for a log."""
    interface = scene.radios.source_interface
    pathlib.Path("/etc/iwd").mkdir(exist_ok=True)
    pathlib.Path("/etc/iwd/main.conf").write_text(configuration, encoding="utf-8")
    scene.systemd.configure("iwd", "ExecStart=", "ExecStart=/usr/libexec/iwd -d", f"StandardError=append:{LOG}",
                            f"StandardOutput=append:{LOG}")
    scene.systemd.inside("systemctl", "stop", "wpa_supplicant")
    scene.systemd.inside("systemctl", "start", "iwd")
    try:
        yield
    finally:
        scene.systemd.inside("systemctl", "stop", "iwd")
        shutil.copy(LOG, scene.logs)
        # It makes an interface of its own, and takes it along.
        if interface not in interfaces():
            run("iw", "phy", scene.radios.source_phy, "interface", "add", interface, "type", "managed")
        scene.systemd.inside("systemctl", "start", "wpa_supplicant")


def gone(link: str, expected: Expected) -> None:
    wait_for("the session is gone", lambda: not ctl("status")[1]["sessions"])
    wait_for("the link is gone", lambda: link not in interfaces() and not tables(), expected["left-seconds"])


def device_is_as(expected: Expected) -> None:
    """Its P2P device, as busctl prints that."""
    says = run("busctl", "get-property", "net.connman.iwd", "/net/connman/iwd/0", "net.connman.iwd.p2p.Device", "Enabled").strip()
    demand(says == expected["device-enabled"], f"iwd's P2P device is enabled: {says}")
