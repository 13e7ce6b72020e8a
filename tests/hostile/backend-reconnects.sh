#!/bin/sh
# SPDX-License-Identifier: MIT
# Threat B7: see backend.sh.
exec tests/hostile/backend.sh reconnects
