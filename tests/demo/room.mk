# SPDX-License-Identifier: MIT
$(eval $(call c_test,demo-algo,tests/demo/test-algo.c demo/algo/speech.c demo/algo/edges.c,,))
$(eval $(call c_test,demo-story,tests/demo/test-story.c demo/story.c demo/trace.c,,jansson))

# Not with sanitizers: what it shows is timing, and they have the scenarios.
ifndef SAN
SLOW_SCENARIOS += tests/demo/demo.sh
endif
