// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A display in the list: see cast-row.h.
 */
#include "cast-row.h"

#include <glib/gi18n.h>

#include "cast-care.h"
#include "cast-numbers.h"
#include "cast-remedy.h"
#include "cast-words.h"

struct _CastRow {
	GtkListBoxRow parent;
	CastDisplay *display;
	GtkWidget *name, *status; /* GtkLabel */
	GtkWidget *spinner, *connect, *disconnect;
	GtkWidget *allow;     /* GtkButton */
	GtkWidget *pin;	      /* digits to type at the display */
	GtkWidget *pin_box, *entry; /* those that it shows */
	GtkWidget *trouble;
	GtkWidget *remedy; /* GtkButton */
	GtkWidget *more, *care; /* GtkToggleButton, CastCare: there while that is pressed */
	GtkWidget *mode;
	GtkWidget *displays, *sound; /* GtkButton */
	gboolean streams, has_sound;
};

G_DEFINE_FINAL_TYPE(CastRow, cast_row, GTK_TYPE_LIST_BOX_ROW)

enum { SIGNAL_CONNECT, SIGNAL_DISCONNECT, SIGNAL_ACCEPT, SIGNAL_PIN, SIGNAL_REMEDY, SIGNAL_AUTOCONNECT, SIGNAL_NAMED, SIGNAL_FORGET, N_SIGNALS };
static guint signals[N_SIGNALS];

static void cast_row_dispose(GObject *object)
{
	g_clear_object(&CAST_ROW(object)->display);
	G_OBJECT_CLASS(cast_row_parent_class)->dispose(object);
}

/* One more argument than the display; G_TYPE_NONE: no more */
static guint add_signal(const char *name, GType more)
{
	return g_signal_new(name, CAST_TYPE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
			    more == G_TYPE_NONE ? 1 : 2, CAST_TYPE_DISPLAY, more);
}

static void cast_row_class_init(CastRowClass *class)
{
	G_OBJECT_CLASS(class)->dispose = cast_row_dispose;
	signals[SIGNAL_CONNECT] = add_signal("connect-clicked", G_TYPE_NONE);
	signals[SIGNAL_DISCONNECT] = add_signal("disconnect-clicked", G_TYPE_NONE);
	signals[SIGNAL_ACCEPT] = add_signal("accept-clicked", G_TYPE_NONE);
	signals[SIGNAL_PIN] = add_signal("pin-typed", G_TYPE_STRING);
	signals[SIGNAL_REMEDY] = add_signal("remedy-clicked", G_TYPE_INT);
	signals[SIGNAL_AUTOCONNECT] = add_signal("autoconnect-switched", G_TYPE_BOOLEAN);
	signals[SIGNAL_NAMED] = add_signal("named", G_TYPE_STRING);
	signals[SIGNAL_FORGET] = add_signal("forget-clicked", G_TYPE_NONE);
}

/* ---- what is done ---------------------------------------------------------------- */

static void connect_clicked(CastRow *row)
{
	g_signal_emit(row, signals[SIGNAL_CONNECT], 0, row->display);
}

static void disconnect_clicked(CastRow *row)
{
	g_signal_emit(row, signals[SIGNAL_DISCONNECT], 0, row->display);
}

static void allow_clicked(CastRow *row)
{
	g_signal_emit(row, signals[SIGNAL_ACCEPT], 0, row->display);
}

static void pin_typed(CastRow *row)
{
	const char *pin = gtk_editable_get_text(GTK_EDITABLE(row->entry));

	if (*pin)
		g_signal_emit(row, signals[SIGNAL_PIN], 0, row->display, pin);
}

static enum cast_remedy remedy_of(CastRow *row)
{
	return cast_display_state(row->display) == CAST_FAILED ?
		       cast_remedy_of(cast_display_hint(row->display).code) : CAST_REMEDY_NONE;
}

static void remedy_clicked(CastRow *row)
{
	g_signal_emit(row, signals[SIGNAL_REMEDY], 0, row->display, (int)remedy_of(row));
}

static void sound_clicked(CastRow *row)
{
	g_signal_emit(row, signals[SIGNAL_REMEDY], 0, row->display, (int)CAST_REMEDY_SOUND);
}

