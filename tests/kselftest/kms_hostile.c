// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input and bad callers of what concerns pictures. relay_requests.c has the
 * requests without a picture.
 */
#include <sched.h>
#include <sys/resource.h>

#include "miracast_kms.h"
#include "miracast_memory.h"

#define SYNC_MS	10000	/* far more than any step takes, far less than for ever */
#define RED	0x00ff0000

FIXTURE(hostile) {
	struct kms kms;
	struct kms_fb a;
	struct kms_fb b;
};

/* A monitor with two buffers to show, the red one on the screen. */
FIXTURE_SETUP(hostile)
{
	struct kms *kms = &self->kms;

	kms_open(_metadata, kms);
	kms_plug(_metadata, kms, 0);
	ASSERT_EQ(0, kms_fb_create(kms, &self->a, 1280, 720,
				   DRM_FORMAT_XRGB8888, RED));
	ASSERT_EQ(0, kms_fb_create(kms, &self->b, 1280, 720,
				   DRM_FORMAT_XRGB8888, 0));
	ASSERT_EQ(0, kms_modeset(kms, &self->a));
}

FIXTURE_TEARDOWN(hostile)
{
	kms_close(&self->kms);
}

static int free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* A session on a monitor, after all that: a picture comes and goes. */
static void check_usable(struct __test_metadata *_metadata, struct kms *kms,
			 const struct kms_fb *fb)
{
	struct miracast_frame frame;

	EXPECT_EQ(0, kms_flip_damaged(kms, fb, NULL, 0));
	EXPECT_EQ(0, sink_acquire(kms->sink, &frame));
	EXPECT_EQ(0, sink_release(kms->sink, frame.seq, -1, NULL));
}

/* ------------------------------------------- results that cannot be written */

TEST_F(hostile, fault_in_acquire_takes_nothing)
{
	struct miracast_frame frame, zero = { 0 };
	void *page = read_only_page(&zero, sizeof(zero));
	int sink = self->kms.sink;
	int i;

	/* More often than frames may be held. */
	for (i = 0; i < 3 * MIRACAST_MAX_HELD; i++)
		ASSERT_EQ(-EFAULT, dev_ioctl(sink, MIRACAST_IOC_ACQUIRE_FRAME, page));
	EXPECT_EQ(POLLPRI, fd_poll(sink, POLLPRI, 0));
	ASSERT_EQ(0, sink_acquire(sink, &frame));
	EXPECT_EQ(MIRACAST_FRAME_FULL, frame.flags & MIRACAST_FRAME_FULL);
	EXPECT_EQ(-EAGAIN, sink_acquire(sink, &zero));
	EXPECT_EQ(0, sink_release(sink, frame.seq, -1, NULL));

	/* Nor is a hold left that a flip would have to wait for. */
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	ASSERT_EQ(-EFAULT, dev_ioctl(sink, MIRACAST_IOC_ACQUIRE_FRAME, page));
	EXPECT_EQ(-ENOENT, sink_release(sink, frame.seq + 1, -1, NULL));
	check_usable(_metadata, &self->kms, &self->a);
}

TEST_F(hostile, fault_in_get_buffer_leaves_no_descriptor)
{
	struct miracast_get_buffer get = {};
	struct miracast_frame frame;
	int sink = self->kms.sink;
	int first, i;
	void *page;

	ASSERT_EQ(0, sink_acquire(sink, &frame));
	get.buffer_id = frame.buffer_id;
	page = read_only_page(&get, sizeof(get));
	first = free_fd();
	for (i = 0; i < 10; i++)
		EXPECT_EQ(-EFAULT, dev_ioctl(sink, MIRACAST_IOC_GET_BUFFER, page));
	EXPECT_EQ(first, free_fd());

	/* A caller whose structure has no place for the number gets none. */
	EXPECT_EQ(-EINVAL,
		  dev_ioctl(sink, _IOC(_IOC_READ | _IOC_WRITE, MIRACAST_IOC_MAGIC,
				       _IOC_NR(MIRACAST_IOC_GET_BUFFER),
				       offsetof(struct miracast_get_buffer, fd)),
			    &get));
	EXPECT_EQ(first, free_fd());
	EXPECT_EQ(first, sink_get_buffer(sink, frame.buffer_id));
}

