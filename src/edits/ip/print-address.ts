/** Edits → `ip address …`. */
import type { Word } from '../../model/command.ts'
import type { AddressEdit } from '../../model/edit.ts'
import { addressWord, deviceWord } from '../words.ts'

/** The words of the command, not yet quoted for a shell. */
export const addressWords = ({ op, address, device }: AddressEdit): Word[] => [
  ...['ip', 'address', op],
  addressWord(address, 'with length'),
  'dev',
  deviceWord(device),
]
