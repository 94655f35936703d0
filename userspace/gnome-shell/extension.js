// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cast, in the quick settings of GNOME Shell: displays in sight, and a click to cast to one. What it is about to do is
 * asked for in daemon.js; for PINs, and for all that is more than on and off, it opens the window.
 */
import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Shell from 'gi://Shell';

import * as Main from 'resource:///org/gnome/shell/ui/main.js';
import * as PopupMenu from 'resource:///org/gnome/shell/ui/popupMenu.js';
import {QuickMenuToggle, SystemIndicator} from 'resource:///org/gnome/shell/ui/quickSettings.js';
import {Extension, gettext as _} from 'resource:///org/gnome/shell/extensions/extension.js';

import {Daemon} from './daemon.js';

const ICON = 'video-display-symbolic';
const APP = 'org.miracast.Cast.desktop';

function describe(display) {
    switch (display.state) {
    case 'ready':
        return '';
    case 'streaming':
        return _('Casting');
    case 'waiting':
        return _('Lost; it comes back by itself');
    case 'ending':
        return _('Disconnecting');
    case 'accept':
        return _('Accept the connection at the display');
    case 'asking':
        // By which who has called is known: another one can have been given its alias, and no address but its own.
        return display.address === display.name ? _('Asks to show your screen') :
            _('%s asks to show your screen').replace('%s', () => display.address);
    case 'pin':
        return _('It wants a PIN');
    default:
        return _('Connecting');
    }
}

const CastToggle = GObject.registerClass(
class CastToggle extends QuickMenuToggle {
    constructor() {
        super({title: _('Cast'), iconName: ICON, toggleMode: false});
        this.menu.setHeader(ICON, _('Cast'));
        this._displays = new PopupMenu.PopupMenuSection();
        this.menu.addMenuItem(this._displays);
        this.menu.addMenuItem(new PopupMenu.PopupSeparatorMenuItem());
        this.menu.addAction(_('Open Cast'), () => this._open());
        this._daemon = new Daemon(Gio.DBus.system, () => this._show(), (message, hint) => Main.notify(message, hint));
        this.menu.connect('open-state-changed', (_menu, open) => {
            if (open)
                this._daemon.look();
        });
        this.connect('clicked', () => {
            if (this.checked)
                this._daemon.disconnectAll();
            else
                this.menu.open();
        });
        this.connect('destroy', () => this._daemon.destroy());
        this._show();
    }

    _open() {
        Main.overview.hide();
        Main.panel.closeQuickSettings();
        Shell.AppSystem.get_default().lookup_app(APP)?.activate();
    }

    _clicked(display) {
        if (display.state === 'pin' || display.state === 'asking')
            this._open();
        else if (display.session)
            this._daemon.disconnectFrom(display);
        else
            this._daemon.connectTo(display);
    }

    _addDisplay(display) {
        const state = describe(display);
        const item = new PopupMenu.PopupMenuItem(state ? `${display.name} – ${state}` : display.name);

        item.setOrnament(display.session ? PopupMenu.Ornament.CHECK : PopupMenu.Ornament.NONE);
        item.connect('activate', () => this._clicked(display));
        this._displays.addMenuItem(item);
    }

    _show() {
        const displays = this._daemon.displays;

        this.checked = this._daemon.isCasting;
        this.subtitle = displays.find(display => display.session)?.name ?? null;
        this._displays.removeAll();
        displays.forEach(display => this._addDisplay(display));
        if (displays.length === 0)
            this._displays.addMenuItem(new PopupMenu.PopupMenuItem(
                this._daemon.isScanning ? _('Looking for displays') : _('No display found'), {reactive: false}));
    }
});

export default class CastExtension extends Extension {
    enable() {
        this._indicator = new SystemIndicator();
        this._indicator.quickSettingsItems.push(new CastToggle());
        Main.panel.statusArea.quickSettings.addExternalIndicator(this._indicator);
    }

    disable() {
        this._indicator.quickSettingsItems.forEach(item => item.destroy());
        this._indicator.destroy();
        this._indicator = null;
    }
}
