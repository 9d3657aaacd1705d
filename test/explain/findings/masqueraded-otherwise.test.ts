/** A table of nft's for both IP versions that masquerades one of them, as OpenWrt's zones do. */
import { expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import type { Host, Link } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { SYN } from './played.ts'

const RULES = (rule: string) => `table inet fw4 {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
	chain srcnat {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "eth1" jump srcnat_wg
	}
	chain srcnat_wg {
		${rule}
	}
}
`

/** Of a chain that is for another interface alone. */
const OF_UPLINK = RULES('meta nfproto ipv4 masquerade').replace('oifname "eth1" jump', 'oifname "wan" jump')

const [src, dst] = ['2001:db8:1::2', '2001:db8:9::9']

const link = (name: string, address: string, four: string): Link => ({
  ...{ index: 2, name, mtu: 1500 },
  addresses: [
    { family: 'ip', address: four, prefixLength: 24, scope: 'global' },
    { family: 'ip6', address, prefixLength: 64, scope: 'global' },
  ],
})

const hostWith = (uplink: string): Host => ({
  ...ROUTER,
  links: [link('eth0', '2001:db8:1::1', '192.168.1.1'), link('eth1', uplink, '10.64.0.2')],
  routes: [
    { family: 'ip6', type: 'unicast', destination: '2001:db8:1::/64', device: 'eth0', table: 'main' },
    { family: 'ip6', type: 'unicast', destination: '::/0', gateway: 'fe80::9', device: 'eth1', table: 'main' },
  ],
  conntrack: [
    {
      ...entry({
        original: { src, dst, sport: 40_000, dport: 80 },
        reply: { src: dst, dst: src, sport: 80, dport: 40_000 },
        status: ['unreplied'],
      }),
      family: 'ip6',
    },
  ],
  sysctls: new Map([['net.ipv6.conf.all.forwarding', '1']]),
})

function found(rule: string, uplink: string, rules = RULES(rule)) {
  const world = worldOf(rules)
  Object.assign(world.host, hostWith(uplink))
  const { evidence, ended } = modelEngine.play(world, { ...SYN, src, dst })
  const { findings } = explain(evidence, world, { ended })
  return findings.filter(({ code }) => code === 'not-masqueraded').map((one) => `${one.severity} ${one.message}`)
}

const FOUR = 'meta nfproto ipv4 masquerade'

it('leaves the other one as it is: a note, where the way out has private addresses alone', () => {
  const said = `note For packets that come in by eth0, only IPv4 is masqueraded. This packet left for ${dst} with its own source ${src}, and connection tracking has seen no reply: routers behind eth1 need a route to ${src} through this host.`
  expect(found(FOUR, 'fd7d:76ee::2')).toEqual([said])
  expect(found('ip saddr 10.0.0.0/8 masquerade', 'fd7d:76ee::2')).toEqual([])
})

it('says nothing where the uplink has a public address, or another rule is there for this version', () => {
  expect(found(FOUR, '2001:db8:7::2')).toEqual([])
  expect(found(`${FOUR}\n\t\tmeta nfproto ipv6 ip6 daddr 2001:db8:f::/48 masquerade`, 'fd7d:76ee::2')).toEqual([])
})

it('says nothing where only what leaves by another interface is masqueraded', () => {
  expect(found('', 'fd7d:76ee::2', OF_UPLINK)).toEqual([])
})
