/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Miracast message relay: the interface for display drivers.
 *
 * A display driver (the DDI's "display miniport") registers a target for each
 * connector on which a Miracast monitor may appear. When the broker opens a
 * session there, the relay calls create_context(); from then until the return
 * of destroy_context() the driver may send messages to the user-mode driver of
 * that session and gets its I/O control calls. The ABI on the other side, and
 * the session states, are in <uapi/drm/miracast.h>.
 *
 * The interface is modelled on that of Windows 8.1, of which "DDI" is the
 * kernel's side. "R41" and the like are its rules, by their numbers in rules.rst
 * of the driver's documentation.
 *
 * Objects and references
 * ----------------------
 *
 * struct miracast_target
 *	Owned by the display driver, between miracast_register_target() and
 *	miracast_unregister_target(). The latter destroys a live context first
 *	and returns when no callback of the driver runs or will run again.
 *
 * struct miracast_session
 *	Owned by the relay, one per context, refcounted. The pointer given to
 *	create_context() is valid until destroy_context() returns; take a
 *	reference with miracast_session_get() to keep it longer. Sending on a
 *	session whose context is gone fails with -ENODEV.
 *
 * A message
 *	Exists inside the relay only. An accepted message has exactly one end:
 *	whoever removes it from its session's table completes it, everybody
 *	else finds nothing there. See drivers/gpu/drm/miracast/relay/miracast_message.c.
 *
 * Contexts
 * --------
 *
 * Everything here needs process context and may sleep, except
 * miracast_report_chunk(), which may be called from any context. Completion
 * callbacks run in process context without any relay lock held, in whichever
 * thread completed the message: several at once, and perhaps before
 * miracast_send_message() has returned (R41, R44). They may send and cancel
 * messages; they must not unregister their target.
 *
 * create_context(), destroy_context() and io_control() of one target exclude
 * each other (R14); io_control() never runs after destroy_context() began
 * (R22). They must not wait for a message's completion (R56).
 */
#ifndef _DRM_MIRACAST_H_
#define _DRM_MIRACAST_H_

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/poll.h>
#include <linux/string.h>
#include <linux/types.h>
#include <uapi/drm/miracast.h>

struct device;
struct file;
struct miracast_fds;
struct module;
struct miracast_session;
struct miracast_target;

/*
 * For memory that a user makes the kernel take: its cgroup pays. When that is at
 * its limit the call fails; nobody's processes are killed for it.
 */
#define MIRACAST_GFP_USER \
	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/**
 * typedef miracast_done_t - completion of an accepted message
 * @ctx: as given to miracast_send_message(), unchanged (R46)
 * @status: what the user-mode driver replied, 0 or a negative errno; or
 *	-ECANCELED (cancelled, stopped while outstanding, context destroyed),
 *	-ESHUTDOWN (sent while stopping or after a stop, R50), -ETIMEDOUT
 * @out: the reply, owned by the relay and valid only during the call (R42)
 * @bytes_returned: bytes at @out; 0 unless @status is 0 (R45)
 *
 * Called exactly once for each accepted message (R43).
 */
typedef void (*miracast_done_t)(void *ctx, int status, const void *out,
				size_t bytes_returned);

/**
 * miracast_copy_struct() - a structure that may grow, out of I/O control's input
 * @dst: what is known of it here
 * @dst_size: bytes of it
 * @src: what the caller has written
 * @src_size: bytes that the caller says it has
 *
 * The rule is that of "Growing" in <uapi/drm/miracast.h>, and of
 * copy_struct_from_user(), for input that has been copied already.
 *
 * Return: 0, or -E2BIG when what is not known here is not zero.
 */
static inline int miracast_copy_struct(void *dst, size_t dst_size,
				       const void *src, size_t src_size)
{
	size_t common = min(dst_size, src_size);

	if (memchr_inv(src + common, 0, src_size - common))
		return -E2BIG;
	memcpy(dst, src, common);
	memset(dst + common, 0, dst_size - common);

	return 0;
}

#define MIRACAST_MAX_IOCTL_SIZE	512	/* bytes of a driver's ioctl structure */

/**
 * struct miracast_ioctl - a request of the display driver's own
 * @cmd: its number, direction and the size of its structure, at most
 *	MIRACAST_MAX_IOCTL_SIZE
 * @func: carries it out; @arg is a kernel copy of the structure
 * @give: instead of @func, for a request that gives descriptors to its caller:
 *	with miracast_fds_add()
 * @finish: optional; called after a success of the above: whether @arg has been
 *	@copied to the caller, or what it says is lost and should be taken back.
 *	Not called when the context has gone meanwhile
 *
 * The relay copies the structure in and out by the rules of "Growing" in
 * <uapi/drm/miracast.h>, so that no callback ever waits for user memory and
 * destroy_context() cannot be held up by it. @arg is copied out after a
 * failure of @func, too.
 */
struct miracast_ioctl {
	unsigned int cmd;
	int (*func)(void *context, void *arg);
	int (*give)(void *context, void *arg, struct miracast_fds *fds);
	void (*finish)(void *context, void *arg, bool copied);
};

/**
 * struct miracast_target_ops - what a display driver provides
 *
 * Only @create_context and @destroy_context are mandatory.
 */
struct miracast_target_ops {
	/** @owner: THIS_MODULE; pinned while a context exists */
	struct module *owner;

	/**
	 * @create_context: a session begins on this target
	 *
	 * Prepares all that the session needs and stores it in @context, which
	 * the other callbacks get. May send messages already: they are held
	 * until the session has started. -EBUSY when the hardware has no room
	 * (R16); after any failure no context exists.
	 */
	int (*create_context)(void *driver_data, struct miracast_session *session,
			      void **context);

	/**
	 * @destroy_context: the session is over
	 *
	 * Frees what @create_context took and reports monitor departure at once
	 * (R21). Every message has been completed before. User space may still
	 * believe in the session (R23).
	 */
	void (*destroy_context)(void *context);

	/**
	 * @session_state: the session has changed its state
	 *
	 * Called after the change, in the order of changes, without relay
	 * spinlocks held. With MIRACAST_STATE_STARTED the monitor may be
	 * reported (R36); @info then holds MIRACAST_SESSION_* bits. May send.
	 */
	void (*session_state)(void *context, enum miracast_state state, u32 info);

	/**
	 * @io_control: synchronous call from the user-mode driver (R57)
	 *
	 * @in and @out are kernel memory; the lengths come from user space and
	 * are at most MIRACAST_MAX_IO_CONTROL, anything else is up to the
	 * driver to check (R58), with miracast_copy_struct() for what may grow.
	 * @out is zeroed. Sets @bytes_returned, at most @out_len, when it
	 * returns 0.
	 */
	int (*io_control)(void *context, u32 code, u32 flags,
			  const void *in, size_t in_len,
			  void *out, size_t out_len, size_t *bytes_returned);

	/**
	 * @ioctls: requests from MIRACAST_IOC_DRIVER_BASE on
	 *
	 * For data paths that need more than @io_control. Sorted in no
	 * particular way, looked up by number. Runs beside everything but
	 * @destroy_context, which waits for it.
	 */
	const struct miracast_ioctl *ioctls;

	/** @num_ioctls: entries of @ioctls */
	unsigned int num_ioctls;

	/**
	 * @poll: extra poll conditions of the sink fd, e.g. EPOLLPRI
	 *
	 * Returns the conditions that hold now; miracast_session_wake() wakes those
	 * who wait for them.
	 */
	__poll_t (*poll)(void *context);
};

/**
 * struct miracast_target_desc - what a target is called
 * @driver: name of the display driver
 * @name: name of the target, e.g. its connector's
 * @connector_id: DRM object id of the connector, or 0
 * @card_minor: minor of /dev/dri/card*, or ~0
 */
struct miracast_target_desc {
	const char *driver;
	const char *name;
	u32 connector_id;
	u32 card_minor;
};

int miracast_register_target(const struct miracast_target_desc *desc,
			     const struct miracast_target_ops *ops,
			     void *driver_data,
			     struct miracast_target **registered);
void miracast_unregister_target(struct miracast_target *target);
void miracast_target_set_plugged(struct miracast_target *target, bool plugged);

struct miracast_session *miracast_session_get(struct miracast_session *session);
void miracast_session_put(struct miracast_session *session);
enum miracast_state miracast_session_state(struct miracast_session *session);
void miracast_session_wake(struct miracast_session *session, __poll_t events);

int miracast_send_message(struct miracast_session *session,
			  const void *in, size_t in_len, size_t out_max,
			  unsigned int timeout_ms,
			  miracast_done_t done, void *ctx, u64 *id);
int miracast_cancel_message(struct miracast_session *session, u64 id);

int miracast_fds_add(struct miracast_fds *fds, struct file *file, __s32 *fd);

int miracast_report_chunk(struct miracast_session *session,
			  const struct miracast_chunk_info *info,
			  const void *data, size_t len);

#endif /* _DRM_MIRACAST_H_ */
