/** What stands behind the first word of a headline: the rule, or the reason, that decided it. */
import { isShownThrough } from '../analysis/group-shown.ts'
import { isNft } from '../explain/refs.ts'
import { FOR_REPORTS } from '../model/for-reports.ts'
import type { Finding, Journey, RuleRef } from '../model/journey.ts'
import { isStopped, isStoppedByRule } from '../model/outcome-kinds.ts'
import { wordTable } from '../model/word-table.ts'
import { refOfStep } from './deciding-rule.ts'
import { isStoppedElsewhere } from './exchange-words.ts'
import type { Group } from './form.ts'
import { whereWords } from './journey-words.ts'

export type Decided =
  /** `by filter INPUT rule 3`. */
  | { by: 'by' | 'at'; ref: RuleRef }
  /** `: no neighbour reply`. */
  | { reason: string }
  /** `after mangle PREROUTING`. */
  | { where: string }

/** A few words for each finding that says why no rule's verdict decided it. */
const REASONS: Readonly<Record<string, string | ((finding: Finding<unknown>) => string)>> = wordTable<
  string | ((finding: Finding<unknown>) => string)
>({
  'vanished-rp-filter': 'reverse path filter',
  'vanished-no-route': 'no route',
  'vanished-forwarding-off': 'forwarding is off',
  'vanished-martian': 'martian address',
  'vanished-ttl': 'TTL used up',
  'vanished-scope': 'link-local source',
  'vanished-mtu': 'longer than the MTU',
  'vanished-no-group': 'multicast group not joined',
  'vanished-link-down': 'lo is down',
  'vanished-at-port': 'sent back to its bridge port',
  'conntrack-full': 'conntrack table full',
  'proxy-missing': 'transparent proxy not reached',
  'ipsec-no-state': 'no IPsec state',
  'queue-without-listener': 'no program reads the queue',
  'neighbour-failed': 'no reply from the next hop',
  'accept-queue-full': 'accept queue full',
  'closed-port': 'nothing listens there',
  'echo-ignored': 'this host ignores pings',
  'refused-here': 'by this host, not by a rule',
  'refused-there': 'by the far side, not by a rule',
  'reply-from-other-address': 'sent from another address',
  'reply-to-other-port': 'sent to another port',
  'connection-expired': 'connection expired',
  'stale-conntrack': 'stale conntrack entry',
  'kernel-drop': 'dropped by the kernel',
  'snat-port-taken': 'source port taken',
  'snat-skipped': 'SNAT skipped',
  'dnat-skipped': 'DNAT skipped',
  'dnat-of-others': 'DNAT of a port of this host',
  'dnat-mismatch': 'DNAT to another destination',
  'wrong-way-out': 'wrong way out',
  'mark-missing': 'wrong mark',
  'came-back': 'no rule there matched',
  'reply-by-other-uplink': 'reply leaves by another interface',
  'snat-elsewhere': 'source address of another interface',
  'ttl-too-small': 'TTL too small',
  'never-reached': 'a rule was never reached',
  'missing-rule': 'no rule for this service',
  untracked: 'not tracked by conntrack',
  // a rule has rewritten it, to what leads no reply here
  'not-masqueraded': ({ rules }) =>
    GIVES_SOURCE.test(rules[0]?.rule ?? '') ? 'wrong source address' : 'source not masqueraded',
  // findings/bridge-nf-call.ts tells three things
  'bridge-nf-call': ({ severity, rules }) =>
    severity === 'warning'
      ? 'bridged packet sent through the IP chains'
      : rules.length > 0
        ? 'socket lost on the bridge'
        : 'reply bridged past conntrack',
})

/** Of a reply, they are not what decided it. */
export const REFUSALS: ReadonlySet<string> = new Set(['refused-here', 'refused-there'])

/** `by`, `by ip6tables`: iptables and ip6tables have tables and chains of the same names. */
export const byWords = ({ by, ref }: Extract<Decided, { by: string }>): string =>
  ref.family === 'ip6' && !isNft(ref) ? `${by} ip6tables` : by

/** Undefined where the first word says it all. */
export function decidedOf(group: Group<unknown>): Decided | undefined {
  const { journey, exchanges } = group
  const { outcome } = journey
  if (isShownThrough(group)) return undefined
  if (isStoppedByRule(outcome)) {
    const ref = journey.cause.find(({ role }) => role === 'outcome')?.rule ?? refOfStep(lastStep(journey))
    if (ref) return { by: 'by', ref }
  }
  if (!isStopped(outcome) && exchanges?.worst.status === 'reply-lost' && exchanges.worst.culprit)
    return { by: 'at', ref: exchanges.worst.culprit }
  if (isStoppedElsewhere({ journey, exchanges }) && exchanges!.worst.culprit)
    return { by: 'by', ref: exchanges!.worst.culprit }
  const isRefused = exchanges?.worst.status === 'refused'
  const reason = reasonOf(journey.findings.filter(({ code }) => isRefused || !REFUSALS.has(code)))
  if (reason !== undefined) return { reason }
  if (isRefused) return { reason: exchanges.worst.journeys.errors.length > 0 ? 'by an ICMP error' : 'by a reset' }
  // it was delivered: who did not reply is this host
  const isSilent = exchanges?.worst.status === 'unanswered' && outcome === 'delivered'
  const where = isSilent ? 'from this host' : whereWords(journey)
  return where === undefined ? undefined : { where }
}

function reasonOf(findings: readonly Finding<unknown>[]): string | undefined {
  const known = findings.filter(({ code, severity }) => severity !== 'note' && REASONS[code] !== undefined)
  const first = known.find(({ severity }) => severity === 'error') ?? known[0]
  const words = first && (first[FOR_REPORTS]?.headline ?? REASONS[first.code])
  return typeof words === 'function' ? words(first!) : words
}

const GIVES_SOURCE = /(?:^| )(?:-j (?:SNAT|NETMAP)|snat)(?: |$)/

const lastStep = ({ steps }: Journey<unknown>) => steps.findLast(({ kind }) => kind !== 'log')
