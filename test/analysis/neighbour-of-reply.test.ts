/** A solicitation that a rule stops tells of a reply only where this host itself has asked for whom that goes to. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'

const RULES = `table inet fw {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept # handle 4
    udp dport 53 accept # handle 5
  }
  chain output {
    type filter hook output priority filter; policy drop;
    meta l4proto udp accept # handle 7
  }
}
`
const ADDRESSES = `1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever
2: wan    inet6 2001:db8::1/64 scope global \\       valid_lft forever preferred_lft forever
`
let ids = 0
function packet(way: string, src: string, dst: string, l4: string, end: string): string {
  const chain = way.startsWith('i') ? 'input' : 'output'
  const start = `trace id 0000${(++ids).toString(16).padStart(4, '0')} inet fw ${chain}`
  return `${start} packet: ${way} ip6 saddr ${src} ip6 daddr ${dst} ip6 hoplimit 64 ip6 length 20 ${l4}\n${start} ${end}\n`
}
const accepted = (way: string, src: string, dst: string, ports: readonly [number, number]) =>
  packet(
    way,
    src,
    dst,
    `udp sport ${ports[0]} udp dport ${ports[1]} udp length 12`,
    way === 'iif "lo"'
      ? 'rule iifname "lo" accept # handle 4 (verdict accept)'
      : way.startsWith('i')
        ? 'rule udp dport 53 accept # handle 5 (verdict accept)'
        : 'rule meta l4proto udp accept # handle 7 (verdict accept)',
  )
const solicits = (way: string, src: string, dst: string) =>
  packet(way, src, dst, 'icmpv6 type nd-neighbor-solicit icmpv6 code 0', 'policy drop')

async function statusOf(trace: string): Promise<string | undefined> {
  const files = { 'trace.txt': trace, 'rules.nft': RULES, ADDRESSES }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges.find(({ asked }) => asked.protocol === 'udp')?.status
}

const asked = accepted('iif "wan"', '2001:db8::9', '2001:db8::1', [40_000, 53])
const replied = accepted('oif "wan"', '2001:db8::1', '2001:db8::9', [53, 40_000])
const own = solicits('oif "wan"', '2001:db8::1', 'ff02::1:ff00:9')

it('is not known to arrive where this host could not ask for its neighbour', async () => {
  expect(await statusOf(asked + replied + own)).toBe('undetermined')
})

it('arrives where another host asks for one with the same end', async () => {
  const other = solicits('iif "wan"', '2001:db8::7', 'ff02::1:ff00:9')
  expect(await statusOf(asked + replied + other)).toBe('answered')
})

it('arrives where it was asked for on another interface', async () => {
  expect(await statusOf(asked + replied + own.replace('oif "wan"', 'oif "lan"'))).toBe('answered')
})
