/** Causes as they are made for real: what is set up in a lab, and what is then to be found. */

export interface Case {
  cause: string
  /** What is found, in order of the causes; others may be there too. */
  code: string
  severity: 'error' | 'warning' | 'note'
  setup: string
  filter?: string
  /** Put before `sh` in the lab. */
  prefix?: string[]
  /** Of the proposed command. */
  command?: string
  /** A part of its message. */
  says?: string
}

export const TRACE4 = 'iptables-legacy -t raw -I PREROUTING -p tcp --dport 80 -j TRACE'
export const QUIET = '</dev/null >/dev/null 2>&1 &'
/** Waits until the socket is there. */
export const until = (test: string) =>
  `for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do ${test} && break; sleep 0.2; done`
export const LISTENS = until("grep -q ' 00000100 ' /proc/net/netlink")
export const NFT = (rule: string, hook = 'prerouting', priority = -350) =>
  `nft add table inet t; nft 'add chain inet t c { type filter hook ${hook} priority ${priority}; }'; nft add rule inet t c ${rule}`
