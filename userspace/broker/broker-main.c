// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastd: options, signals, life and death.
 */
#define G_LOG_DOMAIN "miracastd"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <glib-unix.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>
#endif

#include "autoconnect.h"
#include "broker.h"
#include "dbus-api.h"
#include "link-direct.h"
#include "link-filter.h"
#include "link-mice.h"
#include "link-wifi.h"
#include "encoder-check.h"
#include "options.h"
#include "p2p-dhcp.h"
#include "rtsp-listener.h"
#include "sleep.h"
#include "umd-launcher.h"
#include "unit-call.h"

/* Documented in --help; miracastd.service and the tests rely on them. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_SESSION = 1,
	EXIT_USAGE = 2,
	EXIT_KERNEL = 3,
	EXIT_BUS = 4,
	EXIT_LINK = 5,
};

/* Longest that an orderly end may take: UMD, link, P2P. */
#define STOP_SECONDS 13

struct daemon {
	GMainLoop *loop;
	enum exit_status status;
	struct broker_config config;
	broker *broker;
	kernel_module *module; /* NULL with the test source, and without a bus */
	dbus_api *api;
	sleep_watch *sleep; /* NULL without a bus */
	autoconnect *autoconnect; /* NULL without a bus */
	encoder_check *maintenance; /* NULL: it is not under way */
	guint stop_timer;
	guint idle_timer; /* since something was done last */
	gboolean stopping;
	gboolean maintenance_begun;

	/* options */
	gboolean no_bus;
	gboolean session_bus;
	gboolean no_p2p;
	gboolean once;
	gboolean verbose;
	gboolean version;
	char *source;
	char *device;
	char *umd;
	char *encoder;
	char *audio;
	char *latency;
	gboolean no_sound;
	char *mode;
	char *p2p_interface;
	char *runtime_dir;
	char *quirks_dir;
	char *state_dir;
	char *sandbox;
	char **listen;
	char *from;
	char *max_bit_rate;
	int rtsp_timeout;
	int idle_exit;
};

/* What systemd and the daemon know of each other; nothing where it was built without. */
#ifdef HAVE_LIBSYSTEMD
static void tell_systemd(const char *state)
{
	sd_notify(FALSE, state);
}

static gboolean is_unit(void)
{
	char *unit = NULL;
	gboolean is = sd_pid_get_unit(0, &unit) >= 0 && strcmp(unit, "miracastd.service") == 0;

	free(unit);
	return is;
}
#else
static void tell_systemd(const char *state)
{
}

static gboolean is_unit(void)
{
	return FALSE;
}
#endif

/* For what was sent to us before the bus knew that the name is free. */
#define RELEASE_MS 500

static gboolean fail_usage(const char *message)
{
	g_printerr("miracastd: %s\nTry: miracastd --help\n", message);
	return FALSE;
}

static gboolean make_defaults(struct daemon *d)
{
	g_auto(GVariantDict) defaults = G_VARIANT_DICT_INIT(NULL);
	g_autoptr(GError) error = NULL;

	if (!options_parse("encoder", d->encoder, &defaults, &error) ||
	    !options_parse_audio(d->audio, d->no_sound, &defaults, &error) ||
	    !options_parse("latency", d->latency, &defaults, &error) ||
	    !options_parse("max-bit-rate", d->max_bit_rate, &defaults, &error) ||
	    !options_parse_mode(d->mode, &defaults, &error))
		return fail_usage(error->message);
	d->config.defaults = g_variant_ref_sink(g_variant_dict_end(&defaults));
	return TRUE;
}

/* NULL: none */
static const char *sandbox_of(const struct daemon *d)
{
	if (!d->sandbox)
		return MIRACAST_SANDBOX;
	return *d->sandbox ? d->sandbox : NULL;
}

