// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * DHCP on a P2P group: see p2p-dhcp.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-dhcp.h"

#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "p2p-address.h"
#include "packages.h"
#include "unit-call.h"

#define LEASE_FIRST 10
#define LEASE_LAST 20

/* The socket of the unit that runs them. */
#define UNIT_DHCP "dhcp"

/* Time that a program has for its own end. */
#define KILL_SECONDS 2

/* A line of the client's script; what is longer is none of it. */
#define LINE_MAX_BYTES 128

/* What the shell, and busybox with it, ends with if there is no such program in it. */
#define STATUS_NOT_FOUND 127

struct p2p_dhcp {
	const struct p2p_dhcp_funcs *funcs;
	gpointer user_data;
	char *ifname;
	enum package package; /* that the program is in */

	GSubprocess *program;
	GCancellable *cancellable; /* of the waits for its end and its words */
	gboolean closing;
	guint idle;
	guint timer;

	char *pid_file;
	char *lease_file; /* of the server */
	GFileMonitor *lease_monitor;
	GString *line; /* of the client: what has come of it */
};

static gboolean emit_closed(gpointer user_data)
{
	p2p_dhcp *dhcp = user_data;

	dhcp->idle = 0;
	unlink(dhcp->pid_file);
	if (dhcp->lease_file)
		unlink(dhcp->lease_file);
	dhcp->funcs->closed(dhcp, dhcp->user_data);
	return G_SOURCE_REMOVE;
}

static void program_ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
	p2p_dhcp *dhcp;
	GSubprocess *program = G_SUBPROCESS(source);
	g_autoptr(GError) error = NULL;

	if (!g_subprocess_wait_finish(program, result, NULL))
		return; /* cancelled: freed already */
	dhcp = user_data;
	g_clear_handle_id(&dhcp->timer, g_source_remove);
	if (dhcp->closing) {
		dhcp->idle = g_idle_add_full(G_PRIORITY_DEFAULT, emit_closed, dhcp, NULL);
	} else if (g_subprocess_get_if_exited(program) &&
		   g_subprocess_get_exit_status(program) == STATUS_NOT_FOUND) {
		g_autofree char *command = package_command(dhcp->package, NULL);

		g_set_error(&error, REASON_ERROR, REASON_DHCP_MISSING,
			    "the DHCP program for %s is not complete: %s", dhcp->ifname, command);
	} else {
		g_set_error(&error, REASON_ERROR, REASON_ADDRESS_FAILED,
			    "the DHCP program for %s has ended by itself", dhcp->ifname);
	}
	g_clear_object(&dhcp->program);
	if (error)
		dhcp->funcs->ended(dhcp, error, dhcp->user_data);
}

char *p2p_dhcp_search_path(const char *path)
{
	return g_strconcat(path && *path ? path : "/usr/bin:/bin", ":/usr/sbin:/sbin", NULL);
}

static p2p_dhcp *dhcp_new(const char *ifname, const char *pid_file, enum package package,
			  const struct p2p_dhcp_funcs *funcs, gpointer user_data)
{
	p2p_dhcp *dhcp = g_new0(p2p_dhcp, 1);

	dhcp->funcs = funcs;
	dhcp->user_data = user_data;
	dhcp->ifname = g_strdup(ifname);
	dhcp->pid_file = g_strdup(pid_file);
	dhcp->package = package;
	dhcp->cancellable = g_cancellable_new();
	return dhcp;
}

static gboolean start_program(p2p_dhcp *dhcp, const char *const *words, const char *runtime_dir,
			      GSubprocessFlags flags, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) cause = NULL;
	g_autofree char *line = g_strjoinv(" ", (char **)words);
	const char *const *argv;

	/* A server becomes somebody else, and gets his signals from whoever may send them to him. */
	if (unit_call_answers(runtime_dir, UNIT_DHCP))
		unit_call_add(all, runtime_dir, UNIT_DHCP);
	for (; *words; words++)
		g_ptr_array_add(all, g_strdup(*words));
	g_ptr_array_add(all, NULL);
	argv = (const char *const *)all->pdata;
	g_debug("running %s", line);
	dhcp->program = g_subprocess_newv(argv, flags, &cause);
	if (!dhcp->program) {
		gboolean missing = g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
		g_autofree char *command = package_command(dhcp->package, NULL);

		g_set_error(error, REASON_ERROR, missing ? REASON_DHCP_MISSING : REASON_ADDRESS_FAILED,
			    missing ? "there is no %s: %s" : "cannot run %s (%s)", argv[0],
			    missing ? command : cause->message);
		return FALSE;
	}
	g_subprocess_wait_async(dhcp->program, dhcp->cancellable, program_ended, dhcp);
	return TRUE;
}

