# SPDX-License-Identifier: MIT
# The wire protocol's layout: stated once in layout.tbl, held against
# coprocif.h by the compiler and against the committed files by cmp.
LAYOUT_AWK := awk -f protocol/layout.awk
LAYOUT_MADE := protocol/layout.md protocol/coprocif-layout.h

.PHONY: layout
layout:
	$(LAYOUT_AWK) -v out=md protocol/layout.tbl > protocol/layout.md
	$(LAYOUT_AWK) -v out=h protocol/layout.tbl > protocol/coprocif-layout.h

# In this order, so that the message names the cause: a table that contradicts
# itself, committed files that are older than it, a header that differs.
$(B)/protocol/layout.ok: protocol/layout.tbl protocol/layout.awk protocol/coprocif.h $(LAYOUT_MADE)
	$(call say,LAYOUT,protocol/layout.tbl)
	@mkdir -p $(@D)
	$(Q)$(LAYOUT_AWK) -v out=check protocol/layout.tbl protocol/coprocif.h
	$(Q)$(LAYOUT_AWK) -v out=md protocol/layout.tbl > $(@D)/layout.md
	$(Q)$(LAYOUT_AWK) -v out=h protocol/layout.tbl > $(@D)/coprocif-layout.h
	$(Q)for made in $(LAYOUT_MADE); do \
		cmp -s $$made $(@D)/$${made##*/} || { \
			echo "$$made is not what layout.tbl makes of it; run: make -f build.mk layout" >&2; \
			exit 1; }; \
	done
	$(Q)$(CC) -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c protocol/coprocif-layout.h || { \
		echo "coprocif.h and layout.tbl disagree; correct one, then run: make -f build.mk layout" >&2; \
		exit 1; }
	@touch $@

ALL += $(B)/protocol/layout.ok

.PHONY: install-protocol
install:: install-protocol
install-protocol:
	$(INSTALL) -d $(DESTDIR)$(datadir)/doc/xen-coproc/vectors
	$(INSTALL) -m 644 protocol/coprocif.md protocol/layout.md protocol/writing-a-frontend.md \
		$(DESTDIR)$(datadir)/doc/xen-coproc/
	$(INSTALL) -m 644 protocol/vectors/* $(DESTDIR)$(datadir)/doc/xen-coproc/vectors/
