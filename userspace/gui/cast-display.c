// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A display and the cast to it: see cast-display.h.
 */
#include "cast-display.h"

#include <string.h>

#include "cast-words.h"

struct _CastDisplay {
	GObject parent;
	char *id;
	enum cast_state state; /* that was told last */
	GVariant *sink; /* NULL: not known to the daemon */
	Miracast1Session *session;
	char *name; /* of the sink, or else of the session */
	gboolean asked;
	gboolean given_up;
	gboolean failed;
	gboolean streamed;
	char *message, *hint, *hint_code; /* of the failure */
	char *answer_problem;
	char *problem; /* of what is kept */
	char *step;
	GPtrArray *numbers; /* struct quality_row */
};

G_DEFINE_FINAL_TYPE(CastDisplay, cast_display, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_MOVED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void cast_display_finalize(GObject *object)
{
	CastDisplay *display = CAST_DISPLAY(object);

	g_clear_pointer(&display->sink, g_variant_unref);
	g_clear_object(&display->session);
	g_free(display->id);
	g_free(display->name);
	g_free(display->message);
	g_free(display->hint);
	g_free(display->hint_code);
	g_free(display->answer_problem);
	g_free(display->problem);
	g_free(display->step);
	g_ptr_array_unref(display->numbers);
	G_OBJECT_CLASS(cast_display_parent_class)->finalize(object);
}

static void cast_display_class_init(CastDisplayClass *class)
{
	G_OBJECT_CLASS(class)->finalize = cast_display_finalize;
	signals[SIGNAL_CHANGED] = g_signal_new("changed", CAST_TYPE_DISPLAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					       G_TYPE_NONE, 0);
	signals[SIGNAL_MOVED] = g_signal_new("moved", CAST_TYPE_DISPLAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
					     G_TYPE_NONE, 1, G_TYPE_INT);
}

static void cast_display_init(CastDisplay *display)
{
	display->numbers = g_ptr_array_new();
}

CastDisplay *cast_display_new(const char *id)
{
	CastDisplay *display = g_object_new(CAST_TYPE_DISPLAY, NULL);

	display->id = g_strdup(id);
	return display;
}

/* Whether it was another one. */
static gboolean replace(char **text, const char *by)
{
	if (g_strcmp0(*text, by) == 0)
		return FALSE;
	g_free(*text);
	*text = g_strdup(by);
	return TRUE;
}

static const char *or_blank(const char *text)
{
	return text ? text : "";
}

static gboolean last_phase_is(Miracast1Session *session, const char *name)
{
	GVariant *phases = miracast1_session_get_phases(session);
	gsize n = phases ? g_variant_n_children(phases) : 0;
	const char *last;

	if (n == 0)
		return FALSE;
	g_variant_get_child(phases, n - 1, "(&sx&s)", &last, NULL, NULL);
	return strcmp(last, name) == 0;
}

static enum cast_state state_of(Miracast1Session *session)
{
	const char *state = or_blank(miracast1_session_get_state(session));

	if (strcmp(state, "streaming") == 0)
		return CAST_STREAMING;
	if (strcmp(state, "waiting") == 0)
		return CAST_WAITING;
	if (strcmp(state, "ending") == 0)
		return CAST_ENDING;
	if (miracast1_session_get_consent_wanted(session))
		return CAST_CONSENT;
	if (miracast1_session_get_pin_wanted(session))
		return CAST_PIN_WANTED;
	if (*or_blank(miracast1_session_get_pin_shown(session)))
		return CAST_PIN_SHOWN;
	return last_phase_is(session, "waiting-for-acceptance") ? CAST_ACCEPT : CAST_CONNECTING;
}

static enum cast_state find_state(CastDisplay *display)
{
	if (display->given_up)
		return CAST_ENDING;
	if (display->session)
		return state_of(display->session);
	if (display->asked)
		return CAST_CONNECTING;
	return display->failed ? CAST_FAILED : CAST_IDLE;
}

static void changed(CastDisplay *display)
{
	enum cast_state before = display->state;

	display->state = find_state(display);
	display->streamed |= display->state == CAST_STREAMING;
	g_signal_emit(display, signals[SIGNAL_CHANGED], 0);
	if (display->state != before)
		g_signal_emit(display, signals[SIGNAL_MOVED], 0, (int)before);
}

/* ---- what is shown -------------------------------------------------------------- */

const char *cast_display_id(CastDisplay *display)
{
	return display->id;
}

const char *cast_display_name(CastDisplay *display)
{
	return display->name && *display->name ? display->name : display->id;
}

static const char *sink_text(CastDisplay *display, const char *key)
{
	const char *text = "";

	if (display->sink)
		g_variant_lookup(display->sink, key, "&s", &text);
	return text;
}

static gboolean sink_flag(CastDisplay *display, const char *key)
{
	gboolean flag = FALSE;

	if (display->sink)
		g_variant_lookup(display->sink, key, "b", &flag);
	return flag;
}

const char *cast_display_alias(CastDisplay *display)
{
	return sink_text(display, "alias");
}

const char *cast_display_model(CastDisplay *display)
{
	return sink_text(display, "model");
}

const char *cast_display_obstacle(CastDisplay *display)
{
	return sink_text(display, "obstacle");
}

gboolean cast_display_is_present(CastDisplay *display)
{
	return sink_flag(display, "present");
}

gboolean cast_display_is_away(CastDisplay *display)
{
	return display->sink && !cast_display_is_present(display);
}

gboolean cast_display_is_remembered(CastDisplay *display)
{
	return sink_flag(display, "remembered");
}

gboolean cast_display_is_autoconnect(CastDisplay *display)
{
	return sink_flag(display, "autoconnect");
}

const char *cast_display_problem(CastDisplay *display)
{
	return or_blank(display->problem);
}

gboolean cast_display_has_sound(CastDisplay *display)
{
	GVariant *mode = display->session ? miracast1_session_get_mode(display->session) : NULL;
	const char *audio = "none";

	if (mode)
		g_variant_lookup(mode, "audio", "&s", &audio);
	return display->state == CAST_STREAMING && strcmp(audio, "none") != 0;
}

int cast_display_level(CastDisplay *display)
{
	gint level = 0;

	if (display->sink)
		g_variant_lookup(display->sink, "level", "i", &level);
	return level;
}

enum cast_state cast_display_state(CastDisplay *display)
{
	return display->state;
}

gboolean cast_display_has_streamed(CastDisplay *display)
{
	return display->streamed;
}

gboolean cast_display_is_busy(CastDisplay *display)
{
	return display->session || display->asked;
}

gboolean cast_display_is_connectable(CastDisplay *display)
{
	return !cast_display_is_busy(display) && sink_flag(display, "connectable");
}

const char *cast_display_message(CastDisplay *display)
{
	const char *message = "";
	GVariant *stay;

	if (!display->session)
		return display->failed && !display->asked ? or_blank(display->message) : "";
	stay = miracast1_session_get_stay(display->session);
	if (display->state == CAST_WAITING && stay)
		g_variant_lookup(stay, "message", "&s", &message);
	return message;
}

struct hint cast_display_hint(CastDisplay *display)
{
	if (display->session)
		return display->state == CAST_WAITING ? client_session_hint(display->session) : NO_HINT;
	return display->failed && !display->asked ? (struct hint){ display->hint_code, display->hint } : NO_HINT;
}

const char *cast_display_pin(CastDisplay *display)
{
	return display->session ? or_blank(miracast1_session_get_pin_shown(display->session)) : "";
}

const char *cast_display_answer_problem(CastDisplay *display)
{
	return or_blank(display->answer_problem);
}

const char *cast_display_step(CastDisplay *display)
{
	return or_blank(display->step);
}

GPtrArray *cast_display_numbers(CastDisplay *display)
{
	return display->numbers;
}

enum quality cast_display_quality(CastDisplay *display)
{
	return quality_worst(display->numbers);
}

/* The first of those that are the worst, unless all is good; NULL */
static const struct quality_row *worst_number(CastDisplay *display)
{
	enum quality worst = cast_display_quality(display);

	for (guint i = 0; worst > QUALITY_GOOD && i < display->numbers->len; i++) {
		const struct quality_row *row = g_ptr_array_index(display->numbers, i);

		if (row->quality == worst)
			return row;
	}
	return NULL;
}

const char *cast_display_quality_what(CastDisplay *display)
{
	const struct quality_row *worst = worst_number(display);

	return worst ? worst->what : "";
}

const char *cast_display_quality_why(CastDisplay *display)
{
	const struct quality_row *worst = worst_number(display);

	return worst ? worst->why : "";
}

/* ---- what the daemon says -------------------------------------------------------- */

int cast_display_compare(gconstpointer a, gconstpointer b, gpointer user_data)
{
	CastDisplay *first = CAST_DISPLAY((gpointer)a), *second = CAST_DISPLAY((gpointer)b);
	int order = cast_display_is_away(first) - cast_display_is_away(second);

	if (!order)
		order = g_utf8_collate(cast_display_name(first), cast_display_name(second));
	return order ? order : strcmp(first->id, second->id);
}

gboolean cast_display_has_id(CastDisplay *display, const char *id)
{
	g_autofree const char **others = NULL;

	if (strcmp(display->id, id) == 0)
		return TRUE;
	if (display->sink)
		g_variant_lookup(display->sink, "other-ways", "^a&s", &others);
	return others && g_strv_contains(others, id);
}

void cast_display_set_sink(CastDisplay *display, GVariant *sink)
{
	if (sink == display->sink || (sink && display->sink && g_variant_equal(sink, display->sink)))
		return;
	g_clear_pointer(&display->sink, g_variant_unref);
	if (sink) {
		display->sink = g_variant_ref(sink);
		replace(&display->name, client_sink_name(sink));
	}
	changed(display);
}

/* @numbers: (transfer full) */
static void take_numbers(CastDisplay *display, GPtrArray *numbers)
{
	g_ptr_array_unref(display->numbers);
	display->numbers = numbers;
}

/* A session that waits, or ends, still has those of when it streamed. */
static void look_at_numbers(CastDisplay *display, Miracast1Manager *manager)
{
	if (state_of(display->session) == CAST_STREAMING)
		take_numbers(display, client_session_quality(manager, display->session, cast_words));
	else
		take_numbers(display, g_ptr_array_new());
}

void cast_display_set_name(CastDisplay *display, const char *name)
{
	replace(&display->name, name);
}

/* Whether there was one. */
static gboolean drop_session(CastDisplay *display)
{
	gboolean had = display->session != NULL;

	g_clear_object(&display->session);
	take_numbers(display, g_ptr_array_new());
	replace(&display->answer_problem, NULL);
	replace(&display->step, NULL);
	return had;
}

void cast_display_set_session(CastDisplay *display, Miracast1Session *session, Miracast1Manager *manager)
{
	g_autofree char *step = NULL;

	if (!session) {
		if (drop_session(display))
			changed(display);
		return;
	}
	if (g_set_object(&display->session, session))
		display->streamed = FALSE;
	display->asked = FALSE;
	display->failed = FALSE;
	step = client_session_step(session);
	replace(&display->step, step);
	look_at_numbers(display, manager);
	/* Whatever else of it is shown is read from the session. */
	changed(display);
}

Miracast1Session *cast_display_session(CastDisplay *display)
{
	return display->session;
}

void cast_display_set_asked(CastDisplay *display, gboolean asked)
{
	display->asked = asked;
	display->given_up = FALSE;
	if (asked)
		display->failed = display->streamed = FALSE;
	changed(display);
}

gboolean cast_display_is_asked(CastDisplay *display)
{
	return display->asked;
}

void cast_display_give_up(CastDisplay *display)
{
	display->given_up = TRUE;
	changed(display);
}

gboolean cast_display_is_given_up(CastDisplay *display)
{
	return display->given_up;
}

void cast_display_end(CastDisplay *display, const char *message, struct hint hint)
{
	drop_session(display);
	display->asked = FALSE;
	display->given_up = FALSE;
	display->failed = message != NULL;
	replace(&display->message, message);
	replace(&display->hint, hint.text);
	replace(&display->hint_code, hint.code);
	changed(display);
}

void cast_display_forget_failure(CastDisplay *display)
{
	if (!display->failed)
		return;
	display->failed = FALSE;
	changed(display);
}

/* Told in any case: what was to be changed by a click is as it was. */
void cast_display_set_problem(CastDisplay *display, const char *problem)
{
	replace(&display->problem, problem);
	changed(display);
}

void cast_display_set_answer_problem(CastDisplay *display, const char *problem)
{
	if (replace(&display->answer_problem, problem))
		changed(display);
}

gboolean cast_display_is_gone(CastDisplay *display)
{
	return !display->sink && !cast_display_is_busy(display) && !display->failed;
}
