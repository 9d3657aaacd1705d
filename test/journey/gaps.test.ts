/** Lines that somebody left out, as by `grep -v policy`: what a journey with gaps does not show says nothing. */
import { describe, expect, test } from 'vitest'
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'
import { saved } from '../explain/findings/played.ts'
import { explainFile, worldOf } from './journeys.ts'
import { clocked, trace } from './kernel-lines.ts'

const world = worldOf(
  saved({
    raw: ['-A PREROUTING -j TRACE'],
    nat: ['-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80'],
    filter: ['-P INPUT DROP'],
  }),
)
const SYN = { in: 'eth0', src: '192.0.2.1', dst: '192.0.2.2', sport: 40_000, flags: 'SYN' }

/** These places of one packet, and a later one. */
const logOf = (...places: string[]) =>
  clocked([
    ...places.map((place) => [1, trace(place, { ...SYN, id: 7, dport: 8080 })] as const),
    [2, trace('raw:PREROUTING:rule:1', { ...SYN, id: 9, dport: 99 })],
  ])

function told(...places: string[]) {
  const { outcome, findings } = explainFile(logOf(...places), world).journeys[0]!
  return { outcome, codes: findings.map(({ code }) => code) }
}

function passageOfNat(...places: string[]) {
  const found: string[] = []
  const explainer = new CaptureExplainer(
    kernelLog,
    world,
    () => {},
    (closed) => found.push(closed.passageOfNat()),
  )
  explainer.push(new TextEncoder().encode(logOf(...places)))
  explainer.end()
  return found[0]
}

describe('where a policy is not shown', () => {
  test('nothing tells that the packet was lost behind the last line', () => {
    expect(told('raw:PREROUTING:rule:1', 'raw:PREROUTING:policy:2', 'nat:PREROUTING:rule:1').outcome).toBe('vanished')
    const { outcome, codes } = told('raw:PREROUTING:rule:1', 'nat:PREROUTING:rule:1')
    expect(outcome).toBe('undetermined')
    expect(codes).toContain('lost-events')
  })

  test('nothing tells whether it passed nat by', () => {
    expect(passageOfNat('raw:PREROUTING:rule:1', 'raw:PREROUTING:policy:2', 'filter:INPUT:policy:1')).toBe('skipped')
    expect(passageOfNat('raw:PREROUTING:rule:1', 'filter:INPUT:policy:1')).toBe('unknown')
  })
})
