// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A TCP connection to one of several addresses: see mice-dial.h.
 */
#include "mice-dial.h"

/* One address that is being tried. */
struct attempt {
	mice_dial *dial;
	GSocket *socket;
	GSource *source; /* until it is known what has become of it */
};

struct mice_dial {
	GPtrArray *addresses;
	guint next; /* which is tried next */
	GPtrArray *attempts; /* struct attempt: those under way */
	guint step; /* the next address, or, first of all, the first one */
	guint limit;
	GError *last;
	mice_dialled *dialled;
	gpointer user_data;
};

static void attempt_free(struct attempt *attempt)
{
	if (attempt->source)
		g_source_destroy(attempt->source);
	g_clear_pointer(&attempt->source, g_source_unref);
	g_object_unref(attempt->socket);
	g_free(attempt);
}

static void done(mice_dial *dial, GSocket *socket, const GError *error)
{
	g_autoptr(GSocket) held = socket ? g_object_ref(socket) : NULL;

	g_ptr_array_set_size(dial->attempts, 0);
	g_clear_handle_id(&dial->step, g_source_remove);
	g_clear_handle_id(&dial->limit, g_source_remove);
	dial->dialled(dial, held, error, dial->user_data);
}

static gboolean take_step(gpointer user_data);

static void step_in(mice_dial *dial, guint ms)
{
	g_clear_handle_id(&dial->step, g_source_remove);
	if (dial->next < dial->addresses->len)
		dial->step = g_timeout_add(ms, take_step, dial);
}

/* One address less; @dial may have gone afterwards. */
static void failed(mice_dial *dial, GError *error)
{
	g_clear_error(&dial->last);
	dial->last = error;
	if (dial->next < dial->addresses->len)
		step_in(dial, 0);
	else if (dial->attempts->len == 0)
		done(dial, NULL, dial->last);
}

static gboolean writable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	struct attempt *attempt = user_data;
	mice_dial *dial = attempt->dial;
	GError *error = NULL;

	if (g_socket_check_connect_result(socket, &error)) {
		done(dial, socket, NULL);
	} else {
		g_ptr_array_remove(dial->attempts, attempt);
		failed(dial, error);
	}
	return G_SOURCE_REMOVE;
}

/* FALSE: it has failed at once. */
static gboolean try_address(mice_dial *dial, GSocketAddress *address, GError **error)
{
	g_autoptr(GSocket) socket = g_socket_new(g_socket_address_get_family(address),
						 G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
	g_autoptr(GError) cause = NULL;
	struct attempt *attempt;

	if (!socket)
		return FALSE;
	g_socket_set_blocking(socket, FALSE);
	if (!g_socket_connect(socket, address, NULL, &cause) &&
	    !g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_PENDING)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	attempt = g_new0(struct attempt, 1);
	attempt->dial = dial;
	attempt->socket = g_steal_pointer(&socket);
	attempt->source = g_socket_create_source(attempt->socket, G_IO_OUT, NULL);
	g_source_set_callback(attempt->source, G_SOURCE_FUNC(writable), attempt, NULL);
	g_source_attach(attempt->source, g_main_context_get_thread_default());
	g_ptr_array_add(dial->attempts, attempt);
	return TRUE;
}

static gboolean take_step(gpointer user_data)
{
	mice_dial *dial = user_data;
	GError *error = NULL;

	dial->step = 0;
	if (try_address(dial, g_ptr_array_index(dial->addresses, dial->next++), &error))
		step_in(dial, MICE_DIAL_NEXT_MS);
	else
		failed(dial, error);
	return G_SOURCE_REMOVE;
}

static gboolean limit_reached(gpointer user_data)
{
	mice_dial *dial = user_data;
	g_autoptr(GError) error = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
						      "there was no answer");

	dial->limit = 0;
	done(dial, NULL, error);
	return G_SOURCE_REMOVE;
}

mice_dial *mice_dial_new(GPtrArray *addresses, guint limit_ms, mice_dialled *dialled,
			 gpointer user_data)
{
	mice_dial *dial = g_new0(mice_dial, 1);

	dial->addresses = g_ptr_array_ref(addresses);
	dial->attempts = g_ptr_array_new_with_free_func((GDestroyNotify)attempt_free);
	dial->dialled = dialled;
	dial->user_data = user_data;
	dial->limit = g_timeout_add(limit_ms, limit_reached, dial);
	step_in(dial, 0);
	return dial;
}

void mice_dial_free(mice_dial *dial)
{
	if (!dial)
		return;
	g_clear_handle_id(&dial->step, g_source_remove);
	g_clear_handle_id(&dial->limit, g_source_remove);
	g_ptr_array_unref(dial->attempts);
	g_ptr_array_unref(dial->addresses);
	g_clear_error(&dial->last);
	g_free(dial);
}
