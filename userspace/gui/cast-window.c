// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The window: see cast-window.h.
 */
#include "cast-window.h"

#include <glib/gi18n.h>

#include "cast-keep.h"
#include "cast-remedy.h"
#include "cast-row.h"
#include "cast-settings.h"
#include "cast-words.h"

struct _CastWindow {
	AdwApplicationWindow parent;
	CastDaemon *daemon;
	GtkWidget *search, *searching; /* a button, a spinner */
	GtkWidget *trouble;	       /* why it could not look for displays */
	GtkWidget *settings[2];	       /* a button on either of the two below, if settings are what it takes */
	GtkWidget *page;	       /* of the list and the options; or else: */
	GtkWidget *empty;	       /* AdwStatusPage */
	GtkWidget *list;
	GtkWidget *sound, *stay, *pin; /* GtkSwitch */
	GtkWidget *latencies[CHANNEL_N_LATENCIES]; /* GtkToggleButton, of which one is pressed */
};

G_DEFINE_FINAL_TYPE(CastWindow, cast_window, ADW_TYPE_APPLICATION_WINDOW)

static void cast_window_dispose(GObject *object)
{
	g_clear_object(&CAST_WINDOW(object)->daemon);
	G_OBJECT_CLASS(cast_window_parent_class)->dispose(object);
}

static void cast_window_class_init(CastWindowClass *class)
{
	G_OBJECT_CLASS(class)->dispose = cast_window_dispose;
}

/* ---- what is done ------------------------------------------------------------------ */

static struct cast_settings chosen(CastWindow *window)
{
	struct cast_settings settings = {
		.sound = gtk_switch_get_active(GTK_SWITCH(window->sound)),
		.stay = gtk_switch_get_active(GTK_SWITCH(window->stay)),
		.pin = gtk_switch_get_active(GTK_SWITCH(window->pin)),
	};

	for (guint i = 0; i < CHANNEL_N_LATENCIES; i++) {
		if (gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(window->latencies[i])))
			settings.latency = i;
	}
	return settings;
}

/* The next window begins with it. */
static void switched(CastWindow *window)
{
	const struct cast_settings settings = chosen(window);
	g_autofree char *path = cast_settings_path();
	g_autoptr(GError) error = NULL;

	if (!cast_settings_save(path, &settings, &error))
		g_warning("what was chosen cannot be kept: %s", error->message);
}

/* Of two that change together the one that is pressed now. */
static void latency_toggled(GtkToggleButton *button, CastWindow *window)
{
	if (gtk_toggle_button_get_active(button))
		switched(window);
}

static void connect_clicked(CastWindow *window, CastDisplay *display)
{
	const struct cast_settings settings = chosen(window);

	cast_daemon_connect(window->daemon, display, cast_settings_options(&settings));
}

static void disconnect_clicked(CastWindow *window, CastDisplay *display)
{
	cast_daemon_disconnect(window->daemon, display);
}

static void accept_clicked(CastWindow *window, CastDisplay *display)
{
	cast_daemon_accept(window->daemon, display);
}

static void pin_typed(CastWindow *window, CastDisplay *display, const char *pin)
{
	cast_daemon_enter_pin(window->daemon, display, pin);
}

static void open_settings(CastWindow *window, enum cast_remedy remedy)
{
	g_autoptr(GAppInfo) settings = cast_remedy_settings(remedy);
	g_autoptr(GdkAppLaunchContext) context = gdk_display_get_app_launch_context(gtk_widget_get_display(GTK_WIDGET(window)));
	g_autoptr(GError) error = NULL;

	if (settings && !g_app_info_launch(settings, NULL, G_APP_LAUNCH_CONTEXT(context), &error))
		g_warning("%s: %s", g_app_info_get_id(settings), error->message);
}

static void remedy_clicked(CastWindow *window, CastDisplay *display, int remedy)
{
	struct cast_settings settings = chosen(window);

	settings.pin = remedy == CAST_REMEDY_WITH_PIN;
	if (cast_remedy_opens_settings(remedy))
		open_settings(window, remedy);
	else
		cast_daemon_connect(window->daemon, display, cast_settings_options(&settings));
}

static void settings_clicked(CastWindow *window)
{
	open_settings(window, cast_remedy_of(cast_daemon_hint(window->daemon).code));
}

static void autoconnect_switched(CastWindow *window, CastDisplay *display, gboolean on)
{
	cast_keep_autoconnect(window->daemon, display, on);
}

