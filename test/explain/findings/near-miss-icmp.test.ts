/** A rule for a message of ICMP beside the same message of ICMPv6, and the other way round. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'

const PING6: Packet = {
  ...{ in: 'eth0', protocol: 'icmpv6', src: '2001:db8::2', dst: '2001:db8::1', icmpType: 128, icmpCode: 0 },
}
const PING4: Packet = {
  ...{ in: 'eth0', protocol: 'icmp', src: '10.0.1.2', dst: '10.0.1.1', icmpType: 8, icmpCode: 0 },
}
const ADDRESS = { family: 'ip6', address: '2001:db8::1', prefixLength: 64, scope: 'global' } as const

function missed(rule: string, packet: Packet) {
  const world = worldOf(`table inet fw { # handle 1
	chain input { # handle 1
		type filter hook input priority filter; policy drop;
		${rule} # handle 5
	}
}
`)
  const links = ROUTER.links!.map((one) =>
    one.name === 'eth0' ? { ...one, addresses: [...one.addresses!, ADDRESS] } : one,
  )
  const own = { family: 'ip6', type: 'local', destination: '2001:db8::1/128', table: 'local', device: 'eth0' } as const
  Object.assign(world.host, ROUTER, { links, routes: [...ROUTER.routes!, own] })
  const { evidence, ended } = modelEngine.play(world, packet)
  const { findings } = explain(evidence, world, { ended })
  const found = findings.find(({ code }) => code === 'near-miss')
  const fix = found?.fix.find((one) => one.edits)
  return found && { severity: found.severity, says: found.message, fix: fix && String(fixCommands(fix).command) }
}

describe('a rule for one version’s message', () => {
  it.each([
    ['icmp type echo-request accept', 'icmp type echo-request', 'icmpv6 type echo-request'],
    [
      'iifname "eth0" meta nfproto ipv4 icmp type { echo-reply, echo-request } counter packets 3 bytes 252 accept',
      '',
      'icmpv6 type { echo-',
    ],
  ])('is the near miss of ICMPv6’s: %s', (rule, only, command) => {
    const found = missed(rule, PING6)
    expect(found?.severity).toBe('warning')
    expect(found?.says).toContain(`inet fw input handle 5 would have accepted it, but only matches ${only}`)
    expect(found?.fix).toContain(command)
    expect(found?.fix).not.toMatch(/replace|delete|ipv4/)
  })

  it('is that of ICMP’s', () => {
    expect(missed('icmpv6 type { destination-unreachable, echo-request } accept', PING4)?.says).toContain('icmpv6 type')
  })

  it('is none of another message’s', () => {
    expect(missed('icmp type echo-reply accept', PING6)).toBeUndefined()
    expect(missed('icmp type timestamp-request accept', PING6)).toBeUndefined()
  })

  it('is none where the rule is for all of ICMP', () => {
    expect(missed('ip protocol icmp accept', PING6)).toBeUndefined()
    expect(missed('icmp type echo-request accept', { ...PING6, icmpType: 135 })).toBeUndefined()
  })

  it('is none where another condition speaks against it', () => {
    expect(missed('iifname "eth1" icmp type echo-request accept', PING6)).toBeUndefined()
  })
})
