/** Edits → `bridge link set …`. */
import type { Word } from '../../model/command.ts'
import type { BridgePortEdit } from '../../model/edit.ts'
import { deviceWord } from '../words.ts'

/** The words of the command, not yet quoted for a shell. */
export const bridgePortWords = ({ device, setting, on }: BridgePortEdit): Word[] => [
  ...['bridge', 'link', 'set', 'dev'],
  deviceWord(device),
  setting,
  on ? 'on' : 'off',
]