/* --from is of one family.  What else may be wrong with an address is said when it is tried. */
static gboolean listens_in_two_families(struct daemon *d)
{
	gboolean v4 = FALSE, v6 = FALSE;

	for (char **text = d->listen; text && *text; text++) {
		g_autoptr(GSocketAddress) address = rtsp_parse_address(*text, 0, NULL);

		v4 |= address && g_socket_address_get_family(address) == G_SOCKET_FAMILY_IPV4;
		v6 |= address && g_socket_address_get_family(address) == G_SOCKET_FAMILY_IPV6;
	}
	return v4 && v6;
}

static gboolean parse_options(struct daemon *d, int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
		{ "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &d->listen,
		  "Wait for sinks on a local address (may be repeated)", "ADDRESS[:PORT]" },
		{ "from", 0, 0, G_OPTION_ARG_STRING, &d->from,
		  "With --listen, of IPv4 or of IPv6 but not both: who may have the screen "
		  "(default: whoever somebody says yes to, each time)",
		  "ADDRESS[/PREFIX]" },
		{ "source", 's', 0, G_OPTION_ARG_STRING, &d->source,
		  "\"kernel\" (default), or \"test\": a moving picture, no module needed", "SOURCE" },
		{ "mode", 0, 0, G_OPTION_ARG_STRING, &d->mode, "Preferred mode", "WxH[@HZ]" },
		{ "encoder", 0, 0, G_OPTION_ARG_STRING, &d->encoder,
		  "GStreamer encoder instead of the best one", "ELEMENT" },
		{ "no-sound", 0, 0, G_OPTION_ARG_NONE, &d->no_sound, "Pictures only", NULL },
		{ "audio", 0, 0, G_OPTION_ARG_STRING, &d->audio, "none, desktop, silence or tone", "KIND" },
		{ "latency", 0, 0, G_OPTION_ARG_STRING, &d->latency,
		  "Whether pictures shall come soon (low) or none late (high); default normal", "low|normal|high" },
		{ "max-bit-rate", 0, 0, G_OPTION_ARG_STRING, &d->max_bit_rate,
		  "Limit for video in bits per second", "BPS" },
		{ "rtsp-timeout", 0, 0, G_OPTION_ARG_INT, &d->rtsp_timeout,
		  "How long a sink may take to dial (default 90)", "SECONDS" },
		{ "idle-exit", 0, 0, G_OPTION_ARG_INT, &d->idle_exit,
		  "End when there was nothing to do for so long (default: never)", "SECONDS" },
		{ "once", 0, 0, G_OPTION_ARG_NONE, &d->once, "End with the first session", NULL },
		{ "p2p-interface", 0, 0, G_OPTION_ARG_STRING, &d->p2p_interface,
		  "Wi-Fi interface for P2P (default: the first that can)", "IFACE" },
		{ "no-p2p", 0, 0, G_OPTION_ARG_NONE, &d->no_p2p, "No Wi-Fi P2P", NULL },
		{ "no-bus", 0, 0, G_OPTION_ARG_NONE, &d->no_bus,
		  "No D-Bus at all: only --listen; implies --no-p2p", NULL },
		{ "session-bus", 0, 0, G_OPTION_ARG_NONE, &d->session_bus,
		  "Serve the API on the session bus (tests)", NULL },
		{ "device", 0, 0, G_OPTION_ARG_FILENAME, &d->device,
		  "Device node (default " KERNEL_DEVICE ")", "PATH" },
		{ "umd", 0, 0, G_OPTION_ARG_FILENAME, &d->umd,
		  "User-mode driver (default " MIRACAST_UMD ")", "PATH" },
		{ "sandbox", 0, 0, G_OPTION_ARG_FILENAME, &d->sandbox,
		  "What confines it (default " MIRACAST_SANDBOX "); \"\": nothing, for debuggers", "PATH" },
		{ "runtime-dir", 0, 0, G_OPTION_ARG_FILENAME, &d->runtime_dir,
		  "For files of running links (default /run/miracast)", "PATH" },
		{ "quirks-dir", 0, 0, G_OPTION_ARG_FILENAME, &d->quirks_dir,
		  "Your quirks of displays (default " MIRACAST_QUIRKS ")", "PATH" },
		{ "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &d->state_dir,
		  "What is remembered of displays (default " MIRACAST_STATE "; none without the system bus)", "PATH" },
		{ "verbose", 'v', 0, G_OPTION_ARG_NONE, &d->verbose, "Log details", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &d->version, "Print the version", NULL },
		G_OPTION_ENTRY_NULL
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- cast to Miracast displays");
	g_autoptr(GError) error = NULL;

	g_option_context_set_description(
		context, "Exit status:\n"
			 "  0  ended on request\n"
			 "  1  with --once: the session failed\n"
			 "  2  wrong usage\n"
			 "  3  with --listen: the kernel module is missing, in use, or not ours to open\n"
			 "  4  D-Bus: no bus, or another miracastd owns the name\n"
			 "  5  cannot listen on an address that was asked for\n");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error))
		return fail_usage(error->message);
	if (*argc > 1)
		return fail_usage("there are no arguments, only options");
	if (d->source && strcmp(d->source, "kernel") != 0 && strcmp(d->source, "test") != 0)
		return fail_usage("--source is \"kernel\" or \"test\"");
	if (d->no_bus && d->session_bus)
		return fail_usage("--no-bus and --session-bus exclude each other");
	if (d->no_bus && !d->listen && !d->version)
		return fail_usage("--no-bus can only --listen");
	if (d->no_bus && d->listen && link_direct_names_nobody(d->from))
		return fail_usage("without D-Bus nobody can be asked who may have the screen: --from says it");
	if (d->from && !d->listen)
		return fail_usage("--from says who may call, and nobody can without --listen");
	if (d->from && listens_in_two_families(d))
		return fail_usage("--from is of IPv4 or of IPv6, and nobody from there can call an address of the "
				  "other; for the other one there is miracastctl listen, with a --from of its own");
	if (d->idle_exit < 0)
		return fail_usage("--idle-exit is negative");
	if (d->rtsp_timeout < 0)
		return fail_usage("--rtsp-timeout is negative");
	d->config.rtsp_timeout = d->rtsp_timeout;
	d->config.quirks_dir = d->quirks_dir ? d->quirks_dir : MIRACAST_QUIRKS;
	d->config.state_dir = d->state_dir || d->no_bus || d->session_bus ? d->state_dir : MIRACAST_STATE;
	d->config.launcher = umd_launcher_new(d->umd ? d->umd : MIRACAST_UMD, sandbox_of(d));
	umd_launcher_use_units(d->config.launcher, d->runtime_dir ? d->runtime_dir : UNIT_CALL_DIRECTORY);
	d->config.keep_ended = BROKER_KEEP_ENDED;
	return make_defaults(d);
}

