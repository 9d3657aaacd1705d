/** A route to one host leads away from the network that the host is in. */
import { describe, expect, it } from 'vitest'
import type { Packet, Route } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, SYN, told } from './played.ts'

const via = (destination: string, device: string): Route => ({
  ...{ family: 'ip', type: 'unicast', destination, gateway: '10.0.1.254', table: 'main', device },
})
const one = (extra: Route[], packet: Packet = SYN): Case => ({
  rules: { filter: [] },
  packet,
  host: { routes: [...ROUTER.routes!, ...extra] },
})

describe('wrong-way-out, of a route to one host', () => {
  it('is no route to this one host by a next hop that replies: it says where the host lives', () => {
    // the frames of the trace are from 02:00:00:00:00:02
    const said = (destination: string, state: string, packet: Partial<Packet> = {}, mac = '02:00:00:00:00:fe') => {
      const { host, ...case_ } = one([via(destination, 'eth0')], { ...SYN, ...packet })
      const neighbour = { family: 'ip' as const, address: '10.0.1.254', device: 'eth0', mac, state: [state] }
      return told({ ...case_, host: { ...host, neighbours: [neighbour] } }, 'wrong-way-out')
    }
    expect(said('10.0.2.2/32', 'REACHABLE')).toBeUndefined()
    // back out of where it came from, to another neighbour there
    const beside = { dst: '198.51.100.7' }
    expect(said('198.51.100.7/32', 'REACHABLE', beside)).toBeUndefined()
    expect(said('10.0.2.2/32', 'FAILED')?.message).toContain('It went the wrong way')
    // whom somebody has entered by hand need not reply
    expect(said('10.0.2.2/32', 'PERMANENT')?.message).toContain('It went the wrong way')
    expect(said('10.0.2.0/28', 'REACHABLE')?.message).toContain('It went the wrong way')
    expect(said('198.51.100.7/32', 'FAILED', beside)?.message).toContain('leads out of eth0 again')
    // the next hop had sent it
    expect(said('198.51.100.7/32', 'REACHABLE', beside, '02:00:00:00:00:02')?.message).toContain('again')
  })

  it('is a route to one host of the network of another link by the very router that handed the packet over', () => {
    const said = (mac: string) => {
      const { host, ...case_ } = one([via('10.0.2.2/32', 'eth0')])
      const neighbour = { family: 'ip' as const, address: '10.0.1.254', device: 'eth0', mac, state: ['REACHABLE'] }
      return told({ ...case_, host: { ...host, neighbours: [neighbour] } }, 'wrong-way-out')?.fix
    }
    expect(said('02:00:00:00:00:02')).toMatch(/^ip route del 10.0.2.2\/32 via 10.0.1.254 dev eth0 → /)
    expect(said('02:00:00:00:00:fe')).toBeUndefined()
  })

  it('is a route to one host by a next hop that replies, where the host itself replies on the link of its network', () => {
    const said = (state: string) => {
      const { host, ...case_ } = one([via('10.0.2.2/32', 'eth0')], SYN)
      const neighbour = (address: string, device: string, now: string) => ({
        ...{ family: 'ip' as const, address, device, mac: '02:00:00:00:00:fe', state: [now] },
      })
      const neighbours = [neighbour('10.0.1.254', 'eth0', 'REACHABLE'), neighbour('10.0.2.2', 'eth1', state)]
      return told({ ...case_, host: { ...host, neighbours } }, 'wrong-way-out')?.message
    }
    expect(said('REACHABLE')).toContain('It went the wrong way')
    // somebody has entered it there by hand
    expect(said('PERMANENT')).toContain('It went the wrong way')
    // it may have been there once
    expect(said('STALE')).toBeUndefined()
  })
})
