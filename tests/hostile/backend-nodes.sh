#!/bin/sh
# SPDX-License-Identifier: MIT
# Threat B8: see backend.sh.
exec tests/hostile/backend.sh nodes