/* ---- the end ------------------------------------------------------------- */

static gboolean stop_timed_out(gpointer user_data)
{
	struct daemon *d = user_data;

	d->stop_timer = 0;
	g_warning("not everything could be taken down within %d s", STOP_SECONDS);
	g_main_loop_quit(d->loop);
	return G_SOURCE_REMOVE;
}

static void stop(struct daemon *d, enum exit_status status, const char *message)
{
	if (d->stopping)
		return;
	d->stopping = TRUE;
	d->status = status;
	tell_systemd("STOPPING=1");
	g_message("ending: %s", message);
	g_clear_handle_id(&d->idle_timer, g_source_remove);
	if (d->autoconnect)
		autoconnect_rest(d->autoconnect, TRUE);
	d->stop_timer = g_timeout_add_seconds(STOP_SECONDS, stop_timed_out, d);
	broker_stop(d->broker, reason_new_code(REASON_SHUTDOWN, "miracastd is ending: %s", message));
}

static void broker_stopped(broker *b, gpointer user_data)
{
	struct daemon *d = user_data;

	g_main_loop_quit(d->loop);
}

static gboolean signalled(gpointer user_data)
{
	struct daemon *d = user_data;

	if (d->stopping)
		g_main_loop_quit(d->loop); /* the second one: at once */
	stop(d, EXIT_OK, "asked to by a signal");
	return G_SOURCE_CONTINUE;
}

