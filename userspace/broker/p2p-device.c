// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Taking and giving back the P2P device: see p2p-device.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-device.h"

enum device_state {
	DEVICE_IDLE,
	DEVICE_ACQUIRING,
	DEVICE_READY,
	DEVICE_LINGERING,
	DEVICE_RELEASING,
};

struct p2p_device {
	wpas *w;
	p2p_state *file;
	guint linger_seconds;
	const struct p2p_device_funcs *funcs;
	gpointer user_data;

	enum device_state state;
	guint holders;
	gboolean stop_wanted;
	gboolean started; /* wpa_supplicant may be, for this acquiring */
	gboolean cleaning; /* nobody has held it since the leftovers were found */
	guint limit; /* of the state */
	guint stopped_source; /* says "stopped" */
};

static void enter(p2p_device *device, enum device_state state);

static gboolean say_stopped(gpointer user_data)
{
	p2p_device *device = user_data;

	device->stopped_source = 0;
	device->stop_wanted = FALSE;
	device->funcs->stopped(device, device->user_data);
	return G_SOURCE_REMOVE;
}

/* Where the holders want it; called whenever one of the two has changed. */
static void follow(p2p_device *device)
{
	gboolean wanted = device->holders > 0 && !device->stop_wanted;

	switch (device->state) {
	case DEVICE_IDLE:
		if (wanted)
			enter(device, DEVICE_ACQUIRING);
		else if (device->stop_wanted && !device->stopped_source)
			device->stopped_source =
				g_idle_add_full(G_PRIORITY_DEFAULT, say_stopped, device, NULL);
		break;
	case DEVICE_READY:
	case DEVICE_LINGERING:
		if (device->stop_wanted)
			enter(device, DEVICE_RELEASING);
		else if (!wanted && device->cleaning)
			enter(device, DEVICE_RELEASING);
		else if (wanted != (device->state == DEVICE_READY))
			enter(device, wanted ? DEVICE_READY : DEVICE_LINGERING);
		break;
	case DEVICE_ACQUIRING:
		if (device->stop_wanted)
			enter(device, DEVICE_RELEASING);
		break;
	case DEVICE_RELEASING:
		break;
	}
}

/* All holds are void; who wants it again has to take a new one. */
static void be_gone(p2p_device *device, const GError *error)
{
	/* Looked for without being started, and somebody needs it meanwhile. */
	if (device->state == DEVICE_ACQUIRING && !device->started && device->holders > 0) {
		enter(device, DEVICE_ACQUIRING);
		return;
	}
	device->holders = 0;
	enter(device, DEVICE_IDLE);
	device->funcs->gone(device, error, device->user_data);
}

static gboolean limit_reached(gpointer user_data)
{
	p2p_device *device = user_data;
	g_autoptr(GError) error = NULL;

	device->limit = 0;
	switch (device->state) {
	case DEVICE_ACQUIRING:
		/* The file stays, for the next one who finds this wpa_supplicant. */
		wpas_forget(device->w);
		error = g_error_new(REASON_ERROR, REASON_SUPPLICANT_FAILED,
				    "wpa_supplicant gave us no P2P device within %d s",
				    P2P_DEVICE_ACQUIRE_SECONDS);
		be_gone(device, error);
		break;
	case DEVICE_LINGERING:
		enter(device, DEVICE_RELEASING);
		break;
	case DEVICE_RELEASING:
		g_warning("wpa_supplicant did not take its P2P device back within %d s",
			  P2P_DEVICE_RELEASE_SECONDS);
		wpas_forget(device->w);
		enter(device, DEVICE_IDLE);
		break;
	default:
		break;
	}
	return G_SOURCE_REMOVE;
}

/* The only place where the state changes. */
static void enter(p2p_device *device, enum device_state state)
{
	static const guint limits[] = {
		[DEVICE_ACQUIRING] = P2P_DEVICE_ACQUIRE_SECONDS,
		[DEVICE_RELEASING] = P2P_DEVICE_RELEASE_SECONDS,
	};
	guint seconds = state == DEVICE_LINGERING ? device->linger_seconds :
			state < G_N_ELEMENTS(limits) ? limits[state] : 0;

	g_clear_handle_id(&device->limit, g_source_remove);
	device->state = state;
	if (seconds)
		device->limit = g_timeout_add_seconds(seconds, limit_reached, device);
	if (state == DEVICE_ACQUIRING) {
		device->started = device->holders > 0;
		wpas_acquire(device->w, device->started);
	} else if (state == DEVICE_RELEASING) {
		wpas_release(device->w);
	} else {
		follow(device);
	}
}

p2p_device *p2p_device_new(wpas *w, const char *runtime_dir, guint linger_seconds,
			   const struct p2p_device_funcs *funcs, gpointer user_data)
{
	p2p_device *device = g_new0(p2p_device, 1);

	device->w = w;
	device->file = p2p_state_new(runtime_dir, "p2p.state");
	device->linger_seconds = linger_seconds ? linger_seconds : P2P_DEVICE_LINGER_SECONDS;
	device->funcs = funcs;
	device->user_data = user_data;
	device->cleaning = p2p_state_is_there(device->file);
	if (device->cleaning)
		enter(device, DEVICE_ACQUIRING);
	return device;
}

void p2p_device_free(p2p_device *device)
{
	g_clear_handle_id(&device->limit, g_source_remove);
	g_clear_handle_id(&device->stopped_source, g_source_remove);
	p2p_state_free(device->file);
	g_free(device);
}

void p2p_device_hold(p2p_device *device)
{
	device->holders++;
	device->cleaning = FALSE;
	follow(device);
}

void p2p_device_drop(p2p_device *device)
{
	g_return_if_fail(device->holders > 0);
	device->holders--;
	follow(device);
}

gboolean p2p_device_is_ready(p2p_device *device)
{
	return device->state == DEVICE_READY || device->state == DEVICE_LINGERING;
}

void p2p_device_stop(p2p_device *device)
{
	device->stop_wanted = TRUE;
	follow(device);
}

void p2p_device_note_group(p2p_device *device, const char *path)
{
	p2p_state_set_group(device->file, path);
}

/* A process before us that was killed: its things are ours to remove. */
void p2p_device_found(p2p_device *device, const char *owner)
{
	g_autofree char *group = NULL, *created = NULL;
	g_autoptr(GVariant) former = NULL;

	if (p2p_state_take_leftovers(device->file, owner, &created, &group, &former)) {
		g_message("what a daemon before us has left in wpa_supplicant is taken down");
		if (group)
			wpas_disconnect(device->w, group);
		if (former)
			wpas_set_back(device->w, former);
		if (created)
			wpas_adopt_created(device->w, created);
	}
	p2p_state_begin(device->file, owner, created);
}

void p2p_device_created(p2p_device *device, const char *path)
{
	p2p_state_set_created(device->file, path);
}

void p2p_device_configured(p2p_device *device, GVariant *former)
{
	p2p_state_set_former(device->file, former);
}

void p2p_device_acquired(p2p_device *device)
{
	if (device->state != DEVICE_ACQUIRING)
		return;
	enter(device, DEVICE_READY);
	if (device->state == DEVICE_READY)
		device->funcs->ready(device, device->user_data);
}

void p2p_device_lost(p2p_device *device, const GError *error)
{
	/* What was in it has gone with it. */
	p2p_state_end(device->file);
	be_gone(device, error);
}

void p2p_device_released(p2p_device *device)
{
	p2p_state_end(device->file);
	enter(device, DEVICE_IDLE);
}
