/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hint.h - what people can do when something fails or is not as it should be
 *
 * To people a hint is a sentence, which says it of the very case, and may be another one in the next release or in
 * another language.  To programs it is a code, which stays: a button can do what it says, and a script can know that
 * there is no sense in trying again.  Several sentences may have the same code; a sentence never goes without one,
 * since both travel as a struct hint, or stand beside each other in a row of REASONS (reason.h) or CHANNEL_REASONS
 * (channel.h).
 *
 * HINTS is the only list of codes.  A code never changes once it was released; new ones may come, so who meets one that
 * he does not know shows the sentence.  miracastctl(1) explains them.
 *
 * Pure functions; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* H(id, code, meaning): the meaning is that of the manual page, word by word */
#define HINTS(H) \
	H(NONE, "", "there is nothing to be done") \
	/* with the same display again */ \
	H(CONNECT_AGAIN, "connect-again", "connect again, as before") \
	H(OPEN_MIRRORING, "open-mirroring", "open screen mirroring on the display, then connect again") \
	H(ACCEPT_ON_DISPLAY, "accept-on-display", "connect again, and say yes at the display") \
	H(RESTART_DISPLAY, "restart-display", "restart the display or its screen mirroring, then connect again") \
	H(CHECK_DISPLAY, "check-display", "see that the display is on and can be reached, then connect again") \
	H(MOVE_CLOSER, "move-closer", "move closer to the display, then connect again") \
	H(FORGET_ON_DISPLAY, "forget-on-display", "let the display forget this computer, then connect again") \
	H(UPDATE_DISPLAY, "update-display", "update the display's firmware") \
	H(CHOOSE_PAIRING, "choose-pairing", "choose on the display how it lets itself be connected to: push button, or a PIN") \
	H(ENTER_PIN, "enter-pin", "connect again, and type the PIN that the display shows") \
	H(ACCEPT_CALL, "accept-call", "let the display call again, and say yes here in time; or listen for its address alone") \
	/* otherwise than before */ \
	H(CONNECT_WITH_PIN, "connect-with-pin", "connect with a PIN, or encrypted") \
	H(CONNECT_WITHOUT_PIN, "connect-without-pin", "connect without a PIN") \
	H(CHANGE_MODE, "change-mode", "choose another resolution or limit of the bit rate, then connect again") \
	H(CHOOSE_ENCODER, "choose-encoder", "choose another encoder, then connect again") \
	H(CORRECT_SETTING, "correct-setting", "correct the setting, option or file that the message names") \
	H(CHECK_NAME, "check-name", "check the host name or address that was given") \
	H(SCAN, "scan", "look for displays") \
	H(DISCONNECT_OTHER, "disconnect-other", "disconnect what is connected already") \
	H(STOP_LISTENING, "stop-listening", "give up an address that is listened on") \
	H(SEE_STATUS, "see-status", "see which sessions there are, and what they wait for") \
	H(SEE_HELP, "see-help", "see how the command is used") \
	/* the network */ \
	H(SWITCH_ON_WIFI, "switch-on-wifi", "switch on Wi-Fi, or plug in an adapter") \
	H(USE_OTHER_ADAPTER, "use-other-adapter", "use another Wi-Fi adapter or driver, or a way without Wi-Fi P2P") \
	H(CHANGE_NETWORK, "change-network", "leave the network that this computer is in, or join another one") \
	H(SET_COUNTRY, "set-country", "set the country whose radio rules count") \
	H(OPEN_FIREWALL, "open-firewall", "let displays through this computer's firewall") \
	H(SET_UP_FILTER, "set-up-filter", "have nftables, or a firewall, keep displays from this computer's services") \
	H(INSTALL_SUPPLICANT, "install-supplicant", "install and start a wpa_supplicant that has Wi-Fi Display") \
	/* sound and pictures */ \
	H(CHOOSE_OUTPUT, "choose-output", "choose the display as the output for sound") \
	H(UNMUTE, "unmute", "let the output for sound be heard again") \
	H(ENABLE_MONITOR, "enable-monitor", "switch the monitor on in the settings of the desktop") \
	H(USE_OTHER_CARD, "use-other-card", "run the desktop on another graphics card") \
	H(RUN_IN_DESKTOP, "run-in-desktop", "ask again in the desktop, as its user") \
	/* this computer */ \
	H(INSTALL_ENCODER, "install-encoder", "install an encoder, or a driver that has one") \
	H(INSTALL_PROGRAM, "install-program", "install and start the program that is named") \
	H(INSTALL_MODULE, "install-module", "install the kernel module for the kernel that runs") \
	H(LOAD_MODULE, "load-module", "load the kernel module") \
	H(ENROLL_KEY, "enroll-key", "enroll the key that signs the kernel module, then restart") \
	H(UPDATE_KERNEL, "update-kernel", "run a newer kernel; casting works without it") \
	H(CHECK_INSTALLATION, "check-installation", "install miracast again, a file of it is missing or wrong") \
	H(MATCH_VERSIONS, "match-versions", "install daemon, drivers and module of one release") \
	H(CREATE_ACCOUNTS, "create-accounts", "create the group and the accounts that are missing") \
	H(GET_RIGHTS, "get-rights", "ask an administrator, or join the group that may do this and log in again") \
	H(START_DAEMON, "start-daemon", "start miracastd") \
	H(START_BUS, "start-bus", "start the D-Bus system bus") \
	H(STOP_OTHER_PROGRAM, "stop-other-program", "end the other program that is in the way") \
	H(RUN_DOCTOR, "run-doctor", "run miracastctl doctor") \
	H(SEE_LOG, "see-log", "see why in the log that is named") \
	H(REPORT, "report", "report it: it is a fault of the software's or of the display's")

enum hint_id {
#define H(id, code, meaning) HINT_##id,
	HINTS(H)
#undef H
	N_HINTS,
};

/**
 * struct hint - by value, and borrowed
 * @code: one of HINTS; of a daemon of a later release maybe another one; never NULL
 * @text: a sentence for people; "" if and only if @code is ""
 */
struct hint {
	const char *code;
	const char *text;
};

#define HINT(id, words) ((struct hint){ hint_code(HINT_##id), (words) })
#define NO_HINT HINT(NONE, "")

const char *hint_code(enum hint_id id);
const char *hint_meaning(enum hint_id id);
/* HINT_NONE if it is not known here; NULL is not, either. */
enum hint_id hint_from_code(const char *code);

G_END_DECLS
