/** A chain of nft's that nothing jumps to, and that accepts a service whoever asks for it. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { SYN, TO_ROUTER } from './played.ts'

function reached(rules: string, packet = TO_ROUTER) {
  const world = worldOf(rules)
  Object.assign(world.host, ROUTER)
  const { evidence, ended } = modelEngine.play(world, packet)
  return explain(evidence, world, { ended }).findings.find(({ code }) => code === 'never-reached')
}

it('is no chain that a later base chain of the hook leads to', () => {
  const rules = (jump: string) => `table ip f {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept # handle 4
	}
	chain zones {
		type filter hook input priority filter + 1; policy accept;
		${jump} # handle 5
		drop # handle 6
	}
	chain wan {
		ip daddr 10.0.1.1 tcp dport 80 accept # handle 7
	}
}
`
  expect(reached(rules('iifname "eth0" jump wan'))).toBeUndefined()
  expect(reached(rules('iifname "eth0" accept'))?.message).toMatch(/ but nothing jumps to wan\.$/)
})

it('is no chain that a base chain of a later hook leads to: the packet was dropped before', () => {
  const rules = (hook: string) => `table ip docker-bridges {
	map jumps {
		type ifname : verdict
		elements = { "eth1" : jump in__eth1 }
	}
	chain raw-PREROUTING {
		type filter hook prerouting priority raw; policy accept;
		ip daddr 10.0.2.2 iifname != "eth1" drop # handle 4
	}
	chain filter-FORWARD {
		type filter hook ${hook} priority filter; policy accept;
		oifname vmap @jumps # handle 5
	}
	chain in__eth1 {
		ip daddr 10.0.2.2 tcp dport 80 accept # handle 7
	}
}
`
  expect(reached(rules('forward'), SYN)).toBeUndefined()
  // what this host sends does not come by there
  expect(reached(rules('output'), SYN)?.message).toContain('in__eth1 handle 7 would have accepted it')
})

it.each([
  // it may be for those behind one interface
  ['tcp dport 80 accept', 'iifname eth0 jump peers comment nfwhy-jump-5-device-end'],
  ['iifname "eth0" tcp dport 80 accept', 'jump peers comment nfwhy-jump-5-end'],
  ['ip saddr 10.0.1.0/24 tcp dport 80 accept', 'jump peers comment nfwhy-jump-5-end'],
])('is led to from the interface that the packet came in by, unless its rules choose: %s', (rule, jump) => {
  const found = reached(`table inet f {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept # handle 4
	}
	chain peers {
		${rule} # handle 5
	}
}
`)
  expect(`${fixCommands(found!.fix[0]!).command}`).toBe(`nft add rule inet f input ${jump}`)
})

it.each([
  // the address that the host had before: what the connection was opened to is asked no more, and the interface still is
  [
    'iifname "eth0" ct original ip daddr 203.0.113.77 jump web',
    'nft add rule inet f input iifname eth0 jump web comment nfwhy-eased-5-end',
  ],
  [
    'iifname "eth0" ip saddr 192.0.2.7 jump web',
    'nft add rule inet f input iifname eth0 ip saddr 10.0.1.2 jump web comment nfwhy-alike-5-10.0.1.2-end',
  ],
])('is led to as the rule does that leads there, but for what kept it from matching: %s', (lead, command) => {
  const found = reached(`table inet f {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept # handle 4
		${lead} # handle 5
	}
	chain web {
		ip daddr 10.0.1.1 tcp dport 80 accept # handle 7
	}
}
`)
  expect(`${fixCommands(found!.fix[0]!).command}`).toBe(command)
})

it.each([
  ['a network of them', 'iifname "eth0" ip saddr 192.0.2.0/24 jump web'],
  ['some of them', 'iifname "eth0" ip saddr { 192.0.2.1, 192.0.2.2 } jump web'],
  ['a set of them', 'iifname "eth0" ip saddr @admins jump web'],
  ['all but one', 'iifname "eth0" ip saddr != 10.0.1.2 jump web'],
  ['marked packets', 'iifname "eth0" meta mark 0x5 jump web'],
])('is opened for no other sender where the rule that leads there is for certain ones: %s', (_which, lead) => {
  const found = reached(`table inet f {
	set admins {
		type ipv4_addr
		elements = { 192.0.2.9 }
	}
	chain input {
		type filter hook input priority filter; policy drop;
		${lead} # handle 5
	}
	chain web {
		ip daddr 10.0.1.1 tcp dport 80 accept # handle 7
	}
}
`)
  expect(`${fixCommands(found!.fix[0]!).command}`).toBe(
    'nft add rule inet f input ip saddr 10.0.1.2 ip daddr 10.0.1.1 iifname eth0 tcp dport 80 jump web comment nfwhy-jump-7-10.0.1.2-10.0.1.1-80-end',
  )
})

it('names the chain that a map led the packet to', () => {
  const found = reached(`table inet f {
	chain input {
		type filter hook input priority filter; policy drop;
		iifname "eth0" meta l4proto vmap { tcp : jump bad, udp : jump bad } # handle 5
	}
	chain bad {
		reject # handle 8
	}
	chain web {
		ip daddr 10.0.1.1 tcp dport 80 accept # handle 9
	}
}
`)
  expect(found?.message).toBe(
    'inet f web handle 9 would have accepted it, but nothing jumps to web. input handle 5 sent it to bad.',
  )
})
