// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracast-cast: cast to a display with one click.
 *
 * The application: one window, and notifications while nobody looks at it.  It goes on without a window as long as
 * something is cast, so that who has closed it is told why a cast has ended.
 */
#include <locale.h>

#include <glib/gi18n.h>

#include "cast-window.h"
#include "cast-words.h"

#define APP_ID "org.miracast.Cast"

/**
 * struct cast - the application's data
 * @held: it goes on without a window
 */
struct cast {
	AdwApplication *app;
	CastDaemon *daemon; /* from startup on */
	gboolean session_bus;
	gboolean held;
};

/* ---- notifications -------------------------------------------------------------------- */

static void withdraw(struct cast *cast, CastDisplay *display)
{
	g_application_withdraw_notification(G_APPLICATION(cast->app), cast_display_id(display));
}

static gboolean is_looked_at(struct cast *cast)
{
	GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(cast->app));

	return window && gtk_window_is_active(window);
}

/* Casts are worth staying for. */
static void look_at_casts(struct cast *cast)
{
	GListModel *displays = cast_daemon_displays(cast->daemon);
	gboolean busy = FALSE;

	for (guint i = 0; i < g_list_model_get_n_items(displays); i++) {
		g_autoptr(CastDisplay) display = g_list_model_get_item(displays, i);

		busy |= cast_display_is_busy(display);
	}
	if (busy && !cast->held)
		g_application_hold(G_APPLICATION(cast->app));
	else if (!busy && cast->held)
		g_application_release(G_APPLICATION(cast->app));
	cast->held = busy;
}

/* The no first: strangers can call. */
static void add_answers(GNotification *notification, CastDisplay *display)
{
	const char *id = cast_display_id(display);

	g_notification_add_button_with_target(notification, _("Refuse"), "app.refuse", "s", id);
	g_notification_add_button_with_target(notification, _("Allow"), "app.allow", "s", id);
}

static void display_moved(CastDaemon *daemon, CastDisplay *display, int before, gpointer user_data)
{
	struct cast *cast = user_data;
	g_autoptr(GNotification) notification = NULL;
	g_autofree char *title = NULL, *body = NULL;

	withdraw(cast, display);
	if (!is_looked_at(cast) && cast_words_notification(display, &title, &body)) {
		notification = g_notification_new(title);
		g_notification_set_body(notification, body);
		g_notification_set_default_action(notification, "app.activate");
		if (cast_display_state(display) == CAST_CONSENT)
			add_answers(notification, display);
		if (cast_display_state(display) == CAST_ACCEPT || cast_display_state(display) == CAST_CONSENT)
			g_notification_set_priority(notification, G_NOTIFICATION_PRIORITY_HIGH);
		g_application_send_notification(G_APPLICATION(cast->app), cast_display_id(display), notification);
	}
	look_at_casts(cast);
}

/* ---- actions ---------------------------------------------------------------------------- */

static void about(GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
	struct cast *cast = user_data;

	adw_show_about_window(gtk_application_get_active_window(GTK_APPLICATION(cast->app)),
			      "application-name", _("Cast"),
			      "application-icon", APP_ID,
			      "version", MIRACAST_VERSION,
			      "comments", _("Cast the desktop to Miracast (Wi-Fi Display) TVs"),
			      "developer-name", "Miracast for Linux maintainers",
			      "license-type", GTK_LICENSE_LGPL_2_1,
			      NULL);
}

/* Of a notification, which may be an old one. */
static CastDisplay *asking_display(struct cast *cast, GVariant *id)
{
	CastDisplay *display = cast_daemon_find(cast->daemon, g_variant_get_string(id, NULL));

	return display && cast_display_state(display) == CAST_CONSENT ? display : NULL;
}

static void allow(GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
	struct cast *cast = user_data;
	CastDisplay *display = asking_display(cast, parameter);

	if (display)
		cast_daemon_accept(cast->daemon, display);
}

static void refuse(GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
	struct cast *cast = user_data;
	CastDisplay *display = asking_display(cast, parameter);

	if (display)
		cast_daemon_disconnect(cast->daemon, display);
}

static void quit(GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
	struct cast *cast = user_data;

	g_application_quit(G_APPLICATION(cast->app));
}

static void show_window(GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
	struct cast *cast = user_data;

	g_application_activate(G_APPLICATION(cast->app));
}

/* ---- the application ----------------------------------------------------------------------- */

static void startup(GApplication *app, gpointer user_data)
{
	static const GActionEntry actions[] = {
		{ .name = "about", .activate = about },
		{ .name = "quit", .activate = quit },
		{ .name = "activate", .activate = show_window },
		{ .name = "allow", .activate = allow, .parameter_type = "s" },
		{ .name = "refuse", .activate = refuse, .parameter_type = "s" },
	};
	static const char *const quit_keys[] = { "<Control>q", NULL };
	struct cast *cast = user_data;

	g_action_map_add_action_entries(G_ACTION_MAP(app), actions, G_N_ELEMENTS(actions), cast);
	gtk_application_set_accels_for_action(GTK_APPLICATION(app), "app.quit", quit_keys);
	gtk_window_set_default_icon_name(APP_ID);
	cast->daemon = cast_daemon_new(cast->session_bus ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM);
	g_signal_connect(cast->daemon, "moved", G_CALLBACK(display_moved), cast);
}

static void activate(GApplication *app, gpointer user_data)
{
	struct cast *cast = user_data;
	GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(app));

	if (!window)
		window = cast_window_new(GTK_APPLICATION(app), cast->daemon);
	cast_daemon_scan(cast->daemon);
	gtk_window_present(window);
}

static int local_options(GApplication *app, GVariantDict *options, gpointer user_data)
{
	struct cast *cast = user_data;

	if (g_variant_dict_contains(options, "version")) {
		g_print("miracast-cast %s\n", MIRACAST_VERSION);
		return 0;
	}
	cast->session_bus = g_variant_dict_contains(options, "session-bus");
	return -1;
}

/* In the user's language, which GLib does not look for here. */
static void add_options(GApplication *app)
{
	const GOptionEntry entries[] = {
		{ "session-bus", 0, 0, G_OPTION_ARG_NONE, NULL, _("The daemon is on the session bus (tests)"), NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, NULL, _("Print the version"), NULL },
		G_OPTION_ENTRY_NULL
	};

	g_application_add_main_option_entries(app, entries);
}

int main(int argc, char **argv)
{
	g_autoptr(AdwApplication) app = NULL;
	struct cast cast = { NULL };
	int status;

	setlocale(LC_ALL, "");
	bindtextdomain(CAST_GETTEXT_DOMAIN, CAST_LOCALEDIR);
	bind_textdomain_codeset(CAST_GETTEXT_DOMAIN, "UTF-8");
	textdomain(CAST_GETTEXT_DOMAIN);
	app = adw_application_new(APP_ID, G_APPLICATION_DEFAULT_FLAGS);
	add_options(G_APPLICATION(app));
	cast.app = app;
	g_signal_connect(app, "handle-local-options", G_CALLBACK(local_options), &cast);
	g_signal_connect(app, "startup", G_CALLBACK(startup), &cast);
	g_signal_connect(app, "activate", G_CALLBACK(activate), &cast);
	status = g_application_run(G_APPLICATION(app), argc, argv);
	if (cast.daemon)
		g_signal_handlers_disconnect_by_data(cast.daemon, &cast);
	g_clear_object(&cast.daemon);
	return status;
}
