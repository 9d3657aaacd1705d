/** The lines of `ip xfrm` (iproute2, ip/ipxfrm.c) and /proc/net/xfrm_stat (net/xfrm/xfrm_proc.c). */

export const TITLE = /^==> (?:ip xfrm (policy|state)|\/proc\/net\/xfrm_stat) <==\s*$/
/** A policy's or a state's first line. */
export const BLOCK = /^src (\S+) dst (\S+)\s*(.*)$/
export const DETAIL = /^\t(?:dir|socket|proto) /
export const COUNTER = /^(Xfrm\w{1,40})\s+(\d{1,20})\s*$/
