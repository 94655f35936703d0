// SPDX-License-Identifier: GPL-2.0-only
/*
 * display-miracast, display-evdi
 *
 * A small compositor and a small daemon on one monitor of 1920x1080. Prints one
 * JSON object a line. While the screen is idle, and then only, the kernel's
 * tracing is on.
 *
 * The number of each picture is its first pixel, so that the daemon knows which
 * one it got.
 */
#include <err.h>
#include <sys/syscall.h>

#include "display_bench.h"
#include "miracast_kms.h"

#define BUFFERS		3
#define FLIPS		120	/* in a repetition */
#define REPETITIONS	3
#define BLOCKING	60
#define MAX_NUMBER	16384
#define FLIP_TIMEOUT	2000	/* ms */
#define HUNG_MS		1500
#define SETTLE_MS	6500
#define IDLE_MS		5000
#define BLOCK		64	/* side of what changes in a partly damaged picture */

/* ------------------------------------------------------------ compositor */

static struct kms kms;
static struct kms_fb fbs[BUFFERS];
static uint32_t fb_prop, damage_prop, damage_blob;
static uint32_t number;
static _Atomic uint64_t commit_ns[MAX_NUMBER];

/* As kms_find_pipe(), but planes may belong to several CRTCs, and there need be no cursor. */
static bool find_pipe(void)
{
	drmModeRes *res = drmModeGetResources(kms.card);
	drmModePlaneRes *planes = drmModeGetPlaneResources(kms.card);
	uint32_t id;

	/* The monitor is on the first connector of both drivers, and that goes with it. */
	kms.crtc = res && res->count_crtcs ? res->crtcs[0] : 0;
	for (uint32_t i = 0; planes && i < planes->count_planes && !kms.primary; i++) {
		drmModePlane *plane = drmModeGetPlane(kms.card, planes->planes[i]);

		if (plane && (plane->possible_crtcs & 1) &&
		    kms_property(kms.card, plane->plane_id, DRM_MODE_OBJECT_PLANE, "type", &id) ==
		    DRM_PLANE_TYPE_PRIMARY)
			kms.primary = plane->plane_id;
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(res);

	return kms.crtc && kms.primary;
}

static void compositor_open(uint32_t minor, uint32_t connector)
{
	static const struct drm_mode_rect block = { 0, 0, BLOCK, BLOCK };

	kms.card = card_open(minor);
	kms.connector = connector;
	if (kms.card < 0 || (!drmIsMaster(kms.card) && drmSetMaster(kms.card)))
		errx(2, "cannot be the master of card%u", minor);
	if (!find_pipe())
		errx(2, "card%u has no pipe", minor);
	if (!kms_find_mode(&kms, WIDTH, HEIGHT, 60, &kms.mode))
		errx(2, "no mode of %dx%d at 60 Hz", WIDTH, HEIGHT);
	for (int i = 0; i < BUFFERS; i++)
		if (kms_fb_create(&kms, &fbs[i], WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, 0))
			errx(2, "no buffer");
	kms_property(kms.card, kms.primary, DRM_MODE_OBJECT_PLANE, "FB_ID", &fb_prop);
	kms_property(kms.card, kms.primary, DRM_MODE_OBJECT_PLANE, "FB_DAMAGE_CLIPS",
		     &damage_prop);
	if (!damage_prop)
		errx(2, "no damage property");
	drmModeCreatePropertyBlob(kms.card, &block, sizeof(block), &damage_blob);
	if (kms_modeset(&kms, &fbs[0]))
		errx(2, "cannot set the mode");
}

/* A picture that nobody has seen yet; damaged as a whole, or a block of it. */
static int compositor_commit(bool full, uint32_t flags, uint64_t *cpu_ns)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct kms_fb *fb = &fbs[++number % BUFFERS];
	int ret = -EBUSY;
	uint64_t begin;

	if (number >= MAX_NUMBER)
		errx(2, "too many pictures");
	for (int y = 0; y < BLOCK; y++)
		for (int x = 0; x < BLOCK; x++)
			fb->pixels[(uint32_t)y * fb->pitch / 4 + (uint32_t)x] = number;
	drmModeAtomicAddProperty(req, kms.primary, fb_prop, fb->id);
	drmModeAtomicAddProperty(req, kms.primary, damage_prop, full ? 0 : damage_blob);

	/* -EBUSY: the last one is not through, though its event may have come. */
	for (int tries = 0; tries < FLIP_TIMEOUT; tries++) {
		atomic_store(&commit_ns[number], now_ns());
		begin = thread_cpu_ns();
		ret = drmModeAtomicCommit(kms.card, req, flags, NULL);
		*cpu_ns += thread_cpu_ns() - begin;
		if (ret != -EBUSY)
			break;
		sleep_ms(1);
	}
	drmModeAtomicFree(req);

	return ret;
}

