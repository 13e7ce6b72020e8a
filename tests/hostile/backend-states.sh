#!/bin/sh
# SPDX-License-Identifier: MIT
# Threat B6: see backend.sh.
exec tests/hostile/backend.sh states