static void bus_failed(const GError *error, gpointer user_data)
{
	struct daemon *d = user_data;

	g_printerr("miracastd: %s\n", error->message);
	stop(d, EXIT_BUS, "no D-Bus");
}

/* ---- what sessions look up --------------------------------------------------- */

static void maintained(encoder_check *check, const char *element, gboolean software, const char *pictures,
			 const GError *error,
		       gpointer user_data)
{
	struct daemon *d = user_data;

	g_info("maintenance: %s", error ? error->message : element);
	g_clear_pointer(&d->maintenance, encoder_check_free);
}

/*
 * Sessions read what is known of plug-ins and encoders, and may not write it.  So it is
 * brought up to date when somebody is about to cast: he looks for displays first, and
 * they take longer to join.
 */
static void maintain(struct daemon *d)
{
	if (d->maintenance_begun || !umd_launcher_confines(d->config.launcher))
		return;
	d->maintenance_begun = TRUE;
	d->maintenance = encoder_check_new(d->config.launcher, NULL, ENCODER_CHECK_UNHURRIED_SECONDS,
					 maintained, d);
}

/* ---- nothing to do ------------------------------------------------------- */

/*
 * Who needs us starts us by a call on the bus. Between the decision to end and the
 * bus's knowing of it a call may be on its way to us: so the name goes first, and
 * if something still comes, it is taken back.
 */
static void begin_idle_time(struct daemon *d);

static gboolean is_idle(struct daemon *d)
{
	g_auto(GStrv) listening = link_direct_listening(broker_link(d->broker, "direct"));

	/* Ended sessions can be asked why for a while. */
	return broker_sessions(d->broker)->len == 0 && !broker_scanning(d->broker) &&
	       !listening[0] && !dbus_api_is_answering(d->api) && !autoconnect_is_wanted(d->autoconnect);
}

static gboolean name_is_free(gpointer user_data)
{
	struct daemon *d = user_data;

	d->idle_timer = 0;
	stop(d, EXIT_OK, "there was nothing to do");
	return G_SOURCE_REMOVE;
}

static gboolean idle_time_over(gpointer user_data)
{
	struct daemon *d = user_data;

	d->idle_timer = 0;
	if (is_idle(d)) {
		dbus_api_release(d->api);
		d->idle_timer = g_timeout_add(RELEASE_MS, name_is_free, d);
	} else {
		begin_idle_time(d);
	}
	return G_SOURCE_REMOVE;
}

/* Something has been done, or has come to its end. */
static void begin_idle_time(struct daemon *d)
{
	if (!d->idle_exit || !d->api || d->stopping)
		return;
	g_clear_handle_id(&d->idle_timer, g_source_remove);
	d->idle_timer = g_timeout_add_seconds(d->idle_exit, idle_time_over, d);
}

static void api_used(gpointer user_data)
{
	struct daemon *d = user_data;

	dbus_api_own(d->api);
	maintain(d);
	begin_idle_time(d);
}

/* Ends that nobody has to be told about. */
static gboolean is_orderly(const reason *why)
{
	static const char *const names[] = { "disconnected", "shutdown", "suspended", "stopped",
					     "sink-left", NULL };

	return g_strv_contains(names, why->name);
}

static void session_changed_state(broker *b, session *s, enum session_change what,
				  gpointer user_data)
{
	struct daemon *d = user_data;

	if (d->api)
		dbus_api_session_changed(d->api, s, what);
	if (d->autoconnect)
		autoconnect_session_changed(d->autoconnect, s, what);
	if (d->once && session_state(s) == SESSION_GONE && session_was_let_in(s))
		stop(d, is_orderly(session_reason(s)) ? EXIT_OK : EXIT_SESSION,
		     session_reason(s)->message);
}

static void session_added(broker *b, session *s, gpointer user_data)
{
	struct daemon *d = user_data;

	if (d->api)
		dbus_api_session_added(d->api, s);
}

static void session_removed(broker *b, session *s, gpointer user_data)
{
	struct daemon *d = user_data;

	if (d->api)
		dbus_api_session_removed(d->api, s);
	begin_idle_time(d);
}

