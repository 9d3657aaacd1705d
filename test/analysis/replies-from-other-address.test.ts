/** A program that is bound to no address replies from the one that its route has: a rule of nat leads requests to that one. */
import { describe, expect, test } from 'vitest'
import { type Exchange, open, printCommand, printedExchange } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const ADDRESSES = `2: eth0    inet 10.0.0.10/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.0.0.1/24 scope global secondary eth0\\       valid_lft forever preferred_lft forever
`
const CONNTRACK = `udp      17 28 src=10.0.0.10 dst=10.0.0.66 sport=53 dport=40000 [UNREPLIED] src=10.0.0.66 dst=10.0.0.10 sport=40000 dport=53 mark=0 use=1
udp      17 28 src=10.0.0.66 dst=10.0.0.1 sport=40000 dport=53 [UNREPLIED] src=10.0.0.1 dst=10.0.0.66 sport=53 dport=40000 mark=0 use=1
`
const at = (chain: string) => `trace id 0a0b0c0d ${chain}`
const packet = (chain: string) =>
  `${at(chain)} packet: iif "eth0" ip saddr 10.0.0.66 ip daddr 10.0.0.1 ip ttl 64 ip id 7 ip length 32 udp sport 40000 udp dport 53\n`
const met = (...chains: string[]) => chains.map((chain) => `${packet(chain)}${at(chain)} policy accept\n`).join('')

const FILTER = `table inet fw {
  chain input {
    type filter hook input priority filter; policy accept;
  }
}
`

async function fixes(files: Record<string, string>): Promise<(string | undefined)[]> {
  const given = { 'ip-addr.txt': ADDRESSES, 'conntrack.txt': CONNTRACK, ...files }
  const analysis = await open(Object.entries(given).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const found = printedExchange(exchanges[0]!).findings.find(({ code }) => code === 'reply-from-other-address')
  return (found?.fix ?? []).flatMap(({ command, undo }) =>
    command ? [printCommand(command), undo && printCommand(undo)] : [],
  )
}

describe('requests are led to the address that replies', () => {
  test('by a table of nat that is made for it, and goes with the undo', async () => {
    const [fix, undo] = await fixes({ 'trace.txt': met('inet fw input'), 'ruleset.nft': FILTER })
    expect(fix).toContain(
      "nft add chain ip nat prerouting '{ type nat hook prerouting priority dstnat; policy accept; }' && nft add rule ip nat prerouting ip saddr 10.0.0.66 ip daddr 10.0.0.1 iifname eth0 udp dport 53 dnat to 10.0.0.10:53",
    )
    expect(undo).toBe('nft delete table ip nat')
  })

  test("in the machine's own chain of nat", async () => {
    const nat = 'table ip own {\n  chain dst {\n    type nat hook prerouting priority dstnat; policy accept;\n  }\n}\n'
    const files = { 'trace.txt': met('ip own dst', 'inet fw input'), 'ruleset.nft': `${nat}${FILTER}` }
    const [fix, undo] = await fixes(files)
    expect(fix).toMatch(
      /^nft add rule ip own dst ip saddr 10\.0\.0\.66 ip daddr 10\.0\.0\.1 iifname eth0 udp dport 53 dnat to 10\.0\.0\.10:53 comment /,
    )
    expect(undo).toMatch(/^nft delete rule ip own dst handle /)
  })

  test('but not where rules in front of the program go by the address', async () => {
    const named = FILTER.replace('policy accept;\n', 'policy accept;\n    jump own\n')
    const own = '  chain own {\n    ip daddr 10.0.0.1 udp dport 53 accept\n  }\n}\n'
    const files = { 'trace.txt': met('inet fw input'), 'ruleset.nft': named.replace(/}\n$/, own) }
    expect(await fixes(files)).toEqual([])
  })

  test("in iptables' words where it has rules", async () => {
    const rules = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
    const line =
      '[ 1.000001] TRACE: filter:INPUT:policy:1 IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=10.0.0.66 DST=10.0.0.1 LEN=32 TOS=0x00 PREC=0x00 TTL=64 ID=7 PROTO=UDP SPT=40000 DPT=53 LEN=12\n'
    expect(await fixes({ 'trace.log': line, 'rules.v4': rules })).toEqual([
      'iptables -t nat -A PREROUTING -s 10.0.0.66 -d 10.0.0.1 -i eth0 -p udp --dport 53 -j DNAT --to-destination 10.0.0.10:53',
      'iptables -t nat -D PREROUTING -s 10.0.0.66 -d 10.0.0.1 -i eth0 -p udp --dport 53 -j DNAT --to-destination 10.0.0.10:53',
    ])
  })
})

