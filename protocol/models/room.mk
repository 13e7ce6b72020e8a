# SPDX-License-Identifier: MIT
.PHONY: run-model
run-model:
	@B=$(B) protocol/models/run