/* When the flip was complete, 0 if it was not in time. */
static uint64_t compositor_flip(bool full, uint64_t *cpu_ns)
{
	int ret = compositor_commit(full, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
				    cpu_ns);
	struct drm_event_vblank event;
	uint64_t ns;

	if (ret == -EBUSY)
		return 0;
	if (ret)
		errx(2, "flip: %s", strerror(-ret));
	if (fd_poll(kms.card, POLLIN, FLIP_TIMEOUT) <= 0 ||
	    read(kms.card, &event, sizeof(event)) != sizeof(event))
		return 0;
	ns = event.tv_sec * 1000000000ULL + event.tv_usec * 1000ULL;

	/* evdi's events say 0: take when they came. */
	return ns ? ns : now_ns();
}

/* ---------------------------------------------------------------- daemon */

enum daemon_does {
	DAEMON_READS,
	DAEMON_HANGS,	/* with the next picture in its hands */
	DAEMON_HUNG,
};

static _Atomic enum daemon_does daemon_does;
static _Atomic uint32_t taken;		/* number of the newest picture it got */
static _Atomic uint32_t num_taken;
static _Atomic uint64_t handed_cpu_ns;
static uint64_t latency_ns[MAX_NUMBER];
static pthread_t daemon_thread_id;
static pid_t daemon_tid;

static void *daemon_thread(void *data)
{
	uint32_t pixel;

	(void)data;
	daemon_tid = thread_id();
	for (;;) {
		if (!screen_take(60000, &pixel))
			continue;
		pixel &= 0xffffff;
		if (pixel < MAX_NUMBER && atomic_load(&commit_ns[pixel]))
			latency_ns[pixel] = now_ns() - atomic_load(&commit_ns[pixel]);
		atomic_store(&taken, pixel);
		atomic_fetch_add(&num_taken, 1);
		if (atomic_load(&daemon_does) == DAEMON_HANGS) {
			atomic_store(&daemon_does, DAEMON_HUNG);
			while (atomic_load(&daemon_does) == DAEMON_HUNG)
				sleep_ms(10);
		}
		screen_release();
		atomic_store(&handed_cpu_ns, screen_cpu_ns);
	}
	return NULL;
}

