/** Findings by which a packet that gets through does no good so. */
import type { Journey } from '../../model/journey.ts'
import { memo2 } from '../../model/memo.ts'

/** What each says of it. */
export const STILL_WRONG: Readonly<Record<string, string>> = {
  'closed-port': 'nothing listens there',
  'wrong-way-out': 'it would leave by the wrong interface',
  'not-masqueraded': 'replies may not reach its source',
  'dropped-beside': 'a chain after the IP chains would drop it',
  'ipsec-no-state': 'IPsec would drop it',
  'echo-ignored': 'the kernel would not reply',
  'neighbour-failed': 'its next hop has not replied to ARP or neighbour discovery',
  'bridge-nf-call': 'its reply would come from another address',
  'came-back': 'nat would not rewrite its destination',
  untracked: 'nat would not rewrite it',
  'never-reached': 'nat would not rewrite it',
  'dnat-skipped': 'nat would not rewrite its destination',
  'snat-skipped': 'nat would not rewrite its source',
  'dnat-mismatch': 'nat would rewrite its destination, but not to the expected one',
}

export const USELESS: ReadonlySet<string> = new Set(Object.keys(STILL_WRONG))

/** By which it is told whether a change mended what was found, and whether the packet does any good then. */
export const codesWith = memo2(
  (useless: ReadonlySet<string>, code: string): ReadonlySet<string> => new Set([code, ...useless]),
)

const NONE: ReadonlySet<string> = new Set()

/** The finding by which a packet that gets through does no good so. `accused`: what counts as a note, too. */
export const uselessBy = ({ findings }: Journey, accused = NONE): string | undefined =>
  findings.find(({ code, severity }) => (severity !== 'note' || accused.has(code)) && STILL_WRONG[code] !== undefined)
    ?.code