static void displays_clicked(CastRow *row)
{
	g_signal_emit(row, signals[SIGNAL_REMEDY], 0, row->display, (int)CAST_REMEDY_DISPLAYS);
}

static void autoconnect_switched(CastRow *row, gboolean on)
{
	g_signal_emit(row, signals[SIGNAL_AUTOCONNECT], 0, row->display, on);
}

static void named(CastRow *row, const char *alias)
{
	g_signal_emit(row, signals[SIGNAL_NAMED], 0, row->display, alias);
}

static void forget_clicked(CastRow *row)
{
	g_signal_emit(row, signals[SIGNAL_FORGET], 0, row->display);
}

/* ---- what is shown ----------------------------------------------------------------- */

/* Who cannot see where the button is has to hear of which display it is. */
static void name_button(GtkWidget *button, const char *format, const char *name)
{
	g_autofree char *text = g_strdup_printf(format, name);

	/* GTK has its text name it, from 4.10 on before what is said here. */
	gtk_accessible_reset_relation(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
	gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

static void show_text(GtkWidget *label, const char *text)
{
	gtk_label_set_text(GTK_LABEL(label), text);
	gtk_widget_set_visible(label, *text != '\0');
}

static void show_pin(CastRow *row)
{
	enum cast_state state = cast_display_state(row->display);

	show_text(row->pin, state == CAST_PIN_SHOWN ? cast_display_pin(row->display) : "");
	if (state == CAST_PIN_WANTED && !gtk_widget_get_visible(row->pin_box)) {
		gtk_editable_set_text(GTK_EDITABLE(row->entry), "");
		gtk_widget_set_visible(row->pin_box, TRUE);
		gtk_widget_grab_focus(row->entry);
	}
	gtk_widget_set_visible(row->pin_box, state == CAST_PIN_WANTED);
}

/* To try again is what the first button does anyway. */
static void show_remedy(CastRow *row)
{
	enum cast_remedy remedy = remedy_of(row);
	gboolean again = remedy == CAST_REMEDY_AGAIN;
	g_autoptr(GAppInfo) settings = cast_remedy_settings(remedy);

	gtk_button_set_label(GTK_BUTTON(row->connect), again ? _("Try again") : _("Connect"));
	name_button(row->connect, again ? _("Try again with %s") : _("Connect to %s"), cast_display_name(row->display));
	gtk_button_set_label(GTK_BUTTON(row->remedy), cast_words(cast_remedy_label(remedy)));
	gtk_widget_set_visible(row->remedy, cast_remedy_opens_settings(remedy) ? settings != NULL :
										 remedy != CAST_REMEDY_NONE && !again);
}

/* Each second something of a cast is new; files are looked at when there is something to set. @was: before, and now */
static void offer_settings(GtkWidget *button, enum cast_remedy remedy, gboolean is, gboolean *was)
{
	g_autoptr(GAppInfo) settings = NULL;

	if (is == *was)
		return;
	*was = is;
	if (is)
		settings = cast_remedy_settings(remedy);
	gtk_widget_set_visible(button, settings != NULL);
}

/* Whoever types a PIN, or a name, goes on with that: who calls decides when it is. */
static gboolean is_typed_somewhere(CastRow *row)
{
	GtkRoot *window = gtk_widget_get_root(GTK_WIDGET(row));
	GtkWidget *focus = window ? gtk_root_get_focus(window) : NULL;

	return focus && GTK_IS_EDITABLE(focus);
}

/* To Enter and Space, and to who wanted to click at another row that was here a moment ago, the answer is no. */
static void show_question(CastRow *row)
{
	gboolean asks = cast_display_state(row->display) == CAST_CONSENT;

	if (asks && !gtk_widget_get_visible(row->allow) && !is_typed_somewhere(row))
		gtk_widget_grab_focus(row->disconnect);
	gtk_widget_set_visible(row->allow, asks);
	name_button(row->allow, _("Allow %s to show your screen"), cast_display_name(row->display));
}

/* What ends it. */
static void show_end(CastRow *row)
{
	enum cast_state state = cast_display_state(row->display);
	const char *name = cast_display_name(row->display);

	gtk_widget_set_visible(row->disconnect, cast_display_is_busy(row->display));
	gtk_widget_set_sensitive(row->disconnect, state != CAST_ENDING);
	gtk_button_set_label(GTK_BUTTON(row->disconnect), state == CAST_STREAMING ? _("Disconnect") :
							  state == CAST_CONSENT	  ? _("Refuse") :
										    _("Cancel"));
	name_button(row->disconnect, state == CAST_CONSENT ? _("Refuse %s") : _("Disconnect %s"), name);
}

static void show_buttons(CastRow *row)
{
	enum cast_state state = cast_display_state(row->display);
	gboolean busy = cast_display_is_busy(row->display);
	const char *name = cast_display_name(row->display);

	gtk_widget_set_visible(row->connect, !busy);
	gtk_widget_set_sensitive(row->connect, cast_display_is_connectable(row->display));
	show_end(row);
	show_question(row);
	gtk_widget_set_visible(row->spinner, busy && state != CAST_STREAMING);
	gtk_spinner_set_spinning(GTK_SPINNER(row->spinner), busy && state != CAST_STREAMING);
	show_remedy(row);
	offer_settings(row->displays, CAST_REMEDY_DISPLAYS, state == CAST_STREAMING, &row->streams);
	offer_settings(row->sound, CAST_REMEDY_SOUND, cast_display_has_sound(row->display), &row->has_sound);
	name_button(row->more, _("Settings of %s"), name);
}

static void show_display(CastRow *row)
{
	CastDisplay *display = row->display;
	g_autofree char *status = cast_words_status(display), *trouble = cast_words_trouble(display);
	g_autofree char *mode = cast_words_mode(display);

	gtk_label_set_text(GTK_LABEL(row->name), cast_display_name(display));
	gtk_label_set_text(GTK_LABEL(row->status), status);
	gtk_widget_set_tooltip_text(row->name, cast_display_model(display));
	show_text(row->trouble, trouble);
	show_text(row->mode, mode);
	show_pin(row);
	show_buttons(row);
}

/* ---- what it is made of ------------------------------------------------------------- */

/* Its text begins at the left and goes on below: names are as long as others like. */
static GtkWidget *text_label(const char *class)
{
	GtkWidget *label = gtk_label_new(NULL);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
	if (class)
		gtk_widget_add_css_class(label, class);
	return label;
}

static GtkWidget *make_button(CastRow *row, const char *text, const char *class, GCallback clicked)
{
	GtkWidget *button = gtk_button_new_with_label(text);

	gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
	if (class)
		gtk_widget_add_css_class(button, class);
	g_signal_connect_swapped(button, "clicked", clicked, row);
	return button;
}

/* Opens a panel of the desktop's settings, and is not there until there is something to set. */
static GtkWidget *make_settings(CastRow *row, enum cast_remedy remedy, GCallback clicked)
{
	GtkWidget *button = make_button(row, cast_words(cast_remedy_label(remedy)), NULL, clicked);

	gtk_widget_set_halign(button, GTK_ALIGN_START);
	gtk_widget_set_visible(button, FALSE);
	return button;
}

static GtkWidget *make_head(CastRow *row)
{
	GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3);

	row->name = text_label("heading");
	gtk_label_set_lines(GTK_LABEL(row->name), 2);
	gtk_label_set_ellipsize(GTK_LABEL(row->name), PANGO_ELLIPSIZE_END);
	row->status = text_label("dim-label");
	gtk_widget_set_hexpand(texts, TRUE);
	gtk_box_append(GTK_BOX(texts), row->name);
	gtk_box_append(GTK_BOX(texts), row->status);
	row->spinner = gtk_spinner_new();
	row->connect = make_button(row, _("Connect"), "suggested-action", G_CALLBACK(connect_clicked));
	row->disconnect = make_button(row, _("Disconnect"), NULL, G_CALLBACK(disconnect_clicked));
	gtk_box_append(GTK_BOX(head), gtk_image_new_from_icon_name("video-display-symbolic"));
	gtk_box_append(GTK_BOX(head), texts);
	gtk_box_append(GTK_BOX(head), row->spinner);
	gtk_box_append(GTK_BOX(head), row->connect);
	gtk_box_append(GTK_BOX(head), row->disconnect);
	row->more = gtk_toggle_button_new();
	gtk_button_set_icon_name(GTK_BUTTON(row->more), "view-more-symbolic");
	gtk_widget_set_valign(row->more, GTK_ALIGN_CENTER);
	gtk_widget_add_css_class(row->more, "flat");
	gtk_box_append(GTK_BOX(head), row->more);
	return head;
}

static void make_pin(CastRow *row)
{
	GtkWidget *button = make_button(row, _("Send"), "suggested-action", G_CALLBACK(pin_typed));

	row->pin = text_label("title-1");
	gtk_label_set_selectable(GTK_LABEL(row->pin), TRUE);
	row->entry = gtk_entry_new();
	gtk_entry_set_max_length(GTK_ENTRY(row->entry), 32);
	gtk_entry_set_input_purpose(GTK_ENTRY(row->entry), GTK_INPUT_PURPOSE_DIGITS);
	gtk_widget_set_hexpand(row->entry, TRUE);
	gtk_accessible_update_property(GTK_ACCESSIBLE(row->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("PIN"), -1);
	g_signal_connect_swapped(row->entry, "activate", G_CALLBACK(pin_typed), row);
	row->pin_box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	gtk_box_append(GTK_BOX(row->pin_box), row->entry);
	gtk_box_append(GTK_BOX(row->pin_box), button);
	gtk_widget_set_visible(row->pin_box, FALSE);
}

static void cast_row_init(CastRow *row)
{
	GtkWidget *all = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);

	gtk_widget_set_margin_top(all, 12);
	gtk_widget_set_margin_bottom(all, 12);
	gtk_widget_set_margin_start(all, 12);
	gtk_widget_set_margin_end(all, 12);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
	gtk_box_append(GTK_BOX(all), make_head(row));
	make_pin(row);
	row->allow = make_button(row, _("Allow"), NULL, G_CALLBACK(allow_clicked));
	gtk_widget_set_halign(row->allow, GTK_ALIGN_START);
	gtk_widget_set_visible(row->allow, FALSE);
	row->trouble = text_label(NULL);
	gtk_label_set_selectable(GTK_LABEL(row->trouble), TRUE);
	row->mode = text_label("caption");
	row->displays = make_settings(row, CAST_REMEDY_DISPLAYS, G_CALLBACK(displays_clicked));
	row->sound = make_settings(row, CAST_REMEDY_SOUND, G_CALLBACK(sound_clicked));
	gtk_box_append(GTK_BOX(all), row->mode);
	gtk_box_append(GTK_BOX(all), row->displays);
	gtk_box_append(GTK_BOX(all), row->sound);
	gtk_box_append(GTK_BOX(all), row->allow);
	gtk_box_append(GTK_BOX(all), row->pin);
	gtk_box_append(GTK_BOX(all), row->pin_box);
	gtk_box_append(GTK_BOX(all), row->trouble);
	row->remedy = make_button(row, "", NULL, G_CALLBACK(remedy_clicked));
	gtk_widget_set_halign(row->remedy, GTK_ALIGN_START);
	gtk_box_append(GTK_BOX(all), row->remedy);
	gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), all);
}

GtkWidget *cast_row_new(CastDisplay *display)
{
	CastRow *row = g_object_new(CAST_TYPE_ROW, NULL);

	row->display = g_object_ref(display);
	gtk_box_append(GTK_BOX(gtk_list_box_row_get_child(GTK_LIST_BOX_ROW(row))), cast_numbers_new(display));
	row->care = cast_care_new(display);
	g_object_bind_property(row->more, "active", row->care, "visible", G_BINDING_SYNC_CREATE);
	g_object_connect(row->care,
			 "swapped-signal::autoconnect-switched", autoconnect_switched, row,
			 "swapped-signal::named", named, row,
			 "swapped-signal::forget-clicked", forget_clicked, row,
			 NULL);
	gtk_box_append(GTK_BOX(gtk_list_box_row_get_child(GTK_LIST_BOX_ROW(row))), row->care);
	g_signal_connect_object(display, "changed", G_CALLBACK(show_display), row, G_CONNECT_SWAPPED);
	show_display(row);
	return GTK_WIDGET(row);
}
