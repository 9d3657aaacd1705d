/** Membership as Linux 6.18 counted it; test/kernel/conditions.test.ts asks the kernel itself, at random. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/model/packet.ts'
import type { NamedSet } from '../../src/model/ruleset.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { ipsetSave } from '../../src/read/host/ipset-save.ts'
import { inSet } from '../../src/rules/in-set.ts'
import { isUnknown } from '../../src/rules/truth.ts'
import { cpu } from '../cpu.ts'

const PACKET: Packet = {
  ...{ src: '10.0.0.7', dst: '10.1.0.9', protocol: 'tcp', sport: 1024, dport: 80, mark: 0x123 },
  ...{ in: 'eth0', out: 'eth1', srcMac: '02:00:00:00:00:0a', dstMac: '02:00:00:00:00:0b' },
}
const V6: Packet = { ...PACKET, src: '2001:db8::7', dst: '2001:db8:1::9' }

/** `sets`: as `ipset save` prints them; the first one is asked. */
function asked(sets: string, directions: string, packet: Packet = PACKET) {
  const read: NamedSet[] = ipsetSave.read(sets.replaceAll('; ', '\n'), () => {}).sets!
  const family = packet.src?.includes(':') ? 'ip6' : 'ip'
  const world = { ...emptyWorld(), sets: read }
  const truth = inSet(read[0]!.name, directions.split(','), { packet, family, hook: 'forward', world })
  return isUnknown(truth) ? 'unknown' : truth
}

const table = (
  name: string,
  rows: [sets: string, directions: string, expected: boolean | 'unknown', packet?: Packet][],
) =>
  describe(name, () => {
    it.each(rows)('%s asked for %s: %s', (sets, directions, expected, packet) => {
      expect(asked(sets, directions, packet)).toBe(expected)
    })
  })

table('addresses', [
  ['create s hash:ip; add s 10.0.0.7', 'src', true],
  ['create s hash:ip; add s 10.0.0.7', 'dst', false],
  ['create s hash:ip; add s 10.0.0.7 timeout 5', 'src', true],
  ['create s hash:ip; add s 10.0.0.0/29', 'src', true],
  ['create s hash:ip; add s 10.0.0.1-10.0.0.9', 'src', true],
  ['create s hash:ip; add s 10.0.0.8-10.0.0.9', 'src', false],
  ['create s hash:ip netmask 24; add s 10.0.0.0', 'src', true],
  ['create s hash:ip bitmask 255.0.0.255; add s 10.0.0.7', 'src', true],
  ['create s hash:ip bitmask 255.0.0.255; add s 10.0.0.8', 'src', false],
  ['create s bitmap:ip range 10.0.0.0/16; add s 10.0.0.7', 'src', true],
  ['create s bitmap:ip range 10.0.0.0/16 netmask 24; add s 10.0.0.0', 'src', true],
  ['create s hash:ip family inet6; add s 2001:db8::7', 'src', true, V6],
  ['create s hash:ip family inet6 netmask 64; add s 2001:db8::', 'src', true, V6],
  // of the other family
  ['create s hash:ip family inet6; add s 2001:db8::7', 'src', false],
  ['create s hash:ip; add s 10.0.0.7', 'src', false, V6],
  ['create s hash:ip', 'src', false],
  ['create s hash:ip; add s 10.0.0.7', 'src', 'unknown', { dst: '10.1.0.9' }],
  ['create s hash:ip', 'src', false, { dst: '10.1.0.9' }],
])

