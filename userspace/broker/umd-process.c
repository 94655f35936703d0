// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Start, watch and end a miracast-umd: see umd-process.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "umd-process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link-filter.h"
#include "rtp-ports.h"
#include "sandbox.h"
#include "umd-stderr.h"

enum {
	FD_SINK = 3,
	FD_RTSP = 4,
	FD_CHANNEL = 5,
	FD_RTP = 6,
	FD_RTCP = 7,
};

/* Time that the exit status, and the last words, may come after the end. */
#define LAST_WORDS_MS 1000

/*
 * Who sees the end: a pidfd, in the main loop.  GSubprocess has a thread that collects the exit
 * status, and sends signals in it too; the kernel was seen to keep that thread in waitid() for
 * four seconds for a process that was gone already.  So its answer is waited for only
 * where the process has not said itself why it ends.
 */
struct umd_process {
	GSubprocess *process; /* NULL: its status is known, or not waited for any more */
	GCancellable *cancellable; /* of the wait for its status */
	int pidfd; /* -1: there is none, GSubprocess alone tells of the end */
	guint pidfd_source;
	gboolean gone;
	channel *channel;
	reason *why; /* what it said itself, or why we ended it */
	reason *exit_reason; /* what its exit status says */
	guint timer; /* until it is killed, or, when it is gone, until what is missing is given up */
	guint kill_timer; /* after SIGKILL, until the process is given up */
	guint watchdog; /* until the next "stats" is overdue */
	gboolean stopping;
	gboolean confined;
	int kill_signal;
	int rtp; /* what it sends with, to be connected; -1: it is */
	char *peer; /* numeric address */
	char *interface; /* where the sink's reports come in; NULL: anywhere */
	guint16 reports; /* the port of them */
	const struct umd_process_funcs *funcs;
	gpointer user_data;
};

static void umd_set_reason(umd_process *umd, reason *why)
{
	if (umd->why)
		reason_free(why);
	else
		umd->why = why;
}

static void read_end(umd_process *umd, GVariant *fields)
{
	enum channel_reason code;
	const char *name = "", *message = "";

	g_variant_lookup(fields, "reason", "&s", &name);
	g_variant_lookup(fields, "message", "&s", &message);
	if (channel_reason_from_name(name, &code))
		umd_set_reason(umd, reason_new(name, message, channel_reason_hint(code)));
	else
		umd_set_reason(umd, reason_new_code(REASON_UMD_PROTOCOL,
						    "the user-mode driver ended for a reason that is not known (%s): %s",
						    name, message));
}

/* Neither its end nor its status is waited for. */
static void forget_process(umd_process *umd)
{
	g_clear_handle_id(&umd->watchdog, g_source_remove);
	g_clear_handle_id(&umd->timer, g_source_remove);
	g_clear_handle_id(&umd->kill_timer, g_source_remove);
	g_clear_handle_id(&umd->pidfd_source, g_source_remove);
	if (umd->pidfd >= 0)
		close(umd->pidfd);
	umd->pidfd = -1;
	g_cancellable_cancel(umd->cancellable);
	g_clear_object(&umd->process);
}

/* It is over when the process has ended and its last words have been read; they say more than its status. */
static void check_over(umd_process *umd)
{
	if (umd->channel || (umd->process && !(umd->gone && umd->why)))
		return;
	forget_process(umd);
	umd->funcs->exited(umd, umd->why ? umd->why : umd->exit_reason, umd->user_data);
}

/*
 * SIGKILL has not ended it: it is in the kernel, in a state that nothing interrupts
 * (a GPU driver, a network file system).  GSubprocess goes on to wait for it; we do not.
 */
static gboolean kill_timed_out(gpointer user_data)
{
	umd_process *umd = user_data;

	umd->kill_timer = 0;
	g_warning("miracast-umd %s cannot be killed, leaving it behind",
		  g_subprocess_get_identifier(umd->process));
	forget_process(umd);
	g_clear_pointer(&umd->channel, channel_free);
	check_over(umd);
	return G_SOURCE_REMOVE;
}

static void kill_process(umd_process *umd)
{
	if (umd->pidfd < 0)
		g_subprocess_send_signal(umd->process, umd->kill_signal);
	else if (pidfd_send_signal(umd->pidfd, umd->kill_signal, NULL, 0) < 0 && errno != ESRCH)
		g_warning("miracast-umd cannot be sent a signal: %s", g_strerror(errno));
}

