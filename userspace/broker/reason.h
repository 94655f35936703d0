/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reason.h - why something failed or ended, and what the user can do
 *
 * Everything in the broker that fails sets a GError of the domain REASON_ERROR
 * whose code is an enum reason_code and whose message is one sentence about this
 * very case.  The code brings a machine name, which never changes once it was
 * released, and a hint: what to do next, as a sentence and as a code (hint.h).
 *
 * A session that ends keeps a struct reason.  It is made from such an error, or
 * of what the UMD said in its "end" message, whose names are CHANNEL_REASONS.
 */
#pragma once

#include <gio/gio.h>

#include "hint.h"

G_BEGIN_DECLS

/* R(id, name, hint, text): hint is the suffix of a HINT_*, text its sentence for this case */
#define REASONS(R) \
	R(DISCONNECTED, "disconnected", NONE, "") \
	R(SHUTDOWN, "shutdown", START_DAEMON, "Start miracastd again and connect again.") \
	R(SUSPENDED, "suspended", CONNECT_AGAIN, \
	  "Connect again; with --stay it comes back by itself when the computer is awake.") \
	R(NOT_ALLOWED, "not-allowed", GET_RIGHTS, \
	  "Ask an administrator, or join the group and log in again: sudo usermod -aG miracast $USER") \
	R(OTHERS_CAST, "cast-of-others", GET_RIGHTS, "Ask the user whose cast it is, or an administrator; or use sudo.") \
	R(CONFIGURATION, "configuration", CORRECT_SETTING, "Correct the setting that the message names.") \
	/* kernel */ \
	R(MODULE_MISSING, "module-missing", LOAD_MODULE, "Load the kernel module: modprobe miracast") \
	R(MODULE_NOT_INSTALLED, "module-not-installed", INSTALL_MODULE, \
	  "Install the module for this kernel, in the way in which miracastd was installed; see also: dkms status") \
	R(MODULE_REJECTED, "module-rejected", ENROLL_KEY, \
	  "Enroll the key that signs it: mokutil --import /var/lib/dkms/mok.pub, then restart (user guide: Secure Boot)") \
	R(MODULE_FAILED, "module-failed", SEE_LOG, \
	  "See why: journalctl -u miracast-module, and the kernel log (dmesg)") \
	R(NO_RIGHTS, "no-rights", GET_RIGHTS, \
	  "Run miracastd as root, or as a member of the group that owns the device.") \
	R(ABI_MISMATCH, "abi-mismatch", MATCH_VERSIONS, \
	  "Install module and daemon of one release, then reload: modprobe -r miracast && modprobe miracast") \
	R(OTHER_BROKER, "other-broker", STOP_OTHER_PROGRAM, \
	  "Stop the other miracastd first (systemctl stop miracastd).") \
	R(NO_FREE_CONNECTOR, "no-free-connector", DISCONNECT_OTHER, \
	  "Disconnect another display, or load the module with a larger max_sinks.") \
	R(KERNEL, "kernel-error", SEE_LOG, "See the kernel log (dmesg).") \
	/* UMD */ \
	R(UMD_START, "umd-not-started", CHECK_INSTALLATION, "Check the installation, or give the program with --umd=PATH.") \
	R(UMD_NOT_CONFINED, "umd-not-confined", SEE_LOG, \
	  "See why: journalctl -u miracastd; nothing is cast without the filter of system calls.") \
	R(UMD_DIED, "umd-died", REPORT, "This is a bug: connect again, and report it with the log.") \
	R(UMD_HUNG, "umd-hung", REPORT, "This is a bug: connect again, and report it with the log.") \
	R(UMD_PROTOCOL, "umd-protocol", MATCH_VERSIONS, "Check that miracastd and miracast-umd are of one release.") \
	/* sockets */ \
	R(ADDRESS_INVALID, "address-invalid", CORRECT_SETTING, \
	  "Give a numeric address of this machine, with :PORT if not 7236.") \
	R(ADDRESS_IN_USE, "address-in-use", STOP_OTHER_PROGRAM, "End the other program that listens there (ss -tlnp).") \
	R(TOO_MANY_ADDRESSES, "too-many-addresses", STOP_LISTENING, \
	  "Give one up first: miracastctl status, miracastctl unlisten ADDRESS:PORT") \
	R(SINK_NEVER_DIALLED, "sink-never-dialled", OPEN_FIREWALL, \
	  "Check that no firewall here drops TCP port 7236, then restart the display and connect again.") \
	R(LINK_UNAVAILABLE, "link-unavailable", RUN_DOCTOR, "Run: miracastctl doctor") \
	R(LINK_BUSY, "link-busy", DISCONNECT_OTHER, \
	  "Disconnect the other display first: miracastctl disconnect, or end the other program") \
	R(SINK_UNKNOWN, "sink-unknown", SCAN, "Run: miracastctl scan") \
	R(SINK_BUSY, "sink-busy", DISCONNECT_OTHER, "Disconnect it first: miracastctl disconnect") \
	R(SINK_UNAVAILABLE, "sink-unavailable", OPEN_MIRRORING, \
	  "Open screen mirroring on the display, then scan and connect again.") \
	/* the network */ \
	R(HOST_UNKNOWN, "host-unknown", CHECK_NAME, \
	  "Check the name, or give the display's IP address; names in .local need avahi-daemon and libnss-mdns, or systemd-resolved.") \
	R(CONTROL_REFUSED, "control-refused", CHECK_DISPLAY, \
	  "Check that the display is on, in this network, and lets computers cast over the network; or cast over Wi-Fi P2P: miracastctl scan") \
	R(CONTROL_LOST, "control-lost", CHECK_DISPLAY, \
	  "Check that the display is on and in the network, then connect again.") \
	R(CONTROL_PROTOCOL, "control-protocol", CONNECT_AGAIN, \
	  "Connect again; if it happens each time, report the display's model with the debug log.") \
	R(SECURITY_UNSUPPORTED, "security-unsupported", CONNECT_WITH_PIN, \
	  "Connect with --pin, or with --encrypt; or cast over Wi-Fi P2P: miracastctl scan") \
	R(ENCRYPTION_FAILED, "encryption-failed", CONNECT_AGAIN, \
	  "Connect again; if it happens each time, this display can only be used without --pin and --encrypt.") \
	R(PIN_WRONG, "pin-wrong", ENTER_PIN, "Connect again, and type the PIN that is shown then.") \
	R(PIN_NOT_ENTERED, "pin-not-entered", ENTER_PIN, \
	  "Connect again, and type the PIN that is shown within two minutes.") \
	R(PIN_NOT_WANTED, "pin-not-wanted", SEE_STATUS, "See what the session waits for: miracastctl status") \
	R(CALL_NOT_ACCEPTED, "call-not-accepted", ACCEPT_CALL, \
	  "Let the display call again and say yes in time: miracastctl accept; or listen for its address alone: --from ADDRESS") \
	R(CONSENT_NOT_WANTED, "consent-not-wanted", SEE_STATUS, "See what the session waits for: miracastctl status") \
	/* The UMD has the same name for a display that says it in RTSP. */ \
	R(SINK_LEFT, "sink-left", CONNECT_AGAIN, "Connect again if this was not done on purpose at the display.") \
	/* Wi-Fi P2P */ \
	R(SUPPLICANT_MISSING, "supplicant-missing", INSTALL_SUPPLICANT, \
	  "Install and start wpa_supplicant: systemctl start wpa_supplicant") \
	R(SUPPLICANT_FAILED, "supplicant-failed", SEE_LOG, "See the log of wpa_supplicant: journalctl -u wpa_supplicant") \
	R(NO_WFD_SUPPORT, "no-wfd-support", INSTALL_SUPPLICANT, \
	  "Install a wpa_supplicant that is built with Wi-Fi Display (Debian's is).") \
	R(NO_WIFI, "no-wifi", SWITCH_ON_WIFI, "Plug in or switch on a Wi-Fi adapter (rfkill list).") \
	R(NO_P2P_SUPPORT, "no-p2p-support", USE_OTHER_ADAPTER, \
	  "Use another Wi-Fi adapter or driver, or the direct link: miracastctl listen ADDRESS") \
	R(NEEDS_PIN, "needs-pin", CHOOSE_PAIRING, \
	  "Choose push button (PBC) on the display if it has that setting, or a PIN that it shows or has typed.") \
	R(NO_PIN, "no-pin", CONNECT_WITHOUT_PIN, "Connect without --pin: the display takes push button.") \
	R(PIN_REFUSED, "pin-refused", CHOOSE_PAIRING, \
	  "Set the display to push button, or let it take connections with a PIN, then connect again.") \
	R(SINK_NOT_IN_SIGHT, "sink-not-in-sight", OPEN_MIRRORING, \
	  "Open screen mirroring on the display and move closer, then connect again.") \
	R(NOT_ACCEPTED, "not-accepted", ACCEPT_ON_DISPLAY, \
	  "Open screen mirroring on the display, connect again, and accept there.") \
	R(REJECTED, "rejected", ACCEPT_ON_DISPLAY, "Accept the connection at the display, or lift the block there.") \
	R(NO_COMMON_CHANNEL, "no-common-channel", CHANGE_NETWORK, \
	  "Leave the Wi-Fi network, or join one on 2.4 GHz, then connect again.") \
	R(WPS_FAILED, "wps-failed", FORGET_ON_DISPLAY, "Forget this computer on the display, then connect again.") \
	R(GROUP_FAILED, "group-failed", CONNECT_AGAIN, \
	  "Connect again; if it goes on, switch Wi-Fi of the display off and on.") \
	R(GROUP_ENDED, "group-ended", CHECK_DISPLAY, "Check that the display is on and in range, then connect again.") \
	R(ADDRESS_REFUSED, "address-refused", CHANGE_NETWORK, \
	  "Leave the network that the message names, or restart the display, then connect again.") \
	R(ADDRESS_FAILED, "address-failed", SEE_LOG, "See the log of miracastd for the command that failed.") \
	R(DHCP_MISSING, "dhcp-missing", INSTALL_PROGRAM, "Install the program that the message names.")

