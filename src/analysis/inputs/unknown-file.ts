/** What to say of a file that is nothing nfwhy knows: where its first bytes tell what it is, what to do with it. */
import { command, piped, printCommand } from '../../model/command.ts'

import { otherOutput } from './other-output.ts'

/** Latin-1; the commands read a file and write to standard output. */
const KNOWN: readonly { begins: string; is: string; reader: readonly [string, ...string[]] }[] = [
  { begins: '\xfd7zXZ\0', is: 'compressed', reader: ['xzcat'] },
  { begins: '\x28\xb5\x2f\xfd', is: 'compressed', reader: ['zstdcat'] },
  { begins: 'BZh', is: 'compressed', reader: ['bzcat'] },
  { begins: 'LPKSHHRH', is: "systemd's journal", reader: ['journalctl', '-k', '--file'] },
]

/**
 * A sentence or two without their end, to stand behind the file's name. `path`: absent where no command can name it.
 * `redacted`: no words of the file are shown.
 */
export function unknownWords(head: string, path: string | undefined, redacted = false): string {
  const known = KNOWN.find(({ begins }) => head.startsWith(begins))
  const file = path === undefined ? [] : [path.startsWith('-') ? `./${path}` : path]
  if (known) {
    if (known.is === 'compressed' && /\.(?:tgz|tar\.\w+)$/.test(path ?? ''))
      return `this is a packed folder, and was skipped; unpack it with: ${printCommand(command('tar', 'xf', ...file))}, and give the folder`
    return `this is ${known.is}, and was skipped; read it with: ${printCommand(piped(command(...known.reader, ...file), command('nfwhy', 'explain', '-')))}`
  }
  if (head.startsWith('PK\x03\x04')) {
    return `this is a zip archive, and was skipped; unpack it with: ${printCommand(command('unzip', ...file))}, and give the folder`
  }
  const other = otherOutput(head, redacted)
  if (other) return `this is the output ${other.is}; it was skipped${other.instead}`
  const kind = head.includes('\0') ? 'this binary file is' : 'this is'
  return `${kind} ${NOTHING_KNOWN}; it was skipped`
}

const NOTHING_KNOWN = 'neither a capture nor a ruleset nor host state that nfwhy knows'

/** Are these its words for a file of which nothing else can be said? */
export const isUnknownKind = (words: string): boolean => words.includes(NOTHING_KNOWN)
