# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Wi-Fi P2P half of a display: be found, be joined, get an address, learn where the source listens."""
from __future__ import annotations

import dataclasses
import ipaddress
import os
import signal
import subprocess
import time

from .neighbours import AnnouncementListener, RouterAdvertiser
from .wpa import Control, Supplicant, WpaError, words

HERE = os.path.dirname(os.path.abspath(__file__))
DHCP_EVENT = os.path.join(os.path.dirname(HERE), "udhcpc-event")
DEFAULT_RTSP_PORT = 7236
# WFD 5.1.2: primary sink, available for a session; no RTSP server of its own, so port 0; 200 Mbit/s.
# How wpa_supplicant, for its log alone, says that it refuses a request, since it is told to expect another method.
OTHER_METHOD = "P2P: We have wps_method="
WFD_DEVICE_INFO = "0006" "0011" "{port:04x}" "00c8"


@dataclasses.dataclass
class P2pOptions:
    interface: str
    name: str = "Test display"
    go_intent: int = 0
    persistent: bool = False            # keep a group that we own; one that the source owns is kept if that keeps it
    method: str = "pbc"                 # pbc, display (we show a PIN), keypad (we type the source's PIN)
    pin: str = "12345670"
    pin_file: str = ""                  # keypad: the PIN that the source shows comes here, and is taken from here
    answer: str = "accept"              # or reject, ignore
    accept_after: float = 0.0
    pin_first: int = 0                  # so many requests find us waiting for a PIN, whatever the method is
    listen: str = "listen"              # or find
    listen_channel: int = 0
    mice_address: str = ""              # where it can be called over the network, said over the air; "": nowhere
    wfd_port: int = 0
    owner_net: str = "192.168.173"
    dhcp_options: tuple[str, ...] = ()
    advertise_router: bool = False
    budget: float = 120.0
    time_scale: float = 1.0


@dataclasses.dataclass
class Link:
    """A group that is up. host:port is where the source listens for RTSP."""
    interface: str
    role: str
    peer: str
    address: str
    host: str
    port: int


def rtsp_port(subelements: str) -> int:
    """RTSP port in hex WFD subelements; the default if there is no device information or the port is 0."""
    data = bytes.fromhex(subelements)
    while len(data) >= 3:
        length = int.from_bytes(data[1:3], "big")
        if data[0] == 0 and length >= 6 and len(data) >= 7:
            return int.from_bytes(data[5:7], "big") or DEFAULT_RTSP_PORT
        data = data[3 + length:]
    return DEFAULT_RTSP_PORT


def network_offer(address: str) -> bytes:
    """An element of WPS with the Vendor Extension of [MS-MICE] 2.2.8: takes Miracast over Infrastructure, at that address."""
    def attribute(number: int, value: bytes) -> bytes:
        return number.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
    extension = bytes.fromhex("000137") + attribute(0x2001, b"\x05") + attribute(0x2005, address.encode("ascii") + b"\0")
    body = bytes.fromhex("0050f204") + attribute(0x1049, extension)
    return bytes([0xDD, len(body)]) + body


