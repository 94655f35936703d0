/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-wpas.h - a wpa_supplicant that has one radio and does what a test wants
 *
 * Serves fi.w1.wpa_supplicant1 on a connection, in the test's own main context.
 */
#pragma once

#include <gio/gio.h>

/* What the peer, or wpa_supplicant, does when we want to connect. */
enum mock_answer {
	MOCK_ACCEPT, /* group, we are owner */
	MOCK_ACCEPT_AS_OWNER, /* group, the peer is owner */
	MOCK_IGNORE, /* nothing ever happens */
	MOCK_STATUS, /* GO negotiation fails with @status, each time */
	MOCK_STATUS_ONCE, /* the first time; then the peer accepts */
	MOCK_WPS_FAILS,
	MOCK_FORMATION_FAILS,
	MOCK_WPS_FAILS_ONCE,
	MOCK_FORMATION_FAILS_ONCE,
	MOCK_CHANNEL_FAILS, /* no group unless on MOCK_GOOD_FREQUENCY */
	MOCK_REFUSE, /* Connect() fails at once */
};

/* What the TV does when it is invited to a group that it knows. */
enum mock_invitation {
	MOCK_INVITATION_JOINS,
	MOCK_INVITATION_EARLY, /* it is there before all is told of the group */
	MOCK_INVITATION_ABSENT, /* it agrees, and does not come */
	MOCK_INVITATION_FAILS, /* it agrees, and there is no group */
	MOCK_INVITATION_STATUS, /* it says @invitation_status */
	MOCK_INVITATION_IGNORED,
	MOCK_INVITATION_REFUSED, /* wpa_supplicant refuses to invite it */
};

/* How it is built, and what it has. */
enum mock_build {
	MOCK_COMPLETE,
	MOCK_NO_INTERFACE, /* one can be created */
	MOCK_NO_WFD,
	MOCK_BUILT_WITHOUT_P2P, /* wpa_supplicant itself, and so whatever it has */
	MOCK_NO_P2P, /* an interface is there, but cannot */
	MOCK_CREATED_NO_P2P, /* the same, of one that can be created */
	MOCK_TWO_RADIOS, /* P2P is on the first one, as always */
	MOCK_REFUSES_WFD, /* the element cannot be set */
	MOCK_NO_RADIO, /* and none can be created */
};

/* What the TV says when it is told that a PIN is wanted. */
enum mock_provisioning {
	MOCK_PROVISION_DONE,
	MOCK_PROVISION_SWAPPED, /* it has one typed that it was to show, or the other way round */
	MOCK_PROVISION_REFUSED,
	MOCK_PROVISION_IGNORED,
	MOCK_PROVISION_FAILS, /* wpa_supplicant refuses to ask */
};

/* What happens to a group of which the broker has not heard all yet. */
enum mock_again {
	MOCK_NOT_AGAIN,
	MOCK_SAID_AGAIN, /* its start is said once more */
	MOCK_STARTED_AGAIN, /* it ends, and another one starts with the same object path */
};

typedef struct mock_wpas {
	GDBusConnection *bus;
	enum mock_build build;
	GArray *objects; /* guint, registrations */
	GArray *radio_objects; /* of the first radio */
	guint idle;

	/* set by the test */
	gboolean late; /* Cancel comes too late: the group starts all the same */
	gboolean between_scans; /* StopFind has no FindStopped */
	gboolean deaf; /* Disconnect and Cancel are not answered */
	gboolean exists; /* CreateInterface: somebody else was quicker */
	enum mock_again again; /* once, while the SSID of the group is asked for */
	gboolean adopted; /* the interface has a network to join */
	gboolean refuses_name; /* of any length */
	const char *group_ifname; /* NULL: "lo" */
	const char *country; /* of every radio; NULL: it does not say */
	guint16 config_methods; /* of the TV */
	GBytes *vendor; /* WPS vendor extension of the TV, or NULL; taken */
	gint level; /* of the TV */
	guint8 group_capability; /* of the TV */
	enum mock_answer answer;
	int status;
	enum mock_provisioning provisioning;
	gboolean peer_hidden; /* not found before it is shown */
	gboolean two_displays; /* the laptop is one, too */

	const char *update_config; /* whether wpa_supplicant writes its file: "0"; NULL: it does not say */
	gboolean other_keeps; /* another program makes a persistent group in the same moment */
	enum mock_invitation invitation;
	int invitation_status;

	/* seen by the test */
	gboolean persistent; /* the last connect asked for such a group */
	const char *tv_knows; /* our role in the group that the TV knows, or NULL */
	guint invites;
	char *invited_to; /* object path of the kept group */
	GHashTable *kept; /* persistent groups: object path -> struct kept; NULL: there was none */
	guint keeps; /* how many there were */
	GVariant *wfd; /* ay */
	gboolean interface; /* it exists */
	gboolean group; /* it exists */
	gboolean foreign; /* somebody else's group exists */
	gboolean finding;
	guint finds, connects, cancels, removes, foreign_ends;
	guint last_intent, last_frequency;
	guint provisions;
	char *asked_to; /* by the last provisioning: "display", "keypad" */
	char *method, *pin; /* of the last connect: "pbc" and "", or one with a PIN */
	const char *find_ifname; /* of the interface whose Find() was called last */
	char *device_name;
	char *device_type; /* as printed */
	char *methods;

	/* set by the test: a peer that is owner gives us 192.168.77.9 with this mask, "255, 255, 255, 0" */
	const char *handshake_mask;

	/* the control socket, if there is one */
	const char *control_answer; /* set by the test */
	char *command; /* the last one */
	guint commands;
	const char *peer_answer; /* to P2P_PEER of the TV, set by the test; NULL: none */
	guint peer_commands; /* those, which are not counted in commands */
	char *control_path;
	GSocket *control;
	GSource *control_source;
	GSocketAddress *listener; /* who has attached, or NULL */
	char *last_event; /* is said to the listener with its next answer, or NULL */
	gboolean station_first; /* a group gives way to the network that the adapter is in */
} mock_wpas;

