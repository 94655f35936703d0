// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A link's interface in firewalld: see firewalld.h.
 *
 * D-Bus interface: firewalld.dbus(5)
 */
#define G_LOG_DOMAIN "miracastd"

#include "firewalld.h"

#include <string.h>
#include <unistd.h>

#define PATH "/org/fedoraproject/FirewallD1"
#define ZONE_IFACE FIREWALLD_NAME ".zone"

/* In the runtime directory; nothing is in it. */
#define FILE_PREFIX "firewalld-"

enum state {
	LOOKING,
	ABSENT,
	ADDING,
	IN,
	OUT,
	REMOVING,
	OVER,
};

/**
 * struct firewalld - see the header
 * @file: its path
 * @bus, @name: while firewalld is there; its unique name
 * @watch: of its well-known name, for the whole life
 * @reloaded: subscription to its signal, as long as @name
 * @cancellable: of the call of this state
 * @wanted: in
 * @ours: it is in the zone because of us
 * @in_zone: as in the request
 * @patience: the owner waits
 * @soon: he is about to be told; @problem is what firewalld refuses, or NULL
 * @funcs: NULL: there is no owner any more
 */
struct firewalld {
	char *ifname;
	char *file;
	guint watch;
	GDBusConnection *bus;
	char *name;
	guint reloaded;
	GCancellable *cancellable;

	enum state state;
	gboolean wanted;
	gboolean ours;
	gboolean in_zone;

	guint patience;
	guint soon;
	char *problem;
	const struct firewalld_funcs *funcs;
	gpointer user_data;
};

/* All of this process. */
static GSList *all;

static void forget_firewalld(firewalld *fw)
{
	if (fw->reloaded)
		g_dbus_connection_signal_unsubscribe(fw->bus, fw->reloaded);
	fw->reloaded = 0;
	g_clear_object(&fw->bus);
	g_clear_pointer(&fw->name, g_free);
}

static void destroy(firewalld *fw)
{
	all = g_slist_remove(all, fw);
	g_cancellable_cancel(fw->cancellable);
	g_object_unref(fw->cancellable);
	forget_firewalld(fw);
	g_clear_handle_id(&fw->watch, g_bus_unwatch_name);
	g_free(fw->file);
	g_free(fw->ifname);
	g_free(fw);
}

/* The only place where the state changes; what was asked in the former one counts no more. */
static void enter(firewalld *fw, enum state state)
{
	g_cancellable_cancel(fw->cancellable);
	g_object_unref(fw->cancellable);
	fw->cancellable = g_cancellable_new();
	fw->state = state;
}

/* ---- the owner ------------------------------------------------------------------ */

/* What he waits for has come about. */
static gboolean is_reached(firewalld *fw)
{
	if (!fw->wanted)
		return fw->state == OVER;
	return fw->state == ABSENT || fw->state == IN || fw->state == OUT;
}

static gboolean tell(gpointer user_data)
{
	firewalld *fw = user_data;
	g_autofree char *problem = g_steal_pointer(&fw->problem);

	fw->soon = 0;
	if (problem)
		fw->funcs->refused(fw, problem, fw->user_data);
	if (!fw->patience || !is_reached(fw))
		return G_SOURCE_REMOVE;
	g_clear_handle_id(&fw->patience, g_source_remove);
	/* It may be freed in there. */
	if (fw->wanted)
		fw->funcs->entered(fw, fw->user_data);
	else
		fw->funcs->left(fw, fw->user_data);
	return G_SOURCE_REMOVE;
}

static void tell_soon(firewalld *fw)
{
	if (!fw->soon && (fw->problem || (fw->patience && is_reached(fw))))
		fw->soon = g_idle_add_full(G_PRIORITY_DEFAULT, tell, fw, NULL);
}

/* Of the owner's wish to have it in. */
static void say_refused(firewalld *fw, const char *why)
{
	g_autofree char *text = g_strdup_printf(
		"firewalld may keep the display out (%s): let in TCP port 7236 and UDP port 67 on %s, or see its log: "
		"journalctl -u firewalld", why, fw->ifname);

	g_warning("%s", text);
	if (!fw->funcs || !fw->wanted)
		return;
	g_free(fw->problem);
	fw->problem = g_steal_pointer(&text);
}

