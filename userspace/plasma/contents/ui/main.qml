// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cast, in the system tray of Plasma: what is cast to, a click that ends it, and one that opens the window, which does
 * all else.
 *
 * Plasma 6.3 tells applets of no signals on the bus. So the daemon is asked now and then, and only while it runs: by
 * that it is neither started nor kept from ending when it has nothing to do.
 *
 * Names come from the network: text, never markup.
 */
import QtQuick
import QtQuick.Layouts

import org.kde.kirigami as Kirigami
import org.kde.plasma.components as PlasmaComponents
import org.kde.plasma.core as PlasmaCore
import org.kde.plasma.plasmoid
import org.kde.plasma.workspace.dbus as DBus

PlasmoidItem {
    id: root

    readonly property string daemon: "org.miracast.Miracast1"
    readonly property string session: daemon + ".Session"
    readonly property string domain: "miracast-cast"
    // {path, name, address, state} of each session, by name: its user's, else the display's.
    property var casts: []
    // Why it cannot be asked.
    property string trouble: ""

    switchWidth: Kirigami.Units.gridUnit * 12
    switchHeight: Kirigami.Units.gridUnit * 8
    toolTipMainText: i18nd(domain, "Cast")
    toolTipSubText: casts.map(cast => cast.name).join("\n")
    toolTipTextFormat: Text.PlainText
    Plasmoid.icon: "org.miracast.Cast-symbolic"
    Plasmoid.status: casts.length ? PlasmaCore.Types.ActiveStatus : PlasmaCore.Types.PassiveStatus

    function describe(cast) {
        switch (cast.state) {
        case "streaming":
            return i18nd(domain, "Casting");
        case "waiting":
            return i18nd(domain, "Lost; it comes back by itself");
        case "asking":
            // By which who has called is known: another one can have been given its alias, and no address but its own.
            return cast.address === cast.name ? i18nd(domain, "Asks to show your screen") :
                i18nd(domain, "%s asks to show your screen").replace("%s", () => cast.address);
        case "ending":
            return i18nd(domain, "Disconnecting");
        default:
            return i18nd(domain, "Connecting");
        }
    }

    function call(bus, service, path, iface, member, signature, values, done) {
        // What is given is made a DBus.dbusMessage by the call; "as" would do that, too, and is deprecated with Qt 6.8.
        const reply = bus.asyncCall({
            "service": service,
            "path": path,
            "iface": iface,
            "member": member,
            "signature": signature,
            "arguments": values
        });

        reply.finished.connect(() => done(reply));
    }

    // The daemon, by the name of its connection: by its own the bus would start it again when it has just ended, of which
    // the watcher hears later.
    function ask(path, iface, member, done) {
        call(DBus.SystemBus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "(s)", [daemon],
             owner => {
            if (!owner.isError)
                call(DBus.SystemBus, String(owner.value), path, iface, member, "", [], done);
        });
    }

    function look() {
        if (!watcher.registered) {
            casts = [];
            trouble = "";
            return;
        }
        ask("/org/miracast/Miracast1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", reply => {
            trouble = reply.isError ? String(reply.error.message) : "";
            casts = reply.isError || !watcher.registered ? [] : sessionsIn(reply.value);
        });
    }

    function sessionsIn(objects) {
        const aliases = new Map();
        const found = [];

        for (const path in objects) {
            const display = objects[path][daemon + ".Display"];
            if (display && String(display.Alias))
                Array.from(display.Ids).forEach(id => aliases.set(String(id), String(display.Alias)));
        }
        for (const path in objects) {
            const values = objects[path][session];
            if (values && String(values.State) !== "gone")
                found.push({path: path, name: aliases.get(String(values.SinkId)) || String(values.SinkName) || String(values.SinkId),
                            address: String(values.SinkId), state: String(values.State)});
        }
        return found.sort((a, b) => a.name.localeCompare(b.name));
    }

    function disconnectFrom(path) {
        ask(path, session, "Disconnect", reply => {
            if (reply.isError)
                trouble = String(reply.error.message);
            else
                look();
        });
    }

    function openWindow() {
        call(DBus.SessionBus, "org.miracast.Cast", "/org/miracast/Cast", "org.freedesktop.Application", "Activate", "(a{sv})",
             [{}], reply => {
            if (reply.isError)
                trouble = String(reply.error.message);
        });
    }

    DBus.DBusServiceWatcher {
        id: watcher
        busType: DBus.BusType.System
        watchedService: root.daemon
        onRegisteredChanged: root.look()
    }

    Timer {
        interval: root.expanded ? 1000 : 4000
        repeat: true
        triggeredOnStart: true
        running: watcher.registered
        onTriggered: root.look()
    }

    // Plasma 6.3 asks what it is given for its size while a row goes, and a layout then looks at the row that has gone: so died
    // Plasma's shell when a cast ended. What it is given has a size of its own.
    fullRepresentation: Item {
        Layout.minimumWidth: Kirigami.Units.gridUnit * 12
        Layout.minimumHeight: Kirigami.Units.gridUnit * 8
        Layout.preferredWidth: Kirigami.Units.gridUnit * 18
        Layout.preferredHeight: Kirigami.Units.gridUnit * 18

        ColumnLayout {
            anchors.fill: parent

            Repeater {
                model: root.casts

                delegate: RowLayout {
                    id: row
                    required property var modelData
                    Layout.margins: Kirigami.Units.smallSpacing

                    ColumnLayout {
                        spacing: 0

                        PlasmaComponents.Label {
                            Layout.fillWidth: true
                            text: row.modelData.name
                            textFormat: Text.PlainText
                            elide: Text.ElideRight
                        }
                        PlasmaComponents.Label {
                            Layout.fillWidth: true
                            text: root.describe(row.modelData)
                            textFormat: Text.PlainText
                            opacity: 0.7
                        }
                    }
                    PlasmaComponents.Button {
                        readonly property bool asks: row.modelData.state === "asking"
                        text: asks ? i18nd(root.domain, "Refuse") : i18nd(root.domain, "Disconnect")
                        Accessible.name: (asks ? i18nd(root.domain, "Refuse %s") : i18nd(root.domain, "Disconnect %s"))
                            .replace("%s", () => row.modelData.name)
                        enabled: row.modelData.state !== "ending"
                        onClicked: root.disconnectFrom(row.modelData.path)
                    }
                }
            }
            // Casts stay at the top, the button at the bottom.
            Item {
                Layout.fillHeight: true
                visible: !words.visible
            }
            PlasmaComponents.Label {
                id: words
                Layout.fillWidth: true
                Layout.fillHeight: true
                visible: text !== ""
                horizontalAlignment: Text.AlignHCenter
                verticalAlignment: Text.AlignVCenter
                text: root.trouble || (root.casts.length ? "" : i18nd(root.domain, "Nothing is cast"))
                textFormat: Text.PlainText
                wrapMode: Text.Wrap
            }
            PlasmaComponents.Button {
                Layout.alignment: Qt.AlignHCenter
                Layout.margins: Kirigami.Units.smallSpacing
                text: i18nd(root.domain, "Open Cast")
                onClicked: root.openWindow()
            }
        }
    }
}
