// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The PIN of a P2P connection: see p2p-pin.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-pin.h"

#include <string.h>

enum pin_state {
	PIN_IDLE,
	PIN_PROVISIONING,
	PIN_ENTERING,
	PIN_READY,
	PIN_FAILED,
};

/**
 * struct p2p_pin - see the header
 * @chosen, @method: once it is; the display may choose the other one with a PIN
 * @limit: of the state
 * @work: of "entering": what was typed is looked at
 * @peer_path: who was told
 * @digits: what was typed, or is shown
 * @doubted: what was typed before, with a wrong check digit
 */
struct p2p_pin {
	wpas *w;
	link_sink *sink;
	gboolean asked_for;
	guint seconds;
	const struct p2p_pin_funcs *funcs;
	gpointer user_data;

	enum pin_state state;
	gboolean chosen;
	enum wpas_method method;
	guint limit;
	guint work;
	char *peer_path;
	char *digits;
	char *doubted;
};

/* ---- states ------------------------------------------------------------------------ */

static gboolean limit_reached(gpointer user_data);

/* The only place where the state changes, and its limit with it; 0: none. */
static void enter(p2p_pin *pin, enum pin_state state, guint seconds)
{
	g_clear_handle_id(&pin->limit, g_source_remove);
	g_clear_handle_id(&pin->work, g_source_remove);
	pin->state = state;
	if (seconds)
		pin->limit = g_timeout_add(seconds * 1000, limit_reached, pin);
}

static void fail_with(p2p_pin *pin, const GError *error)
{
	enter(pin, PIN_FAILED, 0);
	pin->funcs->failed(pin, error, pin->user_data);
}

static gboolean limit_reached(gpointer user_data)
{
	p2p_pin *pin = user_data;
	g_autoptr(GError) error = NULL;

	pin->limit = 0;
	if (pin->state == PIN_PROVISIONING)
		g_set_error(&error, REASON_ERROR, REASON_SINK_NOT_IN_SIGHT,
			    "%s did not answer when it was told that a PIN is wanted", pin->sink->name);
	else
		g_set_error(&error, REASON_ERROR, REASON_PIN_NOT_ENTERED,
			    "the PIN that %s shows was not typed within %u s", pin->sink->name, pin->seconds);
	fail_with(pin, error);
	return G_SOURCE_REMOVE;
}

/* ---- the method ---------------------------------------------------------------------- */

static gboolean choose(guint16 methods, gboolean asked_for, enum wpas_method *method)
{
	if (!asked_for && (!methods || methods & WPAS_CAN_PUSH_BUTTON))
		*method = WPAS_PUSH_BUTTON;
	else if (!methods || methods & WPAS_CAN_SHOW_PIN)
		*method = WPAS_KEYPAD;
	else if (methods & WPAS_CAN_TYPE_PIN)
		*method = WPAS_DISPLAY;
	else
		return FALSE;
	return TRUE;
}

gboolean p2p_pin_has_method(guint16 methods)
{
	enum wpas_method method;

	return choose(methods, FALSE, &method);
}

gboolean p2p_pin_is_offered(guint16 methods)
{
	enum wpas_method method;

	return choose(methods, TRUE, &method);
}

gboolean p2p_pin_choose(p2p_pin *pin, guint16 methods, GError **error)
{
	if (pin->chosen)
		return TRUE;
	if (!choose(methods, pin->asked_for, &pin->method)) {
		if (p2p_pin_has_method(methods))
			g_set_error(error, REASON_ERROR, REASON_NO_PIN, "%s offers no PIN over Wi-Fi P2P",
				    pin->sink->name);
		else
			g_set_error(error, REASON_ERROR, REASON_NEEDS_PIN,
				    "%s takes neither push button nor a PIN that it could show or have typed",
				    pin->sink->name);
		return FALSE;
	}
	pin->chosen = TRUE;
	if (pin->method == WPAS_PUSH_BUTTON)
		enter(pin, PIN_READY, 0);
	return TRUE;
}

/* ---- telling the display --------------------------------------------------------------- */

void p2p_pin_ask(p2p_pin *pin, const char *peer_path)
{
	if (pin->state != PIN_IDLE || !pin->chosen)
		return;
	g_free(pin->peer_path);
	pin->peer_path = g_strdup(peer_path);
	enter(pin, PIN_PROVISIONING, MIN(P2P_PIN_ANSWER_SECONDS, pin->seconds));
	wpas_provision(pin->w, peer_path, pin->method);
}

static gboolean is_awaited(p2p_pin *pin, const char *peer_path)
{
	return pin->state == PIN_PROVISIONING && strcmp(pin->peer_path, peer_path) == 0;
}

static void show(p2p_pin *pin, const char *digits)
{
	pin->digits = g_strdup(digits);
	enter(pin, PIN_READY, 0);
	pin->funcs->progress(pin, "pin-shown", "type the PIN that is shown here at the display",
			     pin->user_data);
	pin->funcs->shown(pin, digits, pin->user_data);
	pin->funcs->ready(pin, pin->user_data);
}

