// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stubs.js - what of GNOME Shell the extension uses, without what can be seen of it
 *
 * Each module that it imports from the shell is this one. Whatever is not here, it may not use: it would end with an
 * error.
 */
import GObject from 'gi://GObject';

// ---- ui/main.js

export const told = [];
export const notify = (message, details) => told.push([message, details]);
export const opened = [];
export const overview = {hide() {}};
export const panel = {
    indicators: [],
    statusArea: {quickSettings: {addExternalIndicator: one => panel.indicators.push(one)}},
    closeQuickSettings() {},
};

// ---- ui/popupMenu.js

export const Ornament = {NONE: 'none', CHECK: 'check'};

export class PopupMenuItem {
    constructor(text, {reactive = true} = {}) {
        Object.assign(this, {text, reactive, ornament: Ornament.NONE});
    }

    setOrnament(ornament) {
        this.ornament = ornament;
    }

    connect(_signal, handler) {
        this.activate = handler;
    }
}

export class PopupSeparatorMenuItem {
}

export class PopupMenuSection {
    items = [];

    addMenuItem(item) {
        this.items.push(item);
    }

    removeAll() {
        this.items = [];
    }
}

class Menu extends PopupMenuSection {
    setHeader() {}

    addAction(text, activate) {
        this.addMenuItem(Object.assign(new PopupMenuItem(text), {activate}));
    }

    connect(_signal, handler) {
        this.opened = handler;
    }

    open() {
        this.opened(this, true);
    }
}

// ---- ui/quickSettings.js

export const QuickMenuToggle = GObject.registerClass({
    Signals: {'clicked': {}, 'destroy': {}},
}, class QuickMenuToggle extends GObject.Object {
    constructor({title}) {
        super();
        Object.assign(this, {title, menu: new Menu(), checked: false, subtitle: null});
    }

    destroy() {
        this.emit('destroy');
    }
});

export class SystemIndicator {
    quickSettingsItems = [];

    destroy() {
        this.destroyed = true;
    }
}

// ---- extensions/extension.js

export class Extension {
}

export const gettext = text => text;

// ---- Shell

export default {AppSystem: {get_default: () => ({lookup_app: id => ({activate: () => opened.push(id)})})}};
