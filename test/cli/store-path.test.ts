/** `nfwhy query path`: what several hosts have stored of one packet. */
// @module-tag slow
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { QueryDocument } from '../../src/reports/documents.ts'
import { folder, nfwhy } from './nfwhy.ts'

async function pathOf(store: string, tuple: string): Promise<QueryDocument['rows']> {
  const { code, stdout, stderr } = await nfwhy(['query', '--store', store, '--json', 'path', tuple])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return (JSON.parse(stdout) as QueryDocument).rows
}

/** A router that sends a service on, and the one behind it, whose clock is 100 ms behind; the answer comes back by both. */
const LOGS = {
  'edge.log': `2026-01-31T09:00:00.500000+00:00 edge kernel: TRACE: nat:PREROUTING:rule:1 IN=wan OUT= SRC=203.0.113.7 DST=198.51.100.1 LEN=60 TTL=60 ID=4711 DF PROTO=TCP SPT=40001 DPT=443 SEQ=1000 ACK=0 WINDOW=64240 SYN
2026-01-31T09:00:00.500010+00:00 edge kernel: TRACE: filter:FORWARD:policy:1 IN=wan OUT=lan SRC=203.0.113.7 DST=10.0.0.5 LEN=60 TTL=59 ID=4711 DF PROTO=TCP SPT=40001 DPT=8443 SEQ=1000 ACK=0 WINDOW=64240 SYN
2026-01-31T09:00:00.510000+00:00 edge kernel: TRACE: filter:FORWARD:policy:1 IN=lan OUT=wan SRC=10.0.0.5 DST=203.0.113.7 LEN=60 TTL=62 ID=0 DF PROTO=TCP SPT=8443 DPT=40001 SEQ=2000 ACK=1001 WINDOW=64240 ACK SYN
2026-01-31T09:00:01.000000+00:00 edge kernel: TRACE: filter:FORWARD:policy:1 IN=wan OUT=lan SRC=203.0.113.9 DST=10.0.0.6 LEN=60 TTL=59 ID=77 DF PROTO=TCP SPT=1 DPT=2 SEQ=7 ACK=0 WINDOW=64240 SYN
`,
  'core.log': `2026-01-31T09:00:00.401000+00:00 core kernel: TRACE: filter:FORWARD:policy:1 IN=up OUT=down SRC=203.0.113.7 DST=10.0.0.5 LEN=60 TTL=58 ID=4711 DF PROTO=TCP SPT=40001 DPT=8443 SEQ=1000 ACK=0 WINDOW=64240 SYN
2026-01-31T09:00:00.409000+00:00 core kernel: TRACE: filter:FORWARD:policy:1 IN=down OUT=up SRC=10.0.0.5 DST=203.0.113.7 LEN=60 TTL=63 ID=0 DF PROTO=TCP SPT=8443 DPT=40001 SEQ=2000 ACK=1001 WINDOW=64240 ACK SYN
`,
}
const NAT_RULES = `*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 198.51.100.1/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.5:8443
COMMIT
*filter
:FORWARD ACCEPT [0:0]
COMMIT
`

test.each(['duckdb', 'parquet'])('%s: a packet that several hosts saw is one path', async (kind) => {
  const at = folder({ ...LOGS, 'edge.v4': NAT_RULES, 'core.v4': '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n' })
  const store = `${kind}:${join(at, 'store')}`
  for (const host of ['core', 'edge'])
    await nfwhy(['explain', '-q', join(at, `${host}.log`), join(at, `${host}.v4`), '--store', store])
  const ways = [
    ['edge', 'wan', 60],
    ['core', 'up', 58],
    ['core', 'down', 63],
    ['edge', 'lan', 62],
  ]
  for (const tuple of [
    'tcp 203.0.113.7:40001 > 198.51.100.1:443',
    'tcp 203.0.113.7:40001 > 10.0.0.5:8443',
    'tcp 10.0.0.5:8443 > 203.0.113.7:40001',
    '203.0.113.7 > 10.0.0.5',
  ]) {
    const path = await pathOf(store, tuple)
    expect(
      path.map(({ host, iifname, ttl }) => [host, iifname, ttl]),
      tuple,
    ).toEqual(ways)
    expect(new Set(path.map(({ packet_time }) => packet_time)).size).toBe(2)
  }
})
