/** This host's own addresses while lo is down. */
import { describe, expect, it } from 'vitest'
import type { Host } from '../../../src/index.ts'
import { explainLog } from '../../journey/journeys.ts'
import { dmesg, type TestPacket, trace } from '../../journey/kernel-lines.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { saved } from './played.ts'

const OWN: TestPacket = { out: 'lo', src: '10.0.1.1', dst: '10.0.1.1' }
const said = (up: boolean | undefined, lines: readonly string[]) => {
  const links: Host['links'] = ROUTER.links!.map((link) =>
    link.name === 'lo' && up !== undefined ? { ...link, up } : link,
  )
  const world = makeWorld(saved({ raw: [], filter: [] }), { ...ROUTER, links })
  return explainLog(dmesg(lines), world, []).journeys[0]!
}
const SENT = [trace('raw:OUTPUT:policy:1', OWN), trace('filter:OUTPUT:policy:1', OWN)]

describe('vanished-link-down', () => {
  it('is why what this host sends to itself does not come in again: no line was lost', () => {
    const one = said(false, SENT)
    expect(one.outcome).toBe('vanished')
    expect(one.findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual(['error vanished-link-down'])
  })

  it('is not said while lo is up, nor where nobody knows', () => {
    for (const up of [true, undefined])
      expect(said(up, SENT).findings.map(({ code }) => code)).toEqual(['capture-ends'])
  })

  it('is not said of what came in again', () => {
    const back = { ...OWN, out: '', in: 'lo' }
    const lines = [...SENT, trace('raw:PREROUTING:policy:1', back), trace('filter:INPUT:policy:1', back)]
    expect(said(false, lines).findings.map(({ code }) => code)).not.toContain('vanished-link-down')
  })
})