describe('a reply that was captured, and of which no list tells', () => {
  const asked: TestPacket = { in: 'eth0', src: '10.0.0.66', dst: '10.0.0.1', sport: 40_000, dport: 53, protocol: 'udp' }
  const replied: TestPacket = {
    out: 'eth0',
    ...{ src: '10.0.0.10', dst: '10.0.0.66', sport: 53, dport: 40_000, protocol: 'udp' },
  }
  const rules = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'

  async function exchangesOf(...packets: TestPacket[]): Promise<Exchange[]> {
    const lines = packets.map((one, i) =>
      trace(one.out === undefined ? 'filter:INPUT:policy:1' : 'filter:OUTPUT:policy:1', { id: i + 1, ...one }),
    )
    const files = { 'trace.log': dmesg(lines), 'rules.v4': rules, 'ip-addr.txt': ADDRESSES }
    const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
    return (await analysis.exchanges()).exchanges
  }
  const fate = ({ status, findings }: Exchange) => [
    status,
    findings.find(({ code }) => code === 'reply-from-other-address')?.message,
  ]

  test('is lost, each time', async () => {
    const [only, ...others] = await exchangesOf(asked, replied, { ...asked, id: 7 }, { ...replied, id: 8 })
    expect(others).toEqual([])
    expect(only!.journeys.replies).toEqual(['2', '4'])
    expect(fate(only!)).toEqual([
      'reply-lost',
      '10.0.0.66 contacted 10.0.0.1:53, but the reply comes from 10.0.0.10:53. 10.0.0.66 never contacted that address.',
    ])
  })

  /** Nothing shows that the request is complete, and a chain of POSTROUTING that the reply is. */
  test('is lost where its journey is complete before the request is', async () => {
    const chain = (name: string, hook: string) =>
      `  chain ${name} {\n    type filter hook ${hook} priority filter; policy accept;\n  }\n`
    const rules = `table inet fw {\n${chain('pre', 'prerouting')}${chain('out', 'output')}${chain('post', 'postrouting')}}\n`
    const seen = (id: number, chain: string, what: string) =>
      `trace id ${id} inet fw ${chain} packet: ${what}\ntrace id ${id} inet fw ${chain} policy accept\n`
    const head = (src: string, dst: string) => `ip saddr ${src} ip daddr ${dst} ip ttl 64 ip id 7 ip length 32`
    const asking = (dst: string) => `iif "eth0" ${head('10.0.0.66', dst)} udp sport 40000 udp dport 5300`
    const asks = asking('10.0.0.1')
    const replies = `oif "eth0" ${head('10.0.0.10', '10.0.0.66')} udp sport 5300 udp dport 40000`
    const both = (id: number) =>
      `${seen(id, 'pre', asks)}${seen(id + 1, 'out', replies)}${seen(id + 1, 'post', replies)}`
    const exchangesIn = async (trace: string) => {
      const files = { 'trace.txt': trace, 'ruleset.nft': rules, 'ip-addr.txt': ADDRESSES }
      const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
      return (await analysis.exchanges()).exchanges
    }
    // of whoever has asked both addresses it is a reply to the one that it comes from
    const asksBoth = await exchangesIn(`${seen(9, 'pre', asks)}${seen(10, 'pre', asking('10.0.0.10'))}${both(11)}`)
    expect(asksBoth.map(fate)).toContainEqual(['answered', undefined])
    expect(asksBoth.map(({ status }) => status)).not.toContain('reply-lost')
    const [only, ...others] = await exchangesIn(`${both(11)}${both(13)}`)
    expect(others).toEqual([])
    expect(only!.journeys).toMatchObject({ replies: ['2', '4'] })
    expect(fate(only!)).toEqual([
      'reply-lost',
      '10.0.0.66 contacted 10.0.0.1:5300, but the reply comes from 10.0.0.10:5300. 10.0.0.66 never contacted that address.',
    ])
  })

  test('has the right one once its route leads out where the request came in: that goes first, and nat would not help', async () => {
    const lines = [asked, { ...replied, out: 'tun0', src: '10.9.0.2' }].map((one, i) =>
      trace(i === 0 ? 'filter:INPUT:policy:1' : 'filter:OUTPUT:policy:1', { id: i + 1, ...one }),
    )
    const local = (address: string, device: string) =>
      `local ${address} dev ${device} table local proto kernel scope host src ${address}\n`
    const files = {
      'trace.log': dmesg(lines),
      'rules.v4': rules,
      'ip-addr.txt': `${ADDRESSES}3: tun0    inet 10.9.0.2/24 scope global tun0\\       valid_lft forever preferred_lft forever\n`,
      'ip-route4.txt': `default via 10.9.0.1 dev tun0 table 52\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n10.9.0.0/24 dev tun0 proto kernel scope link src 10.9.0.2\n${local('10.0.0.1', 'eth0')}${local('10.0.0.10', 'eth0')}${local('10.9.0.2', 'tun0')}`,
      'ip-rule4.txt':
        '0:\tfrom all lookup local\n5270:\tfrom all lookup 52\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
    }
    const foundWith = async (more: Record<string, string>) => {
      const analysis = await open(Object.entries({ ...files, ...more }).map(([name, text]) => ({ name, text })))
      return printedExchange((await analysis.exchanges()).exchanges[0]!).findings.find(
        ({ code }) => code === 'reply-from-other-address',
      )
    }
    const found = await foundWith({})
    expect(found?.message).toContain('This reply left by tun0.')
    const fixes = [
      // with the source that the route of table main names: eth0's first address is another
      'ip route add 10.0.0.0/24 dev eth0 table 52 src 10.0.0.1',
      'ip route del default via 10.9.0.1 dev tun0 table 52',
      undefined,
    ]
    expect(found?.fix.map(({ command }) => command && printCommand(command))).toEqual(fixes)
    // which entry waits for it shows what was asked, and a program that is bound to no address gets the source of the route
    const waits = CONNTRACK.split('\n')[1]!
    const tried = async (address: string) =>
      (
        await foundWith({
          'conntrack.txt': `${waits}\n`,
          'ss.txt': `udp UNCONN 0 0 ${address}:53 0.0.0.0:* users:(("dnsmasq",pid=8,fd=5))\n`,
        })
      )?.fix.map(({ command, after, but }) => command && [printCommand(command), after, but])
    expect(await tried('0.0.0.0')).toEqual([[fixes[0], 'sent', undefined], [fixes[1], 'sent', undefined], undefined])
    const but = '10.0.0.66 sent its request to another address'
    expect((await tried('10.9.0.2'))?.map((one) => one?.[2])).toEqual([but, but, undefined])
  })

  test('beside one from the address that was asked it does no harm', async () => {
    const [only] = await exchangesOf(asked, { ...replied, src: '10.0.0.1' }, { ...replied, id: 8 })
    expect(fate(only!)).toEqual(['answered', undefined])
  })

  test.each([
    ['to another client', {}, { dst: '10.0.0.67' }],
    ["to another of the client's ports", {}, { dport: 40_001 }],
    ['of another service', {}, { sport: 54 }],
    ['where both ends have one port', { sport: 53 }, { dport: 53 }],
    ['of DHCP, of which clients take any', { sport: 68, dport: 67 }, { sport: 67, dport: 68 }],
  ])('%s: it is a packet of its own', async (_, one, other) => {
    const told = await exchangesOf({ ...asked, ...one }, { ...replied, ...other })
    expect(told.map(fate)).not.toContainEqual(['reply-lost', expect.anything()])
    expect(told).toHaveLength(2)
  })
})