static void sinks_changed(broker *b, gpointer user_data)
{
	struct daemon *d = user_data;

	if (d->api)
		dbus_api_sinks_changed(d->api);
	if (d->autoconnect)
		autoconnect_displays_changed(d->autoconnect);
}

static void remembered_changed(broker *b, gpointer user_data)
{
	struct daemon *d = user_data;

	if (d->api)
		dbus_api_remembered_changed(d->api);
	if (d->autoconnect)
		autoconnect_displays_changed(d->autoconnect);
	begin_idle_time(d);
}

static void scanning_changed(broker *b, gpointer user_data)
{
	struct daemon *d = user_data;

	if (d->api)
		dbus_api_scanning_changed(d->api);
	if (d->autoconnect)
		autoconnect_scanning_changed(d->autoconnect);
	begin_idle_time(d);
}

/* ---- sleep --------------------------------------------------------------- */

static void broker_settled(broker *b, gpointer user_data)
{
	struct daemon *d = user_data;

	sleep_watch_settled(d->sleep);
}

static void suspend(sleep_watch *w, gpointer user_data)
{
	struct daemon *d = user_data;

	autoconnect_rest(d->autoconnect, TRUE);
	broker_suspend(d->broker);
}

static void resume(sleep_watch *w, gpointer user_data)
{
	struct daemon *d = user_data;

	broker_resume(d->broker);
	if (!d->stopping)
		autoconnect_rest(d->autoconnect, FALSE);
}

static const struct sleep_watch_funcs sleep_callbacks = {
	.suspend = suspend,
	.resume = resume,
};

static const struct broker_events broker_callbacks = {
	.sinks_changed = sinks_changed,
	.scanning_changed = scanning_changed,
	.remembered_changed = remembered_changed,
	.session_added = session_added,
	.session_changed = session_changed_state,
	.session_removed = session_removed,
	.settled = broker_settled,
	.stopped = broker_stopped,
};

/* ---- the beginning ------------------------------------------------------- */

static void print_error(const GError *error)
{
	const char *hint = reason_error_hint(error).text;

	g_printerr("miracastd: %s\n", error->message);
	if (*hint)
		g_printerr("miracastd: %s\n", hint);
}

static gboolean open_kernel(struct daemon *d)
{
	g_autoptr(GError) error = NULL;

	if (d->source && strcmp(d->source, "test") == 0)
		return TRUE;
	d->config.kernel = kernel_new(d->device ? d->device : KERNEL_DEVICE);
	if (!d->no_bus)
		d->module = kernel_module_new(d->config.kernel, NULL, is_unit());
	/* Sinks may dial at once, and there is nobody whose call could be answered with the reason. */
	if (!d->listen || kernel_open(d->config.kernel, &error))
		return TRUE;
	print_error(error);
	return FALSE;
}

