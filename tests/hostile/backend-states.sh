#!/bin/sh
# SPDX-License-Identifier: MIT
# Threats B6, and B8 when it returns: see backend.sh.
exec tests/hostile/backend.sh states less
