/** Whoever gets a broadcast replies with an address of its own: without the addresses of this host, the frame says that it was one. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const RULESET =
  'table inet f { # handle 1\n\tchain i { # handle 1\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n\tchain o { # handle 2\n\t\ttype filter hook output priority filter; policy accept;\n\t}\n}\n'
const HEAD = 'ip dscp cs0 ip ecn not-ect ip ttl 64'
const UDP = 'ip protocol udp ip length 29'

const step = (id: string, chain: string, words: string) =>
  `trace id ${id} inet f ${chain} packet: ${words} \ntrace id ${id} inet f ${chain} policy accept \n`

/** 192.0.2.255 is asked at port 53, and 192.0.2.1 of this host replies. */
async function statusOf(mac: string): Promise<string[]> {
  const trace = [
    step(
      'aa',
      'i',
      `iif "eth0" ether saddr 02:00:00:00:00:07 ether daddr ${mac} ip saddr 192.0.2.7 ip daddr 192.0.2.255 ${HEAD} ip id 7 ${UDP} udp sport 40000 udp dport 53 udp length 9`,
    ),
    step(
      'bb',
      'o',
      `oif "eth0" ip saddr 192.0.2.1 ip daddr 192.0.2.7 ${HEAD} ip id 8 ${UDP} udp sport 53 udp dport 40000 udp length 9`,
    ),
  ]
  const analysis = await open([
    { name: 'trace.txt', text: trace.join('') },
    { name: 'ruleset.nft', text: RULESET },
  ])
  const { exchanges } = await analysis.exchanges()
  return exchanges.map(({ status }) => status)
}

test('a broadcast is answered by whoever replies', async () => {
  expect(await statusOf('ff:ff:ff:ff:ff:ff')).toEqual(['answered'])
})

test('a frame for this host alone asked one address, and another one replies', async () => {
  expect(await statusOf('02:00:00:00:00:01')).toEqual(['reply-lost'])
})