TEST_F(hostile, fault_in_get_retired_loses_no_id)
{
	struct miracast_get_retired retired = { 0 };
	void *page = read_only_page(&retired, sizeof(retired));
	struct miracast_frame frame;
	int sink = self->kms.sink;

	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	ASSERT_EQ(0, sink_acquire(sink, &frame));
	ASSERT_EQ(0, sink_release(sink, frame.seq, -1, NULL));
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->a, NULL, 0));
	kms_fb_destroy(&self->kms, &self->b);
	ASSERT_EQ(-EFAULT, dev_ioctl(sink, MIRACAST_IOC_GET_RETIRED, page));
	ASSERT_EQ(-EFAULT, dev_ioctl(sink, MIRACAST_IOC_GET_RETIRED, page));
	ASSERT_EQ(0, dev_ioctl(sink, MIRACAST_IOC_GET_RETIRED, &retired));
	EXPECT_EQ(1, retired.num_ids);
	EXPECT_EQ(frame.buffer_id, retired.ids[0]);
	EXPECT_EQ(-EAGAIN, dev_ioctl(sink, MIRACAST_IOC_GET_RETIRED, &retired));
}

/* ------------------------------------------------------------ wrong moments */

TEST_F(hostile, R34_plug_during_stopping)
{
	struct plug *plug = calloc(1, sizeof(*plug));
	uint8_t edid[2 * EDID_BLOCK];
	int sink = self->kms.sink;
	int status;
	pid_t child;

	edid_make(edid);
	plug_make(plug, NULL, 0, edid, sizeof(edid), 0);
	ASSERT_EQ(0, sink_op(sink, MIRACAST_SESSION_BEGIN_STOP, 0, 0));
	/* From the thread that stops it, and from another. */
	EXPECT_EQ(-EBUSY, sink_plug(sink, plug));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(sink_plug(sink, plug) != -ESHUTDOWN);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, sink_op(sink, MIRACAST_SESSION_END_STOP, 0, 0));
	EXPECT_EQ(DRM_MODE_DISCONNECTED, kms_status(&self->kms));
	ASSERT_EQ(0, sink_start(sink));
	EXPECT_EQ(0, sink_plug(sink, plug));
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
}

TEST_F(hostile, release_of_a_future_picture)
{
	struct miracast_frame frame;
	int sink = self->kms.sink;
	uint64_t i;

	ASSERT_EQ(0, sink_acquire(sink, &frame));
	for (i = 1; i; i <<= 1)
		EXPECT_EQ(-ENOENT, sink_release(sink, frame.seq + i, -1, NULL));
	EXPECT_EQ(-ENOENT, sink_release(sink, frame.seq - 1, -1, NULL));
	/* It does not count when that picture comes. */
	ASSERT_EQ(0, kms_flip_damaged(&self->kms, &self->b, NULL, 0));
	EXPECT_EQ(0, sink_release(sink, frame.seq, -1, NULL));
	ASSERT_EQ(0, sink_acquire(sink, &frame));
	EXPECT_EQ(0, sink_release(sink, frame.seq, -1, NULL));
}

TEST_F(hostile, edid_of_one_block_that_promises_255)
{
	struct plug *plug = calloc(1, sizeof(*plug));
	uint8_t edid[2 * EDID_BLOCK];
	drmModePropertyBlobRes *blob;
	uint32_t id;

	edid_make(edid);
	edid[126] = 255;
	edid_seal(edid);
	plug_make(plug, NULL, 0, edid, EDID_BLOCK, 0);
	EXPECT_EQ(-EINVAL, sink_plug(self->kms.sink, plug));
	/* What is shown is what was there before, and no more of it. */
	blob = drmModeGetPropertyBlob(self->kms.card, (uint32_t)
		kms_property(self->kms.card, self->kms.connector,
			     DRM_MODE_OBJECT_CONNECTOR, "EDID", &id));
	ASSERT_NE(NULL, blob);
	EXPECT_EQ(sizeof(edid), blob->length);
	drmModeFreePropertyBlob(blob);
}

/* ------------------------------------------------------------- no more room */

TEST_F(hostile, rlimit_nofile_in_get_buffer)
{
	struct rlimit limit, none;
	struct miracast_frame frame;
	int sink = self->kms.sink;
	int first = free_fd();

	ASSERT_EQ(0, sink_acquire(sink, &frame));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = (rlim_t)first;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, sink_get_buffer(sink, frame.buffer_id));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(first, sink_get_buffer(sink, frame.buffer_id));
}

