/** Records of nfwhy's own, drops and sessions: what is read of them, with other addresses; nothing of what is none. */
import { dropLine, lostDropsLine, readDrops } from '../read/host/drop-lines.ts'
import { readTraceSession, sessionLine } from '../read/host/session-line.ts'
import type { Redactor } from './redactor.ts'
import { redactPlain } from './rule-text.ts'

export function redactDropLine(line: string, redactor: Redactor): string {
  const [drop] = readDrops(line, () => {}).host?.drops ?? []
  if (drop) return redactPlain(dropLine(drop).trimEnd(), redactor)
  const lost = /"lost":\s?(\d+)\}\s*$/.exec(line)?.[1]
  return lost === undefined ? '' : lostDropsLine(Number(lost)).trimEnd()
}

export function redactSession(line: string, redactor: Redactor): string {
  const { session } = readTraceSession(line, () => {}).host ?? {}
  return session ? sessionLine({ ...session, filter: redactPlain(session.filter, redactor) }).trimEnd() : ''
}
