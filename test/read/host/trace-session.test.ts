import { expect, test } from 'vitest'
import type { TraceSession } from '../../../src/model/host.ts'
import { sessionLine } from '../../../src/read/host/session-line.ts'
import { traceSession } from '../../../src/read/host/trace-session.ts'
import { recognise } from '../../../src/read/recognise.ts'
import { checkOutput } from '../../schemas.ts'

const FROM = '2026-11-20T09:00:00.000Z'

test.each<TraceSession>([
  { filter: '', from: FROM },
  { filter: 'tcp dst port 80', from: FROM, until: '2026-11-20T09:00:30.500Z' },
])('%j is read as it was written', (session) => {
  const line = sessionLine(session)
  expect(recognise(line)).toMatchObject({ kind: 'host', format: { id: 'trace-session' } })
  expect(traceSession.read(line, expect.unreachable)).toEqual({ host: { session } })
  checkOutput(line)
})

test('what has no beginning is told', () => {
  const told: string[] = []
  expect(traceSession.read('{"schema":"nfwhy.session/1","filter":""}\n', (code) => told.push(code))).toEqual({})
  expect(told).toEqual(['line-not-understood'])
})
