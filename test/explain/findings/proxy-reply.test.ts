/** A reply to what this host sent from another host's address, which no local route keeps here. */
import { describe, expect, it } from 'vitest'
import type { ConntrackEntry, Host, Packet } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, told } from './played.ts'

const MARK = '-A PREROUTING -i eth1 -p udp -m udp --sport 514 -j MARK --set-xmark 0x1/0xffffffff'
const REPLY: Packet = {
  in: 'eth1',
  protocol: 'udp',
  src: '10.0.2.2',
  sport: 514,
  dst: '10.0.1.2',
  dport: 4000,
  ipId: 1,
}
const asked = (to: string): ConntrackEntry =>
  entry({
    protocol: 'udp',
    original: { src: '10.0.1.2', sport: 4000, dst: to, dport: 514 },
    reply: { src: '10.0.2.2', sport: 514, dst: '10.0.1.2', dport: 4000 },
  })
const host = (forwarding: Record<string, string>, more: Host = {}): Host => ({
  sysctls: new Map([['net.ipv4.ip_forward', '0'], ...Object.entries(forwarding)]),
  routingRules: [
    { family: 'ip', priority: 0, action: { table: 'local' } },
    { family: 'ip', priority: 100, mark: 1, action: { table: '100' } },
    { family: 'ip', priority: 32766, action: { table: 'main' } },
  ],
  ...more,
})
const one = (given: Host, mangle = [MARK], listed = asked('10.0.2.2')) => ({
  rules: { mangle, filter: [] },
  packet: REPLY,
  host: { ...given, conntrack: [listed] },
})

describe('proxy-missing, of a reply', () => {
  it('is a local route that the table of its mark lacks, and not that forwarding is off', () => {
    const found = told(one(host({})), 'proxy-missing')
    expect(found?.message).toBe(
      'A program of this host asked 10.0.2.2:514 with the source 10.0.1.2, which is not an address of this host. The reply needs a local route, but the route to 10.0.1.2 for mark 0x1 leads out of eth0.',
    )
    expect(found?.rules).toEqual(['mangle PREROUTING rule 1'])
    expect(found?.fix).toMatch(/^ip route add local default dev lo table 100 → /)
    const accused = played(one(host({}))).findings.filter(({ severity }) => severity !== 'note')
    expect(accused.map(({ code }) => code)).toEqual(['proxy-missing'])
  })

  it('names no command without a mark, for its number is nobody else’s to choose', () => {
    const found = findingsOf(played(one(host({}), [])), 'proxy-missing')
    expect(found.map(({ fix }) => fix.map(({ edits }) => edits))).toEqual([[undefined]])
  })

  it('is none where this host may have forwarded the request, or nat rewrote it', () => {
    expect(told(one(host({ 'net.ipv4.conf.eth0.forwarding': '1' })), 'proxy-missing')).toBeUndefined()
    const rewritten = entry({
      protocol: 'udp',
      original: { src: '10.0.1.2', sport: 4000, dst: '10.0.1.1', dport: 514 },
      reply: { src: '10.0.2.2', sport: 514, dst: '10.0.2.1', dport: 4000 },
    })
    expect(told(one(host({}), [MARK], rewritten), 'proxy-missing')).toBeUndefined()
    // it may have forwarded when the connection began
    expect(told(one(host({}), [MARK], { ...asked('10.0.2.2'), status: ['assured'] }), 'proxy-missing')).toBeUndefined()
    const local = { family: 'ip', type: 'local', destination: '0.0.0.0/0', table: '100', device: 'lo' } as const
    const led = host({}, { routes: [...ROUTER.routes!, local] })
    expect(told(one(led), 'proxy-missing')).toBeUndefined()
  })
})
