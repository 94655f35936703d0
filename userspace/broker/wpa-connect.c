// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Provisioning, Connect and Cancel of wpa_supplicant: see wpa-connect.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "wpa-private.h"

#include <string.h>

/*
 * What we are, as Connect has it, and what the peer is to do, as ProvisionDiscoveryRequest
 * has it: who types asks for a display.
 */
static const struct {
	const char *own;
	const char *peer;
} words[] = {
	[WPAS_PUSH_BUTTON] = { "pbc", "pbc" },
	[WPAS_KEYPAD] = { "keypad", "display" },
	[WPAS_DISPLAY] = { "display", "keypad" },
};

/* ---- provisioning ------------------------------------------------------------------ */

static void provision_answered(wpas *w, const char *peer_path, GVariant *result, const GError *error)
{
	g_autoptr(GError) cause = NULL;

	if (!error)
		return;
	g_set_error(&cause, REASON_ERROR, REASON_GROUP_FAILED,
		    "wpa_supplicant refused to ask for a PIN: %s", error->message);
	w->funcs->provision_failed(w, peer_path, cause, w->user_data);
}

void wpas_provision(wpas *w, const char *peer_path, enum wpas_method method)
{
	wpas_announce_again(w);
	wpas_call(w, w->interface, WPAS_P2P_IFACE, "ProvisionDiscoveryRequest",
		  g_variant_new("(os)", peer_path, words[method].peer), NULL, provision_answered,
		  peer_path);
}

/* enum p2p_prov_disc_status; what is not told apart is a refusal. */
static void provision_refused(wpas *w, const char *peer_path, gint32 status)
{
	g_autoptr(GError) cause = NULL;

	if (status == 1)
		g_set_error_literal(&cause, REASON_ERROR, REASON_SINK_NOT_IN_SIGHT,
				    "it did not answer when it was told that a PIN is wanted");
	else
		g_set_error(&cause, REASON_ERROR, REASON_PIN_REFUSED,
			    "it was told that a PIN is wanted, and refused (%d)", status);
	w->funcs->provision_failed(w, peer_path, cause, w->user_data);
}

/* Also when the display itself has asked for it: what it shows, or has typed, is the same. */
void wpas_provision_signal(wpas *w, const char *signal, GVariant *args)
{
	const char *peer = NULL, *pin = NULL;
	gint32 status;

	if (g_variant_is_of_type(args, G_VARIANT_TYPE("(oi)"))) {
		g_variant_get(args, "(&oi)", &peer, &status);
		provision_refused(w, peer, status);
	} else if (g_variant_is_of_type(args, G_VARIANT_TYPE("(os)"))) {
		g_variant_get(args, "(&o&s)", &peer, &pin);
		w->funcs->provisioned(w, peer, WPAS_DISPLAY, pin, w->user_data);
	} else if (g_variant_is_of_type(args, G_VARIANT_TYPE("(o)")) &&
		   g_str_has_suffix(signal, "EnterPin")) {
		g_variant_get(args, "(&o)", &peer);
		w->funcs->provisioned(w, peer, WPAS_KEYPAD, NULL, w->user_data);
	}
}

/* ---- connect ----------------------------------------------------------------------- */

static void connect_answered(wpas *w, const char *context, GVariant *result, const GError *error)
{
	g_autoptr(GError) cause = NULL;

	if (!error)
		return;
	if (wpas_is_dbus_error(error, WPAS_NAME ".ConnectChannelUnsupported") ||
	    wpas_is_dbus_error(error, WPAS_NAME ".ConnectChannelUnavailable"))
		g_set_error(&cause, REASON_ERROR, REASON_NO_COMMON_CHANNEL,
			    "no channel suits both Wi-Fi adapters");
	else
		g_set_error(&cause, REASON_ERROR, REASON_GROUP_FAILED,
			    "wpa_supplicant refused to connect: %s", error->message);
	w->funcs->connect_failed(w, cause, w->user_data);
}

static void connect_by_dbus(wpas *w, const struct wpas_request *request)
{
	g_auto(GVariantDict) args = G_VARIANT_DICT_INIT(NULL);

	g_variant_dict_insert(&args, "peer", "o", request->peer_path);
	g_variant_dict_insert(&args, "wps_method", "s", words[request->method].own);
	if (request->pin)
		g_variant_dict_insert(&args, "pin", "s", request->pin);
	if (request->join)
		g_variant_dict_insert(&args, "join", "b", TRUE);
	else
		g_variant_dict_insert(&args, "go_intent", "i", (gint32)request->go_intent);
	if (request->persistent)
		g_variant_dict_insert(&args, "persistent", "b", TRUE);
	if (request->frequency)
		g_variant_dict_insert(&args, "frequency", "i", (gint32)request->frequency);
	wpas_call(w, w->interface, WPAS_P2P_IFACE, "Connect",
		  g_variant_new("(@a{sv})", g_variant_dict_end(&args)), NULL, connect_answered,
		  NULL);
}

