// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is kept of a display, in its row: see cast-care.h.
 */
#include "cast-care.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cast-words.h"

struct _CastCare {
	GtkBox parent;
	CastDisplay *display;
	GtkWidget *autoconnect; /* GtkSwitch */
	GtkWidget *name, *rename, *forget;
	GtkWidget *problem;
	char *alias; /* the daemon's, as it is in the entry unless somebody types */
};

G_DEFINE_FINAL_TYPE(CastCare, cast_care, GTK_TYPE_BOX)

enum { SIGNAL_AUTOCONNECT, SIGNAL_NAMED, SIGNAL_FORGET, N_SIGNALS };
static guint signals[N_SIGNALS];

static void cast_care_dispose(GObject *object)
{
	g_clear_object(&CAST_CARE(object)->display);
	G_OBJECT_CLASS(cast_care_parent_class)->dispose(object);
}

static void cast_care_finalize(GObject *object)
{
	g_free(CAST_CARE(object)->alias);
	G_OBJECT_CLASS(cast_care_parent_class)->finalize(object);
}

static void cast_care_class_init(CastCareClass *class)
{
	G_OBJECT_CLASS(class)->dispose = cast_care_dispose;
	G_OBJECT_CLASS(class)->finalize = cast_care_finalize;
	signals[SIGNAL_AUTOCONNECT] = g_signal_new("autoconnect-switched", CAST_TYPE_CARE, G_SIGNAL_RUN_LAST, 0, NULL,
						   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
	signals[SIGNAL_NAMED] = g_signal_new("named", CAST_TYPE_CARE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					     G_TYPE_NONE, 1, G_TYPE_STRING);
	signals[SIGNAL_FORGET] = g_signal_new("forget-clicked", CAST_TYPE_CARE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					      G_TYPE_NONE, 0);
}

/* ---- what is done ---------------------------------------------------------------- */

/* Where it is moved to is asked for at once; it is said to be there when the daemon says so. */
static gboolean switched(CastCare *care, gboolean on)
{
	if (on != cast_display_is_autoconnect(care->display))
		g_signal_emit(care, signals[SIGNAL_AUTOCONNECT], 0, on);
	return TRUE;
}

static void named(CastCare *care)
{
	g_signal_emit(care, signals[SIGNAL_NAMED], 0, gtk_editable_get_text(GTK_EDITABLE(care->name)));
}

static void forget_clicked(CastCare *care)
{
	g_signal_emit(care, signals[SIGNAL_FORGET], 0);
}

/* ---- what is shown ----------------------------------------------------------------- */

static void show_display(CastCare *care)
{
	const char *alias = cast_display_alias(care->display);
	gboolean on = cast_display_is_autoconnect(care->display);
	g_autofree char *problem = cast_words_problem(care->display);

	gtk_switch_set_active(GTK_SWITCH(care->autoconnect), on);
	gtk_switch_set_state(GTK_SWITCH(care->autoconnect), on);
	/* Not while somebody types. */
	if (g_strcmp0(care->alias, alias) != 0) {
		g_free(care->alias);
		care->alias = g_strdup(alias);
		gtk_editable_set_text(GTK_EDITABLE(care->name), alias);
	}
	gtk_widget_set_sensitive(care->forget,
				 cast_display_is_remembered(care->display) && !cast_display_is_busy(care->display));
	gtk_label_set_text(GTK_LABEL(care->problem), problem);
	gtk_widget_set_visible(care->problem, *problem != '\0');
}

/* ---- what it is made of ------------------------------------------------------------- */

static GtkWidget *line(CastCare *care, GtkWidget *first, GtkWidget *second)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);

	gtk_widget_set_hexpand(first, TRUE);
	gtk_widget_set_valign(second, GTK_ALIGN_CENTER);
	gtk_box_append(GTK_BOX(box), first);
	gtk_box_append(GTK_BOX(box), second);
	gtk_box_append(GTK_BOX(care), box);
	return box;
}

static void make_autoconnect(CastCare *care)
{
	GtkWidget *label = gtk_label_new(_("Connect whenever it is in sight"));

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_wrap(GTK_LABEL(label), TRUE);
	care->autoconnect = gtk_switch_new();
	gtk_accessible_update_property(GTK_ACCESSIBLE(care->autoconnect), GTK_ACCESSIBLE_PROPERTY_LABEL,
				       _("Connect whenever it is in sight"), -1);
	g_signal_connect_swapped(care->autoconnect, "state-set", G_CALLBACK(switched), care);
	line(care, label, care->autoconnect);
}

static void make_name(CastCare *care)
{
	care->name = gtk_entry_new();
	/* As many as the daemon takes. */
	gtk_entry_set_max_length(GTK_ENTRY(care->name), 64);
	gtk_entry_set_placeholder_text(GTK_ENTRY(care->name), _("Name of your own"));
	gtk_accessible_update_property(GTK_ACCESSIBLE(care->name), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Name of your own"), -1);
	care->rename = gtk_button_new_with_label(_("Rename"));
	g_signal_connect_swapped(care->name, "activate", G_CALLBACK(named), care);
	g_signal_connect_swapped(care->rename, "clicked", G_CALLBACK(named), care);
	line(care, care->name, care->rename);
}

static void cast_care_init(CastCare *care)
{
	gtk_orientable_set_orientation(GTK_ORIENTABLE(care), GTK_ORIENTATION_VERTICAL);
	gtk_box_set_spacing(GTK_BOX(care), 9);
	make_autoconnect(care);
	make_name(care);
	care->problem = gtk_label_new(NULL);
	gtk_label_set_xalign(GTK_LABEL(care->problem), 0);
	gtk_label_set_wrap(GTK_LABEL(care->problem), TRUE);
	care->forget = gtk_button_new_with_label(_("Forget this display"));
	gtk_widget_set_halign(care->forget, GTK_ALIGN_END);
	gtk_widget_add_css_class(care->forget, "destructive-action");
	g_signal_connect_swapped(care->forget, "clicked", G_CALLBACK(forget_clicked), care);
	gtk_box_append(GTK_BOX(care), care->problem);
	gtk_box_append(GTK_BOX(care), care->forget);
}

GtkWidget *cast_care_new(CastDisplay *display)
{
	CastCare *care = g_object_new(CAST_TYPE_CARE, NULL);

	care->display = g_object_ref(display);
	g_signal_connect_object(display, "changed", G_CALLBACK(show_display), care, G_CONNECT_SWAPPED);
	show_display(care);
	return GTK_WIDGET(care);
}
