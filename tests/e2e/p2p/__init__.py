# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Wi-Fi P2P link with real wpa_supplicants on simulated radios, a folder for each scenario: see README.md."""
