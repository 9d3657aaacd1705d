/** A program that is bound to no address replies from the one that its route has: a rule of nat leads requests to that one. */
import { describe, expect, test } from 'vitest'
import { open, printCommand, printedExchange } from '../../src/index.ts'

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
