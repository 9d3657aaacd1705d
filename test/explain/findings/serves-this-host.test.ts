/** Whoever was asked has replied to this host's own address, and not to the packet's. */
import { describe, expect, it } from 'vitest'
import type { ConntrackEntry, Host } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const ASKED = { ...SYN, dst: '10.0.8.5' }

const connection = (src: string, sport: number, more: Partial<ConntrackEntry> = {}, to = src): ConntrackEntry =>
  entry({
    original: { src, dst: '10.0.8.5', sport, dport: 80 },
    reply: { src: '10.0.8.5', dst: to, sport: 80, dport: sport },
    status: ['assured'],
    ...more,
  })

const UNREPLIED = connection('10.0.1.2', 40_000, { status: ['unreplied'] })

const OWN = connection('10.0.2.1', 50_000)

const beside = (...others: ConntrackEntry[]): Case => ({
  rules: { nat: ['-A POSTROUTING -o eth7 -j MASQUERADE'], filter: [] },
  packet: ASKED,
  listed: [UNREPLIED, ...others],
})

const messageOf = (one: Case) => told(one, 'not-masqueraded')?.message

describe('a destination that replies to this host alone', () => {
  it('shows that the source is what no reply finds', () => {
    expect(messageOf(beside(OWN))).toBe(
      "It left for 10.0.8.5 with its own source 10.0.1.2, and connection tracking has seen no reply. 10.0.8.5 replied from tcp port 80 to this host's address 10.0.2.1: either replies to 10.0.1.2 do not come back through this host, or a firewall there drops packets from that source.",
    )
    expect(findingsOf(played(beside(OWN)), 'not-masqueraded').map(({ severity }) => severity)).toEqual(['warning'])
    // of another client, whose source was rewritten
    expect(messageOf(beside(connection('10.0.3.3', 50_000, {}, '10.0.2.1')))).toContain('address 10.0.2.1')
  })

  it('gives the packet a source in the fix', () => {
    const [found] = findingsOf(played(beside(OWN)), 'not-masqueraded')
    expect(found?.fix[0]?.after).toBe('forwarded')
  })

  it('shows nothing by another port, another interface, a reset, or a reply to the same network', () => {
    const [other, reset] = [entry({ ...OWN, reply: { ...OWN.reply, sport: 443 } }), entry({ ...OWN, status: [] })]
    const atOtherLink = connection('10.0.1.1', 50_000)
    for (const one of [other, reset, atOtherLink]) expect(messageOf(beside(one))).toBeUndefined()
    expect(messageOf(beside(OWN, connection('10.0.1.3', 50_001)))).toBeUndefined()
    expect(messageOf({ ...beside(OWN), listed: [{ ...UNREPLIED, status: [] }, OWN] })).toBeUndefined()
  })

  it('shows nothing where the source is of another interface, or addresses or routes are not listed', () => {
    const [lo, eth0, eth1] = ROUTER.links!
    const third = { ...eth0!, index: 4, name: 'eth2', addresses: [{ ...eth0!.addresses![0]!, address: '10.0.1.9' }] }
    const elsewhere = { links: [lo!, { ...eth0!, addresses: [] }, eth1!, third] }
    const unlisted = { links: ROUTER.links!.map(({ addresses: _, ...one }) => one) }
    for (const host of [elsewhere, unlisted]) expect(messageOf({ ...beside(OWN), host })).toBeUndefined()
  })

  it('leaves it open whether a program of UDP replies to that network at all', () => {
    const { tcpFlags: _, tcpOptions: __, tcpSeq: ___, ...packet } = { ...ASKED, protocol: 'udp', dport: 53 }
    const dns = (one: ConntrackEntry) =>
      entry({
        ...one,
        protocol: 'udp',
        original: { ...one.original, dport: 53 },
        reply: { ...one.reply, sport: 53 },
      })
    const listed = [UNREPLIED, OWN].map(dns)
    expect(messageOf({ ...beside(), packet, listed })).toMatch(
      / replied from udp port 53 to .*, or a firewall or the program there drops packets from that source\.$/,
    )
  })

  it('shows nothing by a connection that was idle for long: the program may be gone', () => {
    const sysctls = new Map([...ROUTER.sysctls!, ['net.netfilter.nf_conntrack_tcp_timeout_established', '432000']])
    const said = (timeout: number) => {
      const idle = connection('10.0.2.1', 50_000, { state: 'ESTABLISHED', timeout })
      return messageOf({ ...beside(idle), host: { sysctls } })
    }
    expect(said(431_000)).toContain('replied from tcp port 80')
    expect(said(400_000)).toBeUndefined()
  })

  it('shows nothing of what waits for the link address of its next hop', () => {
    const neighbours: Host['neighbours'] = [{ family: 'ip', device: 'eth1', address: '10.0.2.254', state: ['FAILED'] }]
    expect(messageOf({ ...beside(OWN), host: { neighbours } })).toBeUndefined()
  })

  it('shows nothing of a neighbour in the network of the destination', () => {
    const links = ROUTER.links!.map((link) =>
      link.name === 'eth1' ? { ...link, addresses: [{ ...link.addresses![0]!, prefixLength: 8 }] } : link,
    )
    expect(messageOf({ ...beside(OWN), host: { links: links.filter(({ name }) => name !== 'eth0') } })).toBeUndefined()
  })
})

