// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Looking for displays: see p2p-find.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-find.h"

#include "p2p-connection.h"

enum find_state {
	FIND_IDLE,
	FIND_PREPARING,
	FIND_LOOKING,
	FIND_RESTING,
	FIND_ENDING,
};

struct p2p_find {
	struct p2p *p2p;
	enum find_state state;
	gint64 until; /* CLOCK_MONOTONIC, microseconds */
	gboolean holding; /* the device */
	guint bursts;
	guint burst_limit; /* of "looking" */
	guint rest; /* of "resting" */
	guint end_source; /* of "ending" */
	GError *error; /* of "ending" */
};

p2p_find *p2p_find_new(struct p2p *p2p)
{
	p2p_find *find = g_new0(p2p_find, 1);

	find->p2p = p2p;
	return find;
}

void p2p_find_free(p2p_find *find)
{
	p2p_find_abort(find);
	g_free(find);
}

static guint seconds_left(p2p_find *find)
{
	gint64 left = find->until - g_get_monotonic_time();

	return left > 0 ? (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC : 0;
}

static void enter(p2p_find *find, enum find_state state);

static void drop_device(p2p_find *find)
{
	if (find->holding)
		p2p_device_drop(find->p2p->device);
	find->holding = FALSE;
}

static gboolean say_ended(gpointer user_data)
{
	p2p_find *find = user_data;
	g_autoptr(GError) error = g_steal_pointer(&find->error);

	find->end_source = 0;
	enter(find, FIND_IDLE);
	link_emit_find_ended(&find->p2p->base, error);
	return G_SOURCE_REMOVE;
}

static void end_with(p2p_find *find, GError *error)
{
	if (find->state == FIND_LOOKING && p2p_device_is_ready(find->p2p->device))
		wpas_stop_find(find->p2p->wpas);
	g_clear_error(&find->error);
	find->error = error;
	enter(find, FIND_ENDING);
}

static gboolean burst_too_long(gpointer user_data)
{
	p2p_find *find = user_data;

	find->burst_limit = 0;
	wpas_stop_find(find->p2p->wpas);
	enter(find, FIND_RESTING);
	return G_SOURCE_REMOVE;
}

static void look(p2p_find *find)
{
	GError *off = p2p_wifi_off(find->p2p);

	/* wpa_supplicant takes the order all the same, and finds nothing. */
	if (off)
		p2p_sinks_lose(find->p2p->sinks, NULL);
	if (off || seconds_left(find) == 0)
		end_with(find, off);
	else
		enter(find, FIND_LOOKING);
}

static gboolean rested(gpointer user_data)
{
	p2p_find *find = user_data;

	find->rest = 0;
	look(find);
	return G_SOURCE_REMOVE;
}

/* The only place where the state changes. */
static void enter(p2p_find *find, enum find_state state)
{
	g_clear_handle_id(&find->burst_limit, g_source_remove);
	g_clear_handle_id(&find->rest, g_source_remove);
	g_clear_handle_id(&find->end_source, g_source_remove);
	find->state = state;
	switch (state) {
	case FIND_IDLE:
		drop_device(find);
		break;
	case FIND_PREPARING:
		if (!find->holding)
			p2p_device_hold(find->p2p->device);
		find->holding = TRUE;
		if (p2p_device_is_ready(find->p2p->device))
			look(find);
		break;
	case FIND_LOOKING:
		find->burst_limit = g_timeout_add_seconds(P2P_FIND_BURST_LIMIT_SECONDS,
							  burst_too_long, find);
		/* Every second one on all channels: owners of groups may be anywhere. */
		wpas_find(find->p2p->wpas, MIN(seconds_left(find), P2P_FIND_BURST_SECONDS),
			  find->bursts++ % 2 == 1);
		break;
	case FIND_RESTING:
		find->rest = g_timeout_add_seconds(P2P_FIND_REST_SECONDS, rested, find);
		break;
	case FIND_ENDING:
		find->end_source = g_idle_add_full(G_PRIORITY_DEFAULT, say_ended, find, NULL);
		break;
	}
}

void p2p_find_start(p2p_find *find, guint seconds)
{
	gint64 until = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
	const char *busy = p2p_connection_needs_quiet(find->p2p->connection);

	if (find->state == FIND_IDLE || find->state == FIND_ENDING)
		find->until = 0;
	find->until = MAX(find->until, until);
	if (busy)
		end_with(find, g_error_new(REASON_ERROR, REASON_LINK_BUSY,
					   "the Wi-Fi adapter is in use for %s and cannot look for others",
					   busy));
	else if (find->state == FIND_IDLE || find->state == FIND_ENDING) {
		g_clear_error(&find->error);
		enter(find, FIND_PREPARING);
	}
}

void p2p_find_stop(p2p_find *find)
{
	if (find->state != FIND_IDLE && find->state != FIND_ENDING)
		end_with(find, NULL);
}

void p2p_find_quiet(p2p_find *find)
{
	p2p_find_stop(find);
}

void p2p_find_abort(p2p_find *find)
{
	g_clear_error(&find->error);
	enter(find, FIND_IDLE);
}

void p2p_find_device_ready(p2p_find *find)
{
	if (find->state == FIND_PREPARING)
		look(find);
}

void p2p_find_device_gone(p2p_find *find, const GError *error)
{
	find->holding = FALSE;
	if (find->state == FIND_IDLE)
		return;
	find->state = FIND_RESTING; /* there is nothing to stop */
	end_with(find, g_error_copy(error));
}

void p2p_find_burst_over(p2p_find *find)
{
	if (find->state != FIND_LOOKING)
		return;
	if (seconds_left(find) == 0)
		end_with(find, NULL);
	else
		enter(find, FIND_RESTING);
}
