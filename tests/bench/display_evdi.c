// SPDX-License-Identifier: GPL-2.0-only
/*
 * A daemon on evdi.ko, by its library.
 */
#include <err.h>
#include <evdi_lib.h>

#include "display_bench.h"
#include "miracast_kms.h"

const char screen_name[] = "evdi";
uint64_t screen_cpu_ns;

#define BUFFER	1
#define RECTS	16

static evdi_handle evdi;
static uint32_t pixels[WIDTH * HEIGHT];
static struct evdi_rect rects[RECTS];
static bool registered, ready;

static void on_mode_changed(struct evdi_mode mode, void *data)
{
	struct evdi_buffer buffer = {
		.id = BUFFER, .buffer = pixels, .width = mode.width, .height = mode.height,
		.stride = mode.width * 4, .rects = rects, .rect_count = RECTS,
	};

	(void)data;
	if (mode.width != WIDTH || mode.height != HEIGHT)
		errx(2, "evdi has a mode of %dx%d", mode.width, mode.height);
	if (registered)
		evdi_unregister_buffer(evdi, BUFFER);
	evdi_register_buffer(evdi, buffer);
	registered = true;
}

static void on_update_ready(int buffer, void *data)
{
	(void)buffer;
	(void)data;
	ready = true;
}

static void log_nothing(void *data, const char *format, ...)
{
	(void)data;
	(void)format;
}

/* The card's connector, once it is connected. */
static bool find_connector(uint32_t minor, uint32_t *id)
{
	int card = card_open(minor);
	drmModeRes *res = card < 0 ? NULL : drmModeGetResources(card);
	bool found = false;

	for (int i = 0; res && i < res->count_connectors; i++) {
		drmModeConnector *connector = drmModeGetConnector(card, res->connectors[i]);

		if (connector && connector->connection == DRM_MODE_CONNECTED) {
			*id = connector->connector_id;
			found = true;
		}
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(res);
	close(card);

	return found;
}

void screen_open(uint32_t *card_minor, uint32_t *connector)
{
	struct evdi_logging logging = { .function = log_nothing };
	uint8_t edid[2 * EDID_BLOCK];
	uint32_t minor = 0;

	evdi_set_logging(logging);
	while (minor < 16 && evdi_check_device((int)minor) != AVAILABLE)
		minor++;
	evdi = evdi_open((int)minor);
	if (evdi == EVDI_INVALID_HANDLE)
		errx(2, "no evdi device can be opened");
	edid_make(edid);
	evdi_connect2(evdi, edid, sizeof(edid), WIDTH * HEIGHT, WIDTH * HEIGHT * 60);

	for (int i = 0; !find_connector(minor, connector); i++) {
		if (i == 100)
			errx(2, "evdi's connector is not connected");
		sleep_ms(50);
	}
	*card_minor = minor;
}

bool screen_take(int timeout_ms, uint32_t *pixel)
{
	struct evdi_event_context events = {
		.mode_changed_handler = on_mode_changed,
		.update_ready_handler = on_update_ready,
	};
	int num = RECTS;
	uint64_t begin;

	ready = registered && evdi_request_update(evdi, BUFFER);
	while (!ready) {
		if (fd_poll(evdi_get_event_ready(evdi), POLLIN, timeout_ms) <= 0)
			return false;
		evdi_handle_events(evdi, &events);
		if (!ready && registered)
			ready = evdi_request_update(evdi, BUFFER);
	}
	begin = thread_cpu_ns();
	evdi_grab_pixels(evdi, rects, &num);
	screen_cpu_ns += thread_cpu_ns() - begin;
	*pixel = pixels[0];

	return num > 0;
}

/* evdi hands out copies. */
void screen_release(void)
{
}
