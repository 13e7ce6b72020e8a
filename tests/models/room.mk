# SPDX-License-Identifier: MIT
# Nothing of it is built with sanitizers.
ifndef SAN
SLOW_SCENARIOS += tests/models/models
SCENARIOS += tests/models/steps
endif