static void kill_hung(umd_process *umd, reason *why)
{
	g_warning("killing miracast-umd %s: %s", g_subprocess_get_identifier(umd->process),
		  why->message);
	umd_set_reason(umd, why);
	/* First the context: a process that hangs in a call to the kernel comes free by it. */
	umd->funcs->hung(umd, umd->user_data);
	kill_process(umd);
	if (!umd->kill_timer)
		umd->kill_timer = g_timeout_add_seconds(UMD_KILL_SECONDS, kill_timed_out, umd);
}

static gboolean stop_timed_out(gpointer user_data)
{
	umd_process *umd = user_data;

	umd->timer = 0;
	kill_hung(umd, reason_new_code(REASON_UMD_HUNG,
				       "the user-mode driver did not end within %d s",
				       UMD_STOP_SECONDS));
	return G_SOURCE_REMOVE;
}

static gboolean stats_overdue(gpointer user_data)
{
	umd_process *umd = user_data;

	umd->watchdog = 0;
	kill_hung(umd, reason_new_code(REASON_UMD_HUNG,
				       "the user-mode driver has said nothing for %d s",
				       UMD_SILENCE_SECONDS));
	return G_SOURCE_REMOVE;
}

/* Each sign of life arms it anew; one that is to end has the other timer. */
static void arm_watchdog(umd_process *umd)
{
	g_clear_handle_id(&umd->watchdog, g_source_remove);
	if (umd->process && !umd->gone && !umd->timer)
		umd->watchdog = g_timeout_add_seconds(UMD_SILENCE_SECONDS, stats_overdue, umd);
}

static void arm_stop_timer(umd_process *umd)
{
	g_clear_handle_id(&umd->watchdog, g_source_remove);
	if (umd->process && !umd->gone && !umd->timer)
		umd->timer = g_timeout_add_seconds(UMD_STOP_SECONDS, stop_timed_out, umd);
}

/* "stats" begins with the first of these phases. */
static gboolean shows_stream(enum channel_message message, GVariant *fields)
{
	enum channel_phase phase;
	const char *name = "";

	if (message != CHANNEL_PHASE)
		return message == CHANNEL_STATS;
	g_variant_lookup(fields, "phase", "&s", &name);
	return channel_phase_from_name(name, &phase) && phase >= CHANNEL_PHASE_SETUP;
}

/* It says no more than a port: nobody but the sink is sent to. */
static void connect_rtp(umd_process *umd, GVariant *fields)
{
	g_autoptr(GError) error = NULL;
	guint32 port = 0;

	g_variant_lookup(fields, "port", "u", &port);
	if (umd->rtp < 0)
		return;
	if (!port || port > G_MAXUINT16)
		umd_set_reason(umd, reason_new_code(REASON_UMD_PROTOCOL,
						    "the user-mode driver names port %u", port));
	else if (!rtp_ports_connect(umd->rtp, umd->peer, port, &error))
		umd_set_reason(umd, reason_new_code(REASON_UMD_START, "no way for the stream: %s",
						    error->message));
	close(umd->rtp);
	umd->rtp = -1;
	if (umd->why)
		umd_process_stop(umd, umd->why->name);
}

static void channel_message_came(channel *ch, enum channel_message message, GVariant *fields,
				 gpointer user_data)
{
	umd_process *umd = user_data;

	if (message == CHANNEL_END) {
		read_end(umd, fields);
		arm_stop_timer(umd);
	} else if (message == CHANNEL_RTP_PORT) {
		connect_rtp(umd, fields);
	} else {
		if (shows_stream(message, fields))
			arm_watchdog(umd);
		umd->funcs->message(umd, message, fields, umd->user_data);
	}
}

static void channel_was_closed(channel *ch, const GError *error, gpointer user_data)
{
	umd_process *umd = user_data;

	if (error)
		umd_set_reason(umd, reason_new_code(REASON_UMD_PROTOCOL,
						    "the user-mode driver broke the rules of the channel: %s",
						    error->message));
	g_clear_pointer(&umd->channel, channel_free);
	/* No channel, no session: it ends by itself, or is made to. */
	arm_stop_timer(umd);
	check_over(umd);
}

static const struct channel_funcs channel_callbacks = {
	.message = channel_message_came,
	.closed = channel_was_closed,
};

/* miracast-sandbox's own words are in the log. */
static reason *describe_sandbox(int status)
{
	if (status == SANDBOX_EXIT_PROGRAM)
		return reason_new_code(REASON_UMD_START,
				       "the user-mode driver could not be executed, see the log");
	return reason_new_code(REASON_UMD_NOT_CONFINED,
			       "the user-mode driver could not be confined, and so was not started");
}

