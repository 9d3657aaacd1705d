/** What a file is, told from its first kilobytes and never from its name. */

import type { CaptureFormat } from './captures/format.ts'
import { CAPTURE_FORMATS } from './captures/index.ts'
import { looksLikeDiff } from './diff.ts'
import type { HostFormat } from './host/format.ts'
import { HOST_FORMATS } from './host/index.ts'
import type { RulesetFormat } from './rulesets/format.ts'
import { RULESET_FORMATS } from './rulesets/index.ts'

/** A format, and what kind of input it is. */
export type Recognised =
  | { kind: 'capture'; format: CaptureFormat }
  | { kind: 'ruleset'; format: RulesetFormat }
  | { kind: 'host'; format: HostFormat }

/**
 * Every format under its id, for `--as FORMAT:FILE` and for telling people what there is. What has `load` has to do that
 * before it reads; `open` waits for it.
 */
export const FORMATS: readonly Recognised[] = [
  ...RULESET_FORMATS.map((format): Recognised => ({ kind: 'ruleset', format })),
  ...HOST_FORMATS.map((format): Recognised => ({ kind: 'host', format })),
  ...CAPTURE_FORMATS.map((format): Recognised => ({ kind: 'capture', format })),
]

/** How much of a file is looked at; a log may begin with other programs' lines, so captures are also searched further in. */
export const HEAD_BYTES = 65_536

/** By what a file begins with, never by its name; `head`: its first HEAD_BYTES as Latin-1. */
export function recognise(head: string): Recognised | undefined {
  const found = FORMATS.find(({ format }) => format.sniff(head))
  // a script may hold a patch
  const isListing = found?.kind === 'ruleset' && found.format.id !== 'shell-script'
  return isListing && looksLikeDiff(head) ? undefined : found
}

/** Undefined where there is no such format. */
export const formatById = (id: string): Recognised | undefined => FORMATS.find(({ format }) => format.id === id)
