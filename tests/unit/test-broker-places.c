// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * At which connector the monitors of displays appear, with a kernel that the test plays: ioctl() on /dev/null. A context
 * lasts until nobody has its sink fd any more, as with the real one.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "direct-fixture.h"
#include "fake-link.h"
#include "place.h"

#define FIRST "127.0.0.2"
#define SECOND "127.0.0.3"
#define THIRD "127.0.0.4"

/* ---- the kernel -------------------------------------------------------------- */

#define MAX_TARGETS 8

struct target {
	guint32 id;
	const char *driver;
	const char *name;
	int peer; /* of the sink fd; -1: there was none yet */
};

static struct {
	struct target targets[MAX_TARGETS];
	guint n;
	guint32 looks_free; /* id of a target that is taken when it is opened */
	guint32 goes; /* of one that has gone then */
	int walk_error, open_error;
	guint opened; /* successes */
} played;

static void play_target(guint32 id, const char *driver, const char *name)
{
	played.targets[played.n++] = (struct target){ id, driver, name, -1 };
}

/* Ids begin where those of the module before have ended. */
static void play_module(guint32 first_id, guint first_name, guint n)
{
	static const char *const names[] = { "Virtual-1", "Virtual-2", "Virtual-3", "Virtual-4", "Virtual-5" };

	for (guint i = 0; i < n; i++)
		play_target(first_id + i, "miracast", names[first_name - 1 + i]);
}

static void play_nothing(void)
{
	for (guint i = 0; i < played.n; i++) {
		if (played.targets[i].peer >= 0)
			close(played.targets[i].peer);
	}
	memset(&played, 0, sizeof(played));
}

static gboolean is_open(const struct target *target)
{
	struct pollfd peer = { target->peer, 0, 0 };

	return target->peer >= 0 && poll(&peer, 1, 0) == 0;
}

static int next_target(struct miracast_target_info *info)
{
	guint32 after = info->id;

	g_assert_cmpuint(info->reserved, ==, 0);
	if (played.walk_error)
		return played.walk_error;
	for (guint i = 0; i < played.n; i++) {
		const struct target *target = &played.targets[i];

		if (target->id <= after)
			continue;
		memset(info, 0, sizeof(*info));
		info->id = target->id;
		memcpy(info->driver, target->driver, strlen(target->driver));
		memcpy(info->name, target->name, strlen(target->name));
		info->flags = is_open(target) && target->id != played.looks_free ? MIRACAST_TARGET_OPEN : 0;
		return 0;
	}
	return ENOENT;
}

static int open_sink(struct miracast_open_sink *open)
{
	gboolean found = FALSE;

	g_assert_cmpuint(open->flags, ==, 0);
	if (played.open_error)
		return played.open_error;
	for (guint i = 0; i < played.n; i++) {
		struct target *target = &played.targets[i];
		int ends[2];

		if (target->id == played.goes)
			continue;
		found |= target->id == open->target;
		if ((open->target && target->id != open->target) || is_open(target))
			continue;
		if (target->peer >= 0)
			close(target->peer);
		g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
		open->fd = ends[0];
		target->peer = ends[1];
		open->target_opened = target->id;
		played.opened++;
		return 0;
	}
	return open->target && !found ? ENOENT : EBUSY;
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	void *argument;
	va_list args;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	switch (request) {
	case MIRACAST_IOC_HELLO:
		((struct miracast_hello *)argument)->abi = MIRACAST_ABI_VERSION;
		errno = 0;
		break;
	case MIRACAST_IOC_NEXT_TARGET:
		errno = next_target(argument);
		break;
	case MIRACAST_IOC_OPEN_SINK:
		errno = open_sink(argument);
		break;
	default:
		return __real_ioctl(fd, request, argument);
	}
	return errno ? -1 : 0;
}

/* ---- the choice ---------------------------------------------------------------- */

static link_sink *tv(const char *id)
{
	return link_sink_new("p2p", id, "TV");
}

/* As if pictures had flowed then. */
static void cast_at(GString *file, const char *id, const char *place, guint time)
{
	g_string_append_printf(file, "[%s]\nname=TV\nlink=p2p\nconnector=%s\nlast-cast=%u\n", id, place, time);
}

