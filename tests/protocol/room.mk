# SPDX-License-Identifier: MIT
SCENARIOS += tests/protocol/header