static void named(CastWindow *window, CastDisplay *display, const char *alias)
{
	cast_keep_alias(window->daemon, display, alias);
}

static void forget_clicked(CastWindow *window, CastDisplay *display)
{
	cast_keep_nothing(window->daemon, display);
}

static void search_clicked(CastWindow *window)
{
	cast_daemon_scan(window->daemon);
}

static GtkWidget *make_row(gpointer item, gpointer user_data)
{
	GtkWidget *row = cast_row_new(item);

	g_object_connect(row,
			 "swapped-signal::connect-clicked", connect_clicked, user_data,
			 "swapped-signal::disconnect-clicked", disconnect_clicked, user_data,
			 "swapped-signal::accept-clicked", accept_clicked, user_data,
			 "swapped-signal::pin-typed", pin_typed, user_data,
			 "swapped-signal::remedy-clicked", remedy_clicked, user_data,
			 "swapped-signal::autoconnect-switched", autoconnect_switched, user_data,
			 "swapped-signal::named", named, user_data,
			 "swapped-signal::forget-clicked", forget_clicked, user_data,
			 NULL);
	return row;
}

/* ---- what is shown ------------------------------------------------------------------- */

/* What is wrong, and what to do, of the daemon; "" */
static char *describe_trouble(CastWindow *window)
{
	const char *message = cast_words(cast_daemon_message(window->daemon));
	const char *hint = cast_words(cast_daemon_hint(window->daemon).text);

	return *message && *hint ? g_strdup_printf("%s\n%s", message, hint) : g_strdup(*message ? message : hint);
}

/* A status page takes its text for markup. */
static void show_empty(CastWindow *window, const char *icon, const char *title, const char *text)
{
	g_autofree char *markup = g_markup_escape_text(text, -1);
	AdwStatusPage *page = ADW_STATUS_PAGE(window->empty);

	adw_status_page_set_icon_name(page, icon);
	adw_status_page_set_title(page, title);
	adw_status_page_set_description(page, markup);
}

static gboolean has_any_in_sight(CastWindow *window)
{
	GListModel *displays = cast_daemon_displays(window->daemon);

	for (guint i = 0; i < g_list_model_get_n_items(displays); i++) {
		g_autoptr(CastDisplay) display = g_list_model_get_item(displays, i);

		if (!cast_display_is_away(display))
			return TRUE;
	}
	return FALSE;
}

/* Above the list: what is wrong, or what to do where nothing but remembered displays is there. */
static void show_above(CastWindow *window, const char *trouble)
{
	if (!*trouble && !has_any_in_sight(window))
		trouble = _("Open screen mirroring on the display; most can be found only then.");
	gtk_label_set_text(GTK_LABEL(window->trouble), trouble);
	gtk_widget_set_visible(window->trouble, *trouble != '\0');
}

static void show_settings(CastWindow *window)
{
	enum cast_remedy remedy = cast_remedy_of(cast_daemon_hint(window->daemon).code);
	g_autoptr(GAppInfo) settings = cast_remedy_settings(remedy);

	for (guint i = 0; i < G_N_ELEMENTS(window->settings); i++) {
		gtk_button_set_label(GTK_BUTTON(window->settings[i]), cast_words(cast_remedy_label(remedy)));
		gtk_widget_set_visible(window->settings[i], settings != NULL);
	}
}

static void show_daemon(CastWindow *window)
{
	enum cast_daemon_state state = cast_daemon_state(window->daemon);
	gboolean scanning = cast_daemon_is_scanning(window->daemon);
	g_autofree char *trouble = describe_trouble(window);
	gboolean has = g_list_model_get_n_items(cast_daemon_displays(window->daemon)) > 0;

	gtk_widget_set_visible(window->search, !scanning);
	gtk_widget_set_visible(window->searching, scanning);
	gtk_spinner_set_spinning(GTK_SPINNER(window->searching), scanning);
	show_above(window, trouble);
	show_settings(window);
	/* Not a GtkStack: screen readers see into its other page. */
	gtk_widget_set_visible(window->page, has);
	gtk_widget_set_visible(window->empty, !has);
	if (state == CAST_DAEMON_FAILED)
		show_empty(window, "dialog-warning-symbolic", _("Cannot cast"), trouble);
	else if (*trouble && !scanning)
		show_empty(window, "dialog-warning-symbolic", _("Cannot look for displays"), trouble);
	else if (scanning || state == CAST_DAEMON_STARTING)
		show_empty(window, "video-display-symbolic", _("Looking for displays"),
			   _("Open screen mirroring on the display; most can be found only then."));
	else
		show_empty(window, "video-display-symbolic", _("No display found"),
			   _("Open screen mirroring on the display, then search again."));
}

