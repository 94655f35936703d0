/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * no-cursor.c - preloaded by a session process, whose monitor then takes no cursor
 *
 * The card refuses the cursor then, and the desktop has to draw it itself.
 */
#include <drm/miracast.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == MIRACAST_IOC_IO_CONTROL) {
		const struct miracast_io_control *control = argument;

		if (control->code == MIRACAST_CTL_PLUG) {
			struct miracast_plug *plug = (struct miracast_plug *)(uintptr_t)control->in_ptr;

			plug->flags &= ~(uint32_t)MIRACAST_PLUG_CURSOR;
		}
	}
	return (int)syscall(SYS_ioctl, fd, request, argument);
}
