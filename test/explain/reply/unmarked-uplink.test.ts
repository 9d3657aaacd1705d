/** An uplink that the map of marks does not have: its connections get no mark, and replies leave by another one. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import { backOut } from '../../../src/explain/reply/back-out.ts'
import { uplinkWithoutMark } from '../../../src/explain/reply/unmarked-uplink.ts'
import type { ConntrackEntry, Route, RoutingRule } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { SYN } from '../findings/played.ts'

/** By the second uplink, eth1; 10.0.1.2 behind eth0 is the server. */
const PACKET = { ...SYN, in: 'eth1', src: '203.0.113.9', dst: '10.0.2.1' }
const ENTRY: ConntrackEntry = {
  ...{ family: 'ip', protocol: 'tcp', status: [], mark: 7 },
  original: { src: '203.0.113.9', dst: '10.0.2.1', sport: 40_000, dport: 80 },
  reply: { src: '10.0.1.2', dst: '203.0.113.9', sport: 80, dport: 40_000 },
}

interface Made {
  elements?: string
  marking?: string
  restoring?: string
  mark?: number
  conntrack?: ConntrackEntry[]
  /** 80 is forwarded. */
  dport?: number
  output?: string
}

function found({
  elements = '"eth7" : 0x1, "eth8" : 0x2',
  marking = 'ct state new ct mark set iifname map @marks',
  restoring = 'iifname "eth0" meta mark set ct mark',
  mark = 2,
  conntrack = [],
  dport = 80,
  output = '',
}: Made = {}) {
  const world = worldOf(`table inet mangle {
	map marks {
		type ifname : mark
		elements = { ${elements} }
	}
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		${marking} # handle 4
		${restoring} # handle 5
	}
	${output}
}
table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "eth1" tcp dport 80 dnat to 10.0.1.2 # handle 6
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
	}
}
`)
  const way = (device: string, gateway: string, table: string): Route => ({
    ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0', device, gateway, table },
  })
  const rule = (priority: number, table: string): RoutingRule => ({ family: 'ip', priority, action: { table } })
  Object.assign(world.host, ROUTER, {
    routes: [...ROUTER.routes!, way('eth0', '10.0.1.254', 'main'), way('eth1', '10.0.2.254', '202')],
    routingRules: [rule(0, 'local'), { ...rule(100, '202'), mark, markMask: 0xff }, rule(32_766, 'main')],
    conntrack,
  })
  const { evidence, ended } = modelEngine.play(world, { ...PACKET, dport })
  const journey = explain(evidence, world, { ended })
  const told = uplinkWithoutMark(journey, world, 'eth1')
  const [first] = backOut(journey, world, '10.0.2.1', 'eth1')
  return told && { words: told.words, command: `${fixCommands(first!).command}` }
}

describe('an uplink that has no mark', () => {
  it('is named with the mark that leads out of it, and whose that is', () => {
    expect(found()).toEqual({
      words:
        ' eth1 is not in map marks, by which inet mangle prerouting handle 4 marks connections. Routing rule 100 leads mark 0x2 out of eth1. The map gives that mark to eth8, which this host does not have.',
      command: 'nft add element inet mangle marks { eth1 : 2 }',
    })
    const output =
      'chain output {\n		type route hook output priority mangle; policy accept;\n		meta mark set ct mark # handle 8\n	}'
    expect(found({ dport: 22, output })?.words).toMatch(/^ eth1 is not in map marks/)
    expect(found({ elements: '"eth0" : 0x2' })?.words).toMatch(/ out of eth1\.$/)
  })

  it.each<[string, Made]>([
    ['the map has it', { elements: '"eth1" : 0x3' }],
    ['the map has all that begin so', { elements: '"eth*" : 0x3' }],
    ['the rule is for some services', { marking: 'tcp dport 443 ct mark set iifname map @marks' }],
    ['no reply gets the mark', { restoring: 'iifname "eth0" meta mark set 0x9' }],
    ['replies of another link alone get it', { restoring: 'iifname "eth5" meta mark set ct mark' }],
    ['this host replies, and only forwarded replies get it', { dport: 22, restoring: 'meta mark set ct mark' }],
    ['no routing rule asks for a mark', { mark: 0 }],
    ['the connection has a mark all the same', { conntrack: [ENTRY] }],
  ])('is none where %s', (_why, made) => {
    expect(found(made)).toBeUndefined()
  })
})
