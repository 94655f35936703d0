// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of which cards the buffers are taken, by what sysfs says of them.
 */
#include "imports.h"

#include <unistd.h>

#include <glib/gstdio.h>

/* A machine's /sys/class/drm. */
struct machine {
	char *class;
};

static void machine_init(struct machine *m)
{
	m->class = g_dir_make_tmp("drm-XXXXXX", NULL);
}

/* An entry; @driver of its device and @features of that may be NULL. */
static void machine_add(const struct machine *m, const char *name, const char *driver, const char *features)
{
	g_autofree char *device = g_build_filename(m->class, name, "device", NULL);
	g_autofree char *link = g_build_filename(device, "driver", NULL);
	g_autofree char *file = g_build_filename(device, "features", NULL);
	g_autofree char *target = g_strdup_printf("../../../../bus/pci/drivers/%s", driver ? driver : "");

	g_assert_cmpint(g_mkdir_with_parents(device, 0700), ==, 0);
	if (driver)
		g_assert_cmpint(symlink(target, link), ==, 0);
	if (features)
		g_assert_true(g_file_set_contents(file, features, -1, NULL));
}

static void machine_clear(struct machine *m)
{
	g_autoptr(GDir) directory = g_dir_open(m->class, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(directory))) {
		g_autofree char *entry = g_build_filename(m->class, name, NULL);
		g_autofree char *device = g_build_filename(entry, "device", NULL);
		g_autofree char *link = g_build_filename(device, "driver", NULL);
		g_autofree char *file = g_build_filename(device, "features", NULL);

		g_remove(link);
		g_remove(file);
		g_rmdir(device);
		g_rmdir(entry);
	}
	g_rmdir(m->class);
	g_free(m->class);
}

static gboolean named(GPtrArray *cards, const char *driver)
{
	g_autoptr(GPtrArray) drivers = imports_drivers(cards);

	return g_ptr_array_find_with_equal_func(drivers, driver, g_str_equal, NULL);
}

/* What is said of a machine with one card, and whether the kernel is told its @driver. */
static enum import_verdict verdict(const char *device, const char *features, const char *driver, gboolean tell)
{
	struct machine m;
	g_autoptr(GPtrArray) cards = NULL;
	const struct import_card *card;

	machine_init(&m);
	machine_add(&m, "card0", device, features);
	cards = imports_cards(m.class);
	g_assert_cmpuint(cards->len, ==, 1);
	card = g_ptr_array_index(cards, 0);
	g_assert_cmpstr(card->name, ==, "card0");
	g_assert_cmpstr(card->driver, ==, device);
	g_assert_cmpint(named(cards, driver), ==, tell);
	machine_clear(&m);
	return card->verdict;
}

static void test_known(void)
{
	g_assert_cmpint(verdict("i915", NULL, "i915", TRUE), ==, IMPORT_READABLE);
	g_assert_cmpint(verdict("amdgpu", NULL, "amdgpu", TRUE), ==, IMPORT_READABLE);
	/* A device's driver and DRM's may have other names. */
	g_assert_cmpint(verdict("vc4-drm", NULL, "vc4", TRUE), ==, IMPORT_READABLE);
	g_assert_cmpint(verdict("nvidia", NULL, "nvidia-drm", FALSE), ==, IMPORT_UNKNOWN);
	/* Surfaces of its 3D are on the host. */
	g_assert_cmpint(verdict("vmwgfx", NULL, "vmwgfx", FALSE), ==, IMPORT_UNKNOWN);
}

/* A virtio GPU: bit 0 is 3D. Without it the processor has drawn what it has. */
static void test_virtio(void)
{
	g_assert_cmpint(verdict("virtio_gpu", "0100000000\n", "virtio_gpu", TRUE), ==, IMPORT_READABLE);
	g_assert_cmpint(verdict("virtio-gpu", "0111\n", "virtio_gpu", TRUE), ==, IMPORT_READABLE);
	g_assert_cmpint(verdict("virtio_gpu", "1100000000\n", "virtio_gpu", FALSE), ==, IMPORT_STALE);
	/* Nobody says that it has none. */
	g_assert_cmpint(verdict("virtio_gpu", "", "virtio_gpu", FALSE), ==, IMPORT_STALE);
	g_assert_cmpint(verdict("virtio_gpu", NULL, "virtio_gpu", FALSE), ==, IMPORT_STALE);
}

/* Our own card, connectors, render nodes and cards of no device are nobody's to draw with. */
static void test_machine(void)
{
	struct machine m;
	g_autoptr(GPtrArray) cards = NULL;
	g_autoptr(GPtrArray) none = imports_cards("/nonexistent");
	g_autoptr(GPtrArray) hidden = imports_cards("/dev/null");
	const struct import_card *card;

	g_assert_cmpuint(none->len, ==, 0);
	g_assert_true(named(none, "vgem"));
	/* It is there, and cannot be looked into. */
	g_assert_cmpuint(hidden->len, ==, 1);
	g_assert_false(named(hidden, "virtio_gpu"));
	machine_init(&m);
	machine_add(&m, "card3", "virtio_gpu", "1");
	machine_add(&m, "card2", "miracast", NULL);
	machine_add(&m, "card2-Virtual-1", "i915", NULL);
	machine_add(&m, "card1", "virtio_gpu", "0");
	machine_add(&m, "card0", NULL, NULL);
	machine_add(&m, "renderD128", "i915", NULL);
	machine_add(&m, "version", "i915", NULL);
	cards = imports_cards(m.class);
	g_assert_cmpuint(cards->len, ==, 2);
	card = g_ptr_array_index(cards, 0);
	g_assert_cmpstr(card->name, ==, "card1");
	g_assert_cmpint(card->verdict, ==, IMPORT_READABLE);
	card = g_ptr_array_index(cards, 1);
	g_assert_cmpstr(card->name, ==, "card3");
	g_assert_cmpint(card->verdict, ==, IMPORT_STALE);
	/* A buffer does not say of which of the two it is. */
	g_assert_false(named(cards, "virtio_gpu"));
	g_assert_true(named(cards, "i915"));
	machine_clear(&m);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/imports/known", test_known);
	g_test_add_func("/imports/virtio", test_virtio);
	g_test_add_func("/imports/machine", test_machine);
	return g_test_run();
}
