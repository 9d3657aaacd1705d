/** Replies that whoever asked never gets. */
import { isAsking, type Part } from '../join/joined.ts'
import { answersStranger } from './gone-on.ts'

export const goesPastAsker = (parts: readonly Part[], answer: Part): boolean =>
  answersStranger(parts, answer) || isForwarded(parts, answer)

/**
 * This host itself had asked, and forwards the reply. A log of several network namespaces shows the asker's own packets, and
 * forwards them as well.
 */
function isForwarded(parts: readonly Part[], answer: Part): boolean {
  const first = parts.find(isAsking)
  if (first?.told.journey.packet.in !== undefined || first?.told.host !== answer.told.host) return false
  return (
    answer.told.journey.outcome === 'forwarded' &&
    parts.every(({ role, id, told: { journey } }) => {
      if (role === 'replies') return journey.outcome !== 'delivered'
      // whoever goes on has had its answer
      return role === 'errors' || (journey.packet.in === undefined && !(role === 'request' && id > answer.id))
    })
  )
}
