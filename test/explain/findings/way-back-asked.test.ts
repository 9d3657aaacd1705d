/** A rule that asks for the way back to the source (rpfilter, fib): that is what decides, and a route mends it. */
import { describe, expect, it } from 'vitest'
import { asksWayBack } from '../../../src/explain/cause.ts'
import type { Host } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

/** Calico's: the mark only says that it comes from a pod. */
const RAW = [
  '-A PREROUTING -i eth0 -j MARK --set-xmark 0x40000/0x40000',
  '-A PREROUTING -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP',
]
const STRANGER = { ...SYN, src: '203.0.113.9' }
const from = (neighbours: Host['neighbours'] = []): Case => ({
  rules: { raw: RAW, filter: [] },
  packet: STRANGER,
  host: { neighbours, routes: ROUTER.routes!.map((one) => (one.gateway ? one : { ...one, scope: 'link' })) },
})
const SENDER = { family: 'ip', device: 'eth0', mac: '02:00:00:00:00:02', state: ['REACHABLE'] } as const

it.each([
  ['fib saddr oif', true],
  ['fib saddr . iif oif', true],
  ['fib saddr type', false],
  ['fib saddr . oif type', false],
  ['fib daddr . iif oif', false],
])('%s asks for the way back: %s', (field, asks) => {
  const one = { kind: 'compare', field, op: '==', value: '', text: '' } as const
  expect(asksWayBack(one)).toBe(asks)
  expect(asksWayBack({ kind: 'not', of: one, text: '' })).toBe(asks)
})

describe('a rule that asks for the way back', () => {
  it('is to blame, and not the rule whose mark it asks for as well', () => {
    expect(told(from(), 'dropped-by-mark')).toBeUndefined()
    const found = told(from(), 'dropped-by-rule')
    expect(found?.rules).toEqual(['raw PREROUTING rule 2'])
    expect(found?.message).toContain(
      'raw PREROUTING rule 2 dropped it (mark 0x40000 is set, the route back to 203.0.113.9 leads out of eth1, not eth0).',
    )
  })

  it('is to blame where the rule behind it drops what it has left', () => {
    const mangle = ['-A PREROUTING -j rpf', '-A rpf -m rpfilter --validmark -j RETURN', '-A rpf -j DROP']
    const found = told({ ...from(), rules: { mangle, filter: [] } }, 'dropped-by-rule')
    expect(found?.message).toBe(
      'mangle rpf rule 2 dropped it (the route back to 203.0.113.9 leads out of eth1, not eth0): no earlier rule there accepts it.',
    )
    const by = from([{ ...SENDER, address: '10.0.1.254', state: ['REACHABLE'] }])
    expect(told({ ...by, rules: { mangle, filter: [] } }, 'dropped-by-rule')?.fix).toBe(
      'ip route add 203.0.113.9/32 via 10.0.1.254 dev eth0 → forwarded',
    )
    // one that asks for more than the way may have failed for that
    const more = [mangle[0]!, '-A rpf -p udp -m rpfilter -j RETURN', mangle[2]!]
    expect(told({ ...from(), rules: { mangle: more, filter: [] } }, 'dropped-by-rule')?.message).toBe(
      'mangle rpf rule 2 dropped it: no earlier rule there accepts it.',
    )
  })

  it('is content with another way of the route that is there already: the kernel takes no second one', () => {
    const by = from([{ ...SENDER, address: '10.0.1.254', state: ['REACHABLE'] }])
    const astray = { family: 'ip', type: 'unicast', destination: '203.0.113.9/32', table: 'main' } as const
    const routes = [...by.host!.routes!, { ...astray, gateway: '203.0.113.254', device: 'eth1' }]
    const found = told({ ...by, host: { ...by.host, routes } }, 'dropped-by-rule')
    expect(found?.fix).toBe('ip route replace 203.0.113.9/32 via 10.0.1.254 dev eth0 → forwarded')
  })

  it('is content with a route by the neighbour that handed the packet over', () => {
    const by = from([{ ...SENDER, address: '10.0.1.254', state: ['REACHABLE'] }])
    expect(told(by, 'dropped-by-rule')?.fix).toBe('ip route add 203.0.113.9/32 via 10.0.1.254 dev eth0 → forwarded')
    const itself = from([{ ...SENDER, address: '203.0.113.9', state: ['REACHABLE'] }])
    expect(told(itself, 'dropped-by-rule')?.fix).toBe('ip route add 203.0.113.9/32 dev eth0 → forwarded')
  })

  it('does not move the drop to another interface over which the sender is reached', () => {
    const at = (device: string, state = 'REACHABLE') => ({ ...SENDER, address: '203.0.113.9', device, state: [state] })
    const both = [at('eth0'), at('eth1')]
    const raw = ['-A PREROUTING -m rpfilter --validmark --invert -j DROP']
    const { fix } = findingsOf(played({ ...from(both), rules: { raw, filter: [] } }), 'dropped-by-rule')[0]!
    const route = fix.at(-1)!
    expect(route.description).toMatch(/^add a route back to 203\.0\.113\.9 /)
    expect(route.note).toMatch(/^packets from 203\.0\.113\.9 on eth1 may then fail this check; /)
    expect(fix[0]).toMatchObject({ verified: 'model', after: 'forwarded' })
    expect(fix[0]?.but).toBeUndefined()
    // who failed to answer there is not there
    expect(told(from([at('eth0'), at('eth1', 'FAILED')]), 'dropped-by-rule')?.fix).toBe(
      'ip route add 203.0.113.9/32 dev eth0 → forwarded',
    )
  })

  it('says that the source may be forged', () => {
    const [found] = findingsOf(played(from([{ ...SENDER, address: '10.0.1.254', state: [] }])), 'dropped-by-rule')
    expect(found?.fix[0]?.note).toContain('check that 203.0.113.9 is behind this neighbour')
  })

  it.each(['10.0.2.7', '10.0.2.1'])('wants no route to %s, which another link or this host has', (src) => {
    const forged = { ...from([{ ...SENDER, address: '10.0.1.254', state: [] }]), packet: { ...SYN, src } }
    expect(told(forged, 'dropped-by-rule')?.rules).toEqual(['raw PREROUTING rule 2'])
    expect(told(forged, 'dropped-by-rule')?.fix).not.toContain('ip route add')
  })

  it('leaves the answer to go elsewhere where it is only taken away, as many a machine works', () => {
    const { fix } = findingsOf(played(from()), 'dropped-by-rule')[0]!
    const [away] = fix.filter(({ verified }) => verified)
    expect(away).toMatchObject({
      after: 'forwarded',
      note: expect.stringMatching(/^its reply would leave by eth1, not by eth0/),
    })
    expect(away?.but).toBeUndefined()
  })

  it('is not told to want a route where the way back is the way it came', () => {
    const near: Case = { rules: { raw: ['-A PREROUTING -m rpfilter -j DROP'], filter: [] } }
    expect(told(near, 'dropped-by-rule')?.message).not.toContain('way back')
  })
})

it('whose address it is that came in elsewhere is said where a rule asks for one of the interface', () => {
  const dropped = (dst: string) =>
    told(
      {
        rules: { filter: ['-A INPUT -m addrtype ! --dst-type LOCAL --limit-iface-in -j DROP'] },
        packet: { ...SYN, dst },
      },
      'dropped-by-rule',
    )?.message
  expect(dropped('10.0.2.1')).toBe(
    'filter INPUT rule 1 dropped it (! --dst-type LOCAL --limit-iface-in, 10.0.2.1 is an address of eth1, not of eth0).',
  )
  expect(dropped('10.0.1.1')).toBeUndefined()
})
