// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracast-umd: one session with one sink.
 *
 * Started by miracastd with a sink fd of the kernel, the connected RTSP socket, the
 * control channel and the sockets for RTP and RTCP, and confined before it begins
 * (sandbox.h).  The main thread runs the main loop, in which the session lives;
 * another thread runs the host (libmiracast).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "encoders.h"
#include "maintenance.h"
#include "umd-driver.h"
#include "wfdelements.h"

#define CONFIG_TIMEOUT_S 10

/* Exit status; the reason of a session that ended is on the channel. */
#define EXIT_USAGE 2

struct umd {
	GMainLoop *loop;
	channel *ch;
	int sink_fd;
	int rtsp_fd;
	struct rtp_ports ports;

	struct umd_config *config; /* NULL: it has not come yet */
	struct umd_driver_data driver;
	struct miracast_host *host;
	GThread *host_thread;
	int host_result; /* valid once the thread has ended */
	gboolean stopping;
	gboolean broker_gone;
	GSource *config_timer;
};

/* ------------------------------------------------------------------ the end */

static void send_end(struct umd *umd, enum channel_reason reason, const char *message)
{
	g_autoptr(GError) error = NULL;

	if (umd->broker_gone)
		return;
	if (!channel_send(umd->ch, CHANNEL_END,
			  g_variant_new_parsed("{'reason': <%s>, 'status': <%u>, 'message': <%s>, "
					       "'hint': <%s>}",
					       channel_reason_name(reason),
					       channel_reason_status(reason), message,
					       channel_reason_hint(reason).text),
			  &error))
		g_warning("%s", error->message);
}

static void send_result(struct umd *umd)
{
	int err = -umd->host_result;

	/* The session's own reason, except that losing the kernel looks like a stop to it. */
	if (umd->driver.message &&
	    !(umd->driver.reason == CHANNEL_REASON_STOPPED && err == ENODEV)) {
		send_end(umd, umd->driver.reason, umd->driver.message);
	} else if (err && !umd->stopping) {
		g_autofree char *message = g_strdup_printf("The kernel's session ended: %s",
							   g_strerror(err));

		send_end(umd, CHANNEL_REASON_DRIVER_GONE, message);
	} else {
		send_end(umd, CHANNEL_REASON_STOPPED, "Stopped");
	}
}

static void stop(struct umd *umd, const char *why)
{
	if (umd->stopping)
		return;
	g_message("stopping: %s", why);
	umd->stopping = TRUE;
	if (!umd->host) {
		g_main_loop_quit(umd->loop);
		return;
	}
	miracast_host_request_stop(umd->host);
	/* A start that waits for the sink does not see the request. */
	if (umd->driver.session)
		umd_session_stop(umd->driver.session);
}

/* ----------------------------------------------------------------- the host */

static void host_overdue(void *data, const char *what)
{
	/* The kernel tears down what is left when the file descriptors close. */
	g_critical("%s takes too long; giving up", what);
	_exit(EXIT_FAILURE);
}

static void host_status(void *data, uint32_t status, int error, bool first)
{
	g_message("status %u (%s)%s", status, g_strerror(-error), first ? "" : ", too late");
}

static gboolean host_finished(gpointer data)
{
	struct umd *umd = data;

	g_main_loop_quit(umd->loop);
	return G_SOURCE_REMOVE;
}

static gpointer host_thread(gpointer data)
{
	struct umd *umd = data;

	umd->host_result = miracast_host_run(umd->host);
	g_idle_add(host_finished, umd);
	return NULL;
}

static void start(struct umd *umd)
{
	struct miracast_host_config config = {
		.driver = &umd_driver,
		.driver_data = &umd->driver,
		.sink_fd = umd->config->kernel ? umd->sink_fd : -1,
		.rtsp_fd = umd->rtsp_fd,
		.has_data_rate = true,
		.data = umd,
		.status = host_status,
		.overdue = host_overdue,
	};
	int err;

	umd->driver.config = umd->config;
	umd->driver.ch = umd->ch;
	umd->driver.context = g_main_context_default();
	err = miracast_host_new(&config, &umd->host);
	if (err) {
		send_end(umd, CHANNEL_REASON_INTERNAL, g_strerror(-err));
		g_main_loop_quit(umd->loop);
		return;
	}
	umd->host_thread = g_thread_new("host", host_thread, umd);
}

/* --------------------------------------------------------------- the channel */

static void configure(struct umd *umd, GVariant *fields)
{
	g_autoptr(GError) error = NULL;

	if (umd->config) {
		g_warning("a second configuration is ignored");
		return;
	}
	g_source_destroy(umd->config_timer);
	umd->config = umd_config_new(fields, &error);
	if (umd->config && umd->config->kernel && umd->sink_fd < 0)
		g_set_error_literal(&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
				    "source \"kernel\" without a sink fd");
	if (error) {
		send_end(umd, CHANNEL_REASON_CONFIGURATION, error->message);
		g_main_loop_quit(umd->loop);
		return;
	}
	umd->config->ports = umd->ports;
	start(umd);
}