/* Of the targets that are free in @free (a bit each) what "a", whose other way is "b", is to ask for. */
static void test_choice(void)
{
	static const struct {
		const char *what;
		const char *a, *b, *c, *d; /* places, cast to in this order; NULL: not remembered */
		guint free;
		guint32 id;
	} cases[] = {
		{ "nobody is known", NULL, NULL, NULL, NULL, 0x7, 11 },
		{ "its own", "x:V-2", NULL, NULL, NULL, 0x7, 12 },
		{ "its own, although others have it, too", "x:V-2", NULL, "x:V-2", NULL, 0x7, 12 },
		{ "its own is taken", "x:V-2", NULL, NULL, NULL, 0x5, 11 },
		{ "its own has gone", "x:V-9", NULL, "x:V-1", NULL, 0x7, 12 },
		{ "its own is another driver's", "y:V-3", NULL, NULL, NULL, 0x7, 11 },
		{ "nobody's, not those of others", NULL, NULL, "x:V-1", "x:V-2", 0x7, 13 },
		{ "nobody's is taken: of who was here longest ago", NULL, NULL, "x:V-2", "x:V-1", 0x3, 12 },
		{ "the same, the other way round", NULL, NULL, "x:V-1", "x:V-2", 0x3, 11 },
		{ "only one is left, and it is another's", NULL, NULL, "x:V-1", NULL, 0x1, 11 },
		{ "none is left", "x:V-1", NULL, NULL, NULL, 0x0, 0 },
		{ "that of its other way", NULL, "x:V-3", "x:V-1", NULL, 0x7, 13 },
		{ "its own before that of its other way", "x:V-2", "x:V-3", NULL, NULL, 0x7, 12 },
		{ "what is its other way's is not another's", "x:V-9", "x:V-1", "x:V-2", NULL, 0x7, 11 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const places[] = { cases[i].a, cases[i].b, cases[i].c, cases[i].d };
		static const char *const ids[] = { "a", "b", "c", "d" };
		g_autofree char *directory = g_dir_make_tmp("places-XXXXXX", NULL);
		g_autofree char *path = g_build_filename(directory, "displays", NULL);
		g_autoptr(GString) file = g_string_new(NULL);
		struct miracast_target_info targets[3] = { 0 };
		g_autoptr(link_sink) sink = link_sink_new("p2p", "a", "A");
		g_autoptr(remembered) r = NULL;

		for (guint j = 0; j < G_N_ELEMENTS(places); j++) {
			if (places[j])
				cast_at(file, ids[j], places[j], 100 + j);
		}
		g_assert_true(g_file_set_contents(path, file->str, -1, NULL));
		for (guint j = 0; j < G_N_ELEMENTS(targets); j++) {
			targets[j].id = 11 + j;
			targets[j].flags = cases[i].free & (1u << j) ? 0 : MIRACAST_TARGET_OPEN;
			g_strlcpy(targets[j].driver, "x", sizeof(targets[j].driver));
			g_snprintf(targets[j].name, sizeof(targets[j].name), "V-%u", j + 1);
		}
		r = remembered_new(directory, NULL, NULL);
		g_test_message("%s", cases[i].what);
		g_assert_cmpuint(place_choose(targets, G_N_ELEMENTS(targets), r, sink, "b"), ==, cases[i].id);
		g_clear_pointer(&r, remembered_free);
		unlink(path);
		rmdir(directory);
	}
}

/* The kernel ends names with NUL; what it does not end, or cannot be kept, is still nothing that harms. */
static void test_names(void)
{
	struct miracast_target_info target = { .driver = "miracast", .name = "Virtual-2" };
	g_autofree char *plain = place_name(&target), *whole = NULL;

	g_assert_cmpstr(plain, ==, "miracast:Virtual-2");
	memset(target.driver, 'd', sizeof(target.driver));
	memset(target.name, 'n', sizeof(target.name) - 1);
	target.driver[sizeof(target.driver) - 1] = '\0';
	whole = place_name(&target);
	g_assert_cmpuint(strlen(whole), ==, 31 + 1 + 31);
	memset(target.name, 'n', sizeof(target.name));
	memset(target.driver, 'd', sizeof(target.driver));
	g_assert_null(place_name(&target));
	strcpy(target.driver, "miracast");
	strcpy(target.name, "Virtual\n2");
	g_assert_null(place_name(&target));
	strcpy(target.name, "");
	g_assert_null(place_name(&target));
}

/* ---- sessions -------------------------------------------------------------------- */

static void set_up_places(struct fixture *f, gconstpointer data)
{
	play_module(1, 2, 4);
	f->config.kernel = kernel_new("/dev/null");
	set_up(f, NULL);
	f->config.max_sessions = 4;
}

static void tear_down_places(struct fixture *f, gconstpointer data)
{
	tear_down(f, NULL);
	kernel_free(f->config.kernel);
	play_nothing();
}

static gboolean all_are_gone(struct fixture *f)
{
	return broker_active_sessions(f->broker) == 0;
}

static guint sessions_before;

static gboolean newest_is_new(struct fixture *f)
{
	return f->added > sessions_before;
}

static GSocketConnection *call_from(struct fixture *f, const char *address)
{
	GSocketConnection *sink;

	sessions_before = f->added;
	sink = dial_from(f, address);
	wait_until(newest_is_new, f);
	g_assert_cmpstr(session_sink(only_session(f))->id, ==, address);
	return sink;
}

/* Casts, and leaves it so. */
static GSocketConnection *cast(struct fixture *f, const char *address, const char *place)
{
	GSocketConnection *sink = call_from(f, address);

	tell(sink, "stream");
	wait_until(streams, f);
	g_assert_cmpstr(session_place(only_session(f)), ==, place);
	return sink;
}

static void leave(struct fixture *f, GSocketConnection *sink)
{
	tell(sink, "leave");
	wait_until(is_gone, f);
	g_object_unref(sink);
}

static void leave_all(struct fixture *f, GSocketConnection **sinks, guint n)
{
	for (guint i = 0; i < n; i++)
		tell(sinks[i], "leave");
	wait_until(all_are_gone, f);
	for (guint i = 0; i < n; i++)
		g_object_unref(sinks[i]);
}

/* The first one, then the second one beside it, each at this connector; and both leave. */
static void cast_both(struct fixture *f, const char *first, const char *first_place, const char *second,
		      const char *second_place)
{
	GSocketConnection *sinks[] = { cast(f, first, first_place), NULL };

	sinks[1] = cast(f, second, second_place);
	leave_all(f, sinks, G_N_ELEMENTS(sinks));
}

/* Who comes first does not get what is the other's. */
static void test_other_order(struct fixture *f, gconstpointer data)
{
	cast_both(f, FIRST, "miracast:Virtual-2", SECOND, "miracast:Virtual-3");
	cast_both(f, SECOND, "miracast:Virtual-3", FIRST, "miracast:Virtual-2");
}

/* Who was not here before leaves the first one its place; the first one is asked for again, alone, as well. */
static void test_newcomer(struct fixture *f, gconstpointer data)
{
	leave(f, cast(f, FIRST, "miracast:Virtual-2"));
	leave(f, cast(f, FIRST, "miracast:Virtual-2"));
	cast_both(f, SECOND, "miracast:Virtual-3", FIRST, "miracast:Virtual-2");
	/* What nobody remembers is free for whoever comes. */
	g_assert_true(remembered_forget(broker_remembered(f->broker), FIRST, OWNER_ALL));
	leave(f, cast(f, THIRD, "miracast:Virtual-2"));
}

/* Ids are others after each loading; names may be. */
static void test_module_again(struct fixture *f, gconstpointer data)
{
	cast_both(f, FIRST, "miracast:Virtual-2", SECOND, "miracast:Virtual-3");
	play_nothing();
	play_module(5, 2, 4);
	cast_both(f, SECOND, "miracast:Virtual-3", FIRST, "miracast:Virtual-2");
	play_nothing();
	/* Of another driver it is another place. */
	play_target(9, "other", "Virtual-2");
	play_module(10, 3, 3);
	cast_both(f, FIRST, "other:Virtual-2", SECOND, "miracast:Virtual-3");
	leave(f, cast(f, FIRST, "other:Virtual-2"));
}

/* More displays than connectors: two that had the same one have their own once they were there together. */
static void test_crowded(struct fixture *f, gconstpointer data)
{
	play_nothing();
	play_module(1, 1, 2);
	leave(f, cast(f, FIRST, "miracast:Virtual-1"));
	leave(f, cast(f, SECOND, "miracast:Virtual-2"));
	leave(f, cast(f, THIRD, "miracast:Virtual-1"));
	cast_both(f, FIRST, "miracast:Virtual-1", THIRD, "miracast:Virtual-2");
	cast_both(f, THIRD, "miracast:Virtual-2", FIRST, "miracast:Virtual-1");
}

/* Between the look and the opening others may do something. */
static void test_race(struct fixture *f, gconstpointer data)
{
	GSocketConnection *sinks[2];

	sinks[0] = cast(f, FIRST, "miracast:Virtual-2");
	g_assert_true(remembered_forget(broker_remembered(f->broker), FIRST, OWNER_ALL));
	played.looks_free = played.targets[0].id;
	sinks[1] = cast(f, SECOND, "miracast:Virtual-3");
	leave_all(f, sinks, 2);
	played.looks_free = 0;
	played.goes = played.targets[1].id;
	leave(f, cast(f, SECOND, "miracast:Virtual-2"));
}

/* Nothing can be chosen of what is not told. */
static void test_no_walk(struct fixture *f, gconstpointer data)
{
	played.walk_error = ENOTTY;
	leave(f, cast(f, FIRST, NULL));
	g_assert_cmpuint(played.opened, ==, 1);
	g_assert_null(remembered_place(broker_remembered(f->broker), FIRST, OWNER_SHARED));
}

static void test_none_free(struct fixture *f, gconstpointer data)
{
	GSocketConnection *first, *second;

	play_nothing();
	play_module(1, 1, 1);
	first = cast(f, FIRST, "miracast:Virtual-1");
	second = call_from(f, SECOND);
	wait_until(is_gone, f);
	assert_reason(f, "no-free-connector");
	g_object_unref(second);
	tell(first, "leave");
	wait_until(all_are_gone, f);
	g_object_unref(first);
	played.open_error = ENODEV;
	second = call_from(f, SECOND);
	wait_until(is_gone, f);
	assert_reason(f, "module-missing");
	g_object_unref(second);
}

static gboolean awaits_call(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_RTSP;
}

/* A display that hangs up before a word, and calls again, has the same place; it is its own once pictures flow. */
static void test_calls_again(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) first = NULL;
	GSocketConnection *second;

	leave(f, cast(f, SECOND, "miracast:Virtual-2"));
	first = call_from(f, FIRST);
	tell(first, "choke");
	wait_until(awaits_call, f);
	g_assert_cmpuint(played.opened, ==, 3);
	g_assert_cmpstr(session_place(only_session(f)), ==, "miracast:Virtual-3");
	g_assert_null(remembered_place(broker_remembered(f->broker), FIRST, OWNER_SHARED));
	second = dial_from(f, FIRST);
	tell(second, "stream");
	wait_until(streams, f);
	g_assert_cmpstr(remembered_place(broker_remembered(f->broker), FIRST, OWNER_SHARED), ==, "miracast:Virtual-3");
	leave(f, second);
}

