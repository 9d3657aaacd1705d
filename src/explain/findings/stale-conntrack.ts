import type { Hook } from '../../model/hook.ts'
import type { ConntrackEntry, Host } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { entryOpened } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { type Context, type Detected, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { DESTINATION, gives, isNatStatement, SOURCE } from '../counterfactual/rewritten.ts'
import { natFromTheStart } from '../counterfactual/what-if.ts'
import { BRIDGED_UNPLAYED } from '../host/bridges.ts'
import { nameRef, refOf } from '../refs.ts'
import { asItCame } from '../reply/request-reply.ts'
import { keepOutUnplayed } from './bridge-nf-call.ts'
import { beginAnew, endOf } from './nat-came-late.ts'

/** Its connection is older than the rules: where they would send it now, it is not sent. */
export const staleConntrack: Detector = {
  code: 'stale-conntrack',
  detect(context) {
    const { journey, world, evidence } = context
    if (journey.family !== 'ip' && journey.family !== 'ip6') return []
    // then nat-came-late.ts tells
    if (evidence.nat === 'passed') return []
    const packet = asItCame(evidence, world)
    const entry = entryOpened(packet, world)
    const changed = entry && (destinationChanged(context, packet, entry) ?? sourceChanged(context, entry))
    if (!changed) return []
    const { now, goes } = changed
    const before = context.repeats.find(({ isSamePacket }) => isSamePacket)
    if (before) return now.rule ? bridgedBefore(context, before.id, now.rule) : []
    const how = changed.to === undefined ? `it${changed.otherwise}` : `its ${changed.end} to ${changed.to}`
    const would = now.rule ? `${nameRef(now.rule)} would rewrite ${how}` : 'no rule would rewrite it'
    return [
      finding(
        'stale-conntrack',
        'warning',
        `The connection is older than the rules: its conntrack entry ${goes}. For a new connection, ${would}.`,
        {
          steps: [1],
          rules: now.rule ? [now.rule] : [],
          fix: [beginAnew(entry)],
        },
      ),
    ]
  },
}

/** A bridge of this host has passed it on, and had it tracked, before it came to be routed. */
function bridgedBefore(context: Context, journey: string, rule: RuleRef): Detected[] {
  const { family } = context.journey
  const { host } = context.world
  const others = (host.links ?? []).filter((one) => one.kind === 'bridge' && one.name !== lastPacket(context).in)
  const which = others.length === 1 ? `bridge ${others[0]!.name}` : 'a bridge'
  return [
    finding(
      'bridge-nf-call',
      'warning',
      `In journey ${journey}, ${which} forwarded this packet and called the IP chains: conntrack created the entry there, without NAT. The kernel sets up NAT once per connection, so it does not evaluate ${nameRef(rule)}, which would rewrite the packet.`,
      {
        steps: [1],
        rules: [rule],
        fix: [
          ...keepOutUnplayed(
            host,
            family,
            'rules for guests on a bridge, such as those of the Proxmox VE firewall, then no longer apply',
          ),
          {
            description: 'or give that bridge its own conntrack zone: "-t raw -I PREROUTING -i BRIDGE -j CT --zone 1"',
            unverified: BRIDGED_UNPLAYED,
          },
        ],
      },
    ),
  ]
}

interface Changed {
  now: { rule: RuleRef | undefined }
  /** What the entry does. */
  goes: string
  otherwise: string
  end: 'destination' | 'source'
  /** What the rule would write there, where that is known. */
  to: string | undefined
}

/** Undefined: it has not, or that cannot be told. */
function destinationChanged(
  context: Context,
  packet: Packet,
  { original, reply }: ConntrackEntry,
): Changed | undefined {
  const now = rewritingNow(context, packet, packet.in === undefined ? 'output' : 'prerouting', DESTINATION)
  const [address, port] = [reply.src, reply.sport]
  const isNatted = address !== original.dst || port !== original.dport
  // without a rule and without nat nothing has changed
  if (!now || (now.rule ? now.isAt(address, port) : !isNatted)) return undefined
  const goes = isNatted
    ? `rewrites its destination to ${describeEnd(address, port)}`
    : 'leaves its destination as it is'
  return { now, goes, otherwise: isNatted ? ' differently' : '', end: 'destination', to: now.to }
}

/** The same of where it comes from. */
function sourceChanged(context: Context, { original, reply }: ConntrackEntry): Changed | undefined {
  const { outcome } = context.journey
  if (!hasLeft(outcome)) return undefined
  const isNatted = reply.dst !== original.src
  const now = rewritingNow(context, lastPacket(context), 'postrouting', SOURCE)
  // a rule that is there no more has left the connection as it was, and that works; of ports NAT takes what is free
  if (!now?.rule || now.isAt(reply.dst, isNatted ? undefined : reply.dport)) return undefined
  return isNatted
    ? { now, goes: `gives it the source ${reply.dst}`, otherwise: ' differently', end: 'source', to: now.to }
    : { now, goes: 'leaves its source as it is', otherwise: '', end: 'source', to: now.to }
}

/** An interface without an address of its own that could be shown has one of another interface shown (inet_select_addr, ipv6_dev_get_saddr). */
function mayMasqueradeAs(host: Host, { out }: Packet, address: string): boolean {
  const own = linkNamed(host, out)?.addresses
  if (own === undefined || own.some((one) => one.address === address)) return true
  const family = address.includes(':') ? 'ip6' : 'ip'
  const isBare = !own.some((one) => one.family === family && one.scope !== 'link' && one.scope !== 'host')
  return isBare && isLocal(address, host) !== false
}

/** What nat would make of the packet, if it were the first; undefined where that cannot be told. */
function rewritingNow(context: Context, packet: Packet, hook: Hook, verdicts: readonly string[]) {
  const first = { ...packet, ctState: 'new' as const, ctDir: 'original' as const }
  const then = natFromTheStart(context, first, hook)
  if (!then) return undefined
  const { last } = then.walked
  const verdict = last && verdictOf(last.rule).text
  if (!last || !verdict || !verdicts.includes(verdict)) return { rule: undefined, to: undefined, isAt: () => false }
  const to = last.rule.statements.find((one) => one.kind === verdict)
  // a whole network is mapped one to one
  if (!to || !isNatStatement(to) || to.kind === 'netmap') return undefined
  // the address of the way out
  if (to.kind === 'masquerade') {
    return {
      rule: refOf(context, then.table.name, last.chain, last.rule),
      to: undefined,
      isAt: (address: string): boolean => mayMasqueradeAs(context.world.host, packet, address),
    }
  }
  return {
    rule: refOf(context, then.table.name, last.chain, last.rule),
    to: endOf(to),
    isAt: (address: string, port: number | undefined): boolean => gives(to, address, port),
  }
}
