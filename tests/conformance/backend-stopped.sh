#!/bin/sh
# SPDX-License-Identifier: MIT
# coproc-conform sees a coprocessor stop, because what another domain left in it
# cannot be scrubbed (coprocd-unscrubbed), and what is served then.
. tests/conformance/against.sh
inside "$@"
conf "firmware-any = true" "max-run-limit-us = 100000000" "slice-us = 2000"
coprocd() { exec env UNSCRUBBED_WHEN="$tmp/stained" coprocd-unscrubbed -e "$B/libexec" "$@"; }
coprocd_start
guest leaver guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 65536
leaver=$domid
attach "$leaver"

# Asked for by a guest, which cannot: by a file.
cat > "$tmp/provoke" << EOT
#!/bin/sh
[ "\$1" = stop ] && : > "$tmp/wish"
EOT
chmod 755 "$tmp/provoke"
guest conform coproc-conform backend --program "$FW/conform.elf" --patience 60 --provoke "$tmp/provoke" \
	--case device-stopped --case device-paused --case firmware-revoked
attach "$domid"
until_ test -e "$tmp/wish"
is "it asks for a stop" $? 0
: > "$tmp/stained"
coproc-loopback destroy "$leaver"
until_ grep -q event=coprocessor-stopped "$tmp/coprocd.log"
is "the coprocessor stops" $? 0
is "the verdict" "$(guest_rc conform 250)" 0
said() { grep -c "^$1 *$2 " "$tmp/conform.out"; }
is "a device that is stopped" "$(said passed device-stopped)" 1
is "coprocd pauses none" "$(said n/a device-paused)" 1
is "and revokes nothing" "$(said n/a firmware-revoked)" 1
grep -A 1 '^FAILED' "$tmp/conform.out" | sed 's/^/# /'
coprocd_stop
is "coprocd ends when told to" $? 0
done_