/* ---- two ways ------------------------------------------------------------------- */

/* Begun in the network, which leads nowhere, and gone on over Wi-Fi P2P, as which it is remembered. */
static void test_other_way(void)
{
	g_autoptr(umd_launcher) launcher = umd_launcher_new("/nonexistent", NULL);
	g_autoptr(kernel) k = kernel_new("/dev/null");
	const struct broker_config config = { .kernel = k, .launcher = launcher };
	g_autoptr(link_sink) before = tv("02:00:00:00:02:00");
	g_autoptr(link_sink) p2p_way = tv("02:00:00:00:01:00");
	g_autoptr(link_sink) way = link_sink_new("mice", "mice:tv.local", "TV");
	g_autoptr(broker) b = broker_new(&config);
	struct fake_link *p2p = fake_link_new("p2p", b), *mice = fake_link_new("mice", b);
	g_autoptr(GError) error = NULL;
	session *s;

	play_module(1, 1, 4);
	broker_add_link(b, &p2p->base);
	broker_add_link(b, &mice->base);
	fake_link_sink(p2p, p2p_way, TRUE);
	fake_link_sink(mice, way, TRUE);
	remembered_cast(broker_remembered(b), before, "miracast:Virtual-1");
	remembered_cast(broker_remembered(b), p2p_way, "miracast:Virtual-3");
	s = broker_connect(b, way, g_variant_new("a{sv}", NULL), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(session_place(s), ==, "miracast:Virtual-3");
	g_clear_pointer(&b, broker_free);
	play_nothing();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/places/choice", test_choice);
	g_test_add_func("/places/names", test_names);
	g_test_add_func("/places/other-way", test_other_way);
#define ADD(name, function) g_test_add("/places/" name, struct fixture, NULL, set_up_places, function, tear_down_places)
	ADD("other-order", test_other_order);
	ADD("newcomer", test_newcomer);
	ADD("module-again", test_module_again);
	ADD("crowded", test_crowded);
	ADD("race", test_race);
	ADD("no-walk", test_no_walk);
	ADD("none-free", test_none_free);
	ADD("calls-again", test_calls_again);
	return g_test_run();
}
