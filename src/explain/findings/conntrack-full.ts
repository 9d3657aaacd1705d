import { isUntracked, priorityHere } from '../../journey/evidence.ts'
import { command } from '../../model/command.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { entryAnswered, entryOpened } from '../../rules/conntrack/entries.ts'
import { droppedBy } from '../cause-words.ts'
import { setSysctl } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'

/**
 * Connection tracking had no room for it: a new connection's packet is dropped between raw and mangle, and no rule has
 * a part in it (net/netfilter/nf_conntrack_core.c, nf_conntrack_in and __nf_conntrack_alloc).
 */
export const conntrackFull: Detector = {
  code: 'conntrack-full',
  detect(context) {
    const ended = whereItEnded(context)
    // with nothing between conntrack and routing to be seen, what has been full once may have had room
    return ended && (ended === 'at conntrack' || isFull(context)) ? tell(context) : []
  },
}

/** Asked when routing has no reason. */
export const conntrackWasFull: Detector = {
  code: 'conntrack-full',
  detect: (context) => (whereItEnded(context) ? tell(context) : []),
}

function tell(context: Context): Detected[] {
  const evidence = evidenceOf(context)
  if (!evidence) return []
  const { sentence, ...words } = droppedBy('Connection tracking', evidence.text)
  return [
    finding('conntrack-full', 'error', sentence, {
      ...words,
      steps: [context.ended.step + 1],
      fix: [
        ...larger(evidence.most),
        {
          description: 'see what fills the table: conntrack -L, sorted by source and state',
          look: command('conntrack', '-C'),
          unverified: ONLY_LOOKS,
        },
      ],
    }),
  ]
}

/** Where conntrack stands among the chains of a hook (NF_IP_PRI_CONNTRACK). */
const CONNTRACK = -200

/** The last that is seen of it is in front of conntrack, and the next chain that there is, at the same hook or later, did not come. */
function whereItEnded(context: Context): 'at conntrack' | 'at conntrack or routing' | undefined {
  const { ended, evidence, journey, world } = context
  const arrival = evidence.arrivals[ended.step]
  const { missing } = ended
  const hook = arrival?.hook
  if (!missing || (hook !== 'prerouting' && hook !== 'output')) return undefined
  if (isUntracked(evidence)) return undefined
  // what has an entry needs no room
  const [opened, answered] = [entryOpened(journey.packet, world), entryAnswered(journey.packet, world)]
  if (opened || answered) return undefined
  const last = priorityHere(evidence, ended.step, hook)
  if (last >= CONNTRACK) return undefined
  if (missing.hook !== hook) return 'at conntrack or routing'
  return missing.priority > CONNTRACK ? 'at conntrack' : undefined
}

interface Evidence {
  text: string
  /** How many entries the table takes. */
  most?: number
}

function setting({ world: { host } }: Context, name: string): number | undefined {
  const value = host.sysctls?.get(`net.netfilter.nf_conntrack_${name}`)
  return value === undefined ? undefined : Number(value)
}

function isFull(context: Context): boolean {
  const [count, most = 0] = [setting(context, 'count'), setting(context, 'max')]
  return count !== undefined && most > 0 && count >= most
}

function evidenceOf(context: Context): Evidence | undefined {
  const { host } = context.world
  const [count, most] = [setting(context, 'count'), setting(context, 'max')]
  const limit = most === undefined ? {} : { most }
  if (isFull(context)) return { text: `the conntrack table is full, with ${count} of ${most} entries`, ...limit }
  const sum = (name: string) => (host.conntrackCounters ?? []).reduce((all, cpu) => all + (cpu[name] ?? 0), 0)
  const [dropped, early] = [sum('drop'), sum('early_drop')]
  if (dropped === 0 && early === 0) return undefined
  const told = [
    ...(dropped > 0 ? [`has dropped ${dropped} packets`] : []),
    ...(early > 0 ? [`evicted ${early} connections to make room`] : []),
  ]
  return {
    text: `the conntrack table was full. Since boot, conntrack ${dropped > 0 ? '' : 'has '}${told.join(' and ')}`,
    ...limit,
  }
}

const larger = (most: number | undefined): Proposal[] =>
  most === undefined || most === 0
    ? []
    : [
        {
          description: 'allow more connections',
          ...setSysctl('net.netfilter.nf_conntrack_max', 2 * most, most),
          unverified: "the model's table is never full",
          note: 'every connection takes kernel memory',
        },
      ]
