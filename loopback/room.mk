# SPDX-License-Identifier: MIT
# Xen's library interfaces on plain Linux: coproc-loopback and its libraries.

LB_ABI := $(B)/loopback/lib
LB_ABI_LIBS := $(addprefix $(LB_ABI)/,libxentoolcore.so.1 libxenevtchn.so.1 \
	libxengnttab.so.1 libxenctrl.so.4.17)

# Debian's own programs load these libraries, so they are never built with the
# sanitizers, and their objects stand apart from those that may be.
LB_ABI_CFLAGS = $(filter-out -fsanitize=% -fno-sanitize-recover=%,$(ALL_CFLAGS)) -fvisibility=default
$(B)/loopback/obj/%.o: loopback/lib/%.c $(OBJ_DEPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LB_ABI_CFLAGS) $(LB_ABI_EXTRA) -c -o $@ $<

# Xen's control headers use anonymous structures as GNU C has them.
$(B)/loopback/obj/ctrl.o: LB_ABI_EXTRA := -std=gnu11

# $(1) soname, $(2) sources in loopback/lib, $(3) version script, $(4) libraries
define lb_abi_library
$(LB_ABI)/$(1): $(2:%.c=$(B)/loopback/obj/%.o) loopback/lib/$(3)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -shared -Wl,-soname,$(1) -Wl,--version-script,loopback/lib/$(3) \
		-Wl,-z,defs,-z,relro,-z,now -Wl,--as-needed $$(LDFLAGS) -o $$@ \
		$(2:%.c=$(B)/loopback/obj/%.o) $(4) -lpthread
DEPS += $(2:%.c=$(B)/loopback/obj/%.d)
endef
$(eval $(call lb_abi_library,libxentoolcore.so.1,toolcore.c,toolcore.map,))
$(eval $(call lb_abi_library,libxenevtchn.so.1,evtchn.c client.c,evtchn.map,$(LB_ABI)/libxentoolcore.so.1))
$(eval $(call lb_abi_library,libxengnttab.so.1,gnttab.c gntshr.c gntcopy.c gnthandle.c client.c,gnttab.map,$(LB_ABI)/libxentoolcore.so.1 $(shell pkg-config --libs xentoollog)))
$(eval $(call lb_abi_library,libxenctrl.so.4.17,ctrl.c client.c,ctrl.map,$(LB_ABI)/libxentoolcore.so.1))
$(filter-out %/libxentoolcore.so.1,$(LB_ABI_LIBS)): $(LB_ABI)/libxentoolcore.so.1
ALL += $(LB_ABI_LIBS)

LB_SRCS := $(addprefix loopback/,cli.c cli_domain.c cli_list.c find.c idtab.c launch.c loop.c \
	strings.c) \
	$(addprefix loopback/broker/,conn.c control.c domain.c event.c identity.c main.c \
	mapping.c share.c spawn.c toolstack.c) \
	$(addprefix loopback/domain/,bridge.c bridge_client.c keeper.c xsring.c) \
	$(addprefix loopback/lib/,client.c evtchn.c gnthandle.c gntshr.c toolcore.c)
$(eval $(call c_program,coproc-loopback,$(LB_SRCS),,xentoollog))
$(B)/obj/loopback/find.o: CPPFLAGS += \
	-DCOPROC_LOOPBACK_INSTALLED_LIBDIR='"$(libdir)/coproc-loopback"'

.PHONY: install-loopback
install:: install-loopback
install-loopback:: $(LB_ABI_LIBS) $(B)/bin/coproc-loopback
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(libdir)/coproc-loopback $(DESTDIR)$(mandir)/man1
	$(INSTALL) -m 755 $(B)/bin/coproc-loopback $(DESTDIR)$(bindir)
	$(INSTALL) -m 644 $(LB_ABI_LIBS) $(DESTDIR)$(libdir)/coproc-loopback
	$(INSTALL) -m 644 loopback/coproc-loopback.1 $(DESTDIR)$(mandir)/man1
