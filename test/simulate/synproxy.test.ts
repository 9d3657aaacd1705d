/** A handshake that the kernel answers in the server's place, as Linux 6.18 played it with the rules of either tool. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { worldOf } from '../journey/journeys.ts'
import { makeWorld, ROUTER } from './world.ts'

const IPTABLES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth0 -p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -j ACCEPT
COMMIT
`
const NFT = `table ip sp {
	chain pre {
		type filter hook prerouting priority raw; policy accept;
		iifname "eth0" tcp dport 80 tcp flags syn notrack
	}

	chain forw {
		type filter hook forward priority filter; policy drop;
		iifname "eth0" tcp dport 80 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
		ct state invalid drop
		accept
	}
}
`
const HOST = { ...ROUTER, sysctls: new Map([...(ROUTER.sysctls ?? []), ['net.netfilter.nf_conntrack_tcp_loose', '0']]) }

const asked = { protocol: 'tcp', src: '10.0.1.2', sport: 5000, dst: '10.0.2.2', dport: 80 } as const
const back = { protocol: 'tcp', src: '10.0.2.2', sport: 80, dst: '10.0.1.2', dport: 5000, in: 'eth1' } as const
const SYN: Packet = { ...asked, in: 'eth0', tcpFlags: ['syn'], tcpSeq: 1 }
const ACK: Packet = { ...asked, in: 'eth0', tcpFlags: ['ack'], tcpSeq: 2, tcpAck: 9 }
/** What the kernel itself sends. */
const ASKS: Packet = { ...asked, tcpFlags: ['syn'], tcpSeq: 1 }
const SYN_ACK: Packet = { ...back, tcpFlags: ['syn', 'ack'], tcpSeq: 100, tcpAck: 2 }
const CONFIRMS: Packet = { ...asked, tcpFlags: ['ack'], tcpSeq: 2, tcpAck: 101 }
const DATA: Packet = { ...asked, in: 'eth0', tcpFlags: ['psh', 'ack'], tcpSeq: 2, tcpAck: 101 }

describe.each([
  ['iptables', () => makeWorld(IPTABLES, HOST)],
  ['nft', () => ({ ...worldOf(NFT), host: HOST })],
])('%s', (_tool, world) => {
  const play = (...packets: Packet[]) => {
    const machine = new Simulator(world())
    return packets.map((one) => machine.send(one).ended.outcome)
  }

  it('takes the SYN-ACK of a server that the kernel has asked, and forwards what follows', () => {
    expect(play(SYN, ACK, ASKS, SYN_ACK, CONFIRMS, DATA)).toEqual([
      'stolen',
      'stolen',
      'sent',
      'stolen',
      'sent',
      'forwarded',
    ])
  })

  it("takes the client's next segment, too, until the server has answered", () => {
    expect(play(SYN, ACK, ASKS, { ...ACK, tcpAck: 9 })).toEqual(['stolen', 'stolen', 'sent', 'stolen'])
  })

  it('forwards the SYN-ACK of a connection that no rule took', () => {
    const other = { sport: 5001, dport: 443 }
    const answer: Packet = { ...SYN_ACK, sport: 443, dport: 5001 }
    expect(play(SYN, ACK, { ...SYN, ...other }, answer)).toEqual(['stolen', 'stolen', 'forwarded', 'forwarded'])
  })
})
