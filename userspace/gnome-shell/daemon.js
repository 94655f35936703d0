// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * daemon.js - miracastd as the quick settings see it
 *
 * What the daemon says of displays and sessions is kept here as it comes, and told with the signal "changed", once for
 * all that has changed together. Nothing waits: GNOME Shell stands still while this does. Nothing but Gio is used, so
 * that it runs in gjs as well.
 *
 * The daemon ends by itself when it has nothing to do. It is started by what the user asks for (look(), connectTo()),
 * and never by looking whether it is there.
 *
 * Names and messages come from the network: text, never markup.
 */
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

const NAME = 'org.miracast.Miracast1';
const ROOT = '/org/miracast/Miracast1';
const MANAGER = `${ROOT}/Manager`;
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager';
const SCAN_SECONDS = 60;
// A call that begins a session may have the module loaded first, and an encoder tried.
const CALL_MS = 120000;

export class Daemon {
    // changed: called without arguments; failed: (message, hint), of what was asked for here: others tell of their own
    constructor(bus, changed, failed) {
        this._bus = bus;
        this._changed = changed;
        this._failed = failed;
        this._objects = new Map(); // path -> Map of interface, without NAME and ".", -> Map of properties
        this._cancellable = new Gio.Cancellable();
        this._idle = 0;
        this._begun = new Set(); // paths of sessions that were begun here
        this._generation = 0; // of owners of the name: what an earlier one has answered is passed over
        this._subscriptions = [
            this._subscribe(OBJECT_MANAGER, 'InterfacesAdded', ([path, interfaces]) => this._add(path, interfaces)),
            this._subscribe(OBJECT_MANAGER, 'InterfacesRemoved', ([path, names]) => this._remove(path, names)),
            this._subscribe(PROPERTIES, 'PropertiesChanged', ([name, values], path) =>
                this._add(path, {[name]: values}, true)),
        ];
        this._watch = Gio.bus_watch_name_on_connection(bus, NAME, Gio.BusNameWatcherFlags.NONE,
            () => this._appeared(), () => this._vanished());
    }

    destroy() {
        Gio.bus_unwatch_name(this._watch);
        this._subscriptions.forEach(one => this._bus.signal_unsubscribe(one));
        this._cancellable.cancel();
        if (this._idle)
            GLib.source_remove(this._idle);
        this._idle = 0;
        this._changed = this._failed = () => {};
    }

    // Whether something is cast, or begins to be; not that a display asks whether it may.
    get isCasting() {
        return this._sessions().some(session => session.state !== 'asking');
    }

    get isScanning() {
        return this._property(MANAGER, 'Manager', 'Scanning') === true;
    }

    // {name, address, path, session, state}: those in sight and those that are cast to, by name; address is the id of the way
    // that the session takes, or null; state is that of
    // sessions in the D-Bus API, "pin" if a PIN is to be typed here or there, "accept" if somebody has to say yes at the
    // display, or "ready"
    get displays() {
        const sessions = this._sessions();
        const list = [];

        for (const [path, interfaces] of this._objects) {
            const display = interfaces.get('Display');
            if (!display)
                continue;
            const ids = display.get('Ids') ?? [];
            const at = sessions.findIndex(one => ids.includes(one.sink));
            const session = at < 0 ? null : sessions.splice(at, 1)[0];
            if (session || display.get('State') === 'ready')
                list.push({name: display.get('Alias') || display.get('Name') || ids[0], path,
                    address: session?.sink ?? null, session: session?.path ?? null, state: session?.state ?? 'ready'});
        }
        // Of displays that have called, and are listed as long as they are cast to only.
        for (const session of sessions)
            list.push({name: session.name, address: session.sink, path: null, session: session.path, state: session.state});
        return list.sort((a, b) => a.name.localeCompare(b.name));
    }

    look() {
        this._call(MANAGER, 'Manager', 'Scan', new GLib.Variant('(u)', [SCAN_SECONDS]));
    }

    connectTo(display) {
        if (display.path && !display.session)
            this._call(display.path, 'Display', 'Connect', new GLib.Variant('(a{sv})', [{}]), ([path]) => {
                this._begun.add(path);
                this._tell();
            });
    }

    disconnectFrom(display) {
        if (display.session)
            this._call(display.session, 'Session', 'Disconnect', null);
    }

