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
