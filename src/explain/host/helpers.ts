/** Protocols whose control connection announces another one, which conntrack knows as RELATED only if a helper reads the first. */
import { basesOf } from '../../journey/base-chains.ts'
import type { Hook } from '../../model/hook.ts'
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
  /** Rules that assign helpers where no packet of whoever began the connection comes. */
  elsewhere: readonly Setter[]
}

export interface Setter {
  table: Table
  chain: Chain
  rule: Rule
  /** Of the last base chain that leads there. */
  priority: number
  hook: Hook
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
    const all = world.tables.map((table) => setters(table)[begunBy(own)])
    return {
      ...{ helper, entry, tooEarly: all.flatMap(({ tooEarly }) => tooEarly) },
      elsewhere: all.flatMap(({ elsewhere }) => elsewhere),
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
  if (tables.some((table) => setters(table)[begunBy(own)].isEffective)) return true
  const value = host.sysctls?.get(AUTOMATIC)
  if (value !== undefined) return value !== '0'
  return !listsAll(host) || !/^([6-9]|\d\d)\./.test(host.kernel ?? '')
}

const AUTOMATIC = 'net.netfilter.nf_conntrack_helper'

const begunBy = (own: boolean) => (own ? 'thisHost' : 'others')

interface Setters {
  isEffective: boolean
  tooEarly: readonly Setter[]
  elsewhere: readonly Setter[]
}

/** A connection is given its helper by its first packet alone: where that comes goes by who sends it. */
const HOOKS = {
  thisHost: ['output', 'postrouting'],
  others: ['prerouting', 'input', 'forward', 'postrouting'],
} as const satisfies Record<ReturnType<typeof begunBy>, readonly Hook[]>

const setters = memo((table: Table) => {
  const places = placesOf(table)
  return { thisHost: settersFor(table, places, HOOKS.thisHost), others: settersFor(table, places, HOOKS.others) }
})

/**
 * nft's statement gives a helper to a connection that has begun (nft_ct_helper_obj_eval, net/netfilter/nft_ct.c): in front
 * of connection tracking a packet has none. iptables' target prepares one there.
 */
function settersFor(table: Table, places: Places, hooks: readonly Hook[]): Setters {
  const [tooEarly, elsewhere]: [Setter[], Setter[]] = [[], []]
  let isEffective = false
  for (const chain of table.chains.values())
    for (const rule of chain.rules) {
      if (!rule.statements.some((one) => one.kind === 'set' && one.field === 'ct helper')) continue
      const all = places.get(chain.name) ?? []
      const come = all.filter(({ hook }) => hooks.includes(hook))
      const [last] = (come.length > 0 ? come : all).toSorted((a, b) => b.priority - a.priority)
      if (!last) continue
      if (come.length === 0) elsewhere.push({ table, chain, rule, ...last })
      else if (table.kind !== 'nft' || last.priority > TRACKING) isEffective = true
      else tooEarly.push({ table, chain, rule, ...last })
    }
  return { isEffective, tooEarly, elsewhere }
}

/** Behind these hooks every packet is tracked, whatever the priority. */
const BEHIND = Number.POSITIVE_INFINITY

type Places = ReadonlyMap<string, readonly Pick<Setter, 'hook' | 'priority'>[]>

/** From which hooks, and how late there, packets come to each chain. */
function placesOf(table: Table): Places {
  const found = new Map<string, Pick<Setter, 'hook' | 'priority'>[]>()
  for (const { name: base, hook, priority = 0 } of basesOf(table)) {
    if (hook === undefined || hook === 'ingress' || hook === 'egress') continue
    const isFirst = hook === 'prerouting' || hook === 'output'
    const place = { hook, priority: isFirst ? priority : BEHIND }
    const seen = new Set([base])
    // grows while it is gone through
    for (const name of seen) {
      const known = found.get(name)
      if (known) known.push(place)
      else found.set(name, [place])
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