/*
 * Until no processor has a byte of it left, not even in its own stock. That can be
 * many pages, so messages get smaller step by step: there is room for 256 of them.
 * A failure makes other processors give their stock back, a little later, so it is
 * over when nobody has got anything for a whole round. It may come back at any
 * moment, and then is for large messages again: no more small ones in a round than
 * the rest of a page has room for.
 */
static void eat_memory(struct __test_metadata *_metadata, int test)
{
	static const struct {
		unsigned int size;
		int most;
	} steps[] = { { MIRACAST_MAX_MESSAGE, 256 }, { 4000, 256 }, { 500, 4 }, { 8, 8 } };
	long cpu, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int ret, sent, round = 0;
	unsigned int i;
	cpu_set_t set;

	do {
		sent = 0;
		for (cpu = 0; cpu < cpus; cpu++) {
			CPU_ZERO(&set);
			CPU_SET((size_t)cpu, &set);
			EXPECT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
			for (i = 0; i < ARRAY_SIZE(steps); i++) {
				ret = 0;
				sent += cgroup_send(test, steps[i].size,
						    steps[i].most, &ret);
				ASSERT_TRUE(!ret || ret == -ENOMEM)
					TH_LOG("message refused with %d", ret);
			}
		}
		usleep(10000);
	} while (sent && ++round < 20);
	EXPECT_EQ(0, sent);
}

/* A message for which there was no memory is late, not lost. */
TEST_F(hostile, memcg_exhaustion_in_a_message)
{
	struct kms *kms = &self->kms;
	struct miracast_target_info info;
	struct miracast_power power;
	int test, other, max;
	uint32_t dpms;

	test = test_open();
	ASSERT_LE(0, test);
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	max = cgroup_enter();
	ASSERT_LE(0, max)
		TH_LOG("no cgroup v2 with a memory controller at " CGROUP_ROOT);
	/* The opener of a session pays for its messages, so it is opened there. */
	close(kms->sink);
	kms->sink = broker_open_sink(kms->broker, kms->target.id,
				     MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, kms->sink);
	ASSERT_EQ(0, sink_start(kms->sink));
	kms_plug(_metadata, kms, 0);
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_MODE_SET, NULL, 0));
	kms_property(kms->card, kms->connector, DRM_MODE_OBJECT_CONNECTOR,
		     "DPMS", &dpms);
	ASSERT_NE(0, dpms);
	other = broker_open_sink(kms->broker,
				 broker_find(kms->broker, 0, &info), 0);
	ASSERT_LE(0, other);

	/* From here on nothing may allocate. */
	ASSERT_EQ(0, cgroup_limit(max, 256 * 1024));
	eat_memory(_metadata, test);
	EXPECT_EQ(0, errno_of(drmModeConnectorSetProperty(kms->card,
							  kms->connector, dpms,
							  DRM_MODE_DPMS_OFF)));
	EXPECT_EQ(0, fd_poll(kms->sink, POLLIN, 1000));
	ASSERT_EQ(0, cgroup_unlimit(max));

	/* Nothing else has to happen. */
	ASSERT_EQ(0, sink_expect(kms->sink, MIRACAST_MSG_POWER, &power,
				 sizeof(power)));
	EXPECT_EQ(0, power.on);
	close(other);
}

TEST_F(hostile, memcg_exhaustion_in_plug)
{
	static const struct miracast_mode mode = { 1280, 720, 60000, 0 };
	static uint8_t edid[MIRACAST_MAX_EDID];
	struct plug *plug = calloc(1, sizeof(*plug));
	struct miracast_target_info info;
	int test, other, sink, max, ret, i;
	long killed;

	/* As large as they come, of blocks that say nothing. */
	edid_make(edid);
	edid[126] = 255;
	edid_seal(edid);
	for (i = 2; i < 256; i++) {
		edid[i * EDID_BLOCK] = 0x10;
		edid_seal(edid + i * EDID_BLOCK);
	}
	plug_make(plug, &mode, 1, edid, sizeof(edid), 0);
	test = test_open();
	ASSERT_LE(0, test);
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	max = cgroup_enter();
	ASSERT_LE(0, max)
		TH_LOG("no cgroup v2 with a memory controller at " CGROUP_ROOT);
	killed = cgroup_killed();
	ASSERT_LE(0, killed);

	/* Messages of another session eat up what there is. */
	sink = self->kms.sink;
	ASSERT_EQ(0, sink_plug(sink, plug));
	other = broker_open_sink(self->kms.broker,
				 broker_find(self->kms.broker, 0, &info), 0);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, cgroup_limit(max, 256 * 1024));
	cgroup_send(test, MIRACAST_MAX_MESSAGE, 256, &ret);
	EXPECT_EQ(-ENOMEM, ret);
	cgroup_send(test, 4000, 256, &ret);
	EXPECT_EQ(-ENOMEM, ret);
	EXPECT_EQ(-ENOMEM, sink_plug(sink, plug));
	ASSERT_EQ(0, cgroup_unlimit(max));
	EXPECT_EQ(killed, cgroup_killed());

	/* The monitor is the one that was there. */
	EXPECT_EQ(DRM_MODE_CONNECTED, kms_status(&self->kms));
	EXPECT_EQ(0, sink_plug(sink, plug));
	close(other);
	check_usable(_metadata, &self->kms, &self->b);
}

