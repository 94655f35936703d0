// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the daemon says of the adapters that a wpa_supplicant has, which the test plays, and of the encoder.
 */
#include "diagnosis.h"
#include "hint.h"
#include "packages.h"
#include "reason.h"

#include <linux/nl80211.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "mock-avahi.h"
#include "mock-iwd.h"
#include "mock-wpas.h"
#include "test-bus.h"

struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *wpas_bus;
	mock_wpas *wpas;
	GVariant *checks;
	gboolean (*filter)(GError **error);
	char *drm_class;
	char *next; /* what the last line that was asked for says to do, "code: sentence"; "" */
};

static gboolean can_filter(GError **error)
{
	return TRUE;
}

static gboolean cannot_filter(GError **error)
{
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "no nf_tables");
	return FALSE;
}

static void set_up(struct fixture *f, gconstpointer data)
{
	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->wpas_bus = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(f->test_bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
		NULL);
	f->filter = can_filter;
	f->wpas = mock_wpas_new(f->wpas_bus, GPOINTER_TO_INT(data));
	f->drm_class = g_dir_make_tmp("drm-XXXXXX", NULL);
}

/* Its device/driver, and that only, is what is looked at; NULL takes card0 away. */
static void set_card(struct fixture *f, const char *driver)
{
	g_autofree char *card = g_build_filename(f->drm_class, "card0", NULL);
	g_autofree char *device = g_build_filename(card, "device", NULL);
	g_autofree char *link = g_build_filename(device, "driver", NULL);
	g_autofree char *target = g_strdup_printf("../../../../bus/pci/drivers/%s", driver ? driver : "");

	g_unlink(link);
	if (driver) {
		g_assert_cmpint(g_mkdir_with_parents(device, 0700), ==, 0);
		g_assert_cmpint(symlink(target, link), ==, 0);
	} else {
		g_rmdir(device);
		g_rmdir(card);
	}
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	set_card(f, NULL);
	g_assert_cmpint(g_rmdir(f->drm_class), ==, 0);
	g_free(f->drm_class);
	g_clear_pointer(&f->wpas, mock_wpas_free);
	g_object_unref(f->wpas_bus);
	g_free(f->next);
	g_clear_pointer(&f->checks, g_variant_unref);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
}

static void came(diagnosis *d, GVariant *checks, gpointer user_data)
{
	struct fixture *f = user_data;

	f->checks = g_variant_ref(checks);
}

/* What a line says, "result: text", and f->next; NULL: it is not there. */
static char *diagnose(struct fixture *f, const char *line, radio *(*ask)(const char *ifname))
{
	g_autoptr(umd_launcher) launcher = umd_launcher_new(FAKE_UMD, NULL);
	const struct diagnosis_config config = {
		.launcher = launcher,
		.quirks_dir = "/nonexistent",
		.bus = G_BUS_TYPE_SESSION,
		.radio = ask,
		.filter = f->filter,
		.drm_class = f->drm_class,
	};
	g_autoptr(diagnosis) d = diagnosis_new(&config, came, f);
	const char *check, *result, *text, *next, *code;
	char *said = NULL;
	GVariantIter iter;
	GVariant *item;

	while (!f->checks)
		g_main_context_iteration(NULL, TRUE);
	g_variant_iter_init(&iter, f->checks);
	while (g_variant_iter_next(&iter, "@a{sv}", &item)) {
		g_autoptr(GVariant) row = item;

		g_assert_true(g_variant_lookup(row, "check", "&s", &check));
		g_assert_true(g_variant_lookup(row, "result", "&s", &result));
		g_assert_true(g_variant_lookup(row, "text", "&s", &text));
		g_assert_true(g_variant_lookup(row, "next", "&s", &next));
		g_assert_true(g_variant_lookup(row, "next-code", "&s", &code));
		g_assert_cmpint(strcmp(result, "ok") == 0, ==, *next == '\0');
		g_assert_cmpint(hint_from_code(code) == HINT_NONE, ==, *next == '\0');
		if (strcmp(check, line) != 0)
			continue;
		g_assert_null(said);
		said = g_strdup_printf("%s: %s", result, text);
		g_free(f->next);
		f->next = *next ? g_strdup_printf("%s: %s", code, next) : g_strdup("");
	}
	g_clear_pointer(&f->checks, g_variant_unref);
	return said;
}

