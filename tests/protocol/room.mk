# SPDX-License-Identifier: MIT
SLOW_SCENARIOS += tests/protocol/header
