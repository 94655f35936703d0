// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is shown, in the user's language: see cast-words.h.
 */
#include "cast-words.h"

#include <libintl.h>
#include <string.h>

#define _(text) dgettext(CAST_GETTEXT_DOMAIN, text)

const char *cast_words(const char *text)
{
	/* That of "" is the catalogue's head. */
	return *text ? _(text) : "";
}

/* ---- rows --------------------------------------------------------------------------- */

static char *idle_status(CastDisplay *display)
{
	static const char *const signal[] = {
		[QUALITY_UNKNOWN] = "",
		[QUALITY_GOOD] = N_("good signal"),
		[QUALITY_FAIR] = N_("fair signal"),
		[QUALITY_POOR] = N_("weak signal"),
	};
	const char *obstacle = cast_display_obstacle(display);
	enum quality quality = quality_of_level(cast_display_level(display));

	if (*obstacle)
		return g_strdup(obstacle);
	if (!cast_display_is_present(display))
		return g_strdup(_("Not in sight"));
	if (quality == QUALITY_UNKNOWN)
		return g_strdup(_("Ready"));
	return g_strdup_printf(_("Ready, %s"), _(signal[quality]));
}

static char *streaming_status(CastDisplay *display)
{
	const char *what = cast_words(cast_display_quality_what(display));
	const char *why = cast_words(cast_display_quality_why(display));

	switch (cast_display_quality(display)) {
	case QUALITY_GOOD:
		return g_strdup(_("Casting, in good quality"));
	case QUALITY_FAIR:
		return g_strdup_printf(_("Casting, in fair quality (%s: %s)"), what, why);
	case QUALITY_POOR:
		return g_strdup_printf(_("Casting, in poor quality (%s: %s)"), what, why);
	default:
		return g_strdup(_("Casting"));
	}
}

static char *connecting_status(CastDisplay *display)
{
	const char *step = cast_display_step(display);

	return *step ? g_strdup_printf(_("Connecting: %s"), cast_words(step)) : g_strdup(_("Connecting"));
}

/* By which who has called is known: another one can have been given its alias, and no address but its own. */
static const char *address_of(CastDisplay *display)
{
	Miracast1Session *session = cast_display_session(display);
	const char *address = session ? miracast1_session_get_sink_id(session) : NULL;

	return address ? address : cast_display_id(display);
}

static char *asking_status(CastDisplay *display)
{
	const char *address = address_of(display);

	return strcmp(address, cast_display_name(display)) == 0 ?
		       g_strdup(_("Asks to show your screen")) :
		       g_strdup_printf(_("%s asks to show your screen"), address);
}

char *cast_words_status(CastDisplay *display)
{
	switch (cast_display_state(display)) {
	case CAST_CONNECTING:
		return connecting_status(display);
	case CAST_ACCEPT:
		return g_strdup(_("Accept the connection at the display"));
	case CAST_PIN_WANTED:
		return g_strdup(_("Type the PIN that the display shows"));
	case CAST_PIN_SHOWN:
		return g_strdup(_("Type this PIN at the display"));
	case CAST_CONSENT:
		return asking_status(display);
	case CAST_STREAMING:
		return streaming_status(display);
	case CAST_WAITING:
		return g_strdup(_("Lost; it comes back by itself"));
	case CAST_ENDING:
		return g_strdup(_("Disconnecting"));
	case CAST_FAILED:
		return g_strdup(_("Not connected"));
	default:
		return idle_status(display);
	}
}

char *cast_words_mode(CastDisplay *display)
{
	Miracast1Session *session = cast_display_session(display);
	GVariant *mode = session ? miracast1_session_get_mode(session) : NULL;
	guint width = 0, height = 0, refresh = 0;
	const char *audio = "";

	if (cast_display_state(display) != CAST_STREAMING || !mode || !g_variant_lookup(mode, "width", "u", &width))
		return g_strdup("");
	g_variant_lookup(mode, "height", "u", &height);
	g_variant_lookup(mode, "refresh", "u", &refresh);
	g_variant_lookup(mode, "audio", "&s", &audio);
	return g_strdup_printf(strcmp(audio, "none") == 0 ? _("%u × %u, %g Hz, without sound") : "%u × %u, %g Hz", width,
			       height, refresh / 1000.0);
}