static reason *describe_exit(umd_process *umd)
{
	GSubprocess *process = umd->process;

	if (g_subprocess_get_if_signaled(process))
		return reason_new_code(REASON_UMD_DIED,
				       "the user-mode driver was ended by signal %d (%s)",
				       g_subprocess_get_term_sig(process),
				       g_strsignal(g_subprocess_get_term_sig(process)));
	if (umd->confined && (g_subprocess_get_exit_status(process) == SANDBOX_EXIT_CONFINE ||
			      g_subprocess_get_exit_status(process) == SANDBOX_EXIT_PROGRAM))
		return describe_sandbox(g_subprocess_get_exit_status(process));
	return reason_new_code(REASON_UMD_DIED,
			       "the user-mode driver ended with status %d and without a reason",
			       g_subprocess_get_exit_status(process));
}

/* Of the channel somebody else holds the other end open, which is not meant to be. */
static gboolean last_words_missing(gpointer user_data)
{
	umd_process *umd = user_data;

	umd->timer = 0;
	if (!umd->why && !umd->exit_reason)
		umd->exit_reason = reason_new_code(REASON_UMD_DIED, "the user-mode driver ended without a reason, "
						   "and the system has not said how");
	forget_process(umd);
	g_clear_pointer(&umd->channel, channel_free);
	check_over(umd);
	return G_SOURCE_REMOVE;
}

/* What is still to come has its time from now on. */
static void await_last_words(umd_process *umd)
{
	g_clear_handle_id(&umd->watchdog, g_source_remove);
	g_clear_handle_id(&umd->kill_timer, g_source_remove);
	g_clear_handle_id(&umd->timer, g_source_remove);
	umd->gone = TRUE;
	umd->timer = g_timeout_add(LAST_WORDS_MS, last_words_missing, umd);
	check_over(umd);
}

static gboolean process_is_gone(int fd, GIOCondition condition, gpointer user_data)
{
	umd_process *umd = user_data;

	umd->pidfd_source = 0;
	umd_launcher_ended(umd->process);
	await_last_words(umd);
	return G_SOURCE_REMOVE;
}

static void status_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	umd_process *umd;

	if (!g_subprocess_wait_finish(G_SUBPROCESS(source), result, &error))
		return; /* cancelled: freed already, or not waited for any more */
	umd = user_data;
	umd->exit_reason = describe_exit(umd);
	forget_process(umd);
	await_last_words(umd);
}

/*
 * Without one, which is possible, GSubprocess alone tells of the end.  A number that is still the
 * process's afterwards was so when it was looked up.
 */
static void watch_end(umd_process *umd)
{
	const char *number = g_subprocess_get_identifier(umd->process);
	int fd = number ? pidfd_open(atoi(number), 0) : -1;

	if (fd >= 0 && !g_subprocess_get_identifier(umd->process)) {
		close(fd);
		fd = -1;
	}
	umd->pidfd = fd;
	if (fd >= 0)
		umd->pidfd_source = g_unix_fd_add(fd, G_IO_IN, process_is_gone, umd);
}

/* Both ends of the channel: ours, and the one that the process inherits. */
static gboolean make_channel(umd_process *umd, int *theirs, GError **error)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		int err = errno;

		g_set_error(error, REASON_ERROR, REASON_UMD_START, "socketpair: %s",
			    g_strerror(err));
		return FALSE;
	}
	umd->channel = channel_new(fds[0], CHANNEL_BROKER, &channel_callbacks, umd, error);
	if (!umd->channel) {
		close(fds[0]);
		close(fds[1]);
		return FALSE;
	}
	*theirs = fds[1];
	return TRUE;
}

/* Takes the descriptors over, but for that of @rtsp. */
static GSubprocess *launch(umd_launcher *launcher, int sink_fd, GSocket *rtsp, int channel_fd,
			   struct rtp_ports *ports, GError **error)
{
	g_autoptr(GSubprocessLauncher) process =
		g_subprocess_launcher_new(umd_stderr_flags(umd_launcher_uses_units(launcher)));
	int rtsp_fd;

	if (sink_fd >= 0)
		g_subprocess_launcher_take_fd(process, sink_fd, FD_SINK);
	g_subprocess_launcher_take_fd(process, channel_fd, FD_CHANNEL);
	g_subprocess_launcher_take_fd(process, ports->rtp, FD_RTP);
	g_subprocess_launcher_take_fd(process, ports->rtcp, FD_RTCP);
	rtsp_fd = fcntl(g_socket_get_fd(rtsp), F_DUPFD_CLOEXEC, 0);
	if (rtsp_fd < 0) {
		g_set_error(error, REASON_ERROR, REASON_UMD_START, "cannot pass on a socket: %s",
			    g_strerror(errno));
		return NULL;
	}
	g_subprocess_launcher_take_fd(process, rtsp_fd, FD_RTSP);
	return umd_launcher_start(launcher, UMD_PURPOSE_SESSION, process, NULL, error);
}