/* In hexadecimal digits. */
char *wpas_peer_address(const char *peer_path)
{
	const char *digits = strrchr(peer_path, '/') + 1;
	g_autoptr(GString) address = g_string_new(NULL);
	guint i = 0;

	while (g_ascii_isxdigit(digits[i])) {
		if (i > 0 && i % 2 == 0)
			g_string_append_c(address, ':');
		g_string_append_c(address, digits[i++]);
	}
	return i == 12 && !digits[i] ? g_strdup(address->str) : NULL;
}

/* What a group of ours is asked to be; after the last one 20 MHz are left. */
static const char *const widths[] = { " ht40 vht he", " ht40" };

const char *wpas_width_words(guint narrowed)
{
	return narrowed < G_N_ELEMENTS(widths) ? widths[narrowed] : NULL;
}

/* A request that is kept. */
struct wide_connect {
	wpas *w;
	struct wpas_request request;
};

static void wide_connect_free(gpointer data)
{
	struct wide_connect *c = data;

	g_free((char *)c->request.peer_path);
	g_free((char *)c->request.pin);
	g_free(c);
}

static void wide_answered(const char *answer, const GError *error, gpointer user_data)
{
	struct wide_connect *c = user_data;

	if (g_strcmp0(answer, "OK") == 0)
		return;
	/* It will say the same again if it is not about the width. */
	g_info("wpa_supplicant: P2P_CONNECT for a wide group: %s; asking by D-Bus",
	       answer ? answer : error->message);
	c->w->asked_wide = FALSE;
	connect_by_dbus(c->w, &c->request);
}

static GString *wide_command(const char *address, const struct wpas_request *request)
{
	GString *command = g_string_new(NULL);

	g_string_printf(command, "P2P_CONNECT %s ", address);
	if (request->pin)
		g_string_append_printf(command, "%s ", request->pin);
	g_string_append_printf(command, "%s go_intent=%u", words[request->method].own,
			       request->go_intent);
	if (request->frequency)
		g_string_append_printf(command, " freq=%u", request->frequency);
	if (request->persistent)
		g_string_append(command, " persistent");
	return command;
}

/* With what the two radios have in common; D-Bus has no words for it. */
static gboolean connect_wide(wpas *w, const struct wpas_request *request)
{
	struct wpas_radio *radio = g_hash_table_lookup(w->radios, w->interface);
	g_autofree char *address =
		radio && radio->control ? wpas_peer_address(request->peer_path) : NULL;
	g_autoptr(GString) command = NULL;
	struct wide_connect *c;

	if (!address || !wpas_width_words(w->width))
		return FALSE;
	command = wide_command(address, request);
	g_string_append(command, wpas_width_words(w->width));
	c = g_new0(struct wide_connect, 1);
	c->w = w;
	c->request = *request;
	c->request.peer_path = g_strdup(request->peer_path);
	c->request.pin = g_strdup(request->pin);
	w->connecting = g_cancellable_new();
	w->asked_wide = TRUE;
	wpa_control_request(radio->control, command->str, WPA_CONTROL_SECONDS, w->connecting, wide_answered, c,
			    wide_connect_free);
	return TRUE;
}

guint wpas_narrowed(wpas *w)
{
	return w->width;
}

void wpas_forget_connect(wpas *w)
{
	if (w->connecting)
		g_cancellable_cancel(w->connecting);
	g_clear_object(&w->connecting);
	w->asked_wide = FALSE;
}

void wpas_expect(wpas *w)
{
	wpas_forget_connect(w);
	w->forming = TRUE;
}

void wpas_connect(wpas *w, const struct wpas_request *request)
{
	wpas_expect(w);
	wpas_announce_again(w);
	/* The owner of a group that is there has chosen its width already. */
	if (request->join || !connect_wide(w, request))
		connect_by_dbus(w, request);
}

/* ---- cancel ------------------------------------------------------------------------ */

/* Groups that had started before our Cancel are reported before its answer. */
void wpas_check_cancelled(wpas *w)
{
	if (!w->cancel_answered || g_hash_table_size(w->starting) > 0)
		return;
	w->cancel_answered = FALSE;
	w->funcs->cancelled(w, w->user_data);
}

static void cancel_answered(wpas *w, const char *context, GVariant *result, const GError *error)
{
	wpas_log_error(w, context, result, error);
	w->cancel_answered = TRUE;
	wpas_check_cancelled(w);
}

void wpas_cancel(wpas *w)
{
	w->forming = FALSE;
	wpas_forget_connect(w);
	wpas_invitation_is_over(w);
	wpas_call(w, w->interface, WPAS_P2P_IFACE, "Cancel", NULL, NULL, cancel_answered, "Cancel");
}
