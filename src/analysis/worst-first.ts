/** Groups with the worst outcome first. */
import { isDiscovery } from '../explain/discovery.ts'
import { isAnnouncement } from '../model/announcement.ts'
import { has, isMereAnnouncement, isPassed, isStopped } from '../model/outcome-kinds.ts'
import { type Group, isFailing } from './groups.ts'

/** A new list, the worst outcome first, then the most packets, then as they came. */
export const worstFirst = (groups: readonly Group[]): Group[] =>
  [...groups].sort((a, b) => badness(b) - badness(a) || b.count - a.count)

function badness(group: Group): number {
  const { outcome, findings, packet } = group.journey
  if (isMereAnnouncement(group.journey)) return -1
  // what nobody asked for may be a good thing to drop; without neighbour discovery nothing is sent
  if (isStopped(outcome) && isAnnouncement(packet) && !isDiscovery(packet)) return 2
  if (isStopped(outcome) || isFailing(group)) return 5
  if (has(findings, 'error')) return 4
  if (outcome === 'undetermined') return 3
  if (has(findings, 'warning')) return 2
  return isPassed(outcome) ? 0 : 1
}
