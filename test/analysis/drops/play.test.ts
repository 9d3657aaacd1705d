/** Which rule dropped a packet that netfilter dropped, where a rule drops what comes too often. */
import { beforeAll, expect, test } from 'vitest'
import { DropPlayer, fits } from '../../../src/analysis/drops/play.ts'
import { loadDrops } from '../../../src/explain/kernel-drops/later.ts'
import type { Drop } from '../../../src/model/host.ts'
import { worldOf } from '../../journey/journeys.ts'

beforeAll(loadDrops)

const drop = (dport: number): Drop => ({
  ...{ time: '2026-01-02T03:04:05.000000Z', reason: 'NETFILTER_DROP' },
  packet: { protocol: 'udp', src: '192.0.2.1', sport: 4000, dst: '192.0.2.2', dport, in: 'eth0', ttl: 64, length: 29 },
})
const HOST = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.2/24 scope global eth0
       valid_lft forever preferred_lft forever
`

const NFT = `table inet fw {
  chain input { # handle 1
    type filter hook input priority 0; policy accept;
    udp dport 53 limit rate over 1/second drop # handle 2
    udp dport 54 limit rate 1/second accept # handle 3
    udp dport 54 drop # handle 4
    udp dport 55 limit rate over 1/second drop # handle 5
    udp dport 55 limit rate over 2/second drop # handle 6
    udp dport 56 limit rate over 1/second accept # handle 7
    udp dport 57 drop # handle 8
  }
}
`
const IPTABLES = `*filter
:INPUT ACCEPT [0:0]
-A INPUT -p udp --dport 53 -m hashlimit --hashlimit-above 1/sec --hashlimit-name a -j DROP
-A INPUT -p udp --dport 54 -m limit --limit 1/sec -j ACCEPT
-A INPUT -p udp --dport 54 -j DROP
-A INPUT -p udp --dport 55 -m hashlimit --hashlimit-above 1/sec --hashlimit-name b -j DROP
-A INPUT -p udp --dport 55 -m hashlimit --hashlimit-above 2/sec --hashlimit-name c -j DROP
-A INPUT -p udp --dport 57 -j DROP
COMMIT
`

test.each([
  ['nft', NFT, { 53: { handle: 2 }, 54: { handle: 4 }, 57: { handle: 8 } }],
  ['iptables', IPTABLES, { 53: { ruleNumber: 1 }, 54: { ruleNumber: 3 }, 57: { ruleNumber: 6 } }],
] as const)('is the one whose limit the packet is over, in %s', (_, rules, expected) => {
  const player = new DropPlayer(worldOf(rules, HOST))
  for (const [port, ref] of Object.entries(expected)) {
    expect(player.rule(drop(Number(port))), port).toMatchObject({ known: true, ref })
    expect(fits(player.play(drop(Number(port))).explain(), drop(Number(port))), port).toBe(true)
  }
  // one of the two
  expect(player.rule(drop(55))).toEqual({ known: false, why: 'open' })
  // whatever a limit says, no rule drops it
  for (const port of [56, 58]) expect(player.rule(drop(port))).toEqual({ known: false, why: 'none' })
})
