# SPDX-License-Identifier: MIT
# The ring and the messages: freestanding, so that the kernel module and
# bare-metal frontends compile these very files.
COPROC_RING_SRCS := $(addprefix libcoproc-ring/,ring.c queue.c message.c decode.c decode_control.c text.c)

$(eval $(call c_library,coproc-ring,$(COPROC_RING_SRCS)))

# For who builds another side on the same ring: with the wire header it needs,
# under the paths by which the sources include each other.
.PHONY: install-ring
install:: install-ring
install-ring:
	$(INSTALL) -d $(DESTDIR)$(libdir) $(DESTDIR)$(includedir)/xen-coproc/libcoproc-ring \
		$(DESTDIR)$(includedir)/xen-coproc/protocol
	$(INSTALL) -m 644 $(B)/lib/libcoproc-ring.a $(DESTDIR)$(libdir)/
	$(INSTALL) -m 644 $(addprefix libcoproc-ring/,port.h ring.h message.h queue.h) \
		$(DESTDIR)$(includedir)/xen-coproc/libcoproc-ring/
	$(INSTALL) -m 644 protocol/coprocif.h $(DESTDIR)$(includedir)/xen-coproc/protocol/
