// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * main.js, beside the extension's files and stubs.js: the extension as if GNOME Shell ran it. Prints what it shows, as
 * JSON, a line for each change, and does what it is told on the standard input, a line each: "open" its menu, "click" the
 * button, "disable", or activate the entry that begins with the text.
 */
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

import CastExtension from './extension.js';
import * as Stubs from './stubs.js';

const extension = new CastExtension();
extension.enable();

const toggle = Stubs.panel.indicators[0].quickSettingsItems[0];
const entries = () => toggle.menu.items.flatMap(one => one.items ?? (one.text ? [one] : []));
const loop = new GLib.MainLoop(null, false);
const input = new Gio.DataInputStream({base_stream: new Gio.UnixInputStream({fd: 0})});
let before = '';

function show() {
    const now = JSON.stringify({title: toggle.title, checked: toggle.checked, subtitle: toggle.subtitle,
        entries: entries().map(({text, ornament, reactive}) => [text, ornament, reactive]),
        told: Stubs.told, opened: Stubs.opened});
    if (now !== before)
        print(now);
    before = now;
    return GLib.SOURCE_CONTINUE;
}

function obey(line) {
    if (line === 'open')
        toggle.menu.open();
    else if (line === 'click')
        toggle.emit('clicked');
    else if (line === 'disable')
        extension.disable();
    else
        entries().find(one => one.text.startsWith(line)).activate();
}

function read() {
    input.read_line_async(GLib.PRIORITY_DEFAULT, null, (_input, result) => {
        const [line] = input.read_line_finish_utf8(result);
        if (line === null) {
            loop.quit();
            return;
        }
        obey(line);
        read();
    });
}

GLib.timeout_add(GLib.PRIORITY_DEFAULT, 20, show);
read();
loop.run();