static gboolean open_ports(const struct umd_process_path *path, struct rtp_ports *ports, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (rtp_ports_open(ports, path->local, path->peer, path->interface, &cause))
		return TRUE;
	g_set_error(error, REASON_ERROR, REASON_UMD_START, "no sockets for the stream: %s",
		    cause->message);
	return FALSE;
}

/* To be connected when it has said where to. */
static gboolean keep_rtp(umd_process *umd, const struct rtp_ports *ports, GError **error)
{
	umd->rtp = fcntl(ports->rtp, F_DUPFD_CLOEXEC, 0);
	if (umd->rtp >= 0)
		return TRUE;
	g_set_error(error, REASON_ERROR, REASON_UMD_START, "cannot keep a socket: %s", g_strerror(errno));
	return FALSE;
}

/* That it has ended already is no failure here: its exit status will say more. */
static gboolean send_config(umd_process *umd, GVariant *config, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (channel_send(umd->channel, CHANNEL_CONFIG, config, &cause) ||
	    g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
		return TRUE;
	g_set_error(error, REASON_ERROR, REASON_UMD_START, "no configuration: %s", cause->message);
	return FALSE;
}

umd_process *umd_process_new(umd_launcher *launcher, int sink_fd, GSocketConnection *rtsp,
			     const struct umd_process_path *path, GVariant *config,
			     const struct umd_process_funcs *funcs, gpointer user_data, GError **error)
{
	g_autoptr(umd_process) umd = g_new0(umd_process, 1);
	g_autoptr(GVariant) owned_config = g_variant_ref_sink(config);
	struct rtp_ports ports = RTP_PORTS_NONE;
	int channel_fd;

	umd->pidfd = -1;
	umd->cancellable = g_cancellable_new();
	umd->rtp = -1;
	umd->peer = g_strdup(path->peer);
	umd->interface = g_strdup(path->interface);
	umd->confined = umd_launcher_confines(launcher);
	umd->kill_signal = umd_launcher_kill_signal(launcher);
	umd->funcs = funcs;
	umd->user_data = user_data;
	if (!open_ports(path, &ports, error) || !keep_rtp(umd, &ports, error) ||
	    !make_channel(umd, &channel_fd, error)) {
		rtp_ports_close(&ports);
		if (sink_fd >= 0)
			close(sink_fd);
		return NULL;
	}
	umd->reports = rtp_ports_number(ports.rtcp);
	link_filter_open_door(umd->interface, LINK_FILTER_REPORTS, umd->reports);
	umd->process = launch(launcher, sink_fd, g_socket_connection_get_socket(rtsp), channel_fd,
			      &ports, error);
	if (!umd->process || !send_config(umd, owned_config, error))
		return NULL;
	umd_stderr_show(umd->process);
	watch_end(umd);
	g_subprocess_wait_async(umd->process, umd->cancellable, status_came, umd);
	return g_steal_pointer(&umd);
}

void umd_process_stop(umd_process *umd, const char *why)
{
	if (umd->stopping)
		return;
	umd->stopping = TRUE;
	umd_process_send(umd, CHANNEL_STOP, g_variant_new_parsed("{'reason': <%s>}", why));
	arm_stop_timer(umd);
}

void umd_process_send(umd_process *umd, enum channel_message message, GVariant *fields)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(fields);
	g_autoptr(GError) error = NULL;

	if (umd->channel && !channel_send(umd->channel, message, owned, &error))
		g_info("%s", error->message);
}

void umd_process_free(umd_process *umd)
{
	if (!umd)
		return;
	if (umd->process && !umd->gone)
		kill_process(umd);
	forget_process(umd);
	link_filter_shut_door(umd->interface, LINK_FILTER_REPORTS, umd->reports);
	g_clear_object(&umd->cancellable);
	g_clear_pointer(&umd->channel, channel_free);
	g_clear_pointer(&umd->why, reason_free);
	g_clear_pointer(&umd->exit_reason, reason_free);
	if (umd->rtp >= 0)
		close(umd->rtp);
	g_free(umd->peer);
	g_free(umd->interface);
	g_free(umd);
}
