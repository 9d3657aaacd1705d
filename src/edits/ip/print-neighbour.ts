/** Edits → `ip neighbour …`. */
import type { Word } from '../../model/command.ts'
import type { NeighbourEdit } from '../../model/edit.ts'
import { addressWord, deviceWord } from '../words.ts'

/** The words of the command, not yet quoted for a shell. */
export const neighbourWords = ({ op, address, device, mac }: NeighbourEdit): Word[] => [
  ...['ip', 'neigh', op],
  addressWord(address),
  'dev',
  deviceWord(device),
  ...(op === 'replace' && mac !== undefined ? ['lladdr', mac, 'nud', 'permanent'] : []),
]
