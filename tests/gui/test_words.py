#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_words.py TREE [unittest's options]

What miracast-cast says, in every language of userspace/gui/po/LINGUAS: nothing is left in English, and what is
installed beside it fits together.
"""
from __future__ import annotations

import ast
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

TOP = pathlib.Path(sys.argv.pop(1))
GUI = TOP / "userspace/gui"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def lines(path: pathlib.Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def keywords() -> list[str]:
    """As the catalogue itself is made."""
    return re.findall(r"'(--keyword=[^']+)'", (GUI / "po/meson.build").read_text(encoding="utf-8"))


def template() -> str:
    return subprocess.run(["xgettext", "--from-code=UTF-8", "--no-location", "-o", "-", *keywords(), *lines(GUI / "po/POTFILES")],
                          cwd=TOP, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def words(catalogue: str) -> dict[str, str]:
    """msgid -> msgstr"""
    found = {}
    for block in catalogue.split("\n\n"):
        parts = {}
        for key in ("msgid", "msgstr"):
            if match := re.search(rf'^{key} ((?:".*"\n?)+)', block, re.M):
                parts[key] = "".join(ast.literal_eval(line) for line in match[1].splitlines())
        if parts.get("msgid") and "#, fuzzy" not in block:
            found[parts["msgid"]] = parts["msgstr"]
    return found


class Words(unittest.TestCase):
    def test_all_is_translated(self):
        wanted = set(words(template()))
        self.assertGreater(len(wanted), 100)
        for language in lines(GUI / "po/LINGUAS"):
            known = words((GUI / f"po/{language}.po").read_text(encoding="utf-8"))
            self.assertEqual(sorted(wanted - {text for text, other in known.items() if other}), [], language)
            self.assertEqual(sorted(set(known) - wanted), [], f"{language}: nobody says that any more")

    def test_formats(self):
        """A %s more or less would end the program, or worse."""
        with tempfile.NamedTemporaryFile() as out:
            for language in lines(GUI / "po/LINGUAS"):
                subprocess.run(["msgfmt", "--check-format", "-o", out.name, GUI / f"po/{language}.po"], check=True)

    def test_formats_without_a_flag(self):
        """Who translates may forget to say that it is one: that is known of what is translated."""
        with tempfile.NamedTemporaryFile("w", suffix=".pot", encoding="utf-8") as made:
            made.write(template())
            made.flush()
            for language in lines(GUI / "po/LINGUAS"):
                merged = subprocess.run(["msgmerge", "--quiet", "--no-fuzzy-matching", "-o", "-", GUI / f"po/{language}.po",
                                         made.name], check=True, stdout=subprocess.PIPE, text=True).stdout
                self.assertEqual(re.findall(r"^#, fuzzy.*\nmsgid (.*)", merged, re.M), [], language)

    def test_hints(self):
        """What the daemon says is to be done next is found by who makes the catalogue."""
        found = words(template())
        for path in ("broker/reason.h", "channel/channel.h"):
            text = re.sub(r"\\\n", "", (TOP / "userspace" / path).read_text(encoding="utf-8"))
            hints = re.findall(r'\bR\([A-Z0-9_]+,\s*"[a-z0-9-]+",(?:\s*[A-Z_0-9]+,)+\s*"((?:[^"\\]|\\.)+)"\)', text)
            self.assertGreater(len(hints), 15)
            for hint in hints:
                self.assertIn(ast.literal_eval(f'"{hint}"'), found)

    def test_metainfo(self):
        root = ET.parse(GUI / "org.miracast.Cast.metainfo.xml").getroot()
        desktop = (GUI / "org.miracast.Cast.desktop.in").read_text(encoding="utf-8")
        self.assertEqual(root.findtext("launchable"), "org.miracast.Cast.desktop")
        self.assertIn(f"Exec={root.findtext('provides/binary')}\n", desktop)
        icon = re.search(r"^Icon=(.*)$", desktop, re.M)[1]
        for name in (f"{icon}.svg", f"{icon}-symbolic.svg"):
            ET.parse(GUI / name)
        for language in lines(GUI / "po/LINGUAS"):
            for what in ("name", "summary", "description/p"):
                texts = root.findall(what)
                self.assertEqual(len([text for text in texts if LANG not in text.attrib]),
                                 len([text for text in texts if text.get(LANG) == language]), f"{what} in {language}")

    def test_applet(self):
        """Of Plasma: what it reads and calls is what is installed."""
        applet = TOP / "userspace/plasma"
        plugin = json.loads((applet / "metadata.json").read_text(encoding="utf-8"))["KPlugin"]
        built = (applet / "meson.build").read_text(encoding="utf-8")
        self.assertIn(f"'plasma/plasmoids/{plugin['Id']}'", built)
        for path in ("metadata.json", "contents/ui/main.qml"):
            self.assertIn(f"'{path}'", built)
        for language in lines(GUI / "po/LINGUAS"):
            self.assertTrue(plugin[f"Name[{language}]"] and plugin[f"Description[{language}]"])
        source = (applet / "contents/ui/main.qml").read_text(encoding="utf-8")
        self.assertEqual(re.findall(r'domain: "(.*)"', source), ["miracast-cast"])
        name, = re.findall(r"^Name=(.*)$", (GUI / "org.miracast.Cast.service.in").read_text(encoding="utf-8"), re.M)
        self.assertIn(f'"{name}", "/{name.replace(".", "/")}"', source)
        self.assertIn(f'#define APP_ID "{name}"', (GUI / "cast-main.c").read_text(encoding="utf-8"))
        # Names are no markup.
        self.assertEqual(source.count("PlasmaComponents.Label {"), source.count("textFormat: Text.PlainText"))


if __name__ == "__main__":
    unittest.main()