static void set_data_rate(struct umd *umd, GVariant *fields)
{
	struct miracast_data_rate rate = { 0 };

	g_variant_lookup(fields, "encoder-bit-rate", "t", &rate.encoder_bit_rate);
	g_variant_lookup(fields, "max-tx-rate", "t", &rate.current_max_tx_data_rate);
	g_variant_lookup(fields, "transmitted", "t", &rate.transmitted_frame_count);
	g_variant_lookup(fields, "failed", "t", &rate.failed_frame_count);
	g_variant_lookup(fields, "retried", "t", &rate.retried_frame_count);
	g_variant_lookup(fields, "multiple-retried", "t", &rate.multiple_retry_frame_count);
	if (umd->host)
		miracast_host_set_data_rate(umd->host, &rate);
}

static void channel_message_received(channel *ch, enum channel_message message, GVariant *fields,
				     gpointer user_data)
{
	struct umd *umd = user_data;
	const char *reason = "";

	switch (message) {
	case CHANNEL_CONFIG:
		configure(umd, fields);
		break;
	case CHANNEL_STOP:
		g_variant_lookup(fields, "reason", "&s", &reason);
		stop(umd, reason);
		break;
	case CHANNEL_DATA_RATE:
		set_data_rate(umd, fields);
		break;
	case CHANNEL_IDR:
		if (umd->driver.session)
			umd_session_key_frame(umd->driver.session);
		break;
	default:
		break;
	}
}

static void channel_closed(channel *ch, const GError *error, gpointer user_data)
{
	struct umd *umd = user_data;

	umd->broker_gone = TRUE;
	stop(umd, error ? error->message : "the broker has gone");
}

static const struct channel_funcs channel_handlers = {
	.message = channel_message_received,
	.closed = channel_closed,
};

static gboolean config_is_late(gpointer data)
{
	struct umd *umd = data;

	g_warning("the broker has sent no configuration within %d s", CONFIG_TIMEOUT_S);
	stop(umd, "no configuration");
	return G_SOURCE_REMOVE;
}

/* -------------------------------------------------------------- the process */

static gboolean terminated(gpointer data)
{
	stop(data, "signal");
	return G_SOURCE_CONTINUE;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Nothing that the broker had open by accident stays open here. */
static void close_other_fds(const struct umd *umd, int channel_fd)
{
	int keep[] = { STDERR_FILENO, umd->sink_fd, umd->rtsp_fd, channel_fd, umd->ports.rtp,
		       umd->ports.rtcp };

	qsort(keep, G_N_ELEMENTS(keep), sizeof(keep[0]), compare_fds);
	for (gsize i = 0; i + 1 < G_N_ELEMENTS(keep); i++) {
		if (keep[i + 1] > keep[i] + 1)
			close_range(MAX(keep[i] + 1, STDERR_FILENO + 1), keep[i + 1] - 1, 0);
	}
	close_range(MAX(keep[G_N_ELEMENTS(keep) - 1], STDERR_FILENO) + 1, ~0u, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(keep); i++) {
		if (keep[i] > STDERR_FILENO)
			fcntl(keep[i], F_SETFD, FD_CLOEXEC);
	}
}

/*
 * GStreamer lets nobody else read its list of plug-ins; sessions, which run as somebody
 * else, are to use it.  Only where the daemon has made a place for it.
 */
static void share_registry(void)
{
	g_autofree char *path = g_build_filename(g_get_user_cache_dir(), "gstreamer-1.0", NULL);
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		if (g_str_has_prefix(name, "registry.") && g_chmod(file, 0644) < 0)
			g_debug("%s: %s", file, g_strerror(errno));
	}
}

/* Not a session: the daemon wants to know which encoder works here, or whether one does. */
static int check_encoder(const char *name)
{
	const struct video_encoder *encoder = NULL;
	struct wfd_encoder_limits limits = { 0 };
	g_autoptr(GError) error = NULL;

	maintenance_begin();
	if (gst_init_check(NULL, NULL, &error) && wfd_elements_register()) {
		share_registry();
		encoder = video_encoder_choose(*name ? name : NULL, &error);
	}
	if (!encoder) {
		g_print("%s\n", error ? error->message : "GStreamer does not take our elements");
		return EXIT_FAILURE;
	}
	video_encoder_limits(encoder, &limits);
	g_print("%s%s\n", video_encoder_element(encoder), limits.software ? CHANNEL_ENCODER_SOFTWARE : "");
	if (!limits.software) {
		g_autofree char *pictures = video_encoder_pictures(encoder);

		g_print("%s\n", pictures);
	}
	return EXIT_SUCCESS;
}

