/** Groups with the worst outcome first. */

import { isAnnouncement, isBackground } from '../model/announcement.ts'
import { isDiscovery } from '../model/neighbour-discovery.ts'
import { has, isMereAnnouncement, isPassed, isStopped } from '../model/outcome-kinds.ts'
import { isFailing } from './exchange-counts.ts'
import { saysOf } from './exchanges/join/role.ts'
import { isShownThrough } from './group-shown.ts'
import type { Group } from './groups.ts'

/** A new list, the worst outcome first, then the most packets, then as they came. */
export const worstFirst = (groups: readonly Group[]): Group[] =>
  [...groups].sort((a, b) => badness(b) - badness(a) || b.count - a.count)

function badness(group: Group): number {
  const { outcome, findings, packet } = group.journey
  if (isMereAnnouncement(group.journey)) return -1
  if (isShownThrough(group)) return 1
  // what nobody asked for may be a good thing to drop; without neighbour discovery nothing is sent
  if (isBackground(packet) && !isDiscovery(packet)) return isStopped(outcome) ? -0.2 : -0.5
  // what tells that another packet was stopped comes behind that one
  if (isStopped(outcome)) return isRefusing(group) ? 4.5 : group.followsOnly ? 4.9 : 5
  // another packet of its request was stopped, as a later fragment: that one comes first
  if (isFailing(group)) {
    if (isRefusing(group)) return 4.5
    const { status, findings: ofAll } = group.exchanges!.worst
    // of what came to nothing, what has a cause goes before what only looks so
    const isExplained = [...findings, ...ofAll].some(({ severity }) => severity !== 'note')
    return /^(?:dropped|rejected)$/.test(status) ? 4.8 : isExplained ? 5 : 4.6
  }
  if (has(findings, 'error')) return 4
  const isOpen = group.exchanges?.worst.status === 'undetermined'
  // what only follows in an exchange is told behind the request
  if (isOpen || outcome === 'undetermined') return !isOpen && group.followsOnly ? 1.5 : 3 + nearness(group)
  if (has(findings, 'warning')) return 2
  return isPassed(outcome) ? 0 : 1
}

/** Of what is not known, what something was found of, and then what somebody asked for. */
function nearness({ journey: { findings, packet } }: Group): number {
  if (findings.some((one) => one.severity === 'warning' && !UNKNOWN.has(one.code))) return 0.5
  const isHinted = findings.some((one) => !UNKNOWN.has(one.code) && one.fix.length > 0)
  return isHinted ? 0.4 : isAnnouncement(packet) || packet.tcpFlags?.includes('fin') ? 0 : 0.2
}

/** They say what is not known, or where to look for it. */
const UNKNOWN: ReadonlySet<string> = new Set([
  ...['undetermined', 'unknown-condition', 'last-rule-seen', 'capture-ends', 'not-netfilter'],
  ...['no-ruleset', 'ruleset-mismatch', 'ambiguous-hook-order', 'ambiguous-rule', 'too-many-ways', 'lost-events'],
])

const isRefusing = ({ journey: { packet } }: Group): boolean => /^(fails|resets)$/.test(saysOf(packet))
