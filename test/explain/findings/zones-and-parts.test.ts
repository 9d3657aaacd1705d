/** Chains that programs make alike for each zone, and for each part of a zone: which rule, and which chain, a packet lacks. */
import { expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { LISTENS_ON, TO_ROUTER, told } from './played.ts'

function found(rules: string) {
  const world = worldOf(rules)
  Object.assign(world.host, ROUTER, LISTENS_ON(22))
  const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
  return explain(evidence, world, { ended }).findings
}

/** As VyOS writes them; `own`: what follows the packet's own zone. */
const zones = (own: string) => `table ip vyos_filter {
	chain VYOS_ZONE_LOCAL {
		type filter hook input priority filter; policy accept;
		counter jump VZONE_LOCAL_IN # handle 29
	}
	chain VZONE_LOCAL_IN {
		iifname "eth1" counter packets 0 bytes 0 jump NAME_LAN-LOCAL # handle 41
		iifname "eth1" counter packets 0 bytes 0 return # handle 42
		iifname "eth0" counter packets 5 bytes 370 jump NAME_WAN-LOCAL # handle 43
${own}	}
	chain NAME_LAN-LOCAL {
		tcp dport 22 accept # handle 60
	}
	chain NAME_WAN-LOCAL {
		reject # handle 66
	}
}
`

it("another zone's rule is no near miss where the packet's own zone has the same", () => {
  const nearMisses = (own: string) =>
    found(zones(own)).filter(({ code, message }) => code === 'near-miss' && message.includes('handle 42'))
  expect(nearMisses('\t\tiifname "eth0" counter packets 0 bytes 0 return # handle 44\n')).toEqual([])
  expect(nearMisses('')).toHaveLength(1)
})

/** As firewalld writes them; `isAlike`: the zone's masquerade stands in the chain that is alike. */
const parts = (isAlike: boolean) =>
  ['PRE', 'POST'].flatMap((hook) => [
    `-A ${hook}ROUTING -j ${hook}_public`,
    ...['pre', 'log', 'deny', 'allow', 'post'].flatMap((part) => [
      `-N ${hook}_public_${part}`,
      `-A ${hook}_public -j ${hook}_public_${part}`,
    ]),
    ...(hook === 'POST' ? [`-A POST_public${isAlike ? '_allow' : ''} -o eth1 -j MASQUERADE`] : []),
  ])

it('of several empty chains it is the one whose like at another hook has rules', () => {
  const said = (isAlike: boolean) =>
    told({ rules: { nat: parts(isAlike), filter: [] }, packet: TO_ROUTER, host: LISTENS_ON(22) }, 'missing-rule')
      ?.message
  expect(said(true)).toContain('jumps to PRE_public_allow, which has no rules')
  expect(said(false)).toContain('jumps to PRE_public_pre, which has no rules')
})
