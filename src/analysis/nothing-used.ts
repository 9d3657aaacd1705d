/** What to say where no capture has a single event. */
import { UserError } from '../model/user-error.ts'
import type { Inputs } from './inputs/open.ts'
import { warningLines } from './warning-lines.ts'

export function nothingUsed({ captures, warnings, looksLike }: Inputs): UserError {
  const names = new Set(captures.map(({ name }) => name))
  const about = warnings.filter(({ input }) => names.has(input))
  // what says why is enough
  const told = about.filter(
    ({ input, code }) => code !== 'no-events' || about.every((one) => one.input !== input || one.code === code),
  )
  return new UserError(warningLines(told).join('\n'), [...looksLike, NO_PACKET].join('\n'))
}

const NO_PACKET = `Was a packet sent while it was taken, and did a TRACE, LOG or NFLOG rule match it?
nfwhy trace, as root on that host, takes a capture; nfwhy doctor looks for what prevents it.`