static void put_flag_of(struct nl_msg *message, int attribute, int type, int other)
{
	struct nlattr *nest = nla_nest_start(message, attribute);

	nla_put_flag(message, type);
	if (other >= 0)
		nla_put_flag(message, other);
	nla_nest_end(message, nest);
}

/* @types: station, and this one; @channels: 0 for no combination */
static radio *radio_with(int type, guint channels)
{
	struct nl_msg *message = nlmsg_alloc();
	struct nlattr *list, *nest, *limits, *limit;
	radio *r = radio_new();

	genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, NLM_F_MULTI, NL80211_CMD_NEW_WIPHY, 0);
	put_flag_of(message, NL80211_ATTR_SUPPORTED_IFTYPES, NL80211_IFTYPE_STATION, type);
	if (channels) {
		list = nla_nest_start(message, NL80211_ATTR_INTERFACE_COMBINATIONS);
		nest = nla_nest_start(message, 1);
		limits = nla_nest_start(message, NL80211_IFACE_COMB_LIMITS);
		limit = nla_nest_start(message, 1);
		nla_put_u32(message, NL80211_IFACE_LIMIT_MAX, 2);
		put_flag_of(message, NL80211_IFACE_LIMIT_TYPES, NL80211_IFTYPE_STATION, type);
		nla_nest_end(message, limit);
		nla_nest_end(message, limits);
		nla_put_u32(message, NL80211_IFACE_COMB_MAXNUM, 2);
		nla_put_u32(message, NL80211_IFACE_COMB_NUM_CHANNELS, channels);
		nla_nest_end(message, nest);
		nla_nest_end(message, list);
	}
	radio_hear(r, message);
	nlmsg_free(message);
	return r;
}

static radio *two_channels(const char *ifname)
{
	g_assert_cmpstr(ifname, ==, "wlan0");
	return radio_with(NL80211_IFTYPE_P2P_GO, 2);
}

static radio *one_channel(const char *ifname)
{
	return radio_with(NL80211_IFTYPE_P2P_GO, 1);
}

static radio *not_beside(const char *ifname)
{
	return radio_with(NL80211_IFTYPE_P2P_GO, 0);
}

static radio *never_owner(const char *ifname)
{
	return radio_with(NL80211_IFTYPE_P2P_CLIENT, 2);
}

static radio *unknown(const char *ifname)
{
	return NULL;
}

/* It has this verdict and these words, and says to do @next. */
static void assert_line(struct fixture *f, const char *line, const char *said, struct hint next)
{
	g_autofree char *really = diagnose(f, line, unknown);
	g_autofree char *to_do = *next.text ? g_strdup_printf("%s: %s", next.code, next.text) : g_strdup("");

	g_assert_cmpstr(really, ==, said);
	g_assert_cmpstr(f->next, ==, to_do);
}