#define MOCK_PEER_ID "02:00:00:00:01:00"
#define MOCK_PEER_NAME "Living room TV"
#define MOCK_OTHER_NAME "Laptop"
#define MOCK_FOREIGN_IFNAME "p2p-wlan0-7"
#define MOCK_GOOD_FREQUENCY 2437
/* Of the first provisioning, and of all after it: shown by the TV, or to be typed there. */
#define MOCK_PIN "12345670"
#define MOCK_NEXT_PIN "1234"
/* What both keep of a group that we own. */
#define MOCK_SSID "DIRECT-ours"
#define MOCK_PASSPHRASE "a \"secret\" of the TV"
#define MOCK_OWN_ADDRESS "02:00:00:00:00:99"
#define MOCK_OLD_TYPE "[0x07]"
#define MOCK_OLD_METHODS "display"

/* Every signal that wpa_supplicant may send at any time. */
enum mock_signal {
	MOCK_SIGNAL_FIND_STOPPED,
	MOCK_SIGNAL_DEVICE_LOST,
	MOCK_SIGNAL_DEVICE_FOUND,
	MOCK_SIGNAL_PROVISIONED,
	MOCK_SIGNAL_PROVISION_SHOWN,
	MOCK_SIGNAL_PROVISION_FAILED,
	MOCK_SIGNAL_INVITATION_TAKEN,
	MOCK_SIGNAL_INVITATION_REFUSED,
	MOCK_SIGNAL_KEPT, /* another program's persistent group */
	MOCK_SIGNAL_NEGOTIATED,
	MOCK_SIGNAL_NEGOTIATION_FAILED,
	MOCK_SIGNAL_WPS_FAILED,
	MOCK_SIGNAL_FORMATION_FAILED,
	MOCK_SIGNAL_GROUP_STARTED,
	MOCK_SIGNAL_GROUP_FINISHED,
	MOCK_SIGNAL_STA_DEAUTHORIZED,
	MOCK_SIGNAL_STA_AUTHORIZED,
	MOCK_SIGNAL_FOREIGN_STARTED,
	MOCK_SIGNAL_FOREIGN_FINISHED,
	MOCK_SIGNAL_UNKNOWN_STARTED, /* from an interface that nobody knows */
	MOCK_SIGNAL_UNPLUGGED,
	MOCK_N_SIGNALS,
};

/* As it is, with what it means for the mock itself. */
void mock_wpas_signal(mock_wpas *mock, enum mock_signal signal);
/* Somebody else's group, on the same P2P device. */
void mock_wpas_foreign_group(mock_wpas *mock, gboolean there);
/* PropertiesChanged of the TV. */
void mock_wpas_peer_changed(mock_wpas *mock);

mock_wpas *mock_wpas_new(GDBusConnection *bus, enum mock_build build);
void mock_wpas_free(mock_wpas *mock);
/* Has a control socket, as most do; in a directory that goes with it. */
void mock_wpas_open_control(mock_wpas *mock);
/* DeviceFound or DeviceLost of the TV */
void mock_wpas_show_peer(mock_wpas *mock, gboolean there);
/* The peer joins the group that we own, or leaves it; the group stays. */
void mock_wpas_station(mock_wpas *mock, gboolean joined);
/* The radio is unplugged, and plugged in again. */
void mock_wpas_unplug(mock_wpas *mock);
void mock_wpas_plug(mock_wpas *mock);
/* The group is over. */
void mock_wpas_end_group(mock_wpas *mock);
/* The same, as wpa_supplicant does it by itself, and @reason is said at the control socket a moment later: "FREQ_CONFLICT". */
void mock_wpas_end_group_for(mock_wpas *mock, const char *reason);
