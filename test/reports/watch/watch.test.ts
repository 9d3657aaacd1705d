/** What a watch says: on one screen, in lines, to Prometheus. */
import { beforeAll, describe, expect, it } from 'vitest'
import { DropTally, type KindRule } from '../../../src/analysis/drops/tally.ts'
import { loadDrops } from '../../../src/explain/kernel-drops/later.ts'
import { columns } from '../../../src/model/columns.ts'
import type { Drop } from '../../../src/model/host.ts'
import type { Packet } from '../../../src/model/packet.ts'
import { DEFAULT_FORM_OPTIONS } from '../../../src/reports/form.ts'
import { glance, sparkline } from '../../../src/reports/watch/glance.ts'
import { newKindLine, watchJson } from '../../../src/reports/watch/json.ts'
import { metricsText } from '../../../src/reports/watch/metrics.ts'
import type { WatchSnapshot } from '../../../src/reports/watch/snapshot.ts'
import { newKindText, summaryText } from '../../../src/reports/watch/text.ts'
import { parseMetrics } from '../../prometheus.ts'
import { checkDocument } from '../../schemas.ts'

const NOW = Date.parse('2026-01-02T03:04:05.000Z')

const drop = (reason: string, packet: Packet = {}, location = 'nft_do_chain+0x1'): Drop => ({
  ...{ time: '2026-01-02T03:04:05.000000Z', reason, location },
  packet: { protocol: 'udp', src: '192.0.2.1', sport: 5000, dst: '192.0.2.2', dport: 9, in: 'eth0', ...packet },
})

const RULE: KindRule = {
  known: true,
  ref: { family: 'inet', table: 'fw', chain: 'in"put', handle: 7, ruleNumber: 1, rule: 'udp dport 9 drop' },
  hook: 'input',
}