static void displays_changed(CastWindow *window)
{
	show_daemon(window);
}

/* ---- what it is made of --------------------------------------------------------------- */

static GtkWidget *make_header(CastWindow *window)
{
	GtkWidget *header = adw_header_bar_new();
	GtkWidget *menu_button = gtk_menu_button_new();
	g_autoptr(GMenu) menu = g_menu_new();

	window->search = gtk_button_new_from_icon_name("view-refresh-symbolic");
	gtk_widget_set_tooltip_text(window->search, _("Search again"));
	gtk_accessible_update_property(GTK_ACCESSIBLE(window->search), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Search again"),
				       -1);
	g_signal_connect_swapped(window->search, "clicked", G_CALLBACK(search_clicked), window);
	window->searching = gtk_spinner_new();
	g_menu_append(menu, _("_About Cast"), "app.about");
	g_menu_append(menu, _("_Quit"), "app.quit");
	gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(menu_button), "open-menu-symbolic");
	gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(menu_button), G_MENU_MODEL(menu));
	gtk_widget_set_tooltip_text(menu_button, _("Menu"));
	gtk_accessible_update_property(GTK_ACCESSIBLE(menu_button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Menu"), -1);
	adw_header_bar_pack_start(ADW_HEADER_BAR(header), window->search);
	adw_header_bar_pack_start(ADW_HEADER_BAR(header), window->searching);
	adw_header_bar_pack_end(ADW_HEADER_BAR(header), menu_button);
	return header;
}

static AdwActionRow *add_option(AdwPreferencesGroup *group, const char *title, const char *text, GtkWidget *choice)
{
	GtkWidget *row = adw_action_row_new();

	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
	adw_action_row_set_subtitle(ADW_ACTION_ROW(row), text);
	gtk_widget_set_valign(choice, GTK_ALIGN_CENTER);
	adw_action_row_add_suffix(ADW_ACTION_ROW(row), choice);
	adw_preferences_group_add(group, row);
	return ADW_ACTION_ROW(row);
}

static GtkWidget *add_switch(AdwPreferencesGroup *group, const char *title, const char *text, gboolean active)
{
	GtkWidget *one = gtk_switch_new();

	gtk_switch_set_active(GTK_SWITCH(one), active);
	adw_action_row_set_activatable_widget(add_option(group, title, text, one), one);
	return one;
}

static GtkWidget *add_latency(GtkWidget *box, GtkWidget *others, const char *word)
{
	GtkWidget *button = gtk_toggle_button_new_with_label(word);
	/* TRANSLATORS: what is chosen, and the choice: "Latency: Low" */
	g_autofree char *name = g_strdup_printf(_("Latency: %s"), word);

	gtk_toggle_button_set_group(GTK_TOGGLE_BUTTON(button), others ? GTK_TOGGLE_BUTTON(others) : NULL);
	/* Who cannot see what it stands beside has to hear of it; from GTK 4.10 on its text would name it before this. */
	gtk_accessible_reset_relation(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
	gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
	gtk_box_append(GTK_BOX(box), button);
	return button;
}

/* Buttons, since all three can be seen and reached at once. */
static void add_latencies(CastWindow *window, AdwPreferencesGroup *group, enum channel_latency latency)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
	GtkWidget *low = add_latency(box, NULL, _("Low"));

	gtk_widget_add_css_class(box, "linked");
	window->latencies[CHANNEL_LATENCY_LOW] = low;
	window->latencies[CHANNEL_LATENCY_NORMAL] = add_latency(box, low, _("Normal"));
	window->latencies[CHANNEL_LATENCY_HIGH] = add_latency(box, low, _("High"));
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(window->latencies[latency]), TRUE);
	for (guint i = 0; i < CHANNEL_N_LATENCIES; i++)
		g_signal_connect(window->latencies[i], "toggled", G_CALLBACK(latency_toggled), window);
	add_option(group, _("Latency"), _("Low for games and typing, high for films over a poor link"), box);
}