static gboolean patience_ends(gpointer user_data)
{
	firewalld *fw = user_data;

	fw->patience = 0;
	if (!fw->wanted) {
		g_message("%s: firewalld has not answered yet", fw->ifname);
		fw->funcs->left(fw, fw->user_data);
		return G_SOURCE_REMOVE;
	}
	say_refused(fw, "it does not answer");
	tell_soon(fw);
	fw->funcs->entered(fw, fw->user_data);
	return G_SOURCE_REMOVE;
}

static void be_patient(firewalld *fw, guint seconds)
{
	g_clear_handle_id(&fw->patience, g_source_remove);
	fw->patience = g_timeout_add(seconds * 1000, patience_ends, fw);
}

/* ---- the file --------------------------------------------------------------------- */

static void write_file(firewalld *fw)
{
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents(fw->file, "", 0, &error))
		g_info("%s", error->message);
}

static void be_nobodys(firewalld *fw)
{
	unlink(fw->file);
	fw->ours = FALSE;
}

/* ---- calls ------------------------------------------------------------------------ */

static void follow(firewalld *fw);

static void call(firewalld *fw, const char *method, GAsyncReadyCallback answered)
{
	g_dbus_connection_call(fw->bus, fw->name, PATH, ZONE_IFACE, method,
			       g_variant_new("(ss)", FIREWALLD_ZONE, fw->ifname), NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, FIREWALLD_CALL_SECONDS * 1000,
			       fw->cancellable, answered, fw);
}

/* FALSE: the state that has asked is over, and @user_data may be gone. */
static gboolean finish(GObject *source, GAsyncResult *result, GError **error)
{
	g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, error);

	if (answer)
		return TRUE;
	g_dbus_error_strip_remote_error(*error);
	return !g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean says(const GError *error, const char *code)
{
	return error && g_str_has_prefix(error->message, code);
}

static void added(GObject *source, GAsyncResult *result, gpointer user_data)
{
	firewalld *fw = user_data;
	g_autoptr(GError) error = NULL;
	gboolean there;

	if (!finish(source, result, &error))
		return;
	there = says(error, "ZONE_ALREADY_SET");
	if (error && !there)
		say_refused(fw, error->message);
	/* What was ours may be it still, whatever it says; and what was not answered may have been done. */
	if (!error || fw->ours || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
		fw->ours = TRUE;
		enter(fw, IN);
	} else {
		be_nobodys(fw);
		enter(fw, OUT);
	}
	if (!error || there)
		g_message("%s is in firewalld's zone \"" FIREWALLD_ZONE "\"%s", fw->ifname,
			  fw->ours ? "; our own rules keep what it lets in" : ", where somebody else has put it");
	follow(fw);
}

static void add(firewalld *fw)
{
	/* Before it is asked, for the case that we are killed then. */
	write_file(fw);
	enter(fw, ADDING);
	call(fw, "addInterface", added);
}

static void removed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	firewalld *fw = user_data;
	g_autoptr(GError) error = NULL;

	if (!finish(source, result, &error))
		return;
	if (!error || says(error, "UNKNOWN_INTERFACE") || says(error, "ZONE_CONFLICT"))
		be_nobodys(fw);
	else
		/* With its file, for who comes next. */
		g_warning("%s may still be in firewalld's zone \"" FIREWALLD_ZONE "\" (%s): firewall-cmd --zone="
			  FIREWALLD_ZONE " --remove-interface=%s", fw->ifname, error->message, fw->ifname);
	enter(fw, fw->wanted ? LOOKING : OVER);
	follow(fw);
}

static void take_out(firewalld *fw)
{
	enter(fw, REMOVING);
	call(fw, "removeInterface", removed);
}

/* Called whenever the state or what is wanted has changed. Frees what is over and has no owner. */
static void follow(firewalld *fw)
{
	switch (fw->state) {
	case LOOKING:
		if (!fw->name)
			break;
		if (fw->wanted)
			add(fw);
		else if (fw->ours)
			take_out(fw);
		else
			enter(fw, OVER);
		break;
	case IN:
		if (!fw->wanted)
			take_out(fw);
		break;
	case ABSENT:
	case OUT:
		if (!fw->wanted)
			enter(fw, OVER);
		break;
	case ADDING:
	case REMOVING:
	case OVER:
		break;
	}
	if (fw->state == OVER && !fw->funcs)
		destroy(fw);
	else
		tell_soon(fw);
}