static uint64_t daemon_cpu_ns(void)
{
	struct timespec ts;
	clockid_t clock;

	if (pthread_getcpuclockid(daemon_thread_id, &clock) || clock_gettime(clock, &ts))
		errx(2, "no clock of the daemon's thread");
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static unsigned long daemon_wakeups(void)
{
	unsigned long count = 0, value;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", daemon_tid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &value) == 1)
			count = value;
	if (file)
		fclose(file);
	return count;
}

/* ----------------------------------------------------------------- phases */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t percentile(uint64_t *values, unsigned int num, unsigned int percent)
{
	if (!num)
		return 0;
	qsort(values, num, sizeof(*values), compare);
	return values[(num - 1) * percent / 100];
}

/* Latencies of the pictures from @first on that were taken; sorted. */
static unsigned int latencies(uint32_t first, uint64_t *values)
{
	unsigned int num = 0;

	for (uint32_t i = first; i <= number; i++)
		if (latency_ns[i])
			values[num++] = latency_ns[i];
	return num;
}

/*
 * How far the time of a flip is from a whole number of periods after the last
 * one, in thousandths of a percent of a period.
 */
static uint64_t grid_error(uint64_t interval_ns)
{
	double period = (double)kms.mode.htotal * kms.mode.vtotal * 1e6 / kms.mode.clock;
	double periods = (double)interval_ns / period;
	uint64_t whole = (uint64_t)(periods + 0.5);
	double error = periods - (double)(whole ? whole : 1);

	return (uint64_t)((error < 0 ? -error : error) * 100000);
}

/* One flip after the other, as fast as their events allow. */
static void phase_flips(bool full, unsigned int repetition)
{
	static uint64_t values[MAX_NUMBER], errors[FLIPS];
	uint64_t begin, last, now, commit_cpu = 0, daemon_cpu, handed_cpu, took;
	uint32_t first, pictures;
	unsigned int num, late = 0, num_errors = 0;

	for (int i = 0; i < 10; i++)
		compositor_flip(full, &commit_cpu);
	sleep_ms(100);

	commit_cpu = 0;
	first = number + 1;
	pictures = atomic_load(&num_taken);
	daemon_cpu = daemon_cpu_ns();
	handed_cpu = atomic_load(&handed_cpu_ns);
	begin = now_ns();
	last = 0;
	for (int i = 0; i < FLIPS; i++) {
		now = compositor_flip(full, &commit_cpu);
		if (!now)
			late++;
		else if (last)
			errors[num_errors++] = grid_error(now - last);
		last = now;
	}
	took = now_ns() - begin;
	/* The last one may still be on its way. */
	sleep_ms(200);
	pictures = atomic_load(&num_taken) - pictures;
	if (!pictures)
		errx(2, "the daemon got no picture");
	num = latencies(first, values);

	printf("{\"what\": \"flips\", \"driver\": \"%s\", \"damage\": \"%s\", \"repetition\": %u, "
	       "\"flips\": %d, \"stalled\": %u, \"ns\": %llu, \"taken\": %u, "
	       "\"handed_cpu_ns\": %llu, \"daemon_cpu_ns\": %llu, "
	       "\"latency_median_ns\": %llu, \"latency_p95_ns\": %llu, "
	       "\"grid_median\": %llu, \"grid_p95\": %llu, \"grid_max\": %llu}\n",
	       screen_name, full ? "full" : "block", repetition, FLIPS, late,
	       (unsigned long long)took, pictures,
	       (unsigned long long)((atomic_load(&handed_cpu_ns) - handed_cpu) / pictures),
	       (unsigned long long)((daemon_cpu_ns() - daemon_cpu) / pictures),
	       (unsigned long long)percentile(values, num, 50),
	       (unsigned long long)percentile(values, num, 95),
	       (unsigned long long)percentile(errors, num_errors, 50),
	       (unsigned long long)percentile(errors, num_errors, 95),
	       (unsigned long long)percentile(errors, num_errors, 100));
	fflush(stdout);
}

/* What the commit itself takes when all of it runs in the compositor's thread. */
static void phase_blocking(bool full)
{
	static uint64_t values[BLOCKING];

	for (int i = 0; i < BLOCKING; i++) {
		uint64_t cpu = 0;
		int ret = compositor_commit(full, 0, &cpu);

		if (ret)
			errx(2, "commit: %s", strerror(-ret));
		values[i] = cpu;
	}
	printf("{\"what\": \"commit\", \"driver\": \"%s\", \"damage\": \"%s\", \"cpu_ns\": %llu}\n",
	       screen_name, full ? "full" : "block",
	       (unsigned long long)percentile(values, BLOCKING, 50));
	fflush(stdout);
}

static double rate(unsigned int ms)
{
	uint64_t cpu, begin = now_ns(), end = begin + ms * NS_PER_MS;
	unsigned int flips = 0;

	while (now_ns() < end)
		flips += compositor_flip(true, &cpu) != 0;
	return flips * 1e9 / (double)(now_ns() - begin);
}

/* The compositor's frame rate with a daemon that sits on a picture for ever. */
static void phase_hung(void)
{
	uint64_t cpu, begin;
	double before, during;
	unsigned int tries = 0;

	before = rate(HUNG_MS);
	atomic_store(&daemon_does, DAEMON_HANGS);
	while (atomic_load(&daemon_does) != DAEMON_HUNG && tries++ < 100)
		compositor_flip(true, &cpu);
	/* The flip that waits for the deadline, and what was queued before. */
	begin = now_ns();
	compositor_flip(true, &cpu);
	compositor_flip(true, &cpu);
	begin = now_ns() - begin;
	during = rate(HUNG_MS);
	atomic_store(&daemon_does, DAEMON_READS);

	printf("{\"what\": \"hung\", \"driver\": \"%s\", \"before\": %.2f, \"during\": %.2f, "
	       "\"two_flips_ns\": %llu}\n",
	       screen_name, before, during, (unsigned long long)begin);
	fflush(stdout);
}

static void tracing(const char *on)
{
	int fd = open("/sys/kernel/tracing/tracing_on", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, on, 1) != 1)
		err(2, "tracing_on");
	close(fd);
}

/*
 * A flip is in the trace, too, which is thereby seen to work. DRM may keep vblanks
 * on for five seconds after the last one was asked for; then the screen is idle.
 */
static void phase_idle(void)
{
	unsigned long wakeups;
	uint64_t begin, cpu;

	tracing("1");
	compositor_flip(true, &cpu);
	sleep_ms(SETTLE_MS);
	wakeups = daemon_wakeups();
	begin = now_ns();
	sleep_ms(IDLE_MS);
	tracing("0");
	printf("{\"what\": \"idle\", \"driver\": \"%s\", \"ms\": %d, "
	       "\"daemon_wakeups\": %lu, \"from\": %.6f}\n",
	       screen_name, IDLE_MS, daemon_wakeups() - wakeups, (double)begin / 1e9);
	fflush(stdout);
}

int main(void)
{
	uint32_t minor, connector;

	screen_open(&minor, &connector);
	if (pthread_create(&daemon_thread_id, NULL, daemon_thread, NULL))
		errx(2, "no thread");
	compositor_open(minor, connector);

	for (unsigned int i = 0; i < REPETITIONS; i++) {
		phase_flips(true, i);
		phase_flips(false, i);
	}
	phase_blocking(true);
	phase_blocking(false);
	phase_hung();
	phase_idle();
	/* The daemon's thread has no end of its own. */
	_exit(0);
}
