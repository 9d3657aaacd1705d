/** What to say of a file that is nothing nfwhy knows: where its first bytes tell what it is, what to do with it. */

import { STDIN } from './expand.ts'

/** Latin-1; the commands read a file and write to standard output. */
const KNOWN: readonly { begins: string; is: string; command: string }[] = [
  { begins: '\xfd7zXZ\0', is: 'compressed', command: 'xzcat' },
  { begins: '\x28\xb5\x2f\xfd', is: 'compressed', command: 'zstdcat' },
  { begins: 'BZh', is: 'compressed', command: 'bzcat' },
  { begins: '\xff\xfe', is: 'UTF-16 text, as PowerShell writes it', command: 'iconv -f UTF-16 -t UTF-8' },
  { begins: '\xfe\xff', is: 'UTF-16 text', command: 'iconv -f UTF-16 -t UTF-8' },
  { begins: 'LPKSHHRH', is: "systemd's journal", command: 'journalctl -k --file' },
]

/** One sentence without its end, to stand behind the file's name. */
export function unknownWords(head: string, path: string): string {
  const known = KNOWN.find(({ begins }) => head.startsWith(begins))
  if (known) {
    const file = path === STDIN ? '' : ` ${quoted(path)}`
    if (known.is === 'compressed' && /\.(?:tgz|tar\.\w+)$/.test(path))
      return `this is a packed folder, and was left alone; unpack it with: tar xf${file}, and give the folder`
    return `this is ${known.is}, and was left alone; read it with: ${known.command}${file} | nfwhy explain -`
  }
  if (head.startsWith('PK\x03\x04')) {
    const file = path === STDIN ? '' : ` ${quoted(path)}`
    return `this is a zip archive, and was left alone; unpack it with: unzip${file}, and give the folder`
  }
  const kind = head.includes('\0') ? 'this binary file is' : 'this is'
  return `${kind} neither a capture nor a ruleset nor host state that nfwhy knows; it was left alone`
}

/** For a shell. */
const quoted = (path: string) => (/^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)