/* ------------------------------------------------------ descriptors abroad */

TEST_F(hostile, duplicates_share_the_holds)
{
	struct miracast_frame frame, none;
	int copy = dup(self->kms.sink);

	ASSERT_LE(0, copy);
	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	EXPECT_EQ(-EAGAIN, sink_acquire(copy, &none));
	EXPECT_LE(0, sink_get_buffer(copy, frame.buffer_id));
	/* A close of one lets go of nothing. */
	close(copy);
	EXPECT_EQ(0, sink_release(self->kms.sink, frame.seq, -1, NULL));
}

/* The last close, while the kernel copies what was acquired. */
TEST_F(hostile, close_inside_acquire)
{
	struct slow_call call = { .cmd = MIRACAST_IOC_ACQUIRE_FRAME };
	struct miracast_target_info info;
	pthread_t thread;
	uint64_t end;

	call.fd = self->kms.sink;
	ASSERT_EQ(0, slow_open(&call.slow, SLOW_WRITE));
	ASSERT_EQ(0, pthread_create(&thread, NULL, slow_call_thread, &call));
	ASSERT_TRUE(slow_faulted(&call.slow, SYNC_MS));
	ASSERT_EQ(0, close(self->kms.sink));
	EXPECT_FALSE(call.ended);

	/* The desktop waits for it no longer than for anybody else. */
	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));
	EXPECT_NE(0, kms_wait_flip(&self->kms, SYNC_MS));
	EXPECT_FALSE(call.ended);

	slow_answer(&call.slow);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, call.ret);
	slow_close(&call.slow);
	/* That was the last user. */
	end = now_ms() + SYNC_MS;
	do {
		ASSERT_EQ(0, kms_find(self->kms.broker, 0, &info));
	} while (info.flags && now_ms() < end);
	EXPECT_EQ(0, info.flags);
	self->kms.sink = broker_open_sink(self->kms.broker, self->kms.target.id,
					  MIRACAST_OPEN_NONBLOCK);
	EXPECT_LE(0, self->kms.sink);
}

struct race {
	atomic_int sink;
	atomic_bool stop;
	unsigned int acquired;
	unsigned int strange;
};

static void *race_thread(void *arg)
{
	struct race *race = arg;
	struct miracast_frame frame;
	int ret;

	while (!race->stop) {
		ret = sink_acquire(race->sink, &frame);
		if (!ret) {
			race->acquired++;
			sink_release(race->sink, frame.seq, -1, NULL);
		} else if (ret != -EAGAIN && ret != -ENODATA && ret != -EBADF &&
			   ret != -ENODEV) {
			race->strange++;
		}
	}
	return NULL;
}

/* The same a few hundred times, at any moment. */
TEST_F_TIMEOUT(hostile, close_races_acquire, 60)
{
	struct race race = { .sink = self->kms.sink };
	struct plug *plug = calloc(1, sizeof(*plug));
	uint8_t edid[2 * EDID_BLOCK];
	uint64_t end = now_ms() + 2000;
	unsigned int rounds = 0;
	pthread_t thread[2];
	int i;

	edid_make(edid);
	plug_make(plug, NULL, 0, edid, sizeof(edid), 0);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, race_thread, &race));
	for (; now_ms() < end; rounds++) {
		/* A call that still runs is its last user for a moment more. */
		close(self->kms.sink);
		do {
			self->kms.sink = broker_open_sink(self->kms.broker,
							  self->kms.target.id,
							  MIRACAST_OPEN_NONBLOCK);
		} while (self->kms.sink == -EBUSY);
		ASSERT_LE(0, self->kms.sink);
		race.sink = self->kms.sink;
		ASSERT_EQ(0, sink_start(self->kms.sink));
		ASSERT_EQ(0, sink_plug(self->kms.sink, plug));
	}
	race.stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	TH_LOG("%u sinks closed, %u pictures", rounds, race.acquired);
	EXPECT_EQ(0, race.strange);
	EXPECT_LT(5, rounds);
}

