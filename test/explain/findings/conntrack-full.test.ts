/** Connection tracking had no room. */

import { describe, expect, it } from 'vitest'
import { printedFix } from '../../../src/edits/fix.ts'
import type { Host } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { printed } from '../../printed.ts'
import { captured, findingsOf, type Rules } from './played.ts'

const PACKET = { in: 'eth0', src: '10.0.1.2', dst: '10.0.2.2' }
const RULES: Rules = { raw: ['-A PREROUTING -p tcp -j TRACE'], mangle: [], filter: [] }
const sysctls = (count: number, most: number) =>
  new Map([
    ['net.ipv4.ip_forward', '1'],
    ['net.netfilter.nf_conntrack_count', String(count)],
    ['net.netfilter.nf_conntrack_max', String(most)],
  ])
/** What is seen of it, and a later packet, which shows that the capture went on. */
const seen = (points: readonly string[], host: Host, rules = RULES) => {
  const lines = points.map((point) => trace(point, PACKET))
  const journey = captured(rules, [...lines, trace('raw:PREROUTING:policy:2', { ...PACKET, id: 2 })], host)
  return { journey, found: findingsOf(journey, 'conntrack-full') }
}
const IN_FRONT = ['raw:PREROUTING:rule:1', 'raw:PREROUTING:policy:2']

describe('conntrack-full', () => {
  it('is told where the table is full and nothing came behind conntrack', () => {
    const { journey, found } = seen(IN_FRONT, { sysctls: sysctls(65536, 65536) })
    expect(journey.outcome).toBe('vanished')
    expect(found[0]?.message).toBe('Connection tracking dropped it: its table is full, with 65536 of 65536 entries.')
    expect(printed(printedFix(found[0]!.fix[0]!))).toMatchObject({
      command: 'sysctl -w net.netfilter.nf_conntrack_max=131072',
      undo: 'sysctl -w net.netfilter.nf_conntrack_max=65536',
      unverified: "the model's table is never full",
    })
  })

  it('is told by the counters of each CPU', () => {
    const conntrackCounters = [
      { drop: 3, early_drop: 40 },
      { drop: 4, early_drop: 0 },
    ]
    const { found } = seen(IN_FRONT, { conntrackCounters })
    expect(found[0]?.message).toContain(
      'Connection tracking dropped it: its table was full. Since boot it has dropped 7 packets and evicted 40 connections to make room.',
    )
  })

  describe('where no chain stands between conntrack and routing', () => {
    const only = { raw: RULES.raw!, filter: [] }

    it('is told where the table is full', () => {
      const { journey, found } = seen(IN_FRONT, { sysctls: sysctls(65536, 65536) }, only)
      expect(journey.outcome).toBe('vanished')
      expect(journey.findings.map(({ code }) => code)).toEqual(['conntrack-full'])
      expect(found[0]?.message).toContain('65536 of 65536 entries')
    })

    it('leaves it to routing where the table has been full once', () => {
      const conntrackCounters = [{ drop: 3, early_drop: 0 }]
      const { journey } = seen(IN_FRONT, { conntrackCounters, sysctls: new Map([['net.ipv4.ip_forward', '0']]) }, only)
      expect(journey.findings.map(({ code }) => code)).toEqual(['vanished-forwarding-off'])
      const { found } = seen(IN_FRONT, { conntrackCounters }, only)
      expect(found[0]?.message).toContain(
        'Connection tracking dropped it: its table was full. Since boot it has dropped 3 packets.',
      )
    })
  })

  it.each([
    [
      'it has an entry',
      seen(IN_FRONT, {
        sysctls: sysctls(9, 9),
        conntrack: [
          {
            family: 'ip',
            protocol: 'tcp',
            original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 1024, dport: 80 },
            reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 1024 },
            status: [],
          },
        ],
      }),
    ],
    ['there is room', seen(IN_FRONT, { sysctls: sysctls(65000, 65536) })],
    ['the counters are 0', seen(IN_FRONT, { conntrackCounters: [{ drop: 0, early_drop: 0, insert_failed: 3 }] })],
    ['nothing is known of it', seen(IN_FRONT, {})],
    ['it came further', seen([...IN_FRONT, 'mangle:PREROUTING:policy:1'], { sysctls: sysctls(9, 9) })],
    [
      'it is not tracked',
      seen(
        ['raw:PREROUTING:rule:1', 'raw:PREROUTING:rule:2', 'raw:PREROUTING:policy:3'],
        { sysctls: sysctls(9, 9) },
        {
          ...RULES,
          raw: [...RULES.raw!, '-A PREROUTING -p tcp -j CT --notrack'],
        },
      ),
    ],
  ])('is not told where %s', (_name, { found }) => {
    expect(found).toEqual([])
  })
})
