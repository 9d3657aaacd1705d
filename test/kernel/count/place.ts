/** The host in which packets are counted: its addresses, routes and neighbours, and where packets are in each hook. */
import type { Packet } from '../../../src/model/packet.ts'
import type { World } from '../../../src/model/world.ts'
import { recognise } from '../../../src/read/recognise.ts'
import { WorldBuilder } from '../../../src/read/world.ts'
import { COUNTED_MARK, type HookName, type Sent } from './count.ts'
import type { Place } from './packets.ts'

export const PLACE: Place = {
  own: { ip: ['10.0.0.1', '10.1.0.1', '127.0.0.1', '10.0.0.9'], ip6: ['2001:db8:a::1', '2001:db8:b::1', '::1'] },
  others: {
    ip: [
      '10.0.0.7',
      '10.1.0.7',
      '10.1.0.200',
      '192.0.2.7',
      '198.51.100.7',
      ...['33', '65', '81', '97', '113', '193'].map((n) => `10.1.0.${n}`),
    ],
    ip6: [
      '2001:db8:a::7',
      '2001:db8:b::7',
      '2001:db8:b::1:7',
      '2001:db8:9::7',
      'fe80::7',
      '2001:db8:a::',
      '2001:db8:dead::7',
      '2001:db8:beef::7',
    ],
  },
  groups: { ip: ['224.0.0.251', '255.255.255.255', '10.0.0.255'], ip6: ['ff02::1', 'ff05::2'] },
}
export const SET_UP = `
ip addr add 10.0.0.1/24 brd + dev in0; ip addr add 10.1.0.1/24 brd + dev in1; ip addr add 10.0.0.9/32 dev lo
ip addr add 2001:db8:a::1/64 dev in0 nodad; ip addr add 2001:db8:b::1/64 dev in1 nodad
ip link set in1 group 7
ip route add 198.51.100.0/24 via 10.1.0.7; ip route add blackhole 192.0.2.0/28
ip route add anycast 10.1.0.33 dev in1 table local; ip route add local 10.1.0.192/29 dev lo table local
ip route add blackhole 10.1.0.64/28 table local; ip route add unreachable 10.1.0.80/28 table local
ip route add prohibit 10.1.0.96/28 table local; ip route add throw 10.1.0.112/28 table local
ip -6 route add unreachable 2001:db8:dead::/48; ip -6 route add local 2001:db8:beef::/64 dev lo
ip rule add iif lo fwmark 0x13/0xff to 198.51.100.0/24 lookup 100; ip route add default via 10.0.0.7 table 100
ip -6 rule add iif lo fwmark 0x13/0xff to 2001:db8:9::/48 lookup 100; ip -6 route add default via 2001:db8:a::7 table 100
ip -6 route add 2001:db8:9::/48 via 2001:db8:b::7
for n in 10.0.0.7 2001:db8:a::7 fe80::7; do ip neigh add $n lladdr 02:00:00:00:00:99 dev in0 nud permanent; done
for n in 10.1.0.7 10.1.0.200 2001:db8:b::7 2001:db8:b::1:7; do ip neigh add $n lladdr 02:00:00:00:00:99 dev in1 nud permanent; done
`
export const SHOWN = ['ip -d addr', 'ip route show table all', 'ip rule', 'ip -6 rule', 'uname -r', 'ipset save']

/** Where packets go out; what is for this host itself goes over lo. */
function wayOut({ dst = '', mark = 0 }: Packet, own: boolean): string | undefined {
  if (/^(198\.|2001:db8:9:)/.test(dst)) return own && (mark & 0xff) === 0x13 ? 'in0' : 'in1'
  return /^(10\.0\.|2001:db8:a:)/.test(dst) ? 'in0' : /^(10\.1\.|2001:db8:b:)/.test(dst) ? 'in1' : undefined
}

/** Throws where something of it is not understood. */
export function readWorld(shown: readonly string[], commands: readonly string[]): World {
  const builder = new WorldBuilder()
  for (const [i, text] of shown.entries()) {
    const recognised = recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(commands[i]!, text, recognised)
  }
  if (builder.warnings.length > 0) throw new Error(JSON.stringify(builder.warnings))
  return builder.world
}

/** The packet as it is in that hook; undefined where two packets come of it. */
export function atHook(
  { packet, in: device, uid, family }: Sent,
  hook: HookName,
  came: HookName[],
): Packet | undefined {
  const mark = ((packet.mark ?? 0) | COUNTED_MARK) >>> 0
  const own = device === undefined
  const { srcMac, dstMac, ...rest } = packet
  const base: Packet = { ...rest, mark }
  if (own) {
    const toGroup = PLACE.groups[family].includes(packet.dst!)
    // a copy for this host's own listeners goes with it, from POSTROUTING on, without a socket
    if (toGroup && hook !== 'OUTPUT') return undefined
    if (hook === 'PREROUTING' || hook === 'INPUT') return { ...base, in: 'lo' }
    const loops = came.includes('PREROUTING') && !toGroup
    const out = loops ? 'lo' : wayOut(packet, true)
    return { ...base, uid: uid ?? 0, gid: uid ?? 0, ...(out === undefined ? {} : { out }) }
  }
  const arrived: Packet = { ...base, in: device, dstMac: dstMac ?? `02:00:00:00:0${device.slice(2)}:0a` }
  if (srcMac) arrived.srcMac = srcMac
  if (hook === 'PREROUTING' || hook === 'INPUT') return arrived
  const out = wayOut(packet, false)
  return { ...arrived, ttl: packet.ttl! - 1, ...(out === undefined ? {} : { out }) }
}
