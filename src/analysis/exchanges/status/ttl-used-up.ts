/** A router on the way says that the TTL was used up, and a rule of this host had set it. */
import { isTimeExceeded } from '../../../model/icmp-error.ts'
import type { Finding } from '../../../model/journey.ts'
import type { Part } from '../join/joined.ts'

export const isOfTtl = ({ code }: Finding): boolean => code === 'ttl-too-small'

export function setTooSmall({ told }: Part, parts: readonly Part[]): Finding | undefined {
  const request = isTimeExceeded(told.journey.packet) ? parts.find(({ role }) => role === 'request')?.told : undefined
  const found = request && [...request.journey.findings, ...(request.inVain?.unanswered ?? [])].find(isOfTtl)
  // its steps are not those of the error
  return found && { ...found, steps: [] }
}