table('networks', [
  ['create s hash:net; add s 10.0.0.0/8', 'src', true],
  ['create s hash:net; add s 11.0.0.0/8', 'src', false],
  // the longest prefix decides
  ['create s hash:net; add s 10.0.0.0/8; add s 10.0.0.0/24 nomatch', 'src', false],
  ['create s hash:net; add s 10.0.0.0/8; add s 10.0.0.0/24 nomatch; add s 10.0.0.7/32', 'src', true],
  ['create s hash:net; add s 10.0.0.0/8 nomatch; add s 10.0.0.0/24', 'src', true],
  ['create s hash:net,net; add s 10.0.0.0/24,10.1.0.0/16', 'src,dst', true],
  ['create s hash:net,net; add s 10.0.0.0/24,10.1.0.0/16', 'dst,src', false],
  // of the first network first
  ['create s hash:net,net; add s 10.0.0.0/24,0.0.0.0/1; add s 10.0.0.0/8,10.1.0.9 nomatch', 'src,dst', true],
  ['create s hash:net,net; add s 10.0.0.0/24,0.0.0.0/1 nomatch; add s 10.0.0.0/8,10.1.0.9', 'src,dst', false],
  ['create s hash:net family inet6; add s 2001:db8::/33', 'src', true, V6],
  ['create s hash:net family inet6; add s 2001:db8::/32; add s 2001:db8::/48 nomatch', 'src', false, V6],
])

const icmp: Packet = { ...PACKET, protocol: 'icmp', icmpType: 8, icmpCode: 0 }
const udp: Packet = { ...PACKET, protocol: 'udp' }
const later: Packet = { ...PACKET, fragOffset: 1480 }
table('ports', [
  ['create s hash:ip,port; add s 10.1.0.9,tcp:80', 'dst,dst', true],
  ['create s hash:ip,port; add s 10.1.0.9,tcp:80', 'dst,src', false],
  ['create s hash:ip,port; add s 10.1.0.9,tcp:80', 'dst,dst', false, udp],
  ['create s hash:ip,port; add s 10.1.0.9,udp:80', 'dst,dst', true, udp],
  // as who wrote it meant it
  ['create s hash:ip,port; add s 10.1.0.9,80', 'dst,dst', true],
  ['create s hash:ip,port; add s 10.1.0.9,80', 'dst,dst', false, udp],
  ['create s hash:ip,port; add s 10.1.0.9,tcp:79-81', 'dst,dst', true],
  ['create s hash:ip,port; add s 10.1.0.9,tcp:81-82', 'dst,dst', false],
  ['create s hash:ip,port; add s 10.1.0.9,icmp:echo-request', 'dst,dst', true, icmp],
  ['create s hash:ip,port; add s 10.1.0.9,icmp:8/1', 'dst,dst', false, icmp],
  ['create s hash:ip,port; add s 10.1.0.9,47:0', 'dst,dst', true, { ...PACKET, protocol: 'gre' }],
  ['create s hash:ip,port; add s 10.1.0.9,dccp:80', 'dst,dst', false, { ...PACKET, protocol: 'dccp' }],
  ['create s hash:ip,port; add s 10.1.0.9,33:0', 'dst,dst', true, { ...PACKET, protocol: 'dccp' }],
  ['create s hash:ip,port; add s 10.1.0.9,tcp:80', 'dst,dst', false, later],
  ['create s hash:ip,port; add s 10.1.0.9,47:0', 'dst,dst', true, { ...later, protocol: 'gre' }],
  [
    'create s hash:ip,port family inet6; add s 2001:db8:1::9,47:0',
    'dst,dst',
    false,
    { ...V6, protocol: 'gre', fragOffset: 8 },
  ],
  ['create s hash:ip,port,net; add s 10.1.0.9,tcp:80,10.0.0.0/16', 'dst,dst,src', true],
  ['create s hash:ip,port,ip; add s 10.1.0.9,tcp:80,10.0.0.8', 'dst,dst,src', false],
  ['create s hash:net,port; add s 10.1.0.0/16,tcp:80; add s 10.1.0.0/24,tcp:81 nomatch', 'dst,dst', true],
  ['create s bitmap:port range 0-1023; add s 80', 'dst', true],
  ['create s bitmap:port range 0-1023; add s 80', 'src', false],
  ['create s bitmap:port range 0-1023; add s 80', 'dst', true, udp],
  ['create s bitmap:port range 0-1023; add s 80', 'dst', false, { ...PACKET, protocol: 'sctp' }],
  ['create s bitmap:port range 0-1023; add s 80-90', 'dst', true],
  // what is not known makes no difference where something else does not fit
  ['create s hash:ip,port; add s 10.1.0.9,tcp:80', 'dst,dst', 'unknown', { dst: '10.1.0.9', protocol: 'tcp' }],
  ['create s hash:ip,port; add s 10.1.0.9,tcp:80', 'dst,dst', false, { dst: '10.1.0.8', protocol: 'tcp' }],
])