enum reason_code {
#define R(id, name, hint, text) REASON_##id,
	REASONS(R)
#undef R
	N_REASONS,
};

/* On D-Bus these errors are REASON_DBUS_PREFIX and the name with "_" for "-". */
#define REASON_DBUS_PREFIX "org.miracast.Miracast1.Error."

#define REASON_ERROR (reason_error_quark())
GQuark reason_error_quark(void);

const char *reason_code_name(enum reason_code code);
struct hint reason_code_hint(enum reason_code code);

/**
 * struct reason - why it is over
 * @name: machine name
 * @message: what happened
 * @hint_code: what the user can do, for programs, see struct hint; may be ""
 * @hint: the same for people; may be ""
 */
struct reason {
	char *name;
	char *message;
	char *hint_code;
	char *hint;
};
typedef struct reason reason;

reason *reason_new(const char *name, const char *message, struct hint hint);
reason *reason_copy(const reason *r);
reason *reason_new_code(enum reason_code code, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* An error of another domain becomes the code @otherwise. */
reason *reason_from_error(const GError *error, enum reason_code otherwise);
void reason_free(reason *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(reason, reason_free)

/* The hint of an error: of its code in this domain, NO_HINT in another. */
struct hint reason_error_hint(const GError *error);

/* Floating, a{s(ss)}: of all names, those of CHANNEL_REASONS too, code and text of the hint. */
GVariant *reason_hints(void);

G_END_DECLS
