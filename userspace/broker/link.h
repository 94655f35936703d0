/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link.h - ways to reach a sink
 *
 * A backend knows one way: Wi-Fi P2P, a plain network address on which it
 * listens, or a network in which the sink can be told to call us.  It finds sinks, brings the network path to one of them up, and
 * accepts the TCP connection that the sink then makes to our RTSP port; the sink
 * is the TCP client in Wi-Fi Display (WFD v2.1, 5.1.2 and 6.4).  It knows
 * nothing of sessions, processes or the kernel.
 *
 * To write one: embed struct link_backend in a struct of your own, fill a static
 * struct link_impl, and call the link_emit_*() functions of this file.
 *
 * Threads: everything runs in the main context of the broker and nothing may
 * wait.  Events are never emitted from inside a call of the same backend, but of
 * heard(), so a caller needs no care for re-entry.
 *
 * Errors: of the domain REASON_ERROR (reason.h); their hint is what the user
 * reads.
 *
 * Life of a connection
 * ====================
 *
 *	connect() -> progress*  -> up -> dialled --> (path is in use)
 *	                 |          |    ^   |              |
 *	                 |          |    +---+ next_call()  |
 *	                 +----------+--------+--- failed <--+
 *
 *	disconnect(), once, at any time after connect() -> closed
 *	free() after closed
 *
 * Before "up" a display may want to be told the PIN that it shows: "wants_pin" comes, the
 * owner asks its user and says enter_pin(); and again if it was a wrong one.  Or it wants
 * one of ours typed: "shows_pin" comes, and again with none when that is over.
 *
 * "failed" comes at most once and is never followed by anything but "closed".
 * It asks the owner to call disconnect(); the backend removes nothing on its
 * own account before that.
 *
 * A sink that hears nothing may hang up and dial again (rtsp-listener.h).  The
 * owner says next_call() when a connection that it was given came to nothing in
 * that way; then "dialled" comes again, now or when the sink has dialled once
 * more, within the owner's time limit.  It says answered() when the sink has
 * answered; then no further call is let in.  After disconnect() only "closed" comes, and then
 * nothing of the connection is left in the system: no group, no address, no
 * process, no socket.
 */
#pragma once

#include <gio/gio.h>

#include "owner.h"
#include "reason.h"

G_BEGIN_DECLS

#define LINK_DEFAULT_PORT 7236

/**
 * struct link_sink - a display that somebody may connect to
 * @id: stable while the sink is known; unique over all backends; what the user
 *	may type: the P2P device address "aa:bb:cc:dd:ee:ff", the IP address, or
 *	"mice:" and a host
 * @name: for people; any text, valid UTF-8, never empty
 * @model: manufacturer and model, or ""
 * @link: name of the backend
 * @connectable: a session may be tried now
 * @obstacle: why not, a sentence; NULL if @connectable
 * @obstacle_code: the same for an error, REASON_SINK_UNAVAILABLE if nothing is known
 * @level: signal in dBm, 0 = not known
 * @band: of the radio on which it was heard, as wifi_link_band() has it; NULL: not known
 * @last_seen_us: CLOCK_MONOTONIC of the last sign of life
 * @present: FALSE: not seen lately; kept so that the user can name it
 * @hdcp: the sink says that it has content protection
 * @throughput: Mbit/s that it says it can receive, 0 = not known
 * @host: its host name in the network that is there, as mice_host_parse() makes it;
 *	NULL: not known
 * @addresses: its IP addresses there, as g_inet_address_to_string() writes them; NULL:
 *	none is known
 * @owner: who alone is told of it (owner.h): whoever listens where it has called, or has named it by its address;
 *	OWNER_SHARED: all are, since it was found, or nobody in particular listens there
 *
 * Reference counted; changed by its backend only, but for @owner of one that was reached, by the broker before anybody is
 * told of it.
 */
struct link_sink {
	gatomicrefcount refs;
	char *id;
	char *name;
	char *model;
	const char *link;
	gboolean connectable;
	char *obstacle;
	enum reason_code obstacle_code;
	gint level;
	const char *band;
	gint64 last_seen_us;
	gboolean present;
	gboolean hdcp;
	guint throughput;
	char *host;
	char **addresses;
	gint64 owner;
};
typedef struct link_sink link_sink;

