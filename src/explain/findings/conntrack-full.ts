import { command } from '../../model/command.ts'
import { iptablesPriority } from '../../model/hook.ts'
import { setSysctl } from '../changes.ts'
import { type Context, type Detector, finding } from '../context.ts'
import type { Proposal } from '../proposal.ts'

/**
 * Connection tracking had no room for it: a new connection's packet is dropped between raw and mangle, and no rule has
 * a part in it (net/netfilter/nf_conntrack_core.c, nf_conntrack_in and __nf_conntrack_alloc).
 */
export const conntrackFull: Detector = {
  code: 'conntrack-full',
  detect(context) {
    const evidence = endedAtConntrack(context) ? evidenceOf(context) : undefined
    if (!evidence) return []
    return [
      finding('conntrack-full', 'error', `Connection tracking dropped it: ${evidence.text}.`, {
        steps: [context.ended.step + 1],
        fix: [
          ...larger(evidence.most),
          {
            description: 'see what fills the table: conntrack -L, by source and by state',
            look: command('conntrack', '-C'),
            unverified: 'it only looks',
          },
        ],
      }),
    ]
  },
}

/** Where conntrack stands among the chains of a hook (NF_IP_PRI_CONNTRACK). */
const CONNTRACK = -200

/** The last that is seen of it is in front of conntrack, and a chain behind conntrack at the same hook did not come. */
function endedAtConntrack({ ended, evidence, journey }: Context): boolean {
  const arrival = evidence.arrivals[ended.step]
  const { missing } = ended
  if (!missing || (missing.hook !== 'prerouting' && missing.hook !== 'output') || arrival?.hook !== missing.hook)
    return false
  if (evidence.arrivals.some(({ rule }) => rule?.statements.some(({ kind }) => kind === 'notrack'))) return false
  const last = arrival.chain?.priority ?? iptablesPriority(journey.steps[ended.step]!.table ?? '', missing.hook)
  return last < CONNTRACK && missing.priority > CONNTRACK
}

interface Evidence {
  text: string
  /** How many entries the table takes. */
  most?: number
}

function evidenceOf({ world: { host } }: Context): Evidence | undefined {
  const setting = (name: string) => {
    const value = host.sysctls?.get(`net.netfilter.nf_conntrack_${name}`)
    return value === undefined ? undefined : Number(value)
  }
  const [count, most] = [setting('count'), setting('max')]
  const limit = most === undefined ? {} : { most }
  if (count !== undefined && most !== undefined && most > 0 && count >= most)
    return { text: `its table is full, with ${count} of ${most} entries`, ...limit }
  const sum = (name: string) => (host.conntrackCounters ?? []).reduce((all, cpu) => all + (cpu[name] ?? 0), 0)
  const [dropped, early] = [sum('drop'), sum('early_drop')]
  if (dropped === 0 && early === 0) return undefined
  const told = [
    ...(dropped > 0 ? [`has dropped ${dropped} packets`] : []),
    ...(early > 0 ? [`thrown out ${early} connections to make room`] : []),
  ]
  return { text: `its table was full: since boot it ${dropped > 0 ? '' : 'has '}${told.join(' and ')}`, ...limit }
}

const larger = (most: number | undefined): Proposal[] =>
  most === undefined || most === 0
    ? []
    : [
        {
          description: 'make room for more connections',
          ...setSysctl('net.netfilter.nf_conntrack_max', 2 * most, most),
          unverified: 'the model has room for any number of connections',
          note: 'every connection takes kernel memory',
        },
      ]