static gboolean listen_on(struct daemon *d, link_backend *direct, const char *address)
{
	g_auto(GVariantDict) options = G_VARIANT_DICT_INIT(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *bound = NULL;

	if (!options_parse("from", d->from, &options, &error) ||
	    !link_direct_listen(direct, address, g_variant_dict_end(&options), &bound, &error)) {
		print_error(error);
		return FALSE;
	}
	g_message("listening on %s, for %s", bound,
		  link_direct_names_nobody(d->from) ? "whoever somebody says yes to" : d->from);
	return TRUE;
}

static gboolean open_links(struct daemon *d)
{
	link_backend *direct = link_direct_new(broker_link_events(), d->broker);

	broker_add_link(d->broker, direct);
	for (char **address = d->listen; address && *address; address++) {
		if (!listen_on(d, direct, *address))
			return FALSE;
	}
	/* Without a bus nobody can ask for a display. */
	if (!d->no_bus)
		broker_add_link(d->broker, link_mice_new(&(struct link_mice_config){ 0 },
							 broker_link_events(), d->broker));
	if (!d->no_bus && !d->no_p2p)
		broker_add_link(d->broker, link_wifi_new(&(struct link_p2p_config){
							.interface = d->p2p_interface,
							.remembered = broker_remembered(d->broker),
							.runtime_dir = d->runtime_dir,
						}, broker_link_events(), d->broker));
	return TRUE;
}

static void ready(gpointer user_data)
{
	tell_systemd("READY=1");
	g_message("ready");
	begin_idle_time(user_data);
}

static const struct dbus_api_funcs api_callbacks = {
	.ready = ready,
	.failed = bus_failed,
	.used = api_used,
};

static enum exit_status run(struct daemon *d)
{
	if (!open_kernel(d))
		return EXIT_KERNEL;
	d->broker = broker_new(&d->config);
	broker_set_events(d->broker, &broker_callbacks, d);
	if (!open_links(d))
		return EXIT_LINK;
	if (d->listen)
		maintain(d);
	if (!d->no_bus)
		d->autoconnect = autoconnect_new(&(struct autoconnect_config){ .broker = d->broker, .module = d->module });
	if (!d->no_bus)
		d->sleep = sleep_watch_new(NULL, &sleep_callbacks, d);
	d->loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGINT, signalled, d);
	g_unix_signal_add(SIGTERM, signalled, d);
	if (d->no_bus)
		ready(d);
	else
		d->api = dbus_api_new(d->broker, &(struct dbus_api_config){
					      .bus = d->session_bus ? G_BUS_TYPE_SESSION :
								      G_BUS_TYPE_SYSTEM,
					      .diagnosis = { .launcher = d->config.launcher,
							     .radio = radio_ask,
							     .filter = link_filter_check,
							     .drm_class = "/sys/class/drm",
							     .quirks_dir = d->config.quirks_dir,
							     .bus = G_BUS_TYPE_SYSTEM },
					      .module = d->module,
				      }, &api_callbacks, d);
	g_main_loop_run(d->loop);
	return d->status;
}

static void daemon_clear(struct daemon *d)
{
	g_clear_handle_id(&d->stop_timer, g_source_remove);
	g_clear_handle_id(&d->idle_timer, g_source_remove);
	g_clear_pointer(&d->sleep, sleep_watch_free);
	g_clear_pointer(&d->api, dbus_api_free);
	g_clear_pointer(&d->module, kernel_module_free);
	g_clear_pointer(&d->autoconnect, autoconnect_free);
	g_clear_pointer(&d->maintenance, encoder_check_free);
	g_clear_pointer(&d->broker, broker_free);
	g_clear_pointer(&d->config.kernel, kernel_free);
	g_clear_pointer(&d->config.defaults, g_variant_unref);
	g_clear_pointer(&d->config.launcher, umd_launcher_unref);
	g_clear_pointer(&d->loop, g_main_loop_unref);
	g_free(d->source);
	g_free(d->device);
	g_free(d->umd);
	g_free(d->quirks_dir);
	g_free(d->state_dir);
	g_free(d->encoder);
	g_free(d->audio);
	g_free(d->latency);
	g_free(d->mode);
	g_free(d->max_bit_rate);
	g_free(d->p2p_interface);
	g_free(d->runtime_dir);
	g_free(d->sandbox);
	g_strfreev(d->listen);
	g_free(d->from);
}

int main(int argc, char **argv)
{
	struct daemon d = { .status = EXIT_OK };
	g_autofree char *path = p2p_dhcp_search_path(g_getenv("PATH"));
	enum exit_status status;

	setlocale(LC_ALL, "");
	g_setenv("PATH", path, TRUE);
	if (!parse_options(&d, &argc, &argv)) {
		daemon_clear(&d);
		return EXIT_USAGE;
	}
	if (d.version) {
		g_print("miracastd %s\n", MIRACAST_VERSION);
		daemon_clear(&d);
		return EXIT_OK;
	}
	if (d.verbose)
		g_setenv("G_MESSAGES_DEBUG", "miracastd miracast-umd", TRUE);
	status = run(&d);
	daemon_clear(&d);
	return status;
}
