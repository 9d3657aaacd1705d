import { memo2 } from '../../model/memo.ts'

/** The status of a connection, which packets keep as they saw it. */

/** Names as nft's `ct status`. */
export type CtStatus = 'expected' | 'seen-reply' | 'assured' | 'confirmed' | 'snat' | 'dnat' | 'dying'

export const NO_FLAGS: readonly CtStatus[] = []

export function flag(connection: { flags: readonly CtStatus[] }, status: CtStatus): void {
  const { flags } = connection
  if (flags.includes(status)) return
  connection.flags = combined(flags, status)
}

/** Each combination is made once: a table holds many entries with the same. */
const combined = memo2((flags: readonly CtStatus[], status: CtStatus): readonly CtStatus[] => [...flags, status])