static void test_radio(struct fixture *f, gconstpointer data)
{
	static const struct {
		radio *(*ask)(const char *ifname);
		const char *said;
	} cases[] = {
		{ two_channels, "ok: wlan0 can cast beside a network, also on another channel" },
		{ one_channel, "ok: wlan0 can cast beside a network, on the channel of that one" },
		{ not_beside, "warn: wlan0 cannot be in a network and cast at once" },
		{ never_owner, "warn: wlan0 cannot own a Wi-Fi P2P group, which most displays want it to" },
		{ unknown, NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *said = diagnose(f, "radio", cases[i].ask);

		g_assert_cmpstr(said, ==, cases[i].said);
	}
}

/* Of an adapter that cannot do P2P at all it is not asked. */
static radio *asked(const char *ifname)
{
	g_assert_not_reached();
}

static void test_no_p2p(struct fixture *f, gconstpointer data)
{
	g_autofree char *said = diagnose(f, "radio", asked);

	g_assert_null(said);
}

/* ---- wpa_supplicant, its adapters, Avahi ------------------------------------------------ */

static void test_complete(struct fixture *f, gconstpointer data)
{
	assert_line(f, "wpa_supplicant", "ok: has P2P and Wi-Fi Display", NO_HINT);
	assert_line(f, "p2p", "ok: wlan0 can do Wi-Fi P2P", NO_HINT);
}

static void test_no_wfd(struct fixture *f, gconstpointer data)
{
	assert_line(f, "wpa_supplicant", "fail: this wpa_supplicant is built without Wi-Fi Display",
		    reason_code_hint(REASON_NO_WFD_SUPPORT));
	/* That is not the adapter's fault. */
	assert_line(f, "p2p", "ok: wlan0 can do Wi-Fi P2P", NO_HINT);
}

static void test_built_without_p2p(struct fixture *f, gconstpointer data)
{
	assert_line(f, "wpa_supplicant", "fail: this wpa_supplicant is built without P2P",
		    reason_code_hint(REASON_NO_WFD_SUPPORT));
	assert_line(f, "p2p", "warn: wlan0 cannot do Wi-Fi P2P", reason_code_hint(REASON_NO_P2P_SUPPORT));
}

static void test_adapter_without_p2p(struct fixture *f, gconstpointer data)
{
	g_autofree char *country = NULL;

	assert_line(f, "wpa_supplicant", "ok: has P2P and Wi-Fi Display", NO_HINT);
	assert_line(f, "p2p", "warn: wlan0 cannot do Wi-Fi P2P", reason_code_hint(REASON_NO_P2P_SUPPORT));
	/* Of one that is not cast with it does not matter. */
	country = diagnose(f, "country", unknown);
	g_assert_null(country);
}

static void test_no_supplicant(struct fixture *f, gconstpointer data)
{
	g_autofree char *p2p = NULL;

	g_clear_pointer(&f->wpas, mock_wpas_free);
	assert_line(f, "wpa_supplicant", "warn: wpa_supplicant is not on D-Bus, which Wi-Fi P2P needs",
		    reason_code_hint(REASON_SUPPLICANT_MISSING));
	p2p = diagnose(f, "p2p", unknown);
	g_assert_null(p2p);
}

static void test_country(struct fixture *f, gconstpointer data)
{
	static const char *const unset[] = { NULL, "", "00" };

	for (guint i = 0; i < G_N_ELEMENTS(unset); i++) {
		f->wpas->country = unset[i];
		assert_line(f, "country", "warn: wlan0 knows no country and may use the fewest channels only",
			    HINT(SET_COUNTRY, "Set it: iw reg set XX, with the two letters of your country"));
	}
	f->wpas->country = "DE";
	assert_line(f, "country", "ok: wlan0 obeys the radio rules of DE", NO_HINT);
}

static void test_avahi(struct fixture *f, gconstpointer data)
{
	g_autofree char *install = package_command(PACKAGE_AVAHI, NULL);
	g_autofree char *next = g_strdup_printf(
		"%s, systemctl start avahi-daemon; or name the display: miracastctl connect ADDRESS", install);
	mock_avahi *avahi;

	assert_line(f, "avahi", "warn: Avahi is not running, displays in the network cannot be found",
		    HINT(INSTALL_PROGRAM, next));
	avahi = mock_avahi_new(test_bus_connect(f->test_bus));
	assert_line(f, "avahi", "ok: displays in the network are found by Avahi", NO_HINT);
	/* It was not looked for anything. */
	g_assert_cmpuint(avahi->browsers, ==, 0);
	mock_avahi_free(avahi);
}

/* ---- iwd --------------------------------------------------------------------------------- */

/* Whether it is there, can do it, and gives addresses. */
static void test_iwd(struct fixture *f, gconstpointer data)
{
	g_autofree char *none = diagnose(f, "iwd", unknown);
	mock_iwd *iwd = mock_iwd_new(test_bus_connect(f->test_bus), FALSE);
	g_autofree char *can = diagnose(f, "iwd", unknown), *no_addresses = NULL, *cannot = NULL;

	g_assert_null(none);
	g_assert_true(g_str_has_prefix(can, "ok: "));
	iwd->gives_no_addresses = TRUE;
	no_addresses = diagnose(f, "iwd", unknown);
	g_assert_true(g_str_has_prefix(no_addresses, "warn: "));
	g_assert_nonnull(strstr(no_addresses, "address"));
	iwd->no_p2p = TRUE;
	cannot = diagnose(f, "iwd", unknown);
	g_assert_true(g_str_has_prefix(cannot, "warn: "));
	g_assert_nonnull(strstr(cannot, "no Wi-Fi P2P device"));
	/* Nothing is changed by being asked. */
	g_assert_cmpuint(iwd->enables, ==, 0);
	g_assert_false(iwd->registered);
	mock_iwd_free(iwd);
}

/* ---- encoder, filter ------------------------------------------------------------------------ */

/* Encoding on the processor is well where there is nothing better; the card is not looked at where it encodes. */
static void test_encoder(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *driver;
		const char *software, *hardware;
		enum package missing; /* what a warning says to install; of no other case */
	} cases[] = {
		{ NULL, "ok: video with fakeenc, on the processor", "ok: video with fakeenc" },
		{ "bochs-drm", "ok: video with fakeenc, on the processor", "ok: video with fakeenc" },
		{ "i915", "warn: video with fakeenc, on the processor: no encoder of card0 (i915) works",
		  "ok: video with fakeenc", PACKAGE_VA_INTEL },
		{ "xe", "warn: video with fakeenc, on the processor: no encoder of card0 (xe) works",
		  "ok: video with fakeenc", PACKAGE_VA_INTEL },
		{ "amdgpu", "warn: video with fakeenc, on the processor: no encoder of card0 (amdgpu) works",
		  "ok: video with fakeenc", PACKAGE_VA_AMD },
		{ "radeon", "warn: video with fakeenc, on the processor: no encoder of card0 (radeon) works",
		  "ok: video with fakeenc", PACKAGE_VA_AMD },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gboolean better = g_str_has_prefix(cases[i].software, "warn: ");
		g_autofree char *install = package_command(cases[i].missing, NULL);
		g_autofree char *next = g_strdup_printf("If that is missing: %s", install);

		set_card(f, cases[i].driver);
		g_setenv("GST_FAKE_UMD_SOFTWARE", "1", TRUE);
		assert_line(f, "encoder", cases[i].software, better ? HINT(INSTALL_ENCODER, next) : NO_HINT);
		g_unsetenv("GST_FAKE_UMD_SOFTWARE");
		assert_line(f, "encoder", cases[i].hardware, NO_HINT);
	}
}

