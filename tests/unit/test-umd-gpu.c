// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of miracast-umd with an encoder that takes pictures past the processor: what the kernel
 * is told of the monitor.  The GPU is that of fake-gpu.h.
 */
#include <glib/gstdio.h>

#include "encoders-private.h"
#include "fake-gpu.h"
#include "umd-driver-fixture.h"
#include "wfdelements.h"

/* As a process before has found it out, so that it does not depend on how fast this machine is now. */
static void know_encoder(void)
{
	g_autoptr(GKeyFile) notes = encoder_notes_load();

	g_key_file_set_integer_list(notes, "vah264enc", "passed", (gint[]){ 3, 3 }, 2);
	g_key_file_set_string(notes, "vah264enc, pictures in dma-bufs", "verdict", "seen");
	encoder_notes_save(notes);
}

static gboolean takes_cursor(struct fixture *f)
{
	gboolean takes;

	g_mutex_lock(&kernel.lock);
	takes = kernel.plug_flags & MIRACAST_PLUG_CURSOR;
	g_mutex_unlock(&kernel.lock);
	return takes;
}

static gboolean goes_on_gpu(struct fixture *f)
{
	return g_atomic_int_get(&fake_gpu.encoded_gpu) >= 5 && f->sent >= 5;
}

/*
 * A monitor whose pictures go past the processor takes a cursor as well, though that takes them back to it: there is
 * a desktop that shows nothing new where its cursor is refused.
 */
static void test_cursor(void)
{
	g_autofree char *notes = g_build_filename(g_get_user_cache_dir(), "miracast", "encoders", NULL);
	struct fixture f = { .video = VGA, .config.kernel = TRUE };

	know_encoder();
	kernel.frames = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_true(takes_cursor(&f));
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(goes_on_gpu, &f);
	g_assert_true(takes_cursor(&f));
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start end-start control-1 begin-stop end-stop ");
	kernel.frames = FALSE;
	clear(&f);
	g_unlink(notes);
}

/* What is known of encoders is the process's. */
static void in_own_process(gconstpointer path)
{
	g_test_trap_subprocess(path, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
	g_test_trap_assert_passed();
}

int main(int argc, char *argv[])
{
	g_autofree char *cache = g_dir_make_tmp("miracast-umd-gpu-XXXXXX", NULL);
	g_autofree char *parent = g_build_filename(cache, "miracast", NULL);
	int result;

	g_setenv("XDG_CACHE_HOME", cache, TRUE);
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	g_assert_true(wfd_elements_register());
	fake_gpu_register(NULL, fake_gpu_load(ENCODERS_INI), fake_gpu_load(GPU_DEVICES_INI), "linear@1.28", "vah264enc",
			 "vapostproc");
	g_test_add_data_func("/umd-gpu/cursor", "/umd-gpu/cursor/subprocess/it", in_own_process);
	g_test_add_func("/umd-gpu/cursor/subprocess/it", test_cursor);
	result = g_test_run();
	g_rmdir(parent);
	g_rmdir(cache);
	return result;
}