table('interfaces, marks, hardware addresses', [
  ['create s hash:net,iface; add s 10.0.0.0/8,eth0', 'src,src', true],
  ['create s hash:net,iface; add s 10.0.0.0/8,eth0', 'src,dst', false],
  ['create s hash:net,iface; add s 0.0.0.0/0,eth0', 'src,src', true],
  ['create s hash:net,iface; add s 10.0.0.0/8,eth wildcard', 'src,src', true],
  ['create s hash:net,iface; add s 10.0.0.0/8,eth', 'src,src', false],
  // the longest prefix decides, with whichever interfaces
  ['create s hash:net,iface; add s 10.0.0.0/8,eth0; add s 10.0.0.0/24,eth1', 'src,src', false],
  ['create s hash:net,iface; add s 10.0.0.0/8,eth0; add s 10.0.0.0/24,eth1; add s 10.0.0.0/24,eth0', 'src,src', true],
  ['create s hash:net,iface; add s 10.0.0.0/8,physdev:eth0', 'src,src', false],
  ['create s hash:net,iface; add s 10.0.0.0/8,eth0; add s 10.0.0.0/24,physdev:eth0', 'src,src', true],
  ['create s hash:ip,mark; add s 10.0.0.7,0x00000123', 'src,src', true],
  ['create s hash:ip,mark markmask 0xff; add s 10.0.0.7,0x00000023', 'src,dst', true],
  ['create s hash:ip,mark; add s 10.0.0.7,0x00000023', 'src,src', false],
  ['create s hash:mac; add s 02:00:00:00:00:0A', 'src', true],
  ['create s hash:ip,mac; add s 10.0.0.7,02:00:00:00:00:0b', 'src,dst', true],
  ['create s bitmap:ip,mac range 10.0.0.0/24; add s 10.0.0.7,02:00:00:00:00:0a', 'src,src', true],
  ['create s bitmap:ip,mac range 10.0.0.0/24; add s 10.0.0.7', 'src,src', true],
  ['create s bitmap:ip,mac range 10.0.0.0/24; add s 10.0.0.7', 'src,src', false, { ...PACKET, in: 'lo' }],
])

table('lists of sets', [
  ['create all list:set; create s hash:ip; add s 10.0.0.7; add all s', 'src', true],
  ['create all list:set; create s hash:ip; add s 10.0.0.8; add all s', 'src', false],
  [
    'create all list:set; create s hash:net; create t hash:ip; add s 10.0.0.7/32 nomatch; add t 10.0.0.7; add all s; add all t',
    'src',
    true,
  ],
  ['create all list:set; add all gone', 'src', 'unknown'],
  ['create all list:set; create s hash:ip; add s 10.0.0.7; add all gone; add all s', 'src', true],
])

it('too few directions find nothing, those to spare are ignored', () => {
  const sets = 'create s hash:ip,port; add s 10.1.0.9,tcp:80'
  expect(asked(sets, 'dst')).toBe(false)
  expect(asked(sets, 'dst,dst,src')).toBe(true)
})

it('a set that is not listed is unknown, also where a table of nft has one of that name', () => {
  const named: NamedSet = { name: 's', family: 'inet', table: 'filter', type: 'ipv4_addr', elements: [] }
  const world = { ...emptyWorld(), sets: [named] }
  expect(inSet('s', ['src'], { packet: PACKET, family: 'ip', world })).toEqual({
    unknown: 'the elements of set s are not known',
  })
})

it('finds one of a hundred thousand as fast as one of ten', () => {
  const elements = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  const set: NamedSet = { name: 's', type: 'hash:ip', elements: elements.map((one) => ({ parts: [one] })) }
  const world = { ...emptyWorld(), sets: [set] }
  const holds = (src: string) => inSet('s', ['src'], { packet: { ...PACKET, src }, family: 'ip', world })
  expect(holds('10.1.0.1')).toBe(true)
  const started = cpu()
  for (let i = 0; i < 10_000; i++) holds(i % 2 ? '10.1.0.1' : '11.0.0.1')
  expect(cpu() - started).toBeLessThan(2000)
})