/* Sentences of the daemon begin as parts of one; but @name, what a display is called, is written as it is; NULL: none */
static char *as_sentence(const char *text, const char *name)
{
	g_autofree char *first = NULL;

	if (!*text || (name && g_str_has_prefix(text, name)))
		return g_strdup(text);
	first = g_utf8_strup(text, g_utf8_next_char(text) - text);
	return g_strconcat(first, g_utf8_next_char(text), NULL);
}

/* ---- numbers ---------------------------------------------------------------------------- */

char *cast_words_what(const struct quality_row *row)
{
	return as_sentence(cast_words(row->what), NULL);
}

const char *cast_words_verdict(const struct quality_row *row)
{
	return cast_words(quality_name(row->quality));
}

char *cast_words_number(const struct quality_row *row)
{
	g_autofree char *what = cast_words_what(row);

	/* TRANSLATORS: of a number, what it is and how good that is: "Delay: fair" */
	return g_strdup_printf(_("%s: %s"), what, cast_words_verdict(row));
}

/* ---- trouble ---------------------------------------------------------------------------- */

char *cast_words_problem(CastDisplay *display)
{
	return as_sentence(cast_words(cast_display_problem(display)), cast_display_name(display));
}

char *cast_words_trouble(CastDisplay *display)
{
	g_autofree char *message =
		as_sentence(cast_words(cast_display_message(display)), cast_display_name(display));
	const char *hint = cast_words(cast_display_hint(display).text);

	if (*cast_display_answer_problem(display))
		return as_sentence(cast_words(cast_display_answer_problem(display)), cast_display_name(display));
	if (!*message || !*hint)
		return g_strdup(*message ? message : hint);
	return g_strdup_printf("%s\n%s", message, hint);
}

/* ---- notifications -------------------------------------------------------------------- */

static char *without_markup(const char *text)
{
	g_autoptr(GString) plain = g_string_new(text);

	g_string_replace(plain, "<", "\xe2\x80\xb9", 0); /* single angle quotation marks */
	g_string_replace(plain, ">", "\xe2\x80\xba", 0);
	g_string_replace(plain, "&", "+", 0);
	return g_string_free(g_steal_pointer(&plain), FALSE);
}

gboolean cast_words_notification(CastDisplay *display, char **title, char **body)
{
	const char *name = cast_display_name(display);
	g_autofree char *status = cast_words_status(display), *trouble = cast_words_trouble(display);
	g_autofree char *head = NULL;

	switch (cast_display_state(display)) {
	case CAST_ACCEPT:
		head = g_strdup_printf(_("Accept the connection at %s"), name);
		g_clear_pointer(&trouble, g_free);
		trouble = g_strdup(_("The display asks whether this computer may show its picture there."));
		break;
	case CAST_PIN_WANTED:
	case CAST_PIN_SHOWN:
		head = g_strdup_printf(_("%s wants a PIN"), name);
		g_clear_pointer(&trouble, g_free);
		trouble = g_strdup(status);
		break;
	case CAST_CONSENT:
		head = g_strdup_printf(_("%s asks to show your screen"), name);
		g_clear_pointer(&trouble, g_free);
		trouble = g_strdup_printf(_("It calls from %s. Allow it only if you have had a display call just now, and "
					    "that is its address."), address_of(display));
		break;
	case CAST_WAITING:
		head = g_strdup_printf(_("%s was lost and comes back by itself"), name);
		break;
	case CAST_FAILED:
		if (cast_display_has_streamed(display))
			head = g_strdup_printf(_("%s has left"), name);
		else
			head = g_strdup_printf(_("%s could not be connected to"), name);
		break;
	default:
		return FALSE;
	}
	*title = without_markup(head);
	*body = without_markup(trouble);
	return TRUE;
}
