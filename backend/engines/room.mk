# SPDX-License-Identifier: MIT
# Engines: the harness that every worker process is made with, and the engines.
ENGINES := backend/engines

$(eval $(call c_library,coproc-engine,$(addprefix $(ENGINES)/harness/,\
	main.c options.c channel.c log.c grants.c objects.c jobs.c memory.c \
	sandbox.c namespaces.c filter.c)))

# What an engine links besides its own needs.
ENGINE_LIBS := coproc-engine
ENGINE_PKGS := xengnttab xentoolcore libseccomp

$(eval $(call c_helper,coproc-engine-null,$(ENGINES)/null/null.c,$(ENGINE_LIBS),$(ENGINE_PKGS)))

include $(wildcard $(ENGINES)/*/room.mk)

install-engines:
	$(INSTALL) -d $(DESTDIR)$(libexecdir)/xen-coproc
	$(INSTALL) -m 755 $(addprefix $(B)/libexec/,coproc-engine-null coproc-engine-cortex-m) \
		$(DESTDIR)$(libexecdir)/xen-coproc/
install:: install-engines
.PHONY: install-engines
