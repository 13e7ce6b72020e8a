# SPDX-License-Identifier: MIT
# The backend installed.  Engines install themselves.
unitdir ?= $(prefix)/lib/systemd/system

install:: install-backend
.PHONY: install-backend
install-backend: $(B)/bin/coprocd
	$(INSTALL) -d $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man8 \
		$(DESTDIR)$(sysconfdir)/xen-coproc $(DESTDIR)$(unitdir)
	$(INSTALL) -m 755 $(B)/bin/coprocd $(DESTDIR)$(sbindir)
	sed 's|/etc/xen-coproc|$(sysconfdir)/xen-coproc|' backend/coprocd.8 \
		> $(DESTDIR)$(mandir)/man8/coprocd.8
	chmod 644 $(DESTDIR)$(mandir)/man8/coprocd.8
	$(INSTALL) -m 644 backend/coprocd.conf.5 $(DESTDIR)$(mandir)/man5
	sed 's|/usr/local/libexec|$(libexecdir)|' backend/coprocd.conf.example \
		> $(DESTDIR)$(sysconfdir)/xen-coproc/coprocd.conf.example
	chmod 644 $(DESTDIR)$(sysconfdir)/xen-coproc/coprocd.conf.example
	sed -e 's|@sbindir@|$(sbindir)|g' -e 's|@sysconfdir@|$(sysconfdir)|g' \
		backend/coprocd.service.in > $(DESTDIR)$(unitdir)/coprocd.service
	chmod 644 $(DESTDIR)$(unitdir)/coprocd.service
