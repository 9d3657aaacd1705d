/** The bundle of a live trace that saw no packet is an answer, not a mistake. */
import { expect, test } from 'vitest'
import { folder, nfwhy } from './nfwhy.ts'
import { RULES } from './small.ts'

const SESSION = '{"schema":"nfwhy.session/1","filter":"dport 80","from":"2026-11-20T10:00:00.000Z"}\n'
const drop = (dport: number) =>
  `${JSON.stringify({
    schema: 'nfwhy.drop/1',
    time: '2026-11-20T10:00:01.000000Z',
    reason: 'IP_RPFILTER',
    packet: { src: '192.0.2.1', dst: '192.0.2.2', protocol: 'tcp', sport: 40000, dport },
  })}\n`

test('says when it ran, for which packets, and what the kernel dropped of these', async () => {
  const cwd = folder({ 'b/session.json': SESSION, 'b/rules': RULES, 'b/drops': drop(80) + drop(81) })
  const { code, stdout } = await nfwhy(['explain', 'b', '--json'], { cwd })
  expect(code).toBe(0)
  const { journeys, warnings } = JSON.parse(stdout)
  expect(journeys).toEqual([])
  expect(warnings.map((one: { code: string }) => one.code)).toEqual(['nothing-traced', 'dropped-untraced'])
  expect(warnings[0].message).toBe(
    'no packet that matches "dport 80" was traced from 2026-11-20T10:00:00.000Z; the trace was interrupted',
  )
  expect(warnings[1].message).toContain('tcp 192.0.2.1 → 192.0.2.2: IP_RPFILTER')
})

test('without its record a capture is missing', async () => {
  const cwd = folder({ 'b/rules': RULES, 'b/drops': drop(80) })
  expect((await nfwhy(['explain', 'b'], { cwd })).code).toBe(2)
})
