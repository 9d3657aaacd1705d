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

/** Of a port by which frames pass, too (include/uapi/linux/if_bridge.h). */
const HELD: ReadonlySet<string | undefined> = new Set(['listening', 'learning', 'blocking'])

/** `state`: a bridge port's. `setting`: one of a bridge's own numbers. */
export const bridgeDetails = (state: string | undefined, setting: (name: string) => boolean): Partial<Link> => ({
  ...(HELD.has(state) ? { portState: state! } : {}),
  ...(setting('mcast_snooping') && setting('mcast_querier') ? { snoops: true } : {}),
})

export const detailsOf = (qdisc: string | undefined, promiscuity: number | undefined): Partial<Link> => ({
  ...(qdisc === undefined || USUAL.has(qdisc) ? {} : { qdisc }),
  ...(promiscuity ? { promiscuous: true } : {}),
})
