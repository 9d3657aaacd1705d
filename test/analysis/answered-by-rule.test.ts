/** A packet whose lines end too early, and this host's answer to it: which rule sent that, the model tells. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const rules = (reject: string) => `table ip fw {
  chain input {
    type filter hook input priority filter; policy accept;
    jump deny
  }
  chain deny {
    tcp dport 22 ${reject}
  }
  chain output {
    type filter hook output priority filter; policy accept;
    accept
  }
}
`
const header = (id: string, chain: string, way: string, from: string, to: string, more: string) =>
  `trace id ${id} ip fw ${chain} packet: ${way} ip saddr ${from} ip daddr ${to} ip dscp cs0 ip ecn not-ect ip ttl 64 ${more}\n`
const request = (dport: number) =>
  `${header('11111111', 'input', 'iif "eth0"', '192.0.2.2', '192.0.2.1', `ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport ${dport} tcp flags == syn tcp window 64240`)}trace id 11111111 ip fw input rule jump deny (verdict jump deny)\n`
const reset = (dport: number, to = 40_000) =>
  header(
    '22222222',
    'output',
    'oif "eth0"',
    '192.0.2.1',
    '192.0.2.2',
    `ip id 0 ip protocol tcp ip length 40 tcp sport ${dport} tcp dport ${to} tcp flags == rst | ack tcp window 0`,
  )
const error = (quotedId: string) =>
  header(
    '33333333',
    'output',
    'oif "eth0"',
    '192.0.2.1',
    '192.0.2.2',
    `ip id 9 ip length 88 icmp type destination-unreachable icmp code port-unreachable icmp id 0 icmp sequence 0 @th,64,96 0x4500003c${quotedId}40004006b776`,
  )

async function told(reject: string, ...lines: string[]) {
  const analysis = await open([
    { name: 'rules.nft', text: rules(reject) },
    { name: 'trace.txt', text: lines.join('') },
  ])
  const { exchanges } = await analysis.exchanges()
  const { status, basis, culprit } = exchanges[0]!
  return [status, basis, culprit?.chain]
}

const RESET = 'reject with tcp reset'
const ERROR = 'reject'

test('the reset of a rule behind the last line', async () => {
  expect(await told(RESET, request(22), reset(22))).toEqual(['rejected', 'inferred', 'deny'])
})

test('the error of one: nft shows which packet it quotes by its identification', async () => {
  expect(await told(ERROR, request(22), error('0007'))).toEqual(['rejected', 'inferred', 'deny'])
  expect((await told(ERROR, request(22), error('0008')))[0]).not.toBe('rejected')
})

test('no answer, that of another connection, and one that no rule sends, prove nothing', async () => {
  expect((await told(RESET, request(22)))[0]).toBe('undetermined')
  expect((await told(RESET, request(22), reset(22, 40_001)))[0]).not.toBe('rejected')
  expect((await told(RESET, request(23), reset(23)))[0]).not.toBe('rejected')
})