/* --------------------------------------------------------- everything open */

static void *read_thread(void *arg)
{
	int sink = *(int *)arg;
	struct record record;
	ssize_t ret;

	do {
		ret = sink_read(sink, &record);
	} while (ret > 0);

	return (void *)(intptr_t)ret;
}

/*
 * A reader that waits, a call in the middle of a copy, a held frame, its
 * dma-buf open and mapped, a buffer mapped, a flip that waits, an id to be
 * retired, and a second card.
 */
TEST_F_TIMEOUT(hostile, unbind_with_everything_open, 60)
{
	struct slow_call call = { .cmd = MIRACAST_IOC_GET_RETIRED };
	struct miracast_target_info info;
	struct miracast_frame frame;
	int copy, buffer, other;
	pthread_t reader, caller;
	uint32_t *pixels;
	void *ret;

	ASSERT_EQ(0, sink_acquire(self->kms.sink, &frame));
	buffer = sink_get_buffer(self->kms.sink, frame.buffer_id);
	ASSERT_LE(0, buffer);
	pixels = mmap(NULL, self->a.size, PROT_READ, MAP_SHARED, buffer, 0);
	ASSERT_NE(MAP_FAILED, (void *)pixels);
	other = card_open(self->kms.target.card_minor);
	ASSERT_LE(0, other);
	copy = dup(self->kms.sink);
	ASSERT_EQ(0, fcntl(self->kms.sink, F_SETFL, O_RDWR));
	ASSERT_EQ(0, pthread_create(&reader, NULL, read_thread, &self->kms.sink));
	call.fd = copy;
	ASSERT_EQ(0, slow_open(&call.slow, SLOW_FUSE));
	ASSERT_EQ(0, pthread_create(&caller, NULL, slow_call_thread, &call));
	ASSERT_TRUE(slow_faulted(&call.slow, SYNC_MS));
	ASSERT_EQ(0, kms_flip(&self->kms, &self->b));

	ASSERT_EQ(0, kms_driver("unbind"));
	pthread_join(reader, &ret);
	EXPECT_EQ(-ENODEV, (int)(intptr_t)ret);
	EXPECT_FALSE(call.ended);
	slow_answer(&call.slow);
	pthread_join(caller, NULL);
	slow_close(&call.slow);
	EXPECT_EQ(-ENODEV, sink_acquire(copy, &frame));
	EXPECT_EQ(-ENOENT, kms_find(self->kms.broker, 0, &info));
	/* The pixels are there for as long as they are mapped. */
	EXPECT_EQ(RED, pixels[0]);
	EXPECT_EQ(RED, self->a.pixels[0]);

	ASSERT_EQ(0, kms_driver("bind"));
	ASSERT_EQ(0, kms_find(self->kms.broker, 0, &info));
	EXPECT_TRUE(kms_card_there(&info));
	EXPECT_EQ(RED, pixels[0]);
}

/* ----------------------------------------------------------------- 32 bits */

TEST_F(hostile, caller_of_32_bits)
{
	char broker[12], sink[12], target[12], pixel[12];
	int status;
	pid_t child;

	if (access("./compat_32", X_OK))
		SKIP(return, "no compiler for 32 bits when this was built");

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		snprintf(broker, sizeof(broker), "%d", dup(self->kms.broker));
		snprintf(sink, sizeof(sink), "%d", dup(self->kms.sink));
		snprintf(target, sizeof(target), "%u", self->kms.target.id);
		snprintf(pixel, sizeof(pixel), "%u", RED);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl("./compat_32", "compat_32", broker, sink, target, pixel, NULL);
		_exit(127);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	check_usable(_metadata, &self->kms, &self->b);
}

TEST_HARNESS_MAIN
