/** Packets that a program decides on may take their time. */
import type { World } from '../model/world.ts'

/** Do the rules hand packets to a program (NFQUEUE)? */
export const queuesPackets = ({ tables }: World): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(({ statements }) => statements.some(({ kind }) => kind === 'queue')),
    ),
  )
