/** Whom a packet was for is told of IPv6 too where its family is that of a bridge's or a device's tables. */
import { expect, it } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'

const nft = (family: 'bridge' | 'netdev') => `trace id aa13a04f ${family} f c packet: iif "eth0" ether saddr \
3a:fc:1c:92:ad:0a ether daddr 3a:fc:1c:92:ad:0b ip6 saddr 2001:db8:1::9 ip6 daddr 2001:db8:1::2 ip6 dscp cs0 ip6 ecn \
not-ect ip6 hoplimit 64 ip6 flowlabel 278090 ip6 nexthdr tcp ip6 length 40 tcp sport 40000 tcp dport 81 tcp flags == syn \
tcp window 64800
trace id aa13a04f ${family} f c rule tcp dport 81 drop # handle 7 (verdict drop)
`
const ebtables = (src: string) =>
  `[ 1.000001] TRACE: eb:filter:FORWARD IN=eth0 OUT=eth1 MAC source = 3a:fc:1c:92:ad:0a MAC dest = 3a:fc:1c:92:ad:0b \
proto = 0x86dd IPv6 SRC=${src} IPv6 DST=2001:db8:1::2, IPv6 priority=0x0, Next Header=17 SPT=40000 DPT=81
`

async function askedOf(text: string, ruleset?: string): Promise<Exchange['asked'][]> {
  const files = [{ name: 'trace.txt', text }, ...(ruleset ? [{ name: 'ruleset', text: ruleset }] : [])]
  const { exchanges } = await (await open(files)).exchanges()
  return [...exchanges].map(({ asked }) => asked)
}

it.each(['bridge', 'netdev'] as const)('of a trace of the %s family', async (family) => {
  const [asked] = await askedOf(nft(family))
  expect(asked).toMatchObject({ src: '2001:db8:1::9', dst: '2001:db8:1::2', sport: 40000, dport: 81 })
})

it('of what ebtables logs, where hosts have the first 32 bits in common', async () => {
  const rules = '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n'
  const asked = await askedOf([7, 9, 8].map((host) => ebtables(`2001:db8:1::${host}`)).join(''), rules)
  expect(asked.map(({ src, dst }) => [src, dst])).toEqual(
    [7, 9, 8].map((host) => [`2001:db8:1::${host}`, '2001:db8:1::2']),
  )
})
