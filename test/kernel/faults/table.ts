/** Rules that faults are put into: a table of iptables', or one of nft's, whose name is then `inet filter`. */

export interface Table {
  name: string
  chains: Chain[]
  /** nft's. */
  sets?: NamedSet[]
}

export interface Chain {
  name: string
  /** Base chains only. */
  policy?: 'ACCEPT' | 'DROP'
  /** Of nft's base chains: `type filter hook input priority 0`. */
  base?: string
  rules: string[]
}

/** `define`: `type ipv4_addr; flags interval;`. */
export interface NamedSet {
  kind: 'set' | 'map'
  name: string
  define: string
  elements: string[]
}
