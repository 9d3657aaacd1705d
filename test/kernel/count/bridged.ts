/** Frames that a bridge passes on, or that are for the host it is on, as br_netfilter shows them to iptables. */
import type { Packet } from '../../../src/model/packet.ts'
import { COUNTED_MARK, type Family } from './count.ts'
import type { Step } from './flows.ts'
import { made } from './packets.ts'

const BRIDGE_MAC = '02:00:00:00:00:0b'
/** Known to be behind the other port. */
const OTHER_MAC = '02:00:00:00:00:77'

export const BRIDGE_SET_UP = `
modprobe br_netfilter 2> /dev/null || true
ip link add br0 type bridge; ip link set br0 address ${BRIDGE_MAC}; ip link set br0 up
for n in 0 1; do ip addr flush dev in$n; ip link set in$n master br0; done
bridge fdb add ${OTHER_MAC} dev in1 master static
ip addr add 10.0.0.1/24 dev br0; ip addr add 2001:db8:a::1/64 dev br0 nodad
ip link add out0 type veth peer name wire2; ip link set out0 up; ip link set wire2 up
ip addr add 10.1.0.1/24 dev out0; ip addr add 2001:db8:b::1/64 dev out0 nodad
for n in 10.1.0.7 2001:db8:b::7; do ip neigh add $n lladdr 02:00:00:00:00:99 dev out0 nud permanent; done
for f in iptables ip6tables; do echo 1 > /proc/sys/net/bridge/bridge-nf-call-$f; done
`

export function bridgedFrames(family: Family): Step[] {
  const [src, own, beside, behind] =
    family === 'ip'
      ? ['10.0.0.7', '10.0.0.1', '10.0.0.8', '10.1.0.7']
      : ['2001:db8:a::7', '2001:db8:a::1', '2001:db8:a::8', '2001:db8:b::7']
  const frame = (dst: string, dstMac: string): { step: Step; base: Packet } => {
    const udp = {
      protocol: 'udp',
      src,
      dst,
      sport: 1024,
      dport: 80,
      ttl: 64,
      tos: 0,
      length: 80,
      srcMac: '02:00:00:00:00:99',
      dstMac,
    }
    const step = made(family, udp, 'in0')
    return { step: { ...step, at: {} }, base: { ...step.packet, mark: COUNTED_MARK, in: 'br0', physIn: 'in0' } }
  }
  const passed = frame(beside, OTHER_MAC)
  const through: Packet = { ...passed.base, out: 'br0', physOut: 'in1' }
  passed.step.at = { PREROUTING: passed.base, FORWARD: through, POSTROUTING: through }
  const flooded = frame(beside, 'ff:ff:ff:ff:ff:ff')
  const all: Packet = { ...flooded.base, out: 'br0', physOut: 'in1' }
  flooded.step.at = { PREROUTING: flooded.base, FORWARD: all, POSTROUTING: all }
  const here = frame(own, BRIDGE_MAC)
  here.step.at = { PREROUTING: here.base, INPUT: here.base }
  const routed = frame(behind, BRIDGE_MAC)
  const onward: Packet = { ...routed.base, out: 'out0', ttl: 63 }
  routed.step.at = { PREROUTING: routed.base, FORWARD: onward, POSTROUTING: onward }
  return [passed.step, flooded.step, here.step, routed.step]
}