/* Which way pictures go to it, in the words of who has tried. */
static void test_pictures(struct fixture *f, gconstpointer data)
{
	g_autofree char *said = NULL;

	g_setenv("GST_FAKE_UMD_PICTURES", "through fakepostproc", TRUE);
	said = diagnose(f, "encoder", unknown);
	g_unsetenv("GST_FAKE_UMD_PICTURES");
	g_assert_cmpstr(said, ==, "ok: video with fakeenc; pictures go to it through fakepostproc");
}

/* That a display reaches more than it should is no reason not to cast. */
static void test_filter(struct fixture *f, gconstpointer data)
{
	g_autofree char *with = diagnose(f, "filter", unknown);
	g_autofree char *without = NULL;

	f->filter = cannot_filter;
	without = diagnose(f, "filter", unknown);
	g_assert_cmpstr(with, ==, "ok: over Wi-Fi P2P a display reaches nothing of this computer but what casting needs");
	g_assert_cmpstr(without, ==, "warn: over Wi-Fi P2P a display reaches every service that listens on all "
			"addresses: no nf_tables");
}

#define TEST(name, build, function) \
	g_test_add("/diagnosis/" name, struct fixture, GINT_TO_POINTER(build), set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST("complete", MOCK_COMPLETE, test_complete);
	TEST("no-wfd", MOCK_NO_WFD, test_no_wfd);
	TEST("built-without-p2p", MOCK_BUILT_WITHOUT_P2P, test_built_without_p2p);
	TEST("adapter-without-p2p", MOCK_NO_P2P, test_adapter_without_p2p);
	TEST("no-supplicant", MOCK_COMPLETE, test_no_supplicant);
	TEST("country", MOCK_COMPLETE, test_country);
	TEST("avahi", MOCK_COMPLETE, test_avahi);
	TEST("radio", MOCK_COMPLETE, test_radio);
	TEST("no-p2p", MOCK_NO_P2P, test_no_p2p);
	TEST("encoder", MOCK_COMPLETE, test_encoder);
	TEST("encoder/pictures", MOCK_COMPLETE, test_pictures);
	TEST("filter", MOCK_COMPLETE, test_filter);
	TEST("iwd", MOCK_COMPLETE, test_iwd);
	return g_test_run();
}
