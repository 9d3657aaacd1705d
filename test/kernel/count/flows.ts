/** Connections, packet by packet, with what connection tracking says of each. The host's rules are in FLOW_SET_UP. */
import type { CtState, Packet } from '../../../src/model/packet.ts'
import type { Family, HookName, Sent } from './count.ts'
import { made } from './packets.ts'

/** A packet as it is in each hook that it comes to. */
export interface Step extends Sent {
  at: Partial<Record<HookName, Packet>>
}

/** DNAT for port 8080, SNAT for what goes to port 443, nothing is tracked for port 53. */
export const FLOW_SET_UP = `
echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose
for t in 'iptables-legacy 10.1.0.200:80 10.1.0.1' 'ip6tables-legacy [2001:db8:b::1:7]:80 2001:db8:b::1'; do
  set -- $t
  for c in PREROUTING OUTPUT; do $1 -t raw -A $c -p udp -m multiport --ports 53 -j CT --notrack; done
  $1 -t nat -A PREROUTING -p udp --dport 8080 -j DNAT --to-destination $2
  $1 -t nat -A POSTROUTING -p udp --dport 443 -j SNAT --to-source $3
done
`

/** What connections carry, once the first rule in PREROUTING and OUTPUT has set it. */
export const CT_MARK = 5

interface Ends {
  client: string
  server: string
  router: string
  outer: string
  behind: string
}

const ENDS: Record<Family, Ends> = {
  ip: { client: '10.0.0.7', server: '10.1.0.7', router: '10.0.0.1', outer: '10.1.0.1', behind: '10.1.0.200' },
  ip6: {
    client: '2001:db8:a::7',
    server: '2001:db8:b::7',
    router: '2001:db8:a::1',
    outer: '2001:db8:b::1',
    behind: '2001:db8:b::1:7',
  },
}

/** `port` keeps them apart from other connections of the run. */
export function flows(family: Family, port: number): Step[] {
  const through = new Through(family, port)
  return [
    ...through.udp(),
    ...through.tcp(),
    ...through.echo(),
    ...through.untracked(),
    ...through.invalid(),
    ...through.dnat(),
    ...through.snat(),
    ...through.own(),
  ]
}

type Tracked = Pick<Packet, 'ctState' | 'ctDir' | 'ctStatus'>
const NEW: Tracked = { ctState: 'new', ctDir: 'original', ctStatus: [] }
const tracked = (ctState: CtState, ctDir: 'original' | 'reply', ...ctStatus: string[]): Tracked => ({
  ctState,
  ctDir,
  ctStatus,
})

class Through {
  private readonly ends: Ends
  private readonly family: Family
  private readonly port: number

  constructor(family: Family, port: number) {
    this.family = family
    this.port = port
    this.ends = ENDS[family]
  }

  /** A packet between the wires; `rewritten` is what NAT has made of it behind PREROUTING. */
  private pass(
    device: 'in0' | 'in1',
    packet: Packet,
    ct: Tracked,
    rewritten: Packet = {},
    ctBehind: Tracked = ct,
  ): Step {
    const sent = made(this.family, { ttl: 64, tos: 0, ...packet }, device)
    const macs = { srcMac: '02:00:00:00:00:99', dstMac: device === 'in0' ? '02:00:00:00:00:0a' : '02:00:00:00:01:0a' }
    const before: Packet = { ...sent.packet, ...macs, in: device, ...this.marked(ct) }
    const out = device === 'in0' ? 'in1' : 'in0'
    const behind: Packet = { ...before, ...rewritten, ...this.marked(ctBehind), out, ttl: 63 }
    return { ...sent, at: { PREROUTING: before, FORWARD: behind, POSTROUTING: behind } }
  }

  private marked(ct: Tracked): Packet {
    const hasEntry = ct.ctState !== 'invalid' && ct.ctState !== 'untracked'
    return { mark: 0x80000000, ...ct, ...(hasEntry ? { ctMark: CT_MARK } : {}) }
  }

  private udpPacket(src: string, sport: number, dst: string, dport: number): Packet {
    return { protocol: 'udp', src, dst, sport, dport, length: this.family === 'ip' ? 60 : 80 }
  }

  udp(): Step[] {
    const { client, server } = this.ends
    const there = this.udpPacket(client, this.port, server, 80)
    const back = this.udpPacket(server, 80, client, this.port)
    const error = { protocol: this.icmp, icmpType: this.family === 'ip' ? 3 : 1, icmpCode: 3, src: server, dst: client }
    const inner = { ...made(this.family, { ttl: 60, tos: 0, ...there }, undefined).packet }
    return [
      this.pass('in0', there, NEW),
      // about the packet before it
      this.pass('in1', { ...error, inner }, tracked('related', 'reply', 'confirmed')),
      this.pass('in1', back, tracked('established', 'reply', 'confirmed', 'seen-reply')),
      this.pass('in0', there, tracked('established', 'original', 'confirmed', 'seen-reply')),
    ]
  }