    disconnectAll() {
        this._call(MANAGER, 'Manager', 'DisconnectAll', null);
    }

    // ---- what it says ------------------------------------------------------------------

    _property(path, name, property) {
        return this._objects.get(path)?.get(name)?.get(property);
    }

    _sessions() {
        const list = [];

        for (const [path, interfaces] of this._objects) {
            const session = interfaces.get('Session');
            if (session && session.get('State') !== 'gone')
                list.push({path, sink: session.get('SinkId'), name: session.get('SinkName') || session.get('SinkId'),
                    state: this._stateOf(session)});
        }
        return list;
    }

    _stateOf(session) {
        const state = session.get('State');

        if (['streaming', 'waiting', 'ending'].includes(state))
            return state;
        if (session.get('PinWanted') || session.get('PinShown'))
            return 'pin';
        return session.get('Phases')?.at(-1)?.[0] === 'waiting-for-acceptance' ? 'accept' : state;
    }

    _subscribe(name, signal, came) {
        return this._bus.signal_subscribe(NAME, name, signal, null, null, Gio.DBusSignalFlags.NONE,
            (_bus, _sender, path, _name, _signal, values) => came(values.recursiveUnpack(), path));
    }

    // known: only of an object that is there: what has gone says nothing any more
    _add(path, interfaces, known = false) {
        if (known && !this._objects.has(path))
            return;
        const object = this._objects.get(path) ?? new Map();

        for (const [name, values] of Object.entries(interfaces)) {
            if (!name.startsWith(`${NAME}.`))
                continue;
            const short = name.slice(NAME.length + 1);
            object.set(short, new Map([...object.get(short) ?? [], ...Object.entries(values)]));
        }
        this._objects.set(path, object);
        this._tell();
    }

    _remove(path, names) {
        names.forEach(name => this._objects.get(path)?.delete(name.slice(NAME.length + 1)));
        if (!this._objects.get(path)?.size)
            this._objects.delete(path);
        this._tell();
    }

    _appeared() {
        const generation = ++this._generation;

        this._bus.call(NAME, ROOT, OBJECT_MANAGER, 'GetManagedObjects', null, null, Gio.DBusCallFlags.NO_AUTO_START,
            CALL_MS, this._cancellable, (bus, result) => {
                try {
                    const [objects] = bus.call_finish(result).recursiveUnpack();
                    if (generation === this._generation)
                        Object.entries(objects).forEach(([path, interfaces]) => this._add(path, interfaces));
                } catch (error) {
                    // It may not be asked, or has gone: then it has no displays.
                    if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
                        this._tell();
                }
            });
    }

    _vanished() {
        this._generation++;
        this._objects.clear();
        this._tell();
    }

    _tell() {
        this._idle ||= GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
            this._idle = 0;
            this._tellOfEnds();
            this._changed();
            return GLib.SOURCE_REMOVE;
        });
    }

    // Why a session that was begun here is over, once, unless somebody has ended it.
    _tellOfEnds() {
        for (const path of this._begun) {
            const session = this._objects.get(path)?.get('Session');
            if (session && session.get('State') !== 'gone')
                continue;
            this._begun.delete(path);
            if (session && session.get('Reason') !== 'disconnected')
                this._failed(session.get('Message'), session.get('Hint'));
        }
    }

    // ---- what it is asked ---------------------------------------------------------------

    _call(path, name, method, values, done = () => {}) {
        this._bus.call(NAME, path, `${NAME}.${name}`, method, values, null,
            Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION, CALL_MS, this._cancellable, (bus, result) => {
                try {
                    done(bus.call_finish(result).recursiveUnpack());
                } catch (error) {
                    if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
                        this._failed(...this._explain(error));
                }
            });
    }

    // What happened, and what to do, which the daemon has said for each of its errors beforehand.
    _explain(error) {
        const remote = Gio.DBusError.get_remote_error(error) ?? '';
        const reason = remote.slice(remote.lastIndexOf('.') + 1).replaceAll('_', '-');
        const hints = this._property(MANAGER, 'Manager', 'Hints') ?? {};

        Gio.DBusError.strip_remote_error(error);
        return [error.message, hints[reason]?.[1] ?? ''];
    }
}
