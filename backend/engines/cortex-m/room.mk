# SPDX-License-Identifier: MIT
# The Cortex-M engine, and how firmware for it is built:
#
#   $(eval $(call fw_program,NAME,SRCS))            $(B)/firmware/NAME.elf
#
# SRCS are C or assembler sources, from the top of the tree.
CORTEX_M := backend/engines/cortex-m
CORTEX_M_PARTS := $(addprefix $(CORTEX_M)/,cortex_m.c core.c slice.c window.c image.c count.c stores.c console.c)

$(eval $(call c_helper,coproc-engine-cortex-m,$(CORTEX_M_PARTS),$(ENGINE_LIBS),\
	$(ENGINE_PKGS) unicorn))

FW_CC ?= arm-none-eabi-gcc
FW_CFLAGS ?= -O2 -g
FW_ARCH := -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16
FW_DIR := $(CORTEX_M)/firmware

# One compilation per image: they are small, and no object is shared.
# -fno-tree-loop-distribute-patterns: start.c must not become calls of memcpy
# and memset before the memory that those may need is there.
define fw_program
$(B)/firmware/$(1).elf: $(2) $(FW_DIR)/start.c $(FW_DIR)/coproc_fw.h $(FW_DIR)/abi.h $(FW_DIR)/coproc-m4.ld $(OBJ_DEPS)
	$$(call say,FW,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(FW_CC) $$(FW_ARCH) $$(FW_CFLAGS) -std=c11 -Wall -Wextra -Wno-unused-parameter -ffreestanding -fno-math-errno \
		-fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections \
		-I$(FW_DIR) -nostartfiles -T $(FW_DIR)/coproc-m4.ld -Wl,--gc-sections \
		-o $$@ $(2) $(FW_DIR)/start.c
ALL += $(B)/firmware/$(1).elf
endef

install-cortex-m:
	$(INSTALL) -d $(DESTDIR)$(datadir)/xen-coproc/cortex-m
	$(INSTALL) -m 644 $(addprefix $(FW_DIR)/,abi.h coproc_fw.h start.c coproc-m4.ld) \
		$(DESTDIR)$(datadir)/xen-coproc/cortex-m/
install:: install-cortex-m
.PHONY: install-cortex-m
