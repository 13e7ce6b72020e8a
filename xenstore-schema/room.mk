# SPDX-License-Identifier: MIT
# coproc-schema: pure, also compiled into the kernel module.
# coproc-xenstore: the same over libxenstore.
SCHEMA_SRCS := $(addprefix xenstore-schema/,node.c node-error.c node-format.c node-table.c \
	nodes.c negotiate.c state.c state-table.c)
$(eval $(call c_library,coproc-schema,$(SCHEMA_SRCS)))

XENSTORE_SRCS := $(addprefix xenstore-schema/,xs.c xs-write.c xs-device.c)
$(eval $(call c_library,coproc-xenstore,$(XENSTORE_SRCS)))

# What is made from the tables is in the repository; a stale file stops the
# build with the command that makes it anew.
$(B)/schema.fresh: $(addprefix xenstore-schema/,nodes.tbl states.tbl nodes.awk states.awk \
		generate node-table.h node-table.c nodes.md state-table.c states.md)
	@mkdir -p $(@D)
	$(Q)xenstore-schema/generate --check
	@touch $@
ALL += $(B)/schema.fresh

SCHEMA_TOOL_LIBS := coproc-xenstore coproc-schema
$(eval $(call c_program,coproc-attach,$(addprefix xenstore-schema/tools/,attach.c \
	attach-nodes.c attach-wait.c tool.c),$(SCHEMA_TOOL_LIBS),xenstore))
$(eval $(call c_program,coproc-detach,$(addprefix xenstore-schema/tools/,detach.c tool.c),$(SCHEMA_TOOL_LIBS),xenstore))

.PHONY: install-schema
install:: install-schema
install-schema: $(addprefix $(B)/bin/,coproc-attach coproc-detach) \
		$(addprefix $(B)/lib/lib,coproc-schema.a coproc-xenstore.a)
	$(INSTALL) -d $(DESTDIR)$(sbindir) $(DESTDIR)$(libdir) $(DESTDIR)$(mandir)/man8 \
		$(DESTDIR)$(includedir)/xen-coproc/xenstore-schema $(DESTDIR)$(datadir)/doc/xen-coproc
	$(INSTALL) -m 755 $(B)/bin/coproc-attach $(B)/bin/coproc-detach $(DESTDIR)$(sbindir)
	$(INSTALL) -m 644 $(B)/lib/libcoproc-schema.a $(B)/lib/libcoproc-xenstore.a $(DESTDIR)$(libdir)
	$(INSTALL) -m 644 $(addprefix xenstore-schema/,node.h node-table.h nodes.h negotiate.h state.h xs.h) \
		$(DESTDIR)$(includedir)/xen-coproc/xenstore-schema
	$(INSTALL) -m 644 $(addprefix xenstore-schema/tools/coproc-,attach.8 detach.8) $(DESTDIR)$(mandir)/man8
	$(INSTALL) -m 644 xenstore-schema/nodes.md xenstore-schema/states.md \
		$(DESTDIR)$(datadir)/doc/xen-coproc