/* ---- server -------------------------------------------------------------- */

static void lease_changed(GFileMonitor *monitor, GFile *file, GFile *other,
			  GFileMonitorEvent event, gpointer user_data)
{
	p2p_dhcp *dhcp = user_data;
	g_autofree char *content = NULL;
	g_auto(GStrv) fields = NULL;
	g_autoptr(GInetAddress) address = NULL;

	/* It stays open, so that the hint that all is written comes seconds later. */
	if ((event != G_FILE_MONITOR_EVENT_CHANGED &&
	     event != G_FILE_MONITOR_EVENT_CHANGES_DONE_HINT) ||
	    !g_file_get_contents(dhcp->lease_file, &content, NULL, NULL) ||
	    !strchr(content, '\n'))
		return;
	/* "expiry MAC address name client-id" */
	fields = g_strsplit(content, " ", 4);
	address = g_strv_length(fields) == 4 ? g_inet_address_new_from_string(fields[2]) : NULL;
	if (!address)
		return;
	g_clear_object(&dhcp->lease_monitor);
	dhcp->funcs->leased(dhcp, address, P2P_ADDRESS_PREFIX, dhcp->user_data);
}

static void watch_leases(p2p_dhcp *dhcp)
{
	g_autoptr(GFile) file = g_file_new_for_path(dhcp->lease_file);

	unlink(dhcp->lease_file);
	dhcp->lease_monitor = g_file_monitor_file(file, G_FILE_MONITOR_NONE, NULL, NULL);
	if (dhcp->lease_monitor)
		g_signal_connect(dhcp->lease_monitor, "changed", G_CALLBACK(lease_changed), dhcp);
}

/*
 * Its own configuration files, name server, and scripts stay out. An empty
 * router option keeps the sink from sending the rest of its traffic to us.
 */
p2p_dhcp *p2p_dhcp_serve(const char *ifname, GInetAddressMask *network, const char *runtime_dir,
			 const struct p2p_dhcp_funcs *funcs, gpointer user_data, GError **error)
{
	g_autofree char *prefix = g_inet_address_to_string(g_inet_address_mask_get_address(network));
	g_autofree char *interface = g_strdup_printf("--interface=%s", ifname);
	g_autofree char *pid_file = g_strdup_printf("%s/dnsmasq-%s.pid", runtime_dir, ifname);
	g_autofree char *pid_option = g_strdup_printf("--pid-file=%s", pid_file);
	g_autofree char *lease_option = NULL;
	g_autofree char *range = NULL;
	p2p_dhcp *dhcp = dhcp_new(ifname, pid_file, PACKAGE_DNSMASQ, funcs, user_data);

	*strrchr(prefix, '.') = '\0';
	range = g_strdup_printf("--dhcp-range=%s.%d,%s.%d,255.255.255.0,1h", prefix, LEASE_FIRST,
				prefix, LEASE_LAST);
	dhcp->lease_file = g_strdup_printf("%s/dnsmasq-%s.leases", runtime_dir, ifname);
	lease_option = g_strdup_printf("--dhcp-leasefile=%s", dhcp->lease_file);
	watch_leases(dhcp);

	const char *const argv[] = {
		"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
		"--no-resolv", "--no-hosts", "--no-ping", "--bind-interfaces",
		"--except-interface=lo", interface, range, "--dhcp-option=option:router",
		"--dhcp-authoritative", "--dhcp-rapid-commit", "--dhcp-no-override",
		"--log-facility=-", lease_option, pid_option, NULL,
	};
	if (start_program(dhcp, argv, runtime_dir, G_SUBPROCESS_FLAGS_NONE, error))
		return dhcp;
	p2p_dhcp_free(dhcp);
	return NULL;
}

/* ---- client -------------------------------------------------------------- */

static void hear(p2p_dhcp *dhcp);

static void heard_line(p2p_dhcp *dhcp)
{
	int prefix;
	g_autoptr(GInetAddress) address = p2p_address_parse_lease(dhcp->line->str, &prefix);

	g_debug("DHCP on %s: %s", dhcp->ifname, dhcp->line->str);
	if (address && !dhcp->closing)
		dhcp->funcs->leased(dhcp, address, prefix, dhcp->user_data);
}

static void heard(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes =
		g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);
	p2p_dhcp *dhcp = user_data;
	const char *data;
	gsize len;

	/* Freed, or no more to come. */
	if (!bytes || g_bytes_get_size(bytes) == 0)
		return;
	data = g_bytes_get_data(bytes, &len);
	for (gsize i = 0; i < len; i++) {
		if (data[i] == '\n') {
			heard_line(dhcp);
			g_string_truncate(dhcp->line, 0);
		} else if (data[i] && dhcp->line->len < LINE_MAX_BYTES) {
			g_string_append_c(dhcp->line, data[i]);
		}
	}
	hear(dhcp);
}

