/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Where everything is in <uapi/drm/miracast.h>: the size of each structure and
 * the offset of each member, for callers of 32 and of 64 bits. There are no
 * holes.
 *
 * This is the table of ABI version 2. Sizes may grow, and lines may be added
 * behind those of their structure; no line goes and no offset changes.
 *
 * Include <linux/build_bug.h>, or <assert.h>, for static_assert() before.
 */
#include <drm/miracast.h>

#define MIRACAST_STRUCT(name, size) \
	static_assert(sizeof(struct miracast_##name) == (size), #name)
#define MIRACAST_MEMBER(name, member, offset) \
	static_assert(__builtin_offsetof(struct miracast_##name, member) == (offset), \
		      #name "." #member)

MIRACAST_STRUCT(hello, 32);
MIRACAST_MEMBER(hello, abi_min, 0);
MIRACAST_MEMBER(hello, abi_max, 4);
MIRACAST_MEMBER(hello, abi, 8);
MIRACAST_MEMBER(hello, num_targets, 12);
MIRACAST_MEMBER(hello, features, 16);
MIRACAST_MEMBER(hello, max_chunk_data, 24);
MIRACAST_MEMBER(hello, reserved, 28);

MIRACAST_STRUCT(target_info, 96);
MIRACAST_MEMBER(target_info, id, 0);
MIRACAST_MEMBER(target_info, state, 4);
MIRACAST_MEMBER(target_info, flags, 8);
MIRACAST_MEMBER(target_info, connector_id, 12);
MIRACAST_MEMBER(target_info, card_minor, 16);
MIRACAST_MEMBER(target_info, last_status, 20);
MIRACAST_MEMBER(target_info, driver, 24);
MIRACAST_MEMBER(target_info, name, 56);
MIRACAST_MEMBER(target_info, reserved, 88);

MIRACAST_STRUCT(open_sink, 16);
MIRACAST_MEMBER(open_sink, target, 0);
MIRACAST_MEMBER(open_sink, flags, 4);
MIRACAST_MEMBER(open_sink, fd, 8);
MIRACAST_MEMBER(open_sink, target_opened, 12);

MIRACAST_STRUCT(destroy_sink, 8);
MIRACAST_MEMBER(destroy_sink, target, 0);
MIRACAST_MEMBER(destroy_sink, reserved, 4);

MIRACAST_STRUCT(session_ctl, 16);
MIRACAST_MEMBER(session_ctl, op, 0);
MIRACAST_MEMBER(session_ctl, info, 4);
MIRACAST_MEMBER(session_ctl, status, 8);
MIRACAST_MEMBER(session_ctl, state, 12);

MIRACAST_STRUCT(record, 24);
MIRACAST_MEMBER(record, len, 0);
MIRACAST_MEMBER(record, header_len, 4);
MIRACAST_MEMBER(record, type, 6);
MIRACAST_MEMBER(record, id, 8);
MIRACAST_MEMBER(record, out_max, 16);
MIRACAST_MEMBER(record, flags, 20);

MIRACAST_STRUCT(reply, 24);
MIRACAST_MEMBER(reply, len, 0);
MIRACAST_MEMBER(reply, header_len, 4);
MIRACAST_MEMBER(reply, flags, 6);
MIRACAST_MEMBER(reply, id, 8);
MIRACAST_MEMBER(reply, status, 16);
MIRACAST_MEMBER(reply, reserved, 20);

MIRACAST_STRUCT(io_control, 40);
MIRACAST_MEMBER(io_control, code, 0);
MIRACAST_MEMBER(io_control, flags, 4);
MIRACAST_MEMBER(io_control, in_ptr, 8);
MIRACAST_MEMBER(io_control, out_ptr, 16);
MIRACAST_MEMBER(io_control, in_len, 24);
MIRACAST_MEMBER(io_control, out_len, 28);
MIRACAST_MEMBER(io_control, bytes_returned, 32);
MIRACAST_MEMBER(io_control, reserved, 36);

MIRACAST_STRUCT(report_status, 8);
MIRACAST_MEMBER(report_status, status, 0);
MIRACAST_MEMBER(report_status, error, 4);

MIRACAST_STRUCT(chunk_info, 24);
MIRACAST_MEMBER(chunk_info, type, 0);
MIRACAST_MEMBER(chunk_info, processing_time, 4);
MIRACAST_MEMBER(chunk_info, id, 8);
MIRACAST_MEMBER(chunk_info, encode_rate, 16);
MIRACAST_MEMBER(chunk_info, reserved, 20);

MIRACAST_STRUCT(chunk, 32);
MIRACAST_MEMBER(chunk, len, 0);
MIRACAST_MEMBER(chunk, header_len, 4);
MIRACAST_MEMBER(chunk, data_len, 6);
MIRACAST_MEMBER(chunk, info, 8);

MIRACAST_STRUCT(get_chunks, 24);
MIRACAST_MEMBER(get_chunks, buf_ptr, 0);
MIRACAST_MEMBER(get_chunks, buf_len, 8);
MIRACAST_MEMBER(get_chunks, used, 12);
MIRACAST_MEMBER(get_chunks, outstanding, 16);
MIRACAST_MEMBER(get_chunks, needed, 20);

MIRACAST_STRUCT(statistic, 32);
MIRACAST_MEMBER(statistic, type, 0);
MIRACAST_MEMBER(statistic, event, 4);
MIRACAST_MEMBER(statistic, info, 8);

MIRACAST_STRUCT(mode, 16);
MIRACAST_MEMBER(mode, width, 0);
MIRACAST_MEMBER(mode, height, 4);
MIRACAST_MEMBER(mode, refresh, 8);
MIRACAST_MEMBER(mode, flags, 12);

MIRACAST_STRUCT(import, 32);
MIRACAST_MEMBER(import, driver, 0);

MIRACAST_STRUCT(plug, 72);
MIRACAST_MEMBER(plug, size, 0);
MIRACAST_MEMBER(plug, flags, 4);
MIRACAST_MEMBER(plug, num_modes, 8);
MIRACAST_MEMBER(plug, mode_size, 12);
MIRACAST_MEMBER(plug, edid_len, 16);
MIRACAST_MEMBER(plug, monitor_type, 20);
MIRACAST_MEMBER(plug, sound_rates, 24);
MIRACAST_MEMBER(plug, sound_channels, 28);
MIRACAST_MEMBER(plug, sound_name, 32);
MIRACAST_MEMBER(plug, num_imports, 64);
MIRACAST_MEMBER(plug, import_size, 68);

MIRACAST_STRUCT(color, 1616);
MIRACAST_MEMBER(color, serial, 0);
MIRACAST_MEMBER(color, flags, 4);
MIRACAST_MEMBER(color, matrix, 8);
MIRACAST_MEMBER(color, red, 80);
MIRACAST_MEMBER(color, green, 592);
MIRACAST_MEMBER(color, blue, 1104);

MIRACAST_STRUCT(message, 8);
MIRACAST_MEMBER(message, code, 0);
MIRACAST_MEMBER(message, len, 4);

MIRACAST_STRUCT(mode_state, 16);
MIRACAST_MEMBER(mode_state, width, 0);
MIRACAST_MEMBER(mode_state, height, 4);
MIRACAST_MEMBER(mode_state, refresh, 8);
MIRACAST_MEMBER(mode_state, serial, 12);

MIRACAST_STRUCT(power, 8);
MIRACAST_MEMBER(power, on, 0);
MIRACAST_MEMBER(power, reserved, 4);

MIRACAST_STRUCT(rect, 16);
MIRACAST_MEMBER(rect, x1, 0);
MIRACAST_MEMBER(rect, y1, 4);
MIRACAST_MEMBER(rect, x2, 8);
MIRACAST_MEMBER(rect, y2, 12);

MIRACAST_STRUCT(frame, 440);
MIRACAST_MEMBER(frame, seq, 0);
MIRACAST_MEMBER(frame, flip_ns, 8);
MIRACAST_MEMBER(frame, buffer_id, 16);
MIRACAST_MEMBER(frame, modifier, 24);
MIRACAST_MEMBER(frame, fourcc, 32);
MIRACAST_MEMBER(frame, num_planes, 36);
MIRACAST_MEMBER(frame, pitch, 40);
MIRACAST_MEMBER(frame, offset, 56);
MIRACAST_MEMBER(frame, src_x, 72);
MIRACAST_MEMBER(frame, src_y, 76);
MIRACAST_MEMBER(frame, width, 80);
MIRACAST_MEMBER(frame, height, 84);
MIRACAST_MEMBER(frame, mode_serial, 88);
MIRACAST_MEMBER(frame, flags, 92);
MIRACAST_MEMBER(frame, num_damage, 96);
MIRACAST_MEMBER(frame, num_revoked, 100);
MIRACAST_MEMBER(frame, damage, 104);
MIRACAST_MEMBER(frame, cursor_x, 360);
MIRACAST_MEMBER(frame, cursor_y, 364);
MIRACAST_MEMBER(frame, cursor_width, 368);
MIRACAST_MEMBER(frame, cursor_height, 372);
MIRACAST_MEMBER(frame, cursor_pitch, 376);
MIRACAST_MEMBER(frame, cursor_offset, 380);
MIRACAST_MEMBER(frame, cursor_buffer_id, 384);
MIRACAST_MEMBER(frame, revoked, 392);
MIRACAST_MEMBER(frame, shown_ns, 424);
MIRACAST_MEMBER(frame, color_serial, 432);
MIRACAST_MEMBER(frame, reserved, 436);

MIRACAST_STRUCT(release_frame, 16);
MIRACAST_MEMBER(release_frame, seq, 0);
MIRACAST_MEMBER(release_frame, flags, 8);
MIRACAST_MEMBER(release_frame, sync_file, 12);

MIRACAST_STRUCT(get_buffer, 32);
MIRACAST_MEMBER(get_buffer, buffer_id, 0);
MIRACAST_MEMBER(get_buffer, num_fds, 8);
MIRACAST_MEMBER(get_buffer, flags, 12);
MIRACAST_MEMBER(get_buffer, fd, 16);

MIRACAST_STRUCT(get_retired, 136);
MIRACAST_MEMBER(get_retired, ids, 0);
MIRACAST_MEMBER(get_retired, num_ids, 128);
MIRACAST_MEMBER(get_retired, outstanding, 132);

MIRACAST_STRUCT(open_sound, 24);
MIRACAST_MEMBER(open_sound, flags, 0);
MIRACAST_MEMBER(open_sound, fd, 4);
MIRACAST_MEMBER(open_sound, ring_bytes, 8);
MIRACAST_MEMBER(open_sound, tick_us, 12);
MIRACAST_MEMBER(open_sound, lead_us, 16);
MIRACAST_MEMBER(open_sound, hold_us, 20);

MIRACAST_STRUCT(sound_record, 56);
MIRACAST_MEMBER(sound_record, len, 0);
MIRACAST_MEMBER(sound_record, header_len, 4);
MIRACAST_MEMBER(sound_record, type, 6);
MIRACAST_MEMBER(sound_record, time_ns, 8);
MIRACAST_MEMBER(sound_record, frame, 16);
MIRACAST_MEMBER(sound_record, offset, 24);
MIRACAST_MEMBER(sound_record, frames, 28);
MIRACAST_MEMBER(sound_record, rate, 32);
MIRACAST_MEMBER(sound_record, channels, 36);
MIRACAST_MEMBER(sound_record, buffer_bytes, 40);
MIRACAST_MEMBER(sound_record, flags, 44);
MIRACAST_MEMBER(sound_record, lost, 48);
MIRACAST_MEMBER(sound_record, reserved, 52);

#undef MIRACAST_STRUCT
#undef MIRACAST_MEMBER
