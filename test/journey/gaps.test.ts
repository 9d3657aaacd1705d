/** Lines that somebody left out, as by `grep -v policy`: what a journey with gaps does not show says nothing. */
import { describe, expect, test } from 'vitest'
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import type { CaptureFormat } from '../../src/read/captures/format.ts'
import { recognise } from '../../src/read/recognise.ts'
import { explainFile, headOf, worldOf } from './journeys.ts'

const TABLES = ['raw', 'nat', 'filter']
  .map((name) =>
    `*${name}
:PREROUTING ACCEPT [0:0]
:INPUT ${name === 'filter' ? 'DROP' : 'ACCEPT'} [0:0]
:OUTPUT ACCEPT [0:0]
${name === 'raw' ? '-A PREROUTING -j TRACE\n' : ''}${name === 'nat' ? '-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80\n' : ''}COMMIT
`.replace(name === 'filter' ? ':PREROUTING ACCEPT [0:0]\n' : '\0', ''),
  )
  .join('')
const line = (place: string, port: number) =>
  `[  1.000001] TRACE: ${place} IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=7 DF PROTO=TCP SPT=40000 DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0\n`
const OTHER = line('raw:PREROUTING:rule:1', 99).replace('ID=7', 'ID=9').replace('1.000001', '2.000001')

const told = (...lines: string[]) => {
  const { outcome, findings } = explainFile([...lines, OTHER].join(''), worldOf(TABLES)).journeys[0]!
  return { outcome, codes: findings.map(({ code }) => code) }
}

describe('where a policy is not shown', () => {
  test('nothing tells that the packet was lost behind the last line', () => {
    const whole = [line('raw:PREROUTING:rule:1', 8080), line('raw:PREROUTING:policy:2', 8080)]
    const last = line('nat:PREROUTING:rule:1', 8080)
    expect(told(...whole, last).outcome).toBe('vanished')
    const { outcome, codes } = told(whole[0]!, last)
    expect(outcome).toBe('undetermined')
    expect(codes).toContain('lost-events')
  })

  test('nothing tells whether it passed nat by', () => {
    const whole = [line('raw:PREROUTING:rule:1', 8080), line('raw:PREROUTING:policy:2', 8080)]
    const last = line('filter:INPUT:policy:1', 8080)
    expect(passageOfNat(...whole, last)).toBe('skipped')
    expect(passageOfNat(whole[0]!, last)).toBe('unknown')
  })
})

function passageOfNat(...lines: string[]) {
  const bytes = new TextEncoder().encode([...lines, OTHER].join(''))
  const recognised = recognise(headOf(bytes)) as { format: CaptureFormat }
  const found: string[] = []
  const explainer = new CaptureExplainer(
    recognised.format,
    worldOf(TABLES),
    () => {},
    (closed) => found.push(closed.passageOfNat()),
  )
  explainer.push(bytes)
  explainer.end()
  return found[0]
}