  tcp(): Step[] {
    const { client, server } = this.ends
    const there = {
      protocol: 'tcp',
      src: client,
      dst: server,
      sport: this.port,
      dport: 80,
      tcpWindow: 512,
      tcpOptions: '',
    }
    const back = { ...there, src: server, dst: client, sport: 80, dport: this.port }
    return [
      this.pass('in0', { ...there, tcpFlags: ['syn'], tcpSeq: 100, tcpAck: 0 }, NEW),
      this.pass(
        'in1',
        { ...back, tcpFlags: ['syn', 'ack'], tcpSeq: 300, tcpAck: 101 },
        tracked('established', 'reply', 'confirmed', 'seen-reply'),
      ),
      this.pass(
        'in0',
        { ...there, tcpFlags: ['ack'], tcpSeq: 101, tcpAck: 301 },
        tracked('established', 'original', 'confirmed', 'seen-reply', 'assured'),
      ),
    ]
  }

  private get icmp(): string {
    return this.family === 'ip' ? 'icmp' : 'icmpv6'
  }

  echo(): Step[] {
    const { client, server } = this.ends
    const [ask, answer] = this.family === 'ip' ? [8, 0] : [128, 129]
    const rest = { protocol: this.icmp, icmpCode: 0, icmpId: this.port, icmpSeq: 1 }
    return [
      this.pass('in0', { ...rest, icmpType: ask, src: client, dst: server }, NEW),
      this.pass(
        'in1',
        { ...rest, icmpType: answer, src: server, dst: client },
        tracked('established', 'reply', 'confirmed', 'seen-reply'),
      ),
    ]
  }

  untracked(): Step[] {
    const { client, server } = this.ends
    return [
      this.pass('in0', this.udpPacket(client, this.port + 1, server, 53), { ctState: 'untracked' }),
      this.pass('in1', this.udpPacket(server, 53, client, this.port + 1), { ctState: 'untracked' }),
    ]
  }

  invalid(): Step[] {
    const { client, server } = this.ends
    const tcp = {
      protocol: 'tcp',
      src: client,
      dst: server,
      sport: this.port + 2,
      dport: 80,
      tcpSeq: 5,
      tcpAck: 6,
      tcpWindow: 9,
      tcpOptions: '',
    }
    const answer = {
      protocol: this.icmp,
      icmpType: this.family === 'ip' ? 0 : 129,
      icmpCode: 0,
      icmpId: this.port + 2,
      icmpSeq: 1,
    }
    return [
      this.pass('in0', { ...tcp, tcpFlags: ['ack'] }, { ctState: 'invalid' }),
      this.pass('in0', { ...tcp, tcpFlags: ['fin', 'syn'] }, { ctState: 'invalid' }),
      this.pass('in1', { ...answer, src: server, dst: client }, { ctState: 'invalid' }),
    ]
  }

  dnat(): Step[] {
    const { client, router, behind } = this.ends
    const there = this.udpPacket(client, this.port + 3, router, 8080)
    const back = this.udpPacket(behind, 80, client, this.port + 3)
    const to = { dst: behind, dport: 80 }
    const open = ['confirmed', 'seen-reply', 'dnat']
    return [
      this.pass('in0', there, NEW, to, { ...NEW, ctStatus: ['dnat'] }),
      this.pass('in1', back, tracked('established', 'reply', ...open)),
      this.pass('in0', there, tracked('established', 'original', ...open), to),
    ]
  }

  snat(): Step[] {
    const { client, server, outer } = this.ends
    const there = this.udpPacket(client, this.port + 4, server, 443)
    const back = this.udpPacket(server, 443, outer, this.port + 4)
    const open = ['confirmed', 'seen-reply', 'snat']
    return [
      this.pass('in0', there, NEW),
      this.pass('in1', back, tracked('established', 'reply', ...open), { dst: client }),
      this.pass('in0', there, tracked('established', 'original', ...open)),
    ]
  }

  /** Sent by this host; what comes back is for nobody. */
  own(): Step[] {
    const { server, outer } = this.ends
    const sent = made(
      this.family,
      { ttl: 64, tos: 0, ...this.udpPacket(outer, this.port + 5, server, 80) },
      undefined,
      1000,
    )
    const there: Packet = { ...sent.packet, uid: 1000, gid: 1000, out: 'in1', ...this.marked(NEW) }
    const back = this.pass(
      'in1',
      this.udpPacket(server, 80, outer, this.port + 5),
      tracked('established', 'reply', 'confirmed', 'seen-reply'),
    )
    return [
      { ...sent, at: { OUTPUT: there, POSTROUTING: there } },
      { ...back, at: { PREROUTING: back.at.PREROUTING!, INPUT: back.at.PREROUTING! } },
    ]
  }
}
