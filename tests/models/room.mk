# SPDX-License-Identifier: MIT
# Nothing of it is built with sanitizers.
ifndef SAN
SLOW_SCENARIOS += tests/models/ring tests/models/connection tests/models/job
SCENARIOS += tests/models/steps
endif
