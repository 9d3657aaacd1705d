/** The packet is for another host, and this one does not forward; or nobody here has the address that it should have. */
import { expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, SYN } from './played.ts'

const OFF = { sysctls: new Map([['net.ipv4.ip_forward', '0']]) }
const GATEWAY = '02:00:00:00:00:02'
const host = {
  ...OFF,
  neighbours: [{ family: 'ip' as const, address: '10.0.2.254', device: 'eth1', mac: GATEWAY, state: ['REACHABLE'] }],
}
const FLOATING = { ...SYN, in: 'eth1', src: '198.51.100.9', dst: '203.0.113.7' }
const found = (packet: typeof SYN, given: object = host) =>
  findingsOf(played({ rules: { raw: [], filter: [] }, packet, host: given }), 'vanished-forwarding-off')[0]

it('is a setting, where the packet is for another link', () => {
  expect(found(SYN)?.message).toBe(
    '10.0.2.2 is not an address of this host, and forwarding is off (net.ipv4.ip_forward = 0).',
  )
})

it('gives interfaces back what they had of their own: the kernel writes the setting of all to each of them', () => {
  const own = ['net.ipv4.conf.default.forwarding', 'net.ipv4.conf.all.accept_redirects']
  const settings = ['net.ipv4.ip_forward', 'net.ipv4.conf.all.forwarding', 'net.ipv4.conf.eth0.forwarding']
  const sysctls = new Map([...settings.map((name): [string, string] => [name, '0']), [own[0]!, '1'], [own[1]!, '0']])
  const [fix] = found(SYN, { ...host, sysctls })!.fix
  const set = (name: string, value: string) => ({ kind: 'sysctl', name, value })
  expect(fix?.edits).toEqual([set('net.ipv4.ip_forward', '1')])
  expect(fix?.undo).toEqual([set('net.ipv4.ip_forward', '0'), set(own[0]!, '1'), set(own[1]!, '0')])
})

it('is the setting of the link that it came in by, where another link forwards by a setting of its own', () => {
  const off = ['net.ipv4.ip_forward', 'net.ipv4.conf.all.forwarding', 'net.ipv4.conf.eth0.forwarding']
  const sysctls = new Map([...off.map((name): [string, string] => [name, '0']), ['net.ipv4.conf.eth1.forwarding', '1']])
  const { message, fix } = found(SYN, { ...host, sysctls })!
  expect(message).toBe(
    '10.0.2.2 is not an address of this host, and forwarding is off (net.ipv4.conf.eth0.forwarding = 0).',
  )
  const set = (value: string) => [{ kind: 'sysctl', name: 'net.ipv4.conf.eth0.forwarding', value }]
  expect([fix[0]?.edits, fix[0]?.undo, fix[0]?.after]).toEqual([set('1'), set('0'), 'forwarded'])
  expect(fix[0]?.note).toMatch(/^this host then forwards what comes in by eth0: /)
})

it('needs no routes, where the addresses of this host are known: wherever they lead, it would be forwarded', () => {
  const { routes: _, ...without } = ROUTER
  const drop = (settings: Map<string, string>) => {
    const world = makeWorld('*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n', { ...without, sysctls: settings })
    const { evidence } = modelEngine.play({ ...world, host: { ...ROUTER, ...OFF } }, SYN)
    return explain(evidence, world).findings.find(({ code }) => code === 'vanished-forwarding-off')?.message
  }
  expect(drop(OFF.sysctls)).toBe(
    '10.0.2.2 is not an address of this host, and forwarding is off (net.ipv4.ip_forward = 0).',
  )
  expect(drop(new Map([['net.ipv4.ip_forward', '1']]))).toBeUndefined()
})

it('is an address on no interface, where the router that sent it would have it back', () => {
  const { message, fix } = found(FLOATING)!
  expect(message).toBe(
    'No interface of this host has 203.0.113.7, and the route to 203.0.113.7 leads back to 10.0.2.254, which sent the packet here: forwarding is off (net.ipv4.ip_forward = 0), but enabling forwarding would not help.',
  )
  expect(fix.map(({ edits, description }) => [edits, description])).toEqual([
    [undefined, 'if this host should have the address, assign it: ip address add 203.0.113.7/32 dev eth1'],
  ])
  expect(found({ ...FLOATING, src: '10.0.2.254' })?.message).toMatch(/^No interface of this host has/)
})

it('is a route too many, where that one alone leads back', () => {
  const back = { family: 'ip', type: 'unicast', destination: '203.0.113.7/32', table: 'main' } as const
  const routes = [...ROUTER.routes!, { ...back, device: 'eth1', gateway: '10.0.2.254' }]
  const fix = found(FLOATING, { ...host, routes })!.fix.find(({ edits }) => edits)
  expect(fix?.edits).toMatchObject([{ kind: 'route', op: 'del', route: { destination: '203.0.113.7/32' } }])
})

it('is an address that a command gives, where a program here waits for what is sent to it', () => {
  const socket = { family: 'any' as const, protocol: 'tcp', state: 'LISTEN', address: '203.0.113.7', port: 80 }
  const [fix] = found(FLOATING, { ...host, sockets: [socket] })!.fix
  const edit = { kind: 'address', family: 'ip', address: '203.0.113.7', device: 'eth1' }
  expect([fix?.edits, fix?.undo]).toEqual([[{ ...edit, op: 'add' }], [{ ...edit, op: 'del' }]])
  expect(fix?.after).toBe('delivered')
  // another port, or any address: another host may have it
  const { address: _, ...wildcard } = socket
  expect(found(FLOATING, { ...host, sockets: [wildcard] })!.fix[0]?.edits).toBeUndefined()
  expect(found(FLOATING, { ...host, sockets: [{ ...socket, port: 81 }] })!.fix[0]?.edits).toBeUndefined()
})

it('is a setting, where a neighbour has this host for its router', () => {
  expect(found({ ...FLOATING, src: '10.0.2.9' }, { ...ROUTER, ...OFF })?.message).toMatch(
    /^203.0.113.7 is not an address of this host/,
  )
})

it('is no matter of forwarding, where both are in the network that it came from', () => {
  const beside = { ...SYN, src: '10.0.1.2', dst: '10.0.1.100' }
  const { message, fix } = found(beside)!
  expect(message).toContain("for 10.0.1.100 on 10.0.1.2 has this host's MAC address")
  expect(fix.filter(({ edits }) => edits)).toEqual([])
  expect(found({ ...beside, src: '10.0.7.2' })?.message).not.toContain('neighbour entry')
})

it('is a setting, where a mark leads back what is for a host of another link', () => {
  const lookup = (priority: number, rest: object) => ({ family: 'ip' as const, priority, ...rest })
  const back = {
    ...({ family: 'ip', type: 'unicast', destination: '0.0.0.0/0' } as const),
    ...{ table: '77', device: 'eth1', gateway: '10.0.2.254' },
  }
  const led = {
    ...host,
    routes: [...ROUTER.routes!, back],
    routingRules: [
      lookup(0, { action: { table: 'local' } }),
      lookup(90, { from: '198.51.100.9/32', action: { table: '77' } }),
      lookup(32_766, { action: { table: 'main' } }),
    ],
  }
  const { message, fix } = found({ ...FLOATING, dst: '10.0.1.2' }, led)!
  expect(message).toBe('10.0.1.2 is not an address of this host, and forwarding is off (net.ipv4.ip_forward = 0).')
  expect(fix[0]?.description).toBe('enable forwarding on this host')
})