it('says that the place which nat chose replied to another connection', () => {
  const nat = ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.8.5:80']
  const packet = { ...ASKED, dst: '10.0.1.1', dport: 8080 }
  const message = (listed: ConntrackEntry[]) =>
    findingsOf(played({ rules: { nat, filter: [] }, packet, listed }), 'not-netfilter')[0]?.message
  expect(message([connection('10.0.1.3', 50_001)])).toContain(
    'sent it there: tcp 10.0.8.5:80 replied to another connection.',
  )
  expect(message([])).toContain('whether a program listens on tcp 10.0.8.5:80 is unknown here.')
})

it('tells who asks from the internet of the route of a neighbour, which needs no other source', () => {
  const listed = (src: string) =>
    [connection(src, 40_000, { status: ['unreplied'] }), OWN].map((one) => ({
      ...one,
      original: { ...one.original, dst: '10.0.2.5' },
      reply: { ...one.reply, src: '10.0.2.5' },
    }))
  const routes = [
    ...ROUTER.routes!.filter(({ gateway }) => gateway === undefined),
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.1.254', device: 'eth0', table: 'main' },
  ] as NonNullable<Host['routes']>
  const from = (src: string): Case => ({
    ...{ rules: { filter: [] }, packet: { ...SYN, src, dst: '10.0.2.5' } },
    ...{ host: { routes }, listed: listed(src) },
  })
  expect(messageOf(from('198.51.100.9'))).toBeUndefined()
  // whom nat sends there, and what comes out of a tunnel, may have another router
  const sent = from('198.51.100.9')
  const nat = ['-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.2.5:80']
  const asked: ConntrackEntry[] = sent.listed!.map((one) =>
    one.status.includes('unreplied')
      ? { ...one, original: { ...one.original, dst: '198.51.100.1', dport: 8080 } }
      : one,
  )
  const forwarded = {
    ...sent,
    rules: { nat, filter: [] },
    packet: { ...sent.packet!, dst: '198.51.100.1', dport: 8080 },
  }
  expect(messageOf({ ...forwarded, listed: asked })).toContain('either replies to 198.51.100.9 do not come back')
  const links = ROUTER.links!.map((one) => (one.name === 'eth1' ? { ...one, kind: 'wireguard' } : one))
  const tunnel = { ...sent, host: { ...sent.host, links } }
  expect(messageOf(tunnel)).toContain('either replies to 198.51.100.9 do not come back')
  expect(told(from('198.51.100.9'), 'not-netfilter')?.message).toContain(
    " 10.0.2.5 replied from tcp port 80 to this host's address 10.0.2.1. Replies to 198.51.100.9 must take the way through this host as well: check the default route and the firewall of 10.0.2.5.",
  )
  expect(messageOf(from('172.20.0.9'))).toContain("replied from tcp port 80 to this host's address 10.0.2.1: either")
  expect(told(from('172.20.0.9'), 'not-netfilter')).toBeUndefined()
})