link_sink *link_sink_new(const char *link, const char *id, const char *name);
link_sink *link_sink_ref(link_sink *sink);
void link_sink_unref(link_sink *sink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(link_sink, link_sink_unref)
/* Anything the air brings becomes printable UTF-8 of at most 64 characters. */
char *link_clean_text(const char *text);
/* What displays are told that we are called: the host's name, or "Linux". */
const char *link_own_name(void);

/**
 * struct link_path - a network path that is up
 * @local: our address on it, numeric
 * @peer: the sink's address, or NULL until it has dialled
 * @interface: network interface, or NULL if the routing table decides
 * @media: a{sv}: how RTP is encrypted, fields of the channel's "config" message; NULL: it
 *	is not, or not by us.  Secret
 */
struct link_path {
	const char *local;
	const char *peer;
	const char *interface;
	GVariant *media;
};

typedef struct link_backend link_backend;
typedef struct link_connection link_connection;

/**
 * struct link_connection_events - what the owner of a connection hears
 * @progress: a phase was reached: @phase is a machine name, @text a sentence for
 *	people ("waiting for you to accept on the display")
 * @wants_pin: enter_pin() is waited for, within a limit of the link's
 * @shows_pin: the user is to be shown this PIN, which is to be typed at the display; NULL:
 *	no longer
 * @up: the path is up, now the sink has to dial; within the owner's time limit
 * @dialled: the sink's RTSP connection; the owner takes a reference; comes again
 *	only after next_call()
 * @failed: it did not work, or no longer does
 * @radio: how good the radio link is, a{sv} as in wifi-link.h; after streams(), again and
 *	again; never of a path without a radio of ours
 * @closed: answer to disconnect()
 */
struct link_connection_events {
	void (*progress)(link_connection *conn, const char *phase, const char *text,
			 gpointer user_data);
	void (*wants_pin)(link_connection *conn, gpointer user_data);
	void (*shows_pin)(link_connection *conn, const char *pin, gpointer user_data);
	void (*up)(link_connection *conn, const struct link_path *path, gpointer user_data);
	void (*dialled)(link_connection *conn, GSocketConnection *rtsp, gpointer user_data);
	void (*failed)(link_connection *conn, const GError *error, gpointer user_data);
	void (*radio)(link_connection *conn, GVariant *radio, gpointer user_data);
	void (*closed)(link_connection *conn, gpointer user_data);
};

/**
 * struct link_connection - base of a backend's own connection struct
 * @backend: whose it is
 * @sink: to whom; a reference
 */
struct link_connection {
	link_backend *backend;
	link_sink *sink;
	const struct link_connection_events *events;
	gpointer user_data;
};

/**
 * enum link_turned_away - why a sink that had come by itself is not wanted
 * @LINK_WITHDRAWN: for nothing that people have done, or have not
 * @LINK_REFUSED: people have said no
 * @LINK_UNANSWERED: people were asked, and have said nothing
 */
enum link_turned_away {
	LINK_WITHDRAWN,
	LINK_REFUSED,
	LINK_UNANSWERED,
};

/**
 * struct link_events - what the owner of a backend hears
 * @sink_changed: a sink is new, or something of it has changed
 * @sink_gone: it is forgotten
 * @incoming: a sink has come by itself and waits for connect(), or turn_away(); FALSE: it is
 *	not wanted, and forgotten
 * @left: one that waits in that way has hung up, and has not called again: to be turned away. May be NULL if incoming
 *	never comes
 * @find_ended: the find that was asked for is over; @error NULL: orderly
 * @stopped: answer to stop()
 */
struct link_events {
	void (*sink_changed)(link_backend *backend, link_sink *sink, gpointer user_data);
	void (*sink_gone)(link_backend *backend, link_sink *sink, gpointer user_data);
	gboolean (*incoming)(link_backend *backend, link_sink *sink, gpointer user_data);
	void (*left)(link_backend *backend, link_sink *sink, gpointer user_data);
	void (*find_ended)(link_backend *backend, const GError *error, gpointer user_data);
	void (*stopped)(link_backend *backend, gpointer user_data);
};

/**
 * struct link_impl - a backend
 * @name: "p2p", "direct", "mice"
 * @start_find: look for sinks for @seconds; while one runs it is prolonged. Ends
 *	with find_ended, always
 * @stop_find: end it early; find_ended comes
 * @reach: the sink that the user means with @what, though nobody has found it, since
 *	it is the address of one; (transfer full). NULL: it is none, and if it was meant
 *	to be, @error is set. May be NULL. It is not told of before connect(). One that is
 *	made for this is @owner's; one that is known stays whose it is
 * @forget: drop one of this backend's sinks that is out of sight and not in use; FALSE: it
 *	is not. No event comes of it. May be NULL: none is kept that is out of sight
 * @heard: a sink of another backend, which says how it can be reached over the network
 *	(@host, @addresses), is there, or has changed; or is @gone. May be NULL. What
 *	this backend makes of it is told at once
 * @connect: bring the path to one of this backend's sinks up; @options is a{sv},
 *	each backend reads what it knows.  Always succeeds; what goes wrong
 *	comes as failed
 * @enter_pin: answer to wants_pin: digits. Not waited for any more: nothing happens. May be
 *	NULL if wants_pin never comes
 * @next_call: the sink's connection came to nothing; dialled comes again when it
 *	has dialled again
 * @answered: the sink has answered on its connection
 * @streams: pictures flow; radio comes from now on. May be NULL: it has no radio
 * @disconnect: take everything down again; closed comes
 * @connection_free: free a connection, after closed
 * @turn_away: a sink that has come by itself (incoming) is not wanted after all, before connect(): it is dropped and
 *	forgotten. People who have said no, or nothing, are not to be asked about it again at once. May be NULL if
 *	incoming never comes
 * @stop: take down what the backend itself has set up (all connections have been
 *	closed before); stopped comes
 * @free: free the backend, after stopped, or at once if nothing matters any more
 */
struct link_impl {
	const char *name;
	void (*start_find)(link_backend *backend, guint seconds);
	void (*stop_find)(link_backend *backend);
	link_sink *(*reach)(link_backend *backend, const char *what, gint64 owner, GError **error);
	gboolean (*forget)(link_backend *backend, link_sink *sink);
	void (*heard)(link_backend *backend, link_sink *other, gboolean gone);
	link_connection *(*connect)(link_backend *backend, link_sink *sink, GVariant *options,
				    const struct link_connection_events *events,
				    gpointer user_data);
	void (*enter_pin)(link_connection *conn, const char *pin);
	void (*next_call)(link_connection *conn);
	void (*answered)(link_connection *conn);
	void (*streams)(link_connection *conn);
	void (*disconnect)(link_connection *conn);
	void (*connection_free)(link_connection *conn);
	void (*turn_away)(link_backend *backend, link_sink *sink, enum link_turned_away why);
	void (*stop)(link_backend *backend);
	void (*free)(link_backend *backend);
};

struct link_backend {
	const struct link_impl *impl;
	const struct link_events *events;
	gpointer user_data;
};

/* ---- for owners ---------------------------------------------------------- */

link_connection *link_connect(link_backend *backend, link_sink *sink, GVariant *options,
			      const struct link_connection_events *events, gpointer user_data);
void link_enter_pin(link_connection *conn, const char *pin);
void link_next_call(link_connection *conn);
void link_answered(link_connection *conn);
void link_streams(link_connection *conn);
void link_disconnect(link_connection *conn);
void link_connection_free(link_connection *conn);
void link_turn_away(link_backend *backend, link_sink *sink, enum link_turned_away why);
void link_backend_free(link_backend *backend);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(link_connection, link_connection_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(link_backend, link_backend_free)

/* ---- for backends -------------------------------------------------------- */

void link_connection_init(link_connection *conn, link_backend *backend, link_sink *sink,
			  const struct link_connection_events *events, gpointer user_data);
void link_connection_finish(link_connection *conn);

void link_emit_progress(link_connection *conn, const char *phase, const char *text);
void link_emit_wants_pin(link_connection *conn);
void link_emit_shows_pin(link_connection *conn, const char *pin);
void link_emit_up(link_connection *conn, const struct link_path *path);
void link_emit_dialled(link_connection *conn, GSocketConnection *rtsp);
void link_emit_failed(link_connection *conn, const GError *error);
void link_emit_radio(link_connection *conn, GVariant *radio);
void link_emit_closed(link_connection *conn);

void link_emit_sink_changed(link_backend *backend, link_sink *sink);
void link_emit_sink_gone(link_backend *backend, link_sink *sink);
gboolean link_emit_incoming(link_backend *backend, link_sink *sink);
void link_emit_left(link_backend *backend, link_sink *sink);
void link_emit_find_ended(link_backend *backend, const GError *error);
void link_emit_stopped(link_backend *backend);

G_END_DECLS