void p2p_pin_provisioned(p2p_pin *pin, const char *peer_path, enum wpas_method method,
			 const char *digits)
{
	if (!is_awaited(pin, peer_path))
		return;
	pin->method = method;
	if (method == WPAS_DISPLAY) {
		show(pin, digits);
		return;
	}
	enter(pin, PIN_ENTERING, pin->seconds);
	pin->funcs->progress(pin, "pin-wanted", "the display shows a PIN", pin->user_data);
	pin->funcs->wanted(pin, pin->user_data);
}

void p2p_pin_provision_failed(p2p_pin *pin, const char *peer_path, const GError *error)
{
	g_autoptr(GError) named = NULL;

	if (!is_awaited(pin, peer_path))
		return;
	named = g_error_copy(error);
	g_prefix_error(&named, "%s: ", pin->sink->name);
	fail_with(pin, named);
}

/* ---- what was typed ---------------------------------------------------------------------- */

/* Every second digit from the left counts three times, the check digit with them once (WSC 2.0, 7.4.1). */
static gboolean check_digit_is_right(const char *digits)
{
	guint sum = 0;

	for (guint i = 0; digits[i]; i++)
		sum += (guint)(digits[i] - '0') * (i % 2 ? 1 : 3);
	return sum % 10 == 0;
}

/* NULL: nothing that is known before the display is asked. */
static const char *problem_of(p2p_pin *pin)
{
	gsize length = strlen(pin->digits);

	if (length != 4 && length != 8)
		return "a PIN of Wi-Fi P2P has four digits, or eight";
	if (length == 4 || check_digit_is_right(pin->digits) || g_strcmp0(pin->digits, pin->doubted) == 0)
		return NULL;
	g_free(pin->doubted);
	pin->doubted = g_strdup(pin->digits);
	return "a digit of that PIN is wrong; if it is what the display shows, type it once more";
}

static gboolean look_at_typed(gpointer user_data)
{
	p2p_pin *pin = user_data;
	const char *problem = problem_of(pin);

	pin->work = 0;
	if (problem) {
		pin->funcs->progress(pin, "pin-wrong", problem, pin->user_data);
		pin->funcs->wanted(pin, pin->user_data);
		return G_SOURCE_REMOVE;
	}
	enter(pin, PIN_READY, 0);
	pin->funcs->ready(pin, pin->user_data);
	return G_SOURCE_REMOVE;
}

/* Nothing may come from inside of a call. */
void p2p_pin_enter(p2p_pin *pin, const char *digits)
{
	if (pin->state != PIN_ENTERING)
		return;
	g_free(pin->digits);
	pin->digits = g_strdup(digits);
	if (!pin->work)
		pin->work = g_idle_add_full(G_PRIORITY_DEFAULT, look_at_typed, pin, NULL);
}

/* ---- the rest ------------------------------------------------------------------------------ */

void p2p_pin_forget(p2p_pin *pin)
{
	if (!p2p_pin_is_needed(pin))
		return;
	enter(pin, PIN_IDLE, 0);
	g_clear_pointer(&pin->peer_path, g_free);
	g_clear_pointer(&pin->digits, g_free);
	g_clear_pointer(&pin->doubted, g_free);
}

gboolean p2p_pin_is_ready(p2p_pin *pin)
{
	return pin->state == PIN_READY;
}

gboolean p2p_pin_is_entering(p2p_pin *pin)
{
	return pin->state == PIN_ENTERING;
}

gboolean p2p_pin_is_needed(p2p_pin *pin)
{
	return pin->chosen && pin->method != WPAS_PUSH_BUTTON;
}

void p2p_pin_fill(p2p_pin *pin, struct wpas_request *request)
{
	request->method = pin->method;
	request->pin = pin->digits;
}

GError *p2p_pin_was_wrong(p2p_pin *pin)
{
	return g_error_new(REASON_ERROR, REASON_PIN_WRONG,
			   pin->method == WPAS_DISPLAY ? "%s was given another PIN than the one that is shown here" :
							 "the PIN is not the one that %s shows", pin->sink->name);
}

GError *p2p_pin_was_not_typed(p2p_pin *pin)
{
	return g_error_new(REASON_ERROR, REASON_PIN_NOT_ENTERED,
			   "the PIN that is shown here was not typed at %s within %u s", pin->sink->name, pin->seconds);
}

p2p_pin *p2p_pin_new(wpas *w, link_sink *sink, gboolean asked_for, guint seconds,
		     const struct p2p_pin_funcs *funcs, gpointer user_data)
{
	p2p_pin *pin = g_new0(p2p_pin, 1);

	pin->w = w;
	pin->sink = sink;
	pin->asked_for = asked_for;
	pin->seconds = seconds;
	pin->funcs = funcs;
	pin->user_data = user_data;
	return pin;
}

void p2p_pin_free(p2p_pin *pin)
{
	g_clear_handle_id(&pin->limit, g_source_remove);
	g_clear_handle_id(&pin->work, g_source_remove);
	g_free(pin->peer_path);
	g_free(pin->digits);
	g_free(pin->doubted);
	g_free(pin);
}
