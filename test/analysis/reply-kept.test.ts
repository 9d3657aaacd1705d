/** A host behind this one replies to another one, and this host keeps the reply. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { open } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const ADDRESSES =
  '1: lo    inet 127.0.0.1/8 scope host lo\n2: wan    inet 192.0.2.1/24 scope global wan\n3: lan    inet 10.0.0.1/24 scope global lan\n'
const table = (name: string, chains: string, ...rules: string[]): string =>
  `*${name}\n${chains
    .split(' ')
    .map((chain) => `:${chain} ACCEPT [0:0]\n`)
    .join('')}${rules.map((rule) => `${rule}\n`).join('')}COMMIT\n`

const MARK = '-A PREROUTING -i lan -p tcp -j MARK --set-xmark 0x1/0xffffffff'
const TPROXY = '-A PREROUTING -i lan -p tcp -j TPROXY --on-port 1602 --on-ip 127.0.0.1 --tproxy-mark 0x0/0x0'
const CHAINS = 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING'

const asked: TestPacket = { in: 'wan', src: '198.51.100.9', dst: '10.0.0.2', sport: 40_000, dport: 80 }
const forwarded: TestPacket = { ...asked, out: 'lan', ttl: 63 }
const reply: TestPacket = {
  ...{ in: 'lan', src: '10.0.0.2', dst: '198.51.100.9', sport: 80, dport: 40_000 },
  ...{ flags: 'ACK SYN', seq: 9, id: 0 },
}
const REQUEST = [
  trace('mangle:PREROUTING:policy:9', asked),
  trace('mangle:FORWARD:policy:1', forwarded),
  trace('mangle:POSTROUTING:policy:1', forwarded),
]

async function first(lines: readonly string[], rules: string, more: Record<string, string> = {}) {
  const files = { 'trace.log': dmesg(lines), 'rules.v4': rules, addresses: ADDRESSES, ...more }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  return (await analysis.exchanges()).exchanges[0]!
}

it('is lost by the rule whose mark leads it here', async () => {
  const marked = { ...reply, mark: 1 }
  const lines = [
    ...REQUEST,
    trace('mangle:PREROUTING:rule:1', reply),
    trace('mangle:PREROUTING:policy:2', marked),
    trace('mangle:INPUT:policy:1', marked),
  ]
  const one = await first(lines, table('mangle', CHAINS, MARK))
  expect(one).toMatchObject({ status: 'reply-lost', culprit: { table: 'mangle', chain: 'PREROUTING', ruleNumber: 1 } })
  expect(one.findings[0]).toMatchObject({
    code: 'wrong-way-out',
    message:
      'The reply to 198.51.100.9 never leaves this host: mangle PREROUTING rule 1 sets mark 0x1, which routes it to this host itself.',
  })
  expect(String(fixCommands(one.findings[0]!.fix[0]!).command)).toMatch(
    /^iptables -t mangle -I PREROUTING 1 .*--sport 80 .*-j ACCEPT$/,
  )
})

it('is lost by TPROXY', async () => {
  const lines = [...REQUEST, trace('mangle:PREROUTING:rule:1', reply), trace('mangle:INPUT:policy:1', reply)]
  const one = await first(lines, table('mangle', CHAINS, TPROXY))
  expect(one.status).toBe('reply-lost')
  expect(one.findings[0]?.message).toMatch(
    /never leaves this host: mangle PREROUTING rule 1 \(TPROXY\) takes it for a transparent proxy here\.$/,
  )
})

it('is no reply to a proxy that asks with its client’s address, nor one that goes on', async () => {
  const lines = (...more: string[]) => [...more, trace('mangle:PREROUTING:rule:1', reply)]
  const rules = table('mangle', CHAINS, MARK)
  const { in: _, ...sent } = forwarded
  const own = [trace('mangle:OUTPUT:policy:1', sent), trace('mangle:POSTROUTING:policy:1', sent)]
  const proxied = await first([...lines(...own), trace('mangle:INPUT:policy:1', reply)], rules)
  expect(proxied.status).not.toBe('reply-lost')
  const on = ['FORWARD', 'POSTROUTING'].map((chain) => trace(`mangle:${chain}:policy:1`, { ...reply, out: 'wan' }))
  const passed = await first([...lines(...REQUEST), ...on], rules)
  expect(passed.status).toBe('answered')
})

it.each([
  ['198.51.100.0/24', /^in place of the route local 198\.51\.100\.0\/24 dev lo \(table local\), add one/],
  ['198.51.100.9', /^if another host has the address, delete that route$/],
])('is lost by a local route to %s', async (destination, does) => {
  const lines = [...REQUEST, trace('mangle:PREROUTING:policy:1', reply), trace('mangle:INPUT:policy:1', reply)]
  const routes = `local ${destination} dev lo table local\n10.0.0.0/24 dev lan scope link\ndefault via 192.0.2.254 dev wan\n`
  const one = await first(lines, table('mangle', CHAINS), { routes })
  expect(one.status).toBe('reply-lost')
  expect(one.findings[0]?.message).toBe(
    `The reply to 198.51.100.9 never leaves this host: the route local ${destination} dev lo (table local) makes 198.51.100.9 an address of this host.`,
  )
  expect(one.findings[0]?.fix[0]?.description).toMatch(does)
})
