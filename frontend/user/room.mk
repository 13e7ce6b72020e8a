# SPDX-License-Identifier: MIT
# libcoproc, shared and static, and coproc-run.
COPROC_SRCS := $(addprefix frontend/user/,device.c connect.c store.c link.c pump.c control.c \
	object.c buffer.c firmware.c context.c queue.c job.c done.c again.c event.c pages.c text.c)
COPROC_PKGS := xengnttab xenevtchn xenstore libsodium

# The archive holds all of our own code that it needs, so that a program links
# one library, however it links.
COPROC_ALL_SRCS := $(COPROC_SRCS) $(COPROC_RING_SRCS) $(SCHEMA_SRCS) $(XENSTORE_SRCS)
$(eval $(call c_library,coproc,$(COPROC_ALL_SRCS)))

COPROC_SO := libcoproc.so.0
COPROC_SO_FILE := libcoproc.so.$(VERSION)
$(B)/lib/$(COPROC_SO_FILE): $(call objs,$(COPROC_ALL_SRCS)) frontend/user/libcoproc.map
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,$(COPROC_SO) \
		-Wl,--version-script=frontend/user/libcoproc.map -Wl,-z,defs -o $@ \
		$(call objs,$(COPROC_ALL_SRCS)) $(call pkg_libs,$(COPROC_PKGS))
	$(Q)ln -sf $(@F) $(B)/lib/$(COPROC_SO) && ln -sf $(COPROC_SO) $(B)/lib/libcoproc.so
ALL += $(B)/lib/$(COPROC_SO_FILE)

COPROC_RUN_PARTS := $(addprefix frontend/user/,run-options.c run-plan.c run-input.c run-report.c)
$(eval $(call c_program,coproc-run,frontend/user/coproc-run.c $(COPROC_RUN_PARTS),coproc,\
	$(COPROC_PKGS) jansson))

.PHONY: install-frontend-user
install:: install-frontend-user
install-frontend-user: $(B)/lib/$(COPROC_SO_FILE) $(B)/lib/libcoproc.a $(B)/bin/coproc-run
	$(INSTALL) -d $(DESTDIR)$(libdir)/pkgconfig $(DESTDIR)$(includedir)/coproc \
		$(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1
	$(INSTALL) -m 755 $(B)/bin/coproc-run $(DESTDIR)$(bindir)/
	$(INSTALL) -m 644 frontend/user/coproc-run.1 $(DESTDIR)$(mandir)/man1/
	$(INSTALL) -m 755 $(B)/lib/$(COPROC_SO_FILE) $(DESTDIR)$(libdir)/
	ln -sf $(COPROC_SO_FILE) $(DESTDIR)$(libdir)/$(COPROC_SO)
	ln -sf $(COPROC_SO) $(DESTDIR)$(libdir)/libcoproc.so
	$(INSTALL) -m 644 $(B)/lib/libcoproc.a $(DESTDIR)$(libdir)/
	sed -e 's|@prefix@|$(prefix)|' -e 's|@libdir@|$(libdir)|' \
		-e 's|@includedir@|$(includedir)|' -e 's|@version@|$(VERSION)|' \
		frontend/user/coproc.pc.in > $(DESTDIR)$(libdir)/pkgconfig/coproc.pc
	chmod 644 $(DESTDIR)$(libdir)/pkgconfig/coproc.pc
	$(INSTALL) -m 644 protocol/coprocif.h $(DESTDIR)$(includedir)/coproc/
	sed 's|"protocol/coprocif.h"|<coproc/coprocif.h>|' frontend/user/coproc.h \
		> $(DESTDIR)$(includedir)/coproc/coproc.h
	chmod 644 $(DESTDIR)$(includedir)/coproc/coproc.h
