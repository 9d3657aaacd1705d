/** Protocols whose control connection announces another one, which conntrack knows as RELATED only if a helper reads the first. */
import { basesOf } from '../../journey/base-chains.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { listsAll } from '../../rules/bridge-calls.ts'
import { isLocal } from '../../rules/fib.ts'
import { chainsOf } from '../../rules/nft/map.ts'
import { TRACKING } from '../counterfactual/what-if.ts'

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
  /** Rules that assign helpers where that has no effect. */
  tooEarly: readonly Setter[]
  /** Rules that assign helpers to what comes in alone, while this host has begun the connection. */
  incoming: readonly Setter[]
}

export interface Setter {
  table: Table
  chain: Chain
  rule: Rule
  /** Of the last base chain that leads there. */
  priority: number
}

/** The control connection between the packet's two hosts that may have announced it, and that no helper reads. */
export function unreadControl(packet: Packet, world: World): Control | undefined {
  const { src, dst, protocol = '' } = packet
  const possible = HELPERS.filter(({ announces }) => announces.includes(protocol))
  if (src === undefined || dst === undefined || possible.length === 0) return undefined
  for (const entry of controlsOf(world.host.conntrack ?? [])) {
    const helper = possible.find((one) => one.port === entry.original.dport && one.protocol === entry.protocol)
    if (!helper || entry.helper !== undefined || !isBetween(entry, src, dst)) continue
    // the server's own port: it has replied to another one than it was asked from
    if (packet.sport === entry.reply.sport && src === entry.reply.src && helper.protocol === protocol) continue
    // whoever asked by TFTP is answered on the port that it asked from
    if (helper.name === 'tftp' && packet.dport !== entry.original.sport && packet.dport !== entry.reply.dport) continue
    const own = isLocal(entry.original.src, world.host) === true
    if (mayBeAssigned(world, own)) continue
    const all = world.tables.map(setters)
    return {
      ...{ helper, entry, tooEarly: all.flatMap(({ tooEarly }) => tooEarly) },
      incoming: own ? all.flatMap(({ incoming }) => incoming) : [],
    }
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

/**
 * Or that is not known: a rule, or the setting of kernels before 6.0, gives it to such connections. `own`: this host has
 * begun it.
 */
function mayBeAssigned({ tables, host }: World, own: boolean): boolean {
  if (tables.some((table) => setters(table).isEffective || (!own && setters(table).incoming.length > 0))) return true
  const value = host.sysctls?.get(AUTOMATIC)
  if (value !== undefined) return value !== '0'
  return !listsAll(host) || !/^([6-9]|\d\d)\./.test(host.kernel ?? '')
}

const AUTOMATIC = 'net.netfilter.nf_conntrack_helper'

/**
 * nft's statement gives a helper to a connection that has begun (nft_ct_helper_obj_eval, net/netfilter/nft_ct.c): in front
 * of connection tracking a packet has none. iptables' target prepares one there.
 */
const setters = memo(
  (table: Table): { isEffective: boolean; tooEarly: readonly Setter[]; incoming: readonly Setter[] } => {
    const [tooEarly, incoming]: [Setter[], Setter[]] = [[], []]
    let isEffective = false
    const priorities = table.kind === 'nft' ? lastPriorities(table) : undefined
    for (const chain of table.chains.values())
      for (const rule of chain.rules) {
        if (!rule.statements.some((one) => one.kind === 'set' && one.field === 'ct helper')) continue
        const priority = priorities?.get(chain.name)
        if (priority === ONLY_INPUT) incoming.push({ table, chain, rule, priority })
        else if (priorities === undefined || (priority !== undefined && priority > TRACKING)) isEffective = true
        else if (priority !== undefined) tooEarly.push({ table, chain, rule, priority })
      }
    return { isEffective, tooEarly, incoming }
  },
)

/** Where every packet is tracked; and where no packet comes that this host sends. */
const BEHIND = Number.POSITIVE_INFINITY
const ONLY_INPUT = Number.MAX_SAFE_INTEGER

/** Of each chain that a base chain leads to, the latest place at which packets come to it. */
function lastPriorities(table: Table): Map<string, number> {
  const found = new Map<string, number>()
  for (const base of basesOf(table)) {
    const isFirst = base.hook === 'prerouting' || base.hook === 'output'
    const priority =
      base.hook === 'ingress' || base.hook === 'egress'
        ? undefined
        : isFirst
          ? (base.priority ?? 0)
          : base.hook === 'input'
            ? ONLY_INPUT
            : BEHIND
    if (priority === undefined) continue
    const seen = new Set([base.name])
    // grows while it is gone through
    for (const name of seen) {
      found.set(name, Math.max(priority, found.get(name) ?? priority))
      for (const { statements } of table.chains.get(name)?.rules ?? []) {
        for (const next of chainsOf(statements)) seen.add(next)
        // which chains a named map leads to, only its elements tell
        if (statements.some((one) => one.kind === 'vmap' && one.map.set !== ''))
          for (const next of table.chains.keys()) seen.add(next)
      }
    }
  }
  return found
}
