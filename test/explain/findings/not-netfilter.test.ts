/** What is said where nothing stopped it. */
import { describe, expect, it } from 'vitest'
import type { ConntrackEntry, Packet, Route } from '../../../src/index.ts'
import { explainLog, worldOf } from '../../journey/journeys.ts'
import { dmesg, trace } from '../../journey/kernel-lines.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { findingsOf, LISTENS_ON, played, SYN, TO_ROUTER } from './played.ts'

const PING: Packet = { in: 'eth0', src: '10.0.1.2', dst: '10.0.2.2', protocol: 'icmp', icmpType: 8, icmpId: 9 }

function said(packet: Packet) {
  const [found] = findingsOf(played({ rules: { filter: [] }, packet }), 'not-netfilter')
  return { message: found?.message, command: found?.fix[0]?.look?.toString() }
}

describe('not-netfilter', () => {
  it('sends to the program only what has a port', () => {
    expect(said(TO_ROUTER)).toMatchObject({
      message: expect.stringContaining(
        'No rule stopped it: it was delivered to this host. If no reply comes, check the program.',
      ),
      command: "ss -lntup 'sport = :80'",
    })
    expect(said({ ...PING, dst: '10.0.1.1' })).toEqual({
      message: 'No rule stopped it: it was delivered to this host.',
      command: undefined,
    })
  })

  it('expects no reply to a reply that nat translates back', () => {
    const asked = { src: '10.0.1.2', dst: '198.51.100.53', sport: 40_003, dport: 53 }
    const conntrack: ConntrackEntry[] = [
      entry({
        protocol: 'udp',
        original: asked,
        reply: { src: '10.0.1.3', dst: '10.0.1.1', sport: 53, dport: 40_003 },
        status: ['SEEN_REPLY'],
      }),
    ]
    const world = worldOf('*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n')
    Object.assign(world.host, { conntrack })
    const reply = { in: 'eth0', protocol: 'udp' as const, src: '10.0.1.3', dst: '10.0.1.1', sport: 53, dport: 40_003 }
    const lines = dmesg([
      trace('raw:PREROUTING:policy:1', reply),
      trace('filter:FORWARD:policy:1', { ...reply, out: 'eth0', dst: '10.0.1.2' }),
    ])
    const [found] = findingsOf(explainLog(lines, world).journeys[0]!, 'not-netfilter')
    expect(found?.message).toBe('No rule stopped it. It left through eth0.')
  })

  it('says of a broadcast to a network behind this host that it stays here', () => {
    const host = {
      routes: [
        ...ROUTER.routes!,
        { family: 'ip', type: 'broadcast', destination: '10.0.2.255/32', table: 'local', device: 'eth1' } as const,
      ],
    }
    const packet: Packet = { in: 'eth0', src: '10.0.1.2', dst: '10.0.2.255', protocol: 'udp', sport: 4000, dport: 9 }
    const [found] = findingsOf(played({ rules: { filter: [] }, packet, host }), 'not-netfilter')
    expect(found?.message).toBe(
      'No rule stopped it. 10.0.2.255 is a broadcast address: this host does not forward it (bc_forwarding).',
    )
    // a program of this host may take it
    expect(found?.fix.map(({ look }) => String(look))).toEqual(["ss -lntup 'sport = :9'"])
  })

  it('says nothing of the kind where the kernel forwards broadcasts, and of what is for all hosts', () => {
    const forwarding = ['all', 'eth0'].map((one) => [`net.ipv4.conf.${one}.bc_forwarding`, '1'] as const)
    const sysctls = new Map([...ROUTER.sysctls!, ...forwarding])
    const packet: Packet = { in: 'eth0', src: '0.0.0.0', dst: '255.255.255.255', protocol: 'udp', sport: 68, dport: 67 }
    const told = findingsOf(played({ rules: { filter: [] }, packet, host: { sysctls } }), 'not-netfilter')
    expect(told.map(({ message }) => message).join()).not.toContain('bc_forwarding')
  })

  it('names no interface of which the capture has only the index', () => {
    const lines = dmesg([trace('filter:FORWARD:policy:1', { in: '#3', out: '#2', src: '10.0.1.2', dst: '10.0.2.2' })])
    const [one] = explainLog(lines, worldOf('*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n')).journeys
    const [found] = findingsOf(one!, 'not-netfilter')
    expect(found?.message).toBe(
      'No rule stopped it. It left through interface 2, whose name is unknown. If no reply comes, capture on that interface to see what comes back.',
    )
    expect(String(found?.fix[0]?.look)).toBe("tcpdump -ni any 'host 10.0.2.2 and port 80'")
  })

  it('says what is known of the place that nat chose, and what is not', () => {
    const rules = {
      nat: ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.2:8080'],
      filter: [],
    }
    const words = (host: object) => findingsOf(played({ rules, packet: TO_ROUTER, host }), 'not-netfilter')[0]?.message
    const unknown =
      'nat PREROUTING rule 1 sent it there: whether a program listens on tcp 10.0.2.2:8080 is unknown here.'
    expect(words({})).toContain(`It left through eth1. ${unknown} If no reply comes`)
    expect(words(LISTENS_ON(80))).toContain(`${unknown} On this host, a program listens on 10.0.1.1:80.`)
    const from = (port: number) =>
      entry({
        original: { src: '10.0.1.7', dst: '10.0.2.2', sport: 999, dport: port },
        reply: { src: '10.0.2.2', dst: '10.0.1.7', sport: port, dport: 999 },
      })
    expect(words({ conntrack: [from(80)] })).toContain(`${unknown} 10.0.2.2 replied from tcp port 80.`)
    expect(words({ conntrack: [from(80), from(22)] })).not.toContain('replied from')
  })

  it('says that routes lead there and back where its destination replied to that source from another port', () => {
    const from = (port: number, src = '10.0.1.2', status: ConntrackEntry['status'] = ['assured']) =>
      entry({
        original: { src, dst: '10.0.2.2', sport: port === 80 ? 40_000 : 999, dport: port },
        reply: { src: '10.0.2.2', dst: src, sport: port, dport: port === 80 ? 40_000 : 999 },
        status,
      })
    const words = (...listed: ConntrackEntry[]) =>
      findingsOf(played({ rules: { filter: [] }, packet: SYN, listed }), 'not-netfilter')[0]?.message
    const asked = from(80, '10.0.1.2', ['unreplied'])
    expect(words(asked, from(22))).toBe(
      'No rule stopped it. It left through eth1. 10.0.2.2 replied to 10.0.1.2 from tcp port 22, so routes lead there and back. If no reply comes, capture on eth1 to see what comes back.',
    )
    // a reset, another client's, what was asked in vain, and where this one was replied to
    for (const other of [from(22, '10.0.1.2', []), from(22, '10.0.1.7'), from(22, '10.0.1.2', ['unreplied'])])
      expect(words(asked, other)).not.toContain('replied')
    expect(words(from(80), from(22))).not.toContain('routes lead')
    // of several next hops, the other connection may have another one
    const nexthops = [1, 2].map((n) => ({ gateway: `10.0.${n}.254`, device: 'eth1' }))
    const several: Route = { family: 'ip', type: 'unicast', destination: '10.0.2.2/32', table: 'main', nexthops }
    const spread = { rules: { filter: [] }, packet: SYN, listed: [asked, from(22)] }
    const host = { routes: [several, ...ROUTER.routes!] }
    expect(findingsOf(played({ ...spread, host }), 'not-netfilter')[0]?.message).not.toContain('routes lead')
  })

  it('waits for an answer only to what is answered', () => {
    expect(said(SYN).message).toContain(
      'No rule stopped it. It left through eth1. If no reply comes, capture on eth1 to see what comes back.',
    )
    expect(said(PING).message).toContain(
      'No rule stopped it. It left through eth1. If no reply comes, capture on eth1 to see what comes back.',
    )
    expect(said({ ...SYN, tcpFlags: ['rst'] }).message).toBe('No rule stopped it. It left through eth1.')
  })
})