class P2pSink:
    """Use: start(), then join() for each session, leave() after it, stop() at the end."""

    def __init__(self, options: P2pOptions, directory: str):
        self.options = options
        self.directory = os.path.abspath(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.timeline: list[tuple[float, str]] = []
        self._t0 = time.monotonic()
        self._dhcp: subprocess.Popen | None = None
        self._listener = AnnouncementListener(self._note)
        self._advertiser: RouterAdvertiser | None = None
        self._supplicant: Supplicant | None = None
        self._control: Control | None = None
        self._events: Control | None = None
        self._overheard: Control | None = None
        self.group_interface = ""
        self._peer = ""
        self._typed = False             # the source's PIN, and it was told to wpa_supplicant
        self._pin_waits = 0             # requests that it is to refuse yet

    def _note(self, text: str) -> None:
        self.timeline.append((round(time.monotonic() - self._t0, 3), text))
        print(f"wfd-sink-p2p: [{self.timeline[-1][0]:8.3f}] {text}", flush=True)

    def start(self) -> None:
        options = self.options
        methods = {"pbc": "push_button virtual_push_button", "display": "display virtual_display", "keypad": "keypad"}
        settings = {"device_name": options.name, "device_type": "7-0050F204-1", "manufacturer": "test",
                    "config_methods": methods[options.method], "p2p_go_intent": str(options.go_intent),
                    "persistent_reconnect": "1"}
        if options.listen_channel:
            settings.update(p2p_listen_reg_class="81", p2p_listen_channel=str(options.listen_channel))
        self._supplicant = Supplicant(options.interface, self.directory, settings)
        limit = 30 * options.time_scale
        self._control = self._supplicant.connect(limit)
        self._events = self._supplicant.connect(limit)
        self._events.ok("ATTACH")
        self._control.ok("SET wifi_display 1")
        self._control.ok("WFD_SUBELEM_SET 0 " + WFD_DEVICE_INFO.format(port=options.wfd_port))
        if options.mice_address:
            # In Probe Responses of P2P (number 1 of wpa_supplicant's frames), behind its own element of WPS.
            self._control.ok(f"IFNAME={options.interface} VENDOR_ELEM_ADD 1 {network_offer(options.mice_address).hex()}")
        self._listener.start()
        self._note(f"wpa_supplicant is up on {options.interface}")

    def join(self) -> Link:
        """Waits until the source has formed a group with us. Raises WpaError when the budget is used up."""
        deadline = time.monotonic() + self.options.budget * self.options.time_scale
        self._control.ok("P2P_FIND" if self.options.listen == "find" else "P2P_LISTEN")
        self._note(f"visible ({self.options.listen})")
        while (left := deadline - time.monotonic()) > 0:
            event = self._events.event(min(left, 0.1 if self._pin_waits else 1.0))
            self._count_refusals()
            link = self._on_event(event) if event else None
            if link:
                return link
        raise WpaError(f"no group within {self.options.budget:.0f} s; last: {self.timeline[-1][1]}")

    def _on_event(self, event: str) -> Link | None:
        name, plain, named = words(event)
        if name.startswith(("P2P-", "WPS-", "AP-STA", "CTRL-EVENT-CONN")):
            self._note(event)
        if name == "P2P-GO-NEG-REQUEST":
            self._answer_negotiation(plain[0])
        elif name == "P2P-DEVICE-FOUND" and self.options.answer == "reject":
            # Said in advance: a request that comes before is answered "wait", and then the source waits.
            self._control.request(f"P2P_REJECT {plain[0]}")
        elif name == "P2P-DEVICE-FOUND" and self.options.pin_first and not self._overheard:
            self._wait_for_pin(plain[0])
        elif name == "P2P-PROV-DISC-SHOW-PIN":
            self.options.pin = plain[1]
        elif name == "P2P-PROV-DISC-ENTER-PIN" and self.options.method == "keypad":
            self._type_pin()
            self._connect(plain[0])
        elif name in ("P2P-GO-NEG-FAILURE", "P2P-GROUP-FORMATION-FAILURE"):
            self._typed = False
            self._control.request("P2P_LISTEN")
        elif name == "P2P-GROUP-STARTED":
            return self._group_up(plain[0], plain[1], named)
        return None

    def _wait_for_pin(self, peer: str) -> None:
        """Has wpa_supplicant expect a PIN: a request by push button is answered with P2P status 10, of which no event tells."""
        self._overheard = self._supplicant.overhear()
        self._control.ok(f"P2P_CONNECT {peer} {self.options.pin} keypad auth")
        self._peer, self._pin_waits = peer, self.options.pin_first
        self._note("waits for a PIN")

    def _count_refusals(self) -> None:
        while self._pin_waits and (said := self._overheard.event(0)):
            if said.startswith(OTHER_METHOD):
                self._note("has refused a request by another method")
                self._pin_waits -= 1
                if not self._pin_waits:
                    self._control.ok(f"P2P_UNAUTHORIZE {self._peer}")

    def _type_pin(self) -> None:
        """The source asks meanwhile; that was said before the PIN was there, and is not answered once more."""
        if not self.options.pin_file:
            return
        self.options.pin = self._wait_for_file(self.options.pin_file, "no PIN of the source's").strip()
        os.unlink(self.options.pin_file)
        self._note(f"typed the source's PIN {self.options.pin}")
        self._typed = True

    def _answer_negotiation(self, peer: str) -> None:
        self._peer = peer
        if self.options.answer == "ignore" or self._typed:
            return
        if self.options.answer == "reject":
            self._control.ok(f"P2P_REJECT {peer}")
            return
        time.sleep(self.options.accept_after * self.options.time_scale)
        self._connect(peer)

    def _connect(self, peer: str) -> None:
        method = "pbc" if self.options.method == "pbc" else f"{self.options.pin} {self.options.method}"
        persistent = " persistent" * self.options.persistent
        self._control.ok(f"P2P_CONNECT {peer} {method}{persistent} go_intent={self.options.go_intent}")

    # -- addresses -------------------------------------------------------------------------------------------

    def _group_up(self, interface: str, role: str, named: dict[str, str]) -> Link:
        self.group_interface = interface
        if self.options.advertise_router:
            self._advertiser = RouterAdvertiser(interface)
            self._advertiser.start()
        if role == "GO":
            address, host = self._own_network(interface)
        else:
            self._peer = named.get("go_dev_addr", self._peer)
            address, host = self._lease(interface)
        self._note(f"{role} on {interface}: own address {address}, source {host}")
        return Link(interface, role, self._peer, address, host, self._source_port())

    def _source_port(self) -> int:
        for line in self._control.request(f"P2P_PEER {self._peer}").splitlines():
            if line.startswith("wfd_subelems="):
                return rtsp_port(line.partition("=")[2].strip())
        self._note("the source's WFD element is not known, trying the default RTSP port")
        return DEFAULT_RTSP_PORT

    def _lease(self, interface: str) -> tuple[str, str]:
        """Address and group owner's address by DHCP; udhcpc keeps running and keeps the lease."""
        path = os.path.join(self.directory, "lease")
        if os.path.exists(path):
            os.unlink(path)
        self._dhcp = subprocess.Popen(["busybox", "udhcpc", "-f", "-i", interface, "-s", DHCP_EVENT, "-t", "30", "-T", "2"],
                                      env={**os.environ, "LEASE_FILE": path}, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        values = self._wait_for_file(path, "no DHCP lease from the group owner")
        lease = dict(line.split("=", 1) for line in values.splitlines() if "=" in line)
        return lease["ip"], lease.get("serverid") or lease["router"]

    def _own_network(self, interface: str) -> tuple[str, str]:
        """As group owner: our address, and the one the source took."""
        net = self.options.owner_net
        address, leases = f"{net}.1", os.path.join(self.directory, "dnsmasq.leases")
        if os.path.exists(leases):
            os.unlink(leases)
        subprocess.run(["ip", "addr", "replace", f"{address}/24", "dev", interface], check=True)
        self._dhcp = subprocess.Popen(
            ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", f"--interface={interface}",
             "--bind-interfaces", "--except-interface=lo", f"--dhcp-range={net}.10,{net}.20,1h",
             f"--dhcp-leasefile={leases}", "--pid-file=",
             *(f"--dhcp-option-force={option}" for option in self.options.dhcp_options)], stderr=subprocess.DEVNULL)
        host = self._wait_for_file(leases, "the source takes no DHCP lease").split()[2]
        return address, str(ipaddress.ip_address(host))

    def _wait_for_file(self, path: str, complaint: str) -> str:
        deadline = time.monotonic() + 30 * self.options.time_scale
        while time.monotonic() < deadline:
            if os.path.exists(path) and os.path.getsize(path):
                with open(path, encoding="ascii") as file:
                    return file.read()
            time.sleep(0.1)
        raise WpaError(complaint)

    # -- the end ---------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Ends the group, whoever is still in it."""
        if self._dhcp:
            self._dhcp.send_signal(signal.SIGTERM)
            self._dhcp.wait()
            self._dhcp = None
        if self._advertiser:
            self._advertiser.stop()
            self._advertiser = None
        if self.group_interface:
            self._control.request(f"P2P_GROUP_REMOVE {self.group_interface}")
            self._note(f"left {self.group_interface}")
            self.group_interface = ""

    def stop(self) -> None:
        self.leave()
        self._listener.stop()
        for one in (self._overheard, self._events, self._control):
            if one:
                one.close()
        if self._supplicant:
            self._supplicant.stop()
