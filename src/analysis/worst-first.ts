/** Groups with the worst outcome first. */
import { isDiscovery } from '../explain/discovery.ts'
import { isAnnouncement } from '../model/announcement.ts'
import { has, isMereAnnouncement, isPassed, isStopped } from '../model/outcome-kinds.ts'
import { saysOf } from './exchanges/role.ts'
import { type Group, isFailing } from './groups.ts'

/** A new list, the worst outcome first, then the most packets, then as they came. */
export const worstFirst = (groups: readonly Group[]): Group[] =>
  [...groups].sort((a, b) => badness(b) - badness(a) || b.count - a.count)

function badness(group: Group): number {
  const { outcome, findings, packet } = group.journey
  if (isMereAnnouncement(group.journey)) return -1
  // what nobody asked for may be a good thing to drop; without neighbour discovery nothing is sent
  if (isStopped(outcome) && isAnnouncement(packet) && !isDiscovery(packet)) return 2
  // what tells that another packet was stopped comes behind that one
  if (isStopped(outcome)) return isRefusing(group) ? 4.5 : 5
  // another packet of its request was stopped, as a later fragment: that one comes first
  if (isFailing(group))
    return isRefusing(group) ? 4.5 : /^(?:dropped|rejected)$/.test(group.exchanges!.worst.status) ? 4.8 : 5
  if (has(findings, 'error')) return 4
  if (group.exchanges?.worst.status === 'undetermined') return 3
  // what only follows in an exchange is told behind the request
  if (outcome === 'undetermined') return group.followsOnly ? 1.5 : 3
  if (has(findings, 'warning')) return 2
  return isPassed(outcome) ? 0 : 1
}

const isRefusing = ({ journey: { packet } }: Group): boolean => /^(fails|resets)$/.test(saysOf(packet))
