/** The status of a connection, which packets keep as they saw it. */

/** Names as nft's `ct status`. */
export type CtStatus = 'expected' | 'seen-reply' | 'assured' | 'confirmed' | 'snat' | 'dnat' | 'dying'

// each combination is made once: a table holds many entries with the same
const combined = new WeakMap<readonly CtStatus[], Map<CtStatus, readonly CtStatus[]>>()

export const NO_FLAGS: readonly CtStatus[] = []

export function flag(connection: { flags: readonly CtStatus[] }, status: CtStatus): void {
  const { flags } = connection
  if (flags.includes(status)) return
  let known = combined.get(flags)
  if (!known) {
    known = new Map()
    combined.set(flags, known)
  }
  let more = known.get(status)
  if (!more) {
    more = [...flags, status]
    known.set(status, more)
  }
  connection.flags = more
}
