# SPDX-License-Identifier: MIT
# The backend: a library of everything but main(), and coprocd.

BACKEND_SRCS := $(addprefix backend/,bank.c buffer.c config.c context.c control.c coprocessor.c debt.c engine_probe.c inbox.c \
	device.c devices.c firmware.c image.c job.c lane.c log.c objects.c ports.c queue.c running.c session.c tenant.c tie.c trace.c worker.c) \
	$(wildcard backend/sched/*.c)
BACKEND_PKGS := xengnttab xenevtchn xenstore libevent_core libconfuse libsodium

$(eval $(call c_library,coproc-backend,$(BACKEND_SRCS)))
$(eval $(call c_program,coprocd,backend/coprocd.c,coproc-backend coproc-xenstore \
	coproc-schema coproc-ring,$(BACKEND_PKGS)))
$(call objs,$(BACKEND_SRCS)): OBJ_CFLAGS += $(call pkg_cflags,$(BACKEND_PKGS))
$(call objs,backend/coprocd.c): OBJ_CFLAGS += -DCOPROC_SYSCONFDIR='"$(sysconfdir)"' \
	-DCOPROC_LIBEXECDIR='"$(libexecdir)/xen-coproc"'

include $(wildcard backend/engines/room.mk backend/install.mk)