/* ---- firewalld comes and goes -------------------------------------------------------- */

/* It has read its configuration again, and may have forgotten what is not in it. */
static void reloaded(GDBusConnection *bus, const char *sender, const char *path, const char *iface,
		     const char *signal, GVariant *args, gpointer user_data)
{
	firewalld *fw = user_data;

	if (fw->wanted && (fw->state == IN || fw->state == OUT))
		add(fw);
}

static void appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
	firewalld *fw = user_data;

	if (fw->state != LOOKING && fw->state != ABSENT)
		return;
	forget_firewalld(fw);
	fw->ours = fw->ours || fw->in_zone;
	fw->bus = g_object_ref(bus);
	fw->name = g_strdup(owner);
	fw->reloaded = g_dbus_connection_signal_subscribe(bus, owner, FIREWALLD_NAME, "Reloaded", PATH, NULL,
							  G_DBUS_SIGNAL_FLAGS_NONE, reloaded, fw, NULL);
	enter(fw, LOOKING);
	follow(fw);
}

static void vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
	firewalld *fw = user_data;

	if (fw->state == OVER)
		return;
	forget_firewalld(fw);
	/* Without a bus nobody knows whether it is there still. */
	if (bus)
		be_nobodys(fw);
	enter(fw, ABSENT);
	follow(fw);
}

/* ---- what the header declares ---------------------------------------------------------- */

static firewalld *create(GDBusConnection *bus, const char *runtime_dir, const char *ifname)
{
	firewalld *fw = g_new0(firewalld, 1);

	all = g_slist_prepend(all, fw);
	fw->ifname = g_strdup(ifname);
	fw->file = g_strdup_printf("%s/" FILE_PREFIX "%s", runtime_dir, ifname);
	fw->cancellable = g_cancellable_new();
	fw->watch = bus ? g_bus_watch_name_on_connection(bus, FIREWALLD_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
							 appeared, vanished, fw, NULL) :
			  g_bus_watch_name(G_BUS_TYPE_SYSTEM, FIREWALLD_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
					   appeared, vanished, fw, NULL);
	return fw;
}

/* What is still to be left for a former link of that name, or NULL. */
static firewalld *take_over(const char *ifname)
{
	for (GSList *l = all; l; l = l->next) {
		firewalld *fw = l->data;

		if (!fw->funcs && g_str_equal(fw->ifname, ifname))
			return fw;
	}
	return NULL;
}

firewalld *firewalld_enter(const struct firewalld_request *request, const struct firewalld_funcs *funcs,
			   gpointer user_data)
{
	firewalld *fw = take_over(request->ifname);

	if (!fw)
		fw = create(request->bus, request->runtime_dir, request->ifname);
	fw->funcs = funcs;
	fw->user_data = user_data;
	fw->wanted = TRUE;
	fw->in_zone = request->in_zone;
	be_patient(fw, FIREWALLD_ENTER_SECONDS);
	follow(fw);
	return fw;
}

static void want_out(firewalld *fw)
{
	fw->wanted = FALSE;
	g_clear_pointer(&fw->problem, g_free);
	follow(fw);
}

void firewalld_leave(firewalld *fw)
{
	be_patient(fw, FIREWALLD_LEAVE_SECONDS);
	want_out(fw);
}

void firewalld_free(firewalld *fw)
{
	if (!fw)
		return;
	g_clear_handle_id(&fw->patience, g_source_remove);
	g_clear_handle_id(&fw->soon, g_source_remove);
	fw->funcs = NULL;
	want_out(fw);
}

void firewalld_clean_up(GDBusConnection *bus, const char *runtime_dir)
{
	g_autoptr(GDir) dir = g_dir_open(runtime_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (g_str_has_prefix(name, FILE_PREFIX))
			create(bus, runtime_dir, name + strlen(FILE_PREFIX))->ours = TRUE;
	}
}
