# SPDX-License-Identifier: MIT
$(eval $(call c_test,schema-node,tests/schema/test-node.c,coproc-schema,))
$(eval $(call c_test,schema-state,tests/schema/test-state.c,coproc-schema,))
$(eval $(call c_test,schema-walk,tests/schema/test-walk.c,coproc-schema,))
$(eval $(call c_test,schema-sets,tests/schema/test-sets.c,coproc-schema,))
$(eval $(call c_testprog,schema-peer,tests/schema/peer.c,coproc-xenstore coproc-schema,xenstore))
SCENARIOS += tests/schema/made tests/schema/attach