static GtkWidget *make_options(CastWindow *window)
{
	GtkWidget *group = adw_preferences_group_new();
	AdwPreferencesGroup *options = ADW_PREFERENCES_GROUP(group);
	g_autofree char *path = cast_settings_path();
	struct cast_settings settings;

	cast_settings_load(path, &settings);
	adw_preferences_group_set_title(options, _("For the next cast"));
	window->sound = add_switch(options, _("Sound"), _("The display is an output for sound as well"),
				   settings.sound);
	add_latencies(window, options, settings.latency);
	window->stay = add_switch(options, _("Reconnect"),
				  _("If it is lost, or the computer sleeps, it comes back by itself"), settings.stay);
	window->pin = add_switch(options, _("Ask for a PIN"),
				 _("Nobody else can take the place of the display; not every display can do it"),
				 settings.pin);
	g_signal_connect_swapped(window->sound, "notify::active", G_CALLBACK(switched), window);
	g_signal_connect_swapped(window->stay, "notify::active", G_CALLBACK(switched), window);
	g_signal_connect_swapped(window->pin, "notify::active", G_CALLBACK(switched), window);
	return group;
}

static GtkWidget *make_settings(CastWindow *window, GtkAlign align)
{
	GtkWidget *button = gtk_button_new_with_label("");

	gtk_widget_set_halign(button, align);
	g_signal_connect_swapped(button, "clicked", G_CALLBACK(settings_clicked), window);
	return button;
}

static GtkWidget *make_list_page(CastWindow *window)
{
	GtkWidget *scrolled = gtk_scrolled_window_new(), *clamp = adw_clamp_new();
	GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 24);

	gtk_widget_set_margin_top(column, 18);
	gtk_widget_set_margin_bottom(column, 18);
	gtk_widget_set_margin_start(column, 12);
	gtk_widget_set_margin_end(column, 12);
	window->trouble = gtk_label_new(NULL);
	gtk_label_set_wrap(GTK_LABEL(window->trouble), TRUE);
	gtk_label_set_xalign(GTK_LABEL(window->trouble), 0);
	gtk_label_set_selectable(GTK_LABEL(window->trouble), TRUE);
	window->settings[0] = make_settings(window, GTK_ALIGN_START);
	window->list = gtk_list_box_new();
	gtk_list_box_set_selection_mode(GTK_LIST_BOX(window->list), GTK_SELECTION_NONE);
	gtk_widget_add_css_class(window->list, "boxed-list");
	gtk_accessible_update_property(GTK_ACCESSIBLE(window->list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Displays"), -1);
	gtk_box_append(GTK_BOX(column), window->trouble);
	gtk_box_append(GTK_BOX(column), window->settings[0]);
	gtk_box_append(GTK_BOX(column), window->list);
	gtk_box_append(GTK_BOX(column), make_options(window));
	adw_clamp_set_child(ADW_CLAMP(clamp), column);
	gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), clamp);
	gtk_widget_set_vexpand(scrolled, TRUE);
	return scrolled;
}

static void cast_window_init(CastWindow *window)
{
	GtkWidget *all = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

	window->page = make_list_page(window);
	window->empty = adw_status_page_new();
	gtk_widget_set_vexpand(window->empty, TRUE);
	window->settings[1] = make_settings(window, GTK_ALIGN_CENTER);
	adw_status_page_set_child(ADW_STATUS_PAGE(window->empty), window->settings[1]);
	gtk_box_append(GTK_BOX(all), make_header(window));
	gtk_box_append(GTK_BOX(all), window->page);
	gtk_box_append(GTK_BOX(all), window->empty);
	adw_application_window_set_content(ADW_APPLICATION_WINDOW(window), all);
	gtk_window_set_default_size(GTK_WINDOW(window), 480, 600);
	gtk_window_set_title(GTK_WINDOW(window), _("Cast"));
}

GtkWindow *cast_window_new(GtkApplication *app, CastDaemon *daemon)
{
	CastWindow *window = g_object_new(CAST_TYPE_WINDOW, "application", app, NULL);

	window->daemon = g_object_ref(daemon);
	gtk_list_box_bind_model(GTK_LIST_BOX(window->list), cast_daemon_displays(daemon), make_row, window, NULL);
	g_signal_connect_object(daemon, "changed", G_CALLBACK(show_daemon), window, G_CONNECT_SWAPPED);
	g_signal_connect_object(cast_daemon_displays(daemon), "items-changed", G_CALLBACK(displays_changed), window,
				G_CONNECT_SWAPPED);
	show_daemon(window);
	return GTK_WINDOW(window);
}
