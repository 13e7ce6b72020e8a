# SPDX-License-Identifier: MIT
$(eval $(call c_test,ring,tests/ring/test_ring.c,coproc-ring,))
$(eval $(call c_test,ring-queue,tests/ring/test_queue.c,coproc-ring,))
$(eval $(call c_test,ring-queue-lies,tests/ring/test_queue_lies.c,coproc-ring,))
$(eval $(call c_test,ring-request,tests/ring/test_request.c,coproc-ring,))
$(eval $(call c_test,ring-usual,tests/ring/test_usual.c libcoproc-ring/decode_control.c libcoproc-ring/message.c libcoproc-ring/text.c,))
$(eval $(call c_test,ring-message,tests/ring/test_message.c,coproc-ring,))
$(eval $(call c_test,ring-swap,tests/ring/test_swap.c,,))
$(eval $(call c_test,ring-stress,tests/ring/test_stress.c,coproc-ring,))
$(eval $(call c_testprog,ring-count,tests/ring/count.c,coproc-ring,))
SCENARIOS += tests/ring/instructions
ifndef SAN
SLOW_SCENARIOS += tests/ring/order tests/ring/steps
endif
