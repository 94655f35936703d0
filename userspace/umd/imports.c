// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The drivers of imports.h.
 */
#include "imports.h"

#include <string.h>

/* Bit of a virtio GPU's features: it has 3D (VIRTIO_GPU_F_VIRGL). */
#define VIRTIO_GPU_3D 0

/**
 * struct known_driver - of whose buffers it is known
 * @name: of the DRM driver
 * @device: of the device's driver, if that has another name
 * @unless_3d: of a virtio GPU: with 3D they are drawn into on the host
 */
struct known_driver {
	const char *name;
	const char *device;
	gboolean unless_3d;
};

static const struct known_driver known_drivers[] = {
	/* They make memory ready for the processor when it says that it reads. */
	{ "amdgpu" }, { "i915" }, { "xe" }, { "panthor" }, { "udmabuf" }, { "system" },
	/* Graphics memory that the processor sees past its caches, as the GPU wrote it. */
	{ "nouveau" }, { "radeon" }, { "v3d" }, { "vc4", "vc4-drm" }, { "msm" },
	/* Only a processor draws into their buffers. */
	{ "ast" }, { "bochs-drm" }, { "cirrus-qemu" }, { "efidrm", "efi-framebuffer" }, { "gud" },
	{ "hyperv_drm" }, { "mgag200" }, { "qxl" }, { "simpledrm", "simple-framebuffer" }, { "udl" },
	{ "vboxvideo" }, { "vesadrm", "vesa-framebuffer" }, { "vgem" }, { "vkms" },
	{ "virtio_gpu", "virtio-gpu", TRUE },
};

static gboolean has_3d(const char *card)
{
	g_autofree char *path = g_build_filename(card, "device", "features", NULL);
	g_autofree char *features = NULL;

	/* A digit for each bit. What cannot be looked at has it. */
	return !g_file_get_contents(path, &features, NULL, NULL) ||
	       strlen(features) <= VIRTIO_GPU_3D || features[VIRTIO_GPU_3D] != '0';
}

static enum import_verdict judge(const char *card, const char *driver)
{
	for (guint i = 0; i < G_N_ELEMENTS(known_drivers); i++) {
		const struct known_driver *known = &known_drivers[i];

		if (strcmp(known->name, driver) == 0 || g_strcmp0(known->device, driver) == 0)
			return known->unless_3d && has_3d(card) ? IMPORT_STALE : IMPORT_READABLE;
	}
	return IMPORT_UNKNOWN;
}

static struct import_card *card_new(const char *name, const char *driver, enum import_verdict verdict)
{
	struct import_card *card = g_new0(struct import_card, 1);

	card->name = g_strdup(name);
	card->driver = g_strdup(driver);
	card->verdict = verdict;
	return card;
}

static void card_free(gpointer data)
{
	struct import_card *card = data;

	g_free(card->name);
	g_free(card->driver);
	g_free(card);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	const struct import_card *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

GPtrArray *imports_cards(const char *drm_class)
{
	GPtrArray *cards = g_ptr_array_new_with_free_func(card_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) directory = g_dir_open(drm_class, 0, &error);
	const char *name;

	/* Who may not look knows nothing; where there is nothing to look at there are none. */
	if (!directory && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_message("not known which graphics cards there are: %s", error->message);
		g_ptr_array_add(cards, card_new("card", "unknown", IMPORT_STALE));
	}
	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *path = g_build_filename(drm_class, name, NULL);
		g_autofree char *link = g_build_filename(path, "device", "driver", NULL);
		g_autofree char *target = NULL;
		g_autofree char *driver = NULL;

		/* "card0", not its connectors */
		if (!g_str_has_prefix(name, "card") || strchr(name, '-'))
			continue;
		target = g_file_read_link(link, NULL);
		driver = target ? g_path_get_basename(target) : NULL;
		if (!driver || strcmp(driver, "miracast") == 0)
			continue;
		g_ptr_array_add(cards, card_new(name, driver, judge(path, driver)));
	}
	g_ptr_array_sort(cards, by_name);
	return cards;
}

GPtrArray *imports_drivers(GPtrArray *cards)
{
	GPtrArray *drivers = g_ptr_array_new();
	gboolean stale = FALSE;

	for (guint i = 0; i < cards->len; i++) {
		const struct import_card *card = g_ptr_array_index(cards, i);

		stale |= card->verdict == IMPORT_STALE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(known_drivers); i++) {
		if (!known_drivers[i].unless_3d || !stale)
			g_ptr_array_add(drivers, (gpointer)known_drivers[i].name);
	}
	return drivers;
}
