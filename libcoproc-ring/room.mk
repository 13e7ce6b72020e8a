# SPDX-License-Identifier: MIT
# The ring and the messages: freestanding, so that the kernel module and
# bare-metal frontends compile these very files.
COPROC_RING_SRCS := $(addprefix libcoproc-ring/,ring.c queue.c message.c decode.c text.c)

$(eval $(call c_library,coproc-ring,$(COPROC_RING_SRCS)))