describe('a watch', () => {
  let snapshot: WatchSnapshot
  beforeAll(async () => {
    await loadDrops()
    const tally = new DropTally()
    const add = (key: string, one: Drop, count: number, rule?: KindRule, ago = 0) =>
      tally.add(key, one, { count, last: NOW - ago * 60_000 }, rule)
    add('a', drop('NETFILTER_DROP'), 1234, RULE)
    add('b', drop('NETFILTER_DROP', { sport: 6000 }), 10, RULE, 3)
    add('c', drop('NO_SOCKET', { in: 'eth\x1b[31m' }, '__udp4_lib_rcv+0x1'), 7)
    add('d', drop('NO_SOCKET', { in: 'eth1' }, '__udp4_lib_rcv+0x1'), 5)
    add('e', drop('NETFILTER_DROP', { dport: 10 }), 3, { known: false, why: 'none' })
    add('f', drop('TCP_OLD_ACK', { protocol: 'tcp' }, 'tcp_ack+0x1'), 50_000)
    add('g', drop('IP_RPFILTER', {}, 'ip_rcv+0x1'), 99, undefined, 11)
    snapshot = { tally, began: NOW - 3600_000, now: NOW, missed: 2, rulesRead: NOW - 60_000 }
  })

  it('has one screen for the last ten minutes', () => {
    const options = { columns: 100, rows: 14, colour: false, unicode: true }
    const lines = glance(snapshot, options)
    expect(lines).toHaveLength(14)
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "nfwhy watch  03:04:05 UTC  51,358 drops since 02:04:05, 51,259 in the last ten minutes
          count  last 10 min  last seen  reason, rule, interfaces
          1,244        ▁  █   03:04:05   NETFILTER_DROP  inet fw in"put handle 7  in eth0
          1,234    udp 192.0.2.1:5000 → 192.0.2.2:9
              7           █   03:04:05   NO_SOCKET  in eth\\x1b[31m
              7    udp 192.0.2.1:5000 → 192.0.2.2:9
              5           █   03:04:05   NO_SOCKET  in eth1
              5    udp 192.0.2.1:5000 → 192.0.2.2:9
              3           █   03:04:05   NETFILTER_DROP  rule unknown: by the rules as read, none drops i…
              3    udp 192.0.2.1:5000 → 192.0.2.2:10
         50,000           █   03:04:05   TCP_OLD_ACK  in eth0  harmless
      At most 2 more drops, of all network namespaces, were not counted: each interrupted the counting of…
      Rules are simulated, as they were read at 03:03:05 UTC.
      q ends"
    `)
  })

  it.each([
    [80, 24],
    [40, 6],
    [200, 3],
  ])('fits %i columns and %i rows', (width, rows) => {
    const lines = glance(snapshot, { columns: width, rows, colour: false, unicode: false })
    expect(lines).toHaveLength(rows)
    expect(Math.max(...lines.map((line) => columns(line)))).toBeLessThanOrEqual(width)
    expect(lines.join('\n')).toMatch(/^[\x20-\x7e\n]*$/)
  })

  it('tells a kind once, and sums now and then', () => {
    const texts = [...snapshot.tally.kinds].map((kind) => newKindText({ kind, rulesRead: NOW }, DEFAULT_FORM_OPTIONS))
    expect(`${texts.join('')}${summaryText(snapshot, DEFAULT_FORM_OPTIONS)}`).toMatchInlineSnapshot(`
      "03:04:05 new drop: NETFILTER_DROP
               udp 192.0.2.1:5000 → 192.0.2.2:9  in eth0
        why    Netfilter dropped it: a rule, a policy or connection tracking.
        rule   inet fw in"put handle 7 (simulated, rules read at 03:04:05 UTC)
               udp dport 9 drop

      03:04:05 new drop: NO_SOCKET
               udp 192.0.2.1:5000 → 192.0.2.2:9  in eth\\x1b[31m
        why    No program has a socket for it.

      03:04:05 new drop: NO_SOCKET
               udp 192.0.2.1:5000 → 192.0.2.2:9  in eth1
        why    No program has a socket for it.

      03:04:05 new drop: NETFILTER_DROP
               udp 192.0.2.1:5000 → 192.0.2.2:10  in eth0
        why    Netfilter dropped it: a rule, a policy or connection tracking.
        rule   unknown: by the rules as read, none drops it (rules read at 03:04:05
               UTC)

      03:04:05 new drop: TCP_OLD_ACK
               tcp 192.0.2.1:5000 → 192.0.2.2:9  in eth0
        why    It acknowledges data that was acknowledged before. Nothing is lost with
               it.

      03:04:05 new drop: IP_RPFILTER
               udp 192.0.2.1:5000 → 192.0.2.2:9  in eth0
        why    The route back to its source leaves by another interface (reverse path
               filter).

      03:04:05 51,358 drops since 02:04:05 UTC, 51,259 in the last ten minutes
               ×1,244  NETFILTER_DROP  inet fw in"put handle 7  in eth0
               udp 192.0.2.1:5000 → 192.0.2.2:9 and others, 2 tuples
               ×7  NO_SOCKET  in eth\\x1b[31m
               udp 192.0.2.1:5000 → 192.0.2.2:9
               ×5  NO_SOCKET  in eth1
               udp 192.0.2.1:5000 → 192.0.2.2:9
               ×3  NETFILTER_DROP  rule unknown: by the rules as read, none drops it
               in eth0
               udp 192.0.2.1:5000 → 192.0.2.2:10
               ×50,000  TCP_OLD_ACK  in eth0  harmless
               tcp 192.0.2.1:5000 → 192.0.2.2:9
               At most 2 more drops, of all network namespaces, were not counted: each
               interrupted the counting of another.
      "
    `)
  })

  it('is a document, and lines', () => {
    const document = JSON.parse(watchJson(snapshot))
    checkDocument(document)
    expect(document).toMatchObject({ drops: 51_358, missed: 2 })
    for (const kind of snapshot.tally.kinds) checkDocument(JSON.parse(newKindLine({ kind })))
  })

  it('has metrics without addresses, ports and interfaces', () => {
    const text = metricsText(snapshot)
    expect(text).not.toMatch(/192\.0\.2|eth\d|\b5000\b/)
    const samples = parseMetrics(text)
    const drops = samples.filter(({ name }) => name === 'nfwhy_drops_total')
    expect(drops.map(({ labels, value }) => [labels.reason, labels.rule, value])).toEqual([
      ['NETFILTER_DROP', 'inet fw in"put handle 7', 1244],
      ['NO_SOCKET', '', 12],
      ['NETFILTER_DROP', 'unknown: none', 3],
      ['TCP_OLD_ACK', '', 50_000],
      ['IP_RPFILTER', '', 99],
    ])
    expect(samples.find(({ name }) => name === 'nfwhy_drops_missed_total')?.value).toBe(2)
  })
})

it('draws minutes as a line', () => {
  expect(sparkline([0, 1, 50, 100], true)).toBe(' ▁▄█')
  expect(sparkline([0, 1, 50, 100], false)).toBe(' .=@')
  expect(sparkline([0, 0], true)).toBe('  ')
})
