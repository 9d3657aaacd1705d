/** Why nobody can foretell which of several alike a packet is sent to: the next one may be sent to another. */
export const CHANCE = 'is random'
export const COUNTED_BEFORE = 'depends on how many packets came before'
export const BYTES_BEFORE = 'depends on how many bytes came before'
export const CONNECTIONS_OPEN = 'depends on the number of connections open at that moment'
export const HASH = 'depends on a hash of the packet'

/** Of what forbids more than so much of one sender. */
export const SEEN_LATELY = 'the addresses seen recently are unknown'

/** Why a limit, or a list of who was seen, holds or not: no packet tells it. */
export const OF_LIMITS: readonly string[] = [COUNTED_BEFORE, BYTES_BEFORE, CONNECTIONS_OPEN, SEEN_LATELY]

export const isByTurns = ({ unknown }: { unknown: string }): boolean =>
  unknown === CHANCE || unknown === COUNTED_BEFORE || unknown.startsWith(HASH)