static void hear(p2p_dhcp *dhcp)
{
	if (dhcp->program)
		g_input_stream_read_bytes_async(g_subprocess_get_stdout_pipe(dhcp->program),
						LINE_MAX_BYTES, G_PRIORITY_DEFAULT,
						dhcp->cancellable, heard, dhcp);
}

/*
 * Asks for the mask alone. A peer that is just joining misses the first requests,
 * hence many in short order, and for ever: who asked has the time limit.
 */
p2p_dhcp *p2p_dhcp_ask(const char *ifname, const char *runtime_dir,
		       const struct p2p_dhcp_funcs *funcs, gpointer user_data, GError **error)
{
	g_autofree char *pid_file = g_strdup_printf("%s/udhcpc-%s.pid", runtime_dir, ifname);
	p2p_dhcp *dhcp = dhcp_new(ifname, pid_file, PACKAGE_BUSYBOX, funcs, user_data);
	const char *const argv[] = {
		"busybox", "udhcpc", "-f", "-i", ifname, "-s", MIRACAST_DHCP_EVENT, "-p", pid_file,
		"-o", "-O", "subnet", "-t", "10", "-T", "2", "-A", "1", "-R", NULL,
	};

	dhcp->line = g_string_new(NULL);
	if (start_program(dhcp, argv, runtime_dir, G_SUBPROCESS_FLAGS_STDOUT_PIPE, error)) {
		hear(dhcp);
		return dhcp;
	}
	p2p_dhcp_free(dhcp);
	return NULL;
}

/* ---- the end ------------------------------------------------------------- */

static gboolean kill_program(gpointer user_data)
{
	p2p_dhcp *dhcp = user_data;

	dhcp->timer = 0;
	g_subprocess_force_exit(dhcp->program);
	return G_SOURCE_REMOVE;
}

void p2p_dhcp_close(p2p_dhcp *dhcp)
{
	if (dhcp->closing)
		return;
	dhcp->closing = TRUE;
	g_clear_object(&dhcp->lease_monitor);
	if (dhcp->program) {
		g_subprocess_send_signal(dhcp->program, SIGTERM);
		dhcp->timer = g_timeout_add_seconds(KILL_SECONDS, kill_program, dhcp);
	} else {
		dhcp->idle = g_idle_add_full(G_PRIORITY_DEFAULT, emit_closed, dhcp, NULL);
	}
}

void p2p_dhcp_free(p2p_dhcp *dhcp)
{
	if (!dhcp)
		return;
	g_clear_handle_id(&dhcp->idle, g_source_remove);
	g_clear_handle_id(&dhcp->timer, g_source_remove);
	g_cancellable_cancel(dhcp->cancellable);
	g_object_unref(dhcp->cancellable);
	if (dhcp->program)
		g_subprocess_send_signal(dhcp->program, SIGTERM);
	g_clear_object(&dhcp->program);
	g_clear_object(&dhcp->lease_monitor);
	if (dhcp->line)
		g_string_free(dhcp->line, TRUE);
	g_free(dhcp->lease_file);
	g_free(dhcp->pid_file);
	g_free(dhcp->ifname);
	g_free(dhcp);
}

/* ---- after a crash ------------------------------------------------------- */

/* Only if the process is still the one that wrote the file: it was told to. */
static void end_leftover(const char *pid_file)
{
	g_autofree char *content = NULL, *path = NULL, *command = NULL;
	gint64 pid;
	gsize len = 0;
	int fd;

	if (!g_file_get_contents(pid_file, &content, NULL, NULL))
		return;
	pid = g_ascii_strtoll(content, NULL, 10);
	fd = pid > 1 ? pidfd_open(pid, 0) : -1;
	path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/cmdline", pid);
	if (fd >= 0 && g_file_get_contents(path, &command, &len, NULL) &&
	    memmem(command, len, pid_file, strlen(pid_file) + 1)) {
		g_message("ending a DHCP program that was left behind (process %s)",
			  g_strstrip(content));
		pidfd_send_signal(fd, SIGTERM, NULL, 0);
	}
	if (fd >= 0)
		close(fd);
	unlink(pid_file);
}

void p2p_dhcp_clean_up(const char *runtime_dir)
{
	g_autoptr(GDir) dir = g_dir_open(runtime_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(runtime_dir, name, NULL);

		if (!g_str_has_prefix(name, "dnsmasq-") && !g_str_has_prefix(name, "udhcpc-"))
			continue;
		if (g_str_has_suffix(name, ".pid"))
			end_leftover(path);
		else
			unlink(path);
	}
}
