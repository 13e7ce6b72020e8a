# SPDX-License-Identifier: MIT
all:
	@$(MAKE) -f build.mk all
