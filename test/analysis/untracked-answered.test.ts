/** What a rule keeps from connection tracking, and who it was for has replied: nat was not missed. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const ADDRESSES =
  '1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <UP> mtu 1500 state UP\n    inet 192.0.2.1/24 scope global eth0\n'
const ROUTES = `192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
`
const RULES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 192.0.2.1/32 -j CT --notrack
-A OUTPUT -s 192.0.2.1/32 -j CT --notrack
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 192.0.2.9
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
const request: TestPacket = {
  ...{ in: 'eth0', src: '192.0.2.7', dst: '192.0.2.1', sport: 40_000, dport: 53, protocol: 'udp' },
}
const reply: TestPacket = {
  ...{ out: 'eth0', src: '192.0.2.1', dst: '192.0.2.7', sport: 53, dport: 40_000, protocol: 'udp', id: 9 },
}
const ASKED = [trace('raw:PREROUTING:rule:1', request), trace('filter:INPUT:policy:1', request)]
const REPLIED = [trace('raw:OUTPUT:rule:1', reply), trace('filter:OUTPUT:policy:1', reply)]

function opened(lines: readonly string[]) {
  const files = { 'trace.log': dmesg(lines), 'rules.v4': RULES, addresses: ADDRESSES, routes: ROUTES }
  return open(Object.entries(files).map(([name, text]) => ({ name, text })))
}

async function told(...lines: string[]) {
  const analysis = await opened(lines)
  const [exchange] = (await analysis.exchanges()).exchanges
  const { status, findings } = exchange!
  const found = findings.filter(({ code }) => code === 'untracked')
  return {
    status,
    untracked: found.map(({ severity, message, fix }) => [severity, /^\S+ \S+ rule 1/.exec(message)?.[0], fix.length]),
  }
}

test('is noted of an exchange that was answered, and nothing is to be changed', async () => {
  expect(await told(...ASKED, ...REPLIED)).toEqual({
    status: 'answered',
    untracked: [
      ['note', 'raw OUTPUT rule 1', 0],
      ['note', 'raw PREROUTING rule 1', 0],
    ],
  })
})

test('is a warning where no reply was seen', async () => {
  const { status, untracked } = await told(...ASKED)
  expect(status).not.toBe('answered')
  expect(untracked).toEqual([['warning', 'raw PREROUTING rule 1', expect.any(Number)]])
  expect(untracked[0]![2]).toBeGreaterThan(0)
})

test('is no warning in the report of the request either', async () => {
  const report = async (...lines: string[]) => {
    const analysis = await opened(lines)
    const { groups, ending } = await analysis.groups()
    return printReport('text', groups, ending)
  }
  expect(await report(...ASKED, ...REPLIED)).not.toContain('not tracked by conntrack')
  expect(await report(...ASKED)).toContain('exempts it from conntrack')
})
