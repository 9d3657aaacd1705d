/** Nothing leads to the chain that would take the packet, and another chain has got it. */
import { describe, expect, it } from 'vitest'
import { type Case, findingsOf, LISTENS_ON, played, SYN, TO_ROUTER, told } from './played.ts'

const WEB = '-A web -p tcp -m tcp --dport 80 -j ACCEPT'
const REPLIES = '-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT'
const filter = (...more: string[]) => ({ rules: { filter: ['-P FORWARD DROP', ...more] } })

describe('never-reached', () => {
  it('names the jump that chose the packet for the chain that dropped it', () => {
    const rules = [
      '-A FORWARD -i eth0 -j bad',
      '-A INPUT -j bad',
      '-A FORWARD -p icmp -j ACCEPT',
      '-A bad -j DROP',
      WEB,
    ]
    expect(told(filter(...rules), 'never-reached')).toMatchObject({
      message: 'filter web rule 1 would have accepted it, but nothing jumps to web. FORWARD rule 1 sent it to bad.',
      rules: ['filter web rule 1', 'filter FORWARD rule 1'],
    })
  })

  it('has the jump that another one makes needless lead there, rather than one that others need', () => {
    const TWICE = ['-A FORWARD -j isolate', '-A FORWARD -j isolate', '-A FORWARD -i eth0 -j loc', '-A INPUT -j loc']
    const rules = [...TWICE, '-A loc -p udp -j ACCEPT', '-A isolate -p icmp -j ACCEPT', REPLIES, WEB]
    expect(told(filter(...rules), 'never-reached')).toEqual({
      message:
        'filter web rule 1 would have accepted it, but nothing jumps to web. FORWARD rule 2, which matches it, jumps to isolate, as rule 1 does.',
      rules: ['filter web rule 1', 'filter FORWARD rule 2'],
      fix: 'iptables -R FORWARD 2 -j web → forwarded',
    })
  })

  it('says what a jump in front of rules that drop packets then skips', () => {
    const BETWEEN = ['-A FORWARD -j isolate', '-A FORWARD -s 10.0.1.0/24 -p udp -j DROP', '-A FORWARD -j isolate']
    const rules = [...BETWEEN, '-A isolate -p udp -m udp --dport 53 -j ACCEPT', WEB]
    const { fix } = findingsOf(played(filter(...rules)), 'never-reached')[0]!
    const instead = fix.find(({ description }) => /in place of isolate/.test(description))
    expect(instead?.note).toBe('every packet that matches this rule then skips isolate')
  })

  it('is no chain that a program leads to at the hook that it is for', () => {
    const { in: _, ...sent } = { ...SYN, src: '10.0.2.1' }
    const from = (chain: string): Case => ({
      rules: {
        filter: [
          ...['-P FORWARD DROP', '-P OUTPUT DROP', `-A FORWARD -o eth1 -j ${chain}`, '-A OUTPUT -p udp -j ACCEPT'],
          `-A ${chain} -d 10.0.2.2/32 ! -i eth1 -o eth1 -p tcp -m tcp --dport 80 -j ACCEPT`,
        ],
      },
      packet: sent,
    })
    expect(told(from('web'), 'never-reached')?.message).toBe(
      'filter web rule 1 would have accepted it, but FORWARD rule 1 alone leads to this chain, and this packet traverses OUTPUT.',
    )
    // what Docker forwards to its containers: what this host sends to them is nothing of Docker's
    expect(told(from('DOCKER'), 'never-reached')).toBeUndefined()
    // firewalld made these for rules of the administrator's
    expect(told(from('FORWARD_direct'), 'never-reached')?.message).toContain('FORWARD rule 1 alone leads to this chain')
  })

  it('names the rule of the chain that decides, not one that leads to other chains first', () => {
    const chain = (name: string) => [
      ...[`-A ${name} -j states`, '-A states -m conntrack --ctstate ESTABLISHED -j ACCEPT'],
      ...[`-A ${name} -j ports`, '-A ports -d 10.0.2.2/32 -o eth1 -p tcp -m tcp --dport 443 -j ACCEPT'],
      `-A ${name} -i eth0 -j ACCEPT`,
    ]
    expect(told(filter(...chain('dispatch')), 'never-reached')?.message).toBe(
      'filter dispatch rule 3 would have accepted it, but nothing jumps to dispatch.',
    )
    const https: Case = { ...filter(...chain('dispatch')), packet: { ...SYN, dport: 443 } }
    expect(told(https, 'never-reached')).toMatchObject({
      message:
        'filter dispatch rule 2 would have led it to ports rule 1, which accepts it, but nothing jumps to dispatch.',
      rules: ['filter dispatch rule 2', 'filter ports rule 1'],
    })
    // what sorts all packets by their interfaces is called for all, as its program does: its replies are accepted there, too
    const found = told(filter(...chain('DOCKER-FORWARD')), 'never-reached')
    expect(found?.fix).toBe('iptables -A FORWARD -j DOCKER-FORWARD → forwarded')
    expect(told(filter(...chain('dispatch')), 'never-reached')?.fix).not.toContain('-A FORWARD -j dispatch')
    const open = chain('DOCKER-FORWARD').map((line) => line.replace('-i eth0 -j ACCEPT', '-j ACCEPT'))
    expect(told(filter(...open), 'never-reached')?.fix ?? '').not.toContain('-A FORWARD -j DOCKER-FORWARD')
  })

  it('is no rule of OUTPUT, where the one of PREROUTING beside it only lacks the sender', () => {
    const to = (from: string) =>
      `${from} -d 10.0.1.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.2.9:80`
    const codes = (net: string) => {
      const rules = { nat: [to(`-A PREROUTING -s ${net}`), to('-A OUTPUT')], filter: [] }
      return played({ rules, packet: { ...TO_ROUTER, dport: 8080 }, host: LISTENS_ON(22) }).findings.map(
        (one) => one.code,
      )
    }
    expect(codes('192.168.7.0/24')).toContain('near-miss')
    expect(codes('192.168.7.0/24')).not.toContain('never-reached')
  })

  it('has a jump for an interface alone made alike for the one that the packet came in by', () => {
    const nat = [
      '-A PREROUTING -i eth9 -j lan_dnat',
      '-A lan_dnat -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.2',
    ]
    const found = told({ rules: { nat, filter: [] }, packet: TO_ROUTER, host: LISTENS_ON(22) }, 'never-reached')
    expect(found?.fix).toBe('iptables -t nat -A PREROUTING -i eth0 -j lan_dnat → forwarded')
  })
})
