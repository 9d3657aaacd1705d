/** What to say where no input is of any use: few see it, and a page need not wait for it. */
import type { Diagnostic } from '../../model/diagnostic.ts'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { warningLines } from '../warning-lines.ts'
import { isUnknownKind } from './unknown-file.ts'

interface Read {
  files: readonly { name: string }[]
  warnings: readonly Diagnostic[]
  passedOver: readonly Diagnostic[]
}

/** `named`: how many inputs were given. */
export function nothingRead(named: number, { files, warnings: told, passedOver }: Read): UserError {
  const warnings = [...told, ...passedOver]
  const [only] = files
  const empty = only && named === 1 ? `${printable(only.name)}: it is empty.` : 'All files given are empty.'
  if (only && warnings.length === 0)
    return new UserError(empty, only.name === 'standard input' ? STDIN_WORDS : EMPTY_WORDS)
  return new UserError(warningLines(inOneLine(warnings)).join('\n'), WHAT_IS_READ)
}

const STDIN_WORDS = 'Name the files, or check that the command before the pipe prints something.'

const EMPTY_WORDS = `Did the command that wrote it run as root? Without root, dmesg, iptables-save and
nft list ruleset print nothing, or an error on another stream.`

/** Files named one by one. */
const MOST_NAMED = 5

/** Of a folder full of other things, what they are is said once. */
function inOneLine(warnings: readonly Diagnostic[]): readonly Diagnostic[] {
  const unknown = warnings.filter(({ message }) => isUnknownKind(message))
  if (unknown.length < 3) return warnings
  const names = unknown.slice(0, MOST_NAMED).map(({ input }) => input)
  const others = unknown.length - names.length
  const one = {
    input: others > 0 ? `${names.join(', ')} and ${others} more` : names.join(', '),
    code: 'not-recognised',
    message: 'none of them is a capture, a ruleset or host state that nfwhy knows',
  }
  return [...warnings.filter((one) => !unknown.includes(one)), one]
}

const WHAT_IS_READ = `nfwhy reads captures (dmesg, nft monitor trace, a pcap of NFLOG …), rulesets
(iptables-save, nft list ruleset …) and host state (ip addr, ip route, ss -lntup …).
On the host, as root: nfwhy trace makes a capture, nfwhy collect gathers the rest.
--as FORMAT:FILE overrides the detected format of FILE. All formats: docs/inputs.md.`
