/** Packets that only a simulator is asked about: fragments, what is for a group or for everybody, frames for all. */
import type { Random } from '../generate/random.ts'
import type { Scene } from '../generate/scene.ts'
import type { Sent } from '../lab/lab.ts'

/** Mostly the packet as it is. It can still be told from all others. */
export function unusual(random: Random, scene: Scene, sent: Sent): Sent {
  if (sent.at === 'router' || !random.chance(0.15)) return sent
  // what follows in its flow is as usual
  const copy = { ...sent, packet: { ...sent.packet } }
  random.pick([fragment, group, frameForAll])(random, scene, copy)
  return copy
}

/** One of a packet whose other ones never come. */
function fragment(random: Random, { family }: Scene, { packet }: Sent): void {
  const first = random.chance(0.5)
  packet.fragOffset = first ? 0 : 64
  packet.moreFragments = first || random.chance(0.5)
  if (family === 'ip') packet.dontFragment = false
  else packet.length! += 8
  if (first) return
  // what stands in the first one only
  for (const key of ['tcpFlags', 'tcpSeq', 'tcpAck', 'tcpWindow', 'tcpOptions', 'sport', 'dport'] as const)
    delete packet[key]
  for (const key of ['icmpType', 'icmpCode', 'icmpId', 'icmpSeq'] as const) delete packet[key]
}

function group(random: Random, { family, networks }: Scene, { at, packet }: Sent): void {
  const net = networks[at === 'left' ? 0 : 1]!.split('/')[0]!
  const broadcast = net.replace(/\d+$/, (last) => String(Number(last) + 127))
  const groups: [address: string, mac: string][] =
    family === 'ip6'
      ? [['ff02::1', '33:33:00:00:00:01']]
      : [
          ['255.255.255.255', 'ff:ff:ff:ff:ff:ff'],
          [broadcast, 'ff:ff:ff:ff:ff:ff'],
          ['224.0.0.1', '01:00:5e:00:00:01'],
        ]
  const [dst, mac] = random.pick(groups)
  packet.dst = dst
  packet.dstMac = mac
}

function frameForAll(_: Random, __: Scene, { packet }: Sent): void {
  packet.dstMac = 'ff:ff:ff:ff:ff:ff'
}
