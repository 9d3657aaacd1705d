/** Protocols whose control connection announces another one, which conntrack knows as RELATED only if a helper reads the first. */
import type { ConntrackEntry } from '../model/host.ts'
import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { listsAll } from './bridges.ts'

export interface Helper {
  name: string
  protocol: 'tcp' | 'udp'
  /** Of the control connection (net/netfilter/nf_conntrack_ftp.c and its like). */
  port: number
  /** Of what is announced. */
  announces: readonly string[]
}

const HELPERS: readonly Helper[] = [
  { name: 'ftp', protocol: 'tcp', port: 21, announces: ['tcp'] },
  { name: 'tftp', protocol: 'udp', port: 69, announces: ['udp'] },
  { name: 'sip', protocol: 'udp', port: 5060, announces: ['udp'] },
  { name: 'sip', protocol: 'tcp', port: 5060, announces: ['udp'] },
  { name: 'irc', protocol: 'tcp', port: 6667, announces: ['tcp'] },
  { name: 'pptp', protocol: 'tcp', port: 1723, announces: ['gre'] },
  { name: 'sane', protocol: 'tcp', port: 6566, announces: ['tcp'] },
  { name: 'amanda', protocol: 'udp', port: 10080, announces: ['tcp'] },
  { name: 'Q.931', protocol: 'tcp', port: 1720, announces: ['tcp', 'udp'] },
]

export interface Control {
  helper: Helper
  entry: ConntrackEntry
}

/** The control connection between the packet's two hosts that may have announced it, and that no helper reads. */
export function unreadControl(packet: Packet, world: World): Control | undefined {
  const { src, dst, protocol = '' } = packet
  const possible = HELPERS.filter(({ announces }) => announces.includes(protocol))
  if (src === undefined || dst === undefined || possible.length === 0) return undefined
  for (const entry of controlsOf(world.host.conntrack ?? [])) {
    const helper = possible.find((one) => one.port === entry.original.dport && one.protocol === entry.protocol)
    if (!helper || entry.helper !== undefined || !isBetween(entry, src, dst)) continue
    // whoever asked by TFTP is answered on the port that it asked from
    if (helper.name === 'tftp' && packet.dport !== entry.original.sport && packet.dport !== entry.reply.dport) continue
    if (!mayBeAssigned(world)) return { helper, entry }
  }
  return undefined
}

/** Each has two addresses where nat has rewritten one. */
function isBetween({ original, reply }: ConntrackEntry, src: string, dst: string): boolean {
  const [clients, servers] = [
    [original.src, reply.dst],
    [original.dst, reply.src],
  ] as const
  return (clients.includes(src) && servers.includes(dst)) || (servers.includes(src) && clients.includes(dst))
}

const PORTS = new Set(HELPERS.map(({ port }) => port))

// there may be millions of entries
const controlsOf = memo((conntrack: readonly ConntrackEntry[]): readonly ConntrackEntry[] =>
  conntrack.filter(({ original }) => original.dport !== undefined && PORTS.has(original.dport)),
)

/** Or that is not known: a rule, or the setting of kernels before 6.0, gives it to such connections. */
function mayBeAssigned({ tables, host }: World): boolean {
  if (tables.some((table) => setsHelper(table))) return true
  const value = host.sysctls?.get(AUTOMATIC)
  if (value !== undefined) return value !== '0'
  return !listsAll(host) || !/^([6-9]|\d\d)\./.test(host.kernel ?? '')
}

const AUTOMATIC = 'net.netfilter.nf_conntrack_helper'

const setsHelper = memo(({ chains }: Table): boolean =>
  [...chains.values()].some(({ rules }) =>
    rules.some(({ statements }) => statements.some((one) => one.kind === 'set' && one.field === 'ct helper')),
  ),
)