/* Not a session either: one of them has lost @what, "ELEMENT:PROFILES", and could not write it down. */
static int note_failure(const char *what)
{
	g_auto(GStrv) words = g_strsplit(what, ":", -1);
	const struct video_encoder *encoder;
	g_autoptr(GError) error = NULL;
	guint64 profiles;

	if (g_strv_length(words) != 2 ||
	    !g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXUINT8, &profiles, NULL))
		return EXIT_USAGE;
	if (!gst_init_check(NULL, NULL, &error) || !wfd_elements_register())
		return EXIT_FAILURE;
	encoder = video_encoder_find(words[0], &error);
	if (!encoder)
		return EXIT_FAILURE;
	if (profiles == CHANNEL_ENCODER_PICTURES)
		video_encoder_gpu_failed(encoder, "its driver has refused a picture, or not come back");
	else
		video_encoder_failed(encoder, profiles, "it has failed in a session");
	return EXIT_SUCCESS;
}

static gboolean parse_options(struct umd *umd, int *channel_fd, char **encoder, char **failure,
			      int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
		{ "sink-fd", 0, 0, G_OPTION_ARG_INT, &umd->sink_fd,
		  "sink of /dev/miracast; -1 for none", "FD" },
		{ "rtsp-fd", 0, 0, G_OPTION_ARG_INT, &umd->rtsp_fd, "connected RTSP socket", "FD" },
		{ "rtp-fd", 0, 0, G_OPTION_ARG_INT, &umd->ports.rtp, "bound UDP socket", "FD" },
		{ "rtcp-fd", 0, 0, G_OPTION_ARG_INT, &umd->ports.rtcp,
		  "another one, of the port above it", "FD" },
		{ "channel-fd", 0, 0, G_OPTION_ARG_INT, channel_fd, "control channel", "FD" },
		{ "check-encoder", 0, 0, G_OPTION_ARG_STRING, encoder,
		  "no session: does it work? \"\": which one does", "ELEMENT" },
		{ "encoder-failed", 0, 0, G_OPTION_ARG_STRING, failure,
		  "no session: one has lost this encoder", "ELEMENT:PROFILES" },
		{ NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- one Miracast session");
	g_autoptr(GError) error = NULL;

	g_option_context_set_summary(context, "Started by miracastd; of no use alone.");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		g_printerr("miracast-umd: %s\n", error->message);
		return FALSE;
	}
	if (*encoder || *failure)
		return TRUE;
	if (umd->rtsp_fd <= STDERR_FILENO || *channel_fd <= STDERR_FILENO ||
	    umd->ports.rtp <= STDERR_FILENO || umd->ports.rtcp <= STDERR_FILENO ||
	    (umd->sink_fd != -1 && umd->sink_fd <= STDERR_FILENO)) {
		g_printerr("miracast-umd: file descriptors 0 to 2 are taken\n");
		return FALSE;
	}
	return TRUE;
}

static gboolean harden(void)
{
	signal(SIGPIPE, SIG_IGN);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == 0;
}

/*
 * What miracast-sandbox had to leave open, since it had to execute this program, before
 * anything comes from the sink.  Where it has set no filter somebody debugs.
 */
static gboolean forbid_programs(void)
{
	scmp_filter_ctx filter;
	int error;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
		return TRUE;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	error = filter ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(execve), 0) : -ENOMEM;
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(execveat), 0);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	if (error)
		g_printerr("miracast-umd: no filter against programs: %s\n", g_strerror(-error));
	return !error;
}

int main(int argc, char **argv)
{
	struct umd umd = { .sink_fd = 3, .rtsp_fd = 4, .ports = { 6, 7 } };
	g_autoptr(GError) error = NULL;
	g_autofree char *encoder = NULL;
	g_autofree char *failure = NULL;
	int channel_fd = 5;

	g_set_prgname("miracast-umd");
	gpu_way_set_environment();
	if (!parse_options(&umd, &channel_fd, &encoder, &failure, &argc, &argv))
		return EXIT_USAGE;
	if (encoder)
		return harden() ? check_encoder(encoder) : EXIT_FAILURE;
	if (failure)
		return harden() ? note_failure(failure) : EXIT_FAILURE;
	close_other_fds(&umd, channel_fd);
	if (!harden()) {
		g_printerr("miracast-umd: prctl: %s\n", g_strerror(errno));
		return EXIT_FAILURE;
	}

	if (!forbid_programs())
		return EXIT_FAILURE;

	umd.ch = channel_new(channel_fd, CHANNEL_UMD, &channel_handlers, &umd, &error);
	if (!umd.ch) {
		g_printerr("miracast-umd: %s\n", error->message);
		return EXIT_USAGE;
	}
	umd.loop = g_main_loop_new(NULL, FALSE);
	umd.config_timer = g_timeout_source_new_seconds(CONFIG_TIMEOUT_S);
	g_source_set_callback(umd.config_timer, config_is_late, &umd, NULL);
	g_source_attach(umd.config_timer, NULL);
	g_unix_signal_add(SIGTERM, terminated, &umd);
	g_unix_signal_add(SIGINT, terminated, &umd);
	g_main_loop_run(umd.loop);

	if (umd.host_thread) {
		g_thread_join(umd.host_thread);
		send_result(&umd);
	}
	miracast_host_free(umd.host);
	g_free(umd.driver.message);
	umd_config_free(umd.config);
	g_source_unref(umd.config_timer);
	channel_free(umd.ch);
	g_main_loop_unref(umd.loop);
	return EXIT_SUCCESS;
}
