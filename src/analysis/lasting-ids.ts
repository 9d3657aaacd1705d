/** Ids of journeys that stay the same while several captures grow: numbers that count through all of them do not. */
import type { CaptureInput } from './inputs/open.ts'

/** `3@trace/vm/kernel.log`: the third of that capture. The captures were read. */
export function lastingId(captures: readonly CaptureInput[], id: number): string {
  let of: CaptureInput | undefined
  for (const capture of captures) {
    const before = capture.journeysBefore
    if (before !== undefined && before < id && before >= (of?.journeysBefore ?? 0)) of = capture
  }
  return of ? `${id - of.journeysBefore!}@${of.name}` : String(id)
}

/** Its number as the captures are by now; undefined where there is no such capture any more. */
export function idOfLasting(captures: readonly CaptureInput[], lasting: string): string | undefined {
  const at = lasting.indexOf('@')
  if (at < 0) return lasting
  const of = captures.find(({ name }) => name === lasting.slice(at + 1))
  return of?.journeysBefore === undefined ? undefined : String(of.journeysBefore + Number(lasting.slice(0, at)))
}
