/** What `ip addr` tells of an interface beside its addresses, where it is not as on every other. */
import type { Link } from '../../model/host.ts'

/** Those that the kernel gives an interface by itself (net/sched/sch_generic.c, net.core.default_qdisc). */
const USUAL: ReadonlySet<string> = new Set([
  'noop',
  'noqueue',
  'pfifo_fast',
  'mq',
  'fq',
  'fq_codel',
  'sfq',
  'pfifo',
  'cake',
])

export const detailsOf = (qdisc: string | undefined, promiscuity: number | undefined): Partial<Link> => ({
  ...(qdisc === undefined || USUAL.has(qdisc) ? {} : { qdisc }),
  ...(promiscuity ? { promiscuous: true } : {}),
})
