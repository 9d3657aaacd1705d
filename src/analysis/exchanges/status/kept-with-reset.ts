/** A reset of this host's that shows what became of a reply of which no line was captured. */
import { finding } from '../../../explain/context.ts'
import type { Finding } from '../../../model/journey.ts'
import { isAsking, type Part } from '../join/joined.ts'
import { isOwnReset } from '../join/reset-by-rule.ts'

/**
 * Who asked is another host, and this one has sent a reset in its name: the reply came here, and a rule rejected it, or this
 * host took it for its own and has no such connection.
 */
export function keptWithReset(parts: readonly Part[]): Finding | undefined {
  const { packet } = parts.find(isAsking)?.told.journey ?? {}
  if (packet?.in === undefined || packet.src === undefined) return undefined
  const reset = parts.find((one) => isAsking(one) && isOwnReset(one.told))
  if (!reset) return undefined
  return finding(
    'reply-dropped',
    'error',
    `This host itself sent a reset from ${packet.src}, #${reset.id}. So the reply to ${packet.src} came to this host and did not go on: a rule rejected it, or a local route or a transparent proxy's rule kept it here.`,
  )
}
