import { lacksLines } from '../../journey/gaps.ts'
import type { ConntrackEdit } from '../../model/edit.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import type { Nat } from '../../model/statement.ts'
import { entryOpened } from '../../rules/conntrack/entries.ts'
import { canonicalPrefix } from '../../rules/prefixes.ts'
import { NOT_TRIED, type Proposal } from '../changes/proposal.ts'
import { type Detector, describeEnd, finding } from '../context.ts'
import { withoutEffect } from '../counterfactual/rewritten.ts'
import { nameRef } from '../refs.ts'

/** Its connection began before there was any nat: rules of nat match its packets, and nothing is rewritten. */
export const natCameLate: Detector = {
  code: 'stale-conntrack',
  detect(context) {
    const { family, packet } = context.journey
    if ((family !== 'ip' && family !== 'ip6') || context.evidence.nat !== 'passed') return []
    // the line that would show it rewritten may be missing
    if (lacksLines(context.evidence)) return []
    const rule = withoutEffect(context)
    if (!rule) return []
    const { src, dst, sport, dport, protocol } = packet
    const { conntrack } = context.world.host
    const entry = entryOpened(packet, context.world)
    if (src === undefined || dst === undefined || protocol === undefined) return []
    const original = { src, dst, ...(sport === undefined ? {} : { sport }), ...(dport === undefined ? {} : { dport }) }
    const to = endOf(rule.to)
    const there = to === undefined ? '' : ` to ${to}`
    return [
      finding(
        'stale-conntrack',
        'warning',
        `The connection is older than ${nameRef(rule.ref)}, which would rewrite its ${rule.end}${there}. The kernel sets up NAT for new connections only, and conntrack already had an entry.`,
        {
          steps: [rule.step + 1],
          rules: [rule.ref],
          fix: conntrack && !entry ? [] : [beginAnew(entry ?? { family, protocol, original })],
        },
      ),
    ]
  },
}

/** The connection's next packet is a first one. */
export const beginAnew = (entry: Pick<ConntrackEntry, 'family' | 'protocol' | 'original'>): Proposal => ({
  description: 'delete the entry, so that nat is evaluated again',
  edits: [deletion(entry)],
  unverified: NOT_TRIED,
  note: OPENED.has(entry.protocol)
    ? `an open ${entry.protocol.toUpperCase()} connection breaks`
    : 'no undo needed: the next packet creates a new entry',
})

/** Protocols whose connections live at both ends: what comes from another address is not theirs. */
const OPENED: ReadonlySet<string> = new Set(['tcp', 'sctp', 'dccp'])

/** The one end that it writes; undefined: any of several, or it is looked up. */
export function endOf({ addresses, ports, map }: Nat): string | undefined {
  const [address, last] = addresses ?? []
  if (map || address === undefined || address !== last) return undefined
  // of several ports any is taken
  return describeEnd(address, ports?.[0] === ports?.[1] ? ports?.[0] : undefined)
}

function deletion({
  family,
  protocol,
  original,
}: Pick<ConntrackEntry, 'family' | 'protocol' | 'original'>): ConntrackEdit {
  const { src, dst, sport, dport } = original
  return {
    ...{ kind: 'conntrack', op: 'delete', protocol },
    ...(family === 'ip' || family === 'ip6' ? { family } : {}),
    original: {
      ...{ src: canonicalPrefix(src) ?? src, dst: canonicalPrefix(dst) ?? dst },
      ...(sport === undefined ? {} : { sport }),
      ...(dport === undefined ? {} : { dport }),
    },
  }
}
