# SPDX-License-Identifier: MIT
# The demo: two guests share one core.  `make run-demo` runs it.

DEMO_ALGO := demo/algo/speech.c demo/algo/edges.c

# -Os: with -O2 the compiler unrolls the picture's loops until the registers
# do not do; -Os takes a quarter fewer instructions here.
$(eval $(call fw_program,demo-speech,demo/firmware/speech.c demo/algo/speech.c))
$(eval $(call fw_program,demo-edges,demo/firmware/edges.c demo/algo/edges.c))
$(B)/firmware/demo-%.elf: FW_CFLAGS := -Os -g -I.
$(B)/firmware/demo-speech.elf: demo/algo/speech.h
$(B)/firmware/demo-edges.elf: demo/algo/edges.h demo/tile.h

DEMO_GUEST_PKGS := $(COPROC_PKGS) jansson

$(eval $(call c_link,$(B)/demo/guest-audio,demo/guest-audio.c demo/guest.c demo/wav.c,\
	coproc,$(DEMO_GUEST_PKGS)))
$(eval $(call c_link,$(B)/demo/guest-photo,demo/guest-photo.c demo/guest.c demo/picture.c,\
	coproc,$(DEMO_GUEST_PKGS) libjpeg libpng))

# What looks at the results: linked without the library on purpose.
$(eval $(call c_link,$(B)/demo/check,demo/check.c demo/check-records.c demo/wav.c \
	demo/picture.c $(DEMO_ALGO),,jansson libjpeg libpng))

DEMO_STORY := demo/story.c demo/trace.c
$(eval $(call c_link,$(B)/demo/live,demo/live.c $(DEMO_STORY),,jansson))
$(eval $(call c_link,$(B)/demo/report,demo/report.c $(DEMO_STORY),,jansson))
$(eval $(call c_link,$(B)/demo/trace-perfetto,demo/trace-perfetto.c $(DEMO_STORY),,jansson))
$(eval $(call c_link,$(B)/demo/timeline,demo/timeline.c $(DEMO_STORY),,jansson))
$(B)/obj/demo/timeline.o: demo/timeline.html

.PHONY: run-demo
run-demo: all
	@B=$(B) demo/run
