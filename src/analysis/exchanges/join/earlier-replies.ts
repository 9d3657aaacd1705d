/**
 * Replies whose journeys were complete before the one of their request, which alone tells where nat sent it: they began an
 * exchange by themselves.
 */
import type { JoinedJourneys, Part, Role } from './joined.ts'
import type { Found } from './tuple-table.ts'

/** `found`: by what replies to the exchange `number`, whose request is journey `id`, go by. Are they its replies now? */
export function takeEarlierReplies(
  list: JoinedJourneys,
  { value, turned }: Found,
  { number, id, host, capture }: { number: number; id: number; host: number; capture: number },
): boolean {
  if (value === number || list.isHidden(value) || list.isOpened(value) || list.beganWith(value) < id) return false
  if (list.hostOf(value) !== host || list.captureOf(value) !== capture) return false
  const first = list.firstRole(value)
  if (turned ? first !== 'request' : first !== 'replies') return false
  list.moveAll(value, number, (one) => ({ role: roleOf(one, turned), other: isOther(one, turned) }))
  return true
}

const TURNED: Record<Role, Role> = {
  request: 'replies',
  retransmissions: 'replies',
  replies: 'request',
  errors: 'errors',
}

const roleOf = ({ role }: Part, turned: boolean): Role => (turned ? TURNED[role] : role)

const isOther = ({ role, aboutReply, isNewFlow }: Part, turned: boolean): boolean =>
  role === 'errors' ? aboutReply !== turned : isNewFlow
