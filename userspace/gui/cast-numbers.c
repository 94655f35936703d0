// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a cast does, number by number: see cast-numbers.h.
 */
#include "cast-numbers.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cast-words.h"

/* ---- a number --------------------------------------------------------------------- */

#define CAST_TYPE_NUMBER (cast_number_get_type())
G_DECLARE_FINAL_TYPE(CastNumber, cast_number, CAST, NUMBER, GtkListBoxRow)

struct _CastNumber {
	GtkListBoxRow parent;
	const char *what;
	enum quality quality;
	GtkWidget *verdict, *text, *why; /* GtkLabel */
};

G_DEFINE_FINAL_TYPE(CastNumber, cast_number, GTK_TYPE_LIST_BOX_ROW)

static void cast_number_class_init(CastNumberClass *class)
{
}

static GtkWidget *text_label(const char *text, const char *class)
{
	GtkWidget *label = gtk_label_new(text);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_wrap(GTK_LABEL(label), TRUE);
	gtk_widget_add_css_class(label, class);
	return label;
}

static void cast_number_init(CastNumber *number)
{
	number->verdict = gtk_label_new(NULL);
	number->text = text_label(NULL, "caption");
	number->why = text_label(NULL, "caption");
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(number), FALSE);
}

static void show_verdict(CastNumber *number, const struct quality_row *row)
{
	static const char *const classes[] = {
		[QUALITY_UNKNOWN] = "dim-label",
		[QUALITY_GOOD] = "success",
		[QUALITY_FAIR] = "warning",
		[QUALITY_POOR] = "error",
	};
	g_autofree char *name = cast_words_number(row);

	gtk_widget_remove_css_class(number->verdict, classes[number->quality]);
	gtk_widget_add_css_class(number->verdict, classes[row->quality]);
	number->quality = row->quality;
	gtk_label_set_text(GTK_LABEL(number->verdict), cast_words_verdict(row));
	gtk_accessible_update_property(GTK_ACCESSIBLE(number), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void describe(CastNumber *number, const struct quality_row *row)
{
	g_autofree char *text = g_strdup_printf("%s\n%s", row->text, cast_words(row->why));

	gtk_accessible_update_property(GTK_ACCESSIBLE(number), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, g_strchomp(text), -1);
}

static void show_number(CastNumber *number, const struct quality_row *row)
{
	gboolean other = row->quality != number->quality;

	if (other)
		show_verdict(number, row);
	/* Of the one that somebody is at screen readers would say it anew each second. */
	if (other || !gtk_widget_has_focus(GTK_WIDGET(number)))
		describe(number, row);
	gtk_label_set_text(GTK_LABEL(number->text), row->text);
	gtk_label_set_text(GTK_LABEL(number->why), cast_words(row->why));
	gtk_widget_set_visible(number->why, *row->why != '\0');
}

static GtkWidget *number_new(const struct quality_row *row)
{
	CastNumber *number = g_object_new(CAST_TYPE_NUMBER, NULL);
	GtkWidget *all = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3), *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	g_autofree char *what = cast_words_what(row);
	GtkWidget *name = text_label(what, "caption-heading");

	number->what = row->what;
	gtk_widget_set_margin_top(all, 6);
	gtk_widget_set_margin_bottom(all, 6);
	gtk_widget_set_hexpand(name, TRUE);
	gtk_box_append(GTK_BOX(head), name);
	gtk_box_append(GTK_BOX(head), number->verdict);
	gtk_box_append(GTK_BOX(all), head);
	gtk_box_append(GTK_BOX(all), number->text);
	gtk_box_append(GTK_BOX(all), number->why);
	gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(number), all);
	show_verdict(number, row);
	return GTK_WIDGET(number);
}

/* ---- all of them ------------------------------------------------------------------ */

struct _CastNumbers {
	GtkBox parent;
	CastDisplay *display;
	GtkWidget *expander;
	GtkListBox *list; /* of CastNumber */
};

G_DEFINE_FINAL_TYPE(CastNumbers, cast_numbers, GTK_TYPE_BOX)

static void cast_numbers_dispose(GObject *object)
{
	g_clear_object(&CAST_NUMBERS(object)->display);
	G_OBJECT_CLASS(cast_numbers_parent_class)->dispose(object);
}

static void cast_numbers_class_init(CastNumbersClass *class)
{
	G_OBJECT_CLASS(class)->dispose = cast_numbers_dispose;
}

static CastNumber *number_at(CastNumbers *numbers, guint i)
{
	GtkListBoxRow *row = gtk_list_box_get_row_at_index(numbers->list, (int)i);

	return row ? CAST_NUMBER(row) : NULL;
}

static gboolean has(GPtrArray *rows, const char *what)
{
	for (guint i = 0; i < rows->len; i++) {
		const struct quality_row *row = g_ptr_array_index(rows, i);

		if (strcmp(row->what, what) == 0)
			return TRUE;
	}
	return FALSE;
}

/* They come in one order, so what is at this place is what belongs there, or comes later. */
static CastNumber *number_for(CastNumbers *numbers, guint i, const struct quality_row *row)
{
	CastNumber *number = number_at(numbers, i);

	if (number && strcmp(number->what, row->what) == 0)
		return number;
	gtk_list_box_insert(numbers->list, number_new(row), (int)i);
	return number_at(numbers, i);
}

static void remove_others(CastNumbers *numbers, GPtrArray *rows)
{
	CastNumber *number;

	for (guint i = 0; (number = number_at(numbers, i));) {
		if (has(rows, number->what))
			i++;
		else
			gtk_list_box_remove(numbers->list, GTK_WIDGET(number));
	}
}

static void show_display(CastNumbers *numbers)
{
	GPtrArray *rows = cast_display_numbers(numbers->display);
	const char *name = cast_display_name(numbers->display);
	g_autofree char *label = g_strdup_printf(_("Measurements of %s"), name);

	gtk_widget_set_visible(GTK_WIDGET(numbers), rows->len > 0);
	gtk_accessible_update_property(GTK_ACCESSIBLE(numbers->expander), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
	if (!gtk_expander_get_expanded(GTK_EXPANDER(numbers->expander)))
		return;
	gtk_accessible_update_property(GTK_ACCESSIBLE(numbers->list), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
	remove_others(numbers, rows);
	for (guint i = 0; i < rows->len; i++)
		show_number(number_for(numbers, i, g_ptr_array_index(rows, i)), g_ptr_array_index(rows, i));
}

static void cast_numbers_init(CastNumbers *numbers)
{
	GtkWidget *list = gtk_list_box_new();

	numbers->list = GTK_LIST_BOX(list);
	gtk_list_box_set_selection_mode(numbers->list, GTK_SELECTION_NONE);
	numbers->expander = gtk_expander_new(_("Measurements"));
	gtk_accessible_reset_relation(GTK_ACCESSIBLE(numbers->expander), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
	gtk_widget_set_hexpand(numbers->expander, TRUE);
	gtk_expander_set_child(GTK_EXPANDER(numbers->expander), list);
	gtk_box_append(GTK_BOX(numbers), numbers->expander);
}

GtkWidget *cast_numbers_new(CastDisplay *display)
{
	CastNumbers *numbers = g_object_new(CAST_TYPE_NUMBERS, NULL);

	numbers->display = g_object_ref(display);
	g_signal_connect_object(display, "changed", G_CALLBACK(show_display), numbers, G_CONNECT_SWAPPED);
	g_signal_connect_swapped(numbers->expander, "notify::expanded", G_CALLBACK(show_display), numbers);
	show_display(numbers);
	return GTK_WIDGET(numbers);
}
