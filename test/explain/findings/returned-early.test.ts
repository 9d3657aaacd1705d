/** A RETURN in front of the rule that would have accepted it. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { type Case, TO_ROUTER, told } from './played.ts'

const rules = (first: string, last = '-A web -p tcp -m tcp --dport 80 -j ACCEPT'): Case => ({
  rules: {
    filter: [
      '-P FORWARD DROP',
      '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A FORWARD -j web',
      first,
      last,
    ],
  },
})

describe('returned-early', () => {
  it('names the RETURN', () => {
    const found = told(rules('-A web -s 10.0.1.2/32 -j RETURN'), 'returned-early')
    expect(found?.rules).toEqual(['filter web rule 1', 'filter web rule 2'])
    expect(found?.fix).toBe('iptables -t filter -D web 1 → forwarded')
  })

  it('names the RETURN in front of a rule with a limit, of which such a packet has used nothing', () => {
    const limited = '-A web -p tcp -m tcp --dport 80 -m limit --limit 100/sec -j ACCEPT'
    expect(told(rules('-A web -s 10.0.1.2/32 -j RETURN', limited), 'returned-early')?.message).toBe(
      'filter web rule 1 returned it from the chain (-s 10.0.1.2/32), so the packet never reached filter web rule 2, which would have accepted it within its limit.',
    )
    // for another service
    const other = limited.replace('80', '81')
    expect(told(rules('-A web -i eth0 -j RETURN', other), 'returned-early')).toBeUndefined()
  })

  const port = (...web: string[]): Case => rules('-A web -p udp -j ACCEPT', web[0])

  it('names a RETURN for the very port, behind which nothing accepts, in place of rules for other ports', () => {
    const ofPort = rules(
      '-A web -p tcp -m multiport --dports 80:90 -j RETURN',
      '-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT',
    )
    expect(told(ofPort, 'returned-early')).toEqual({
      message:
        'filter web rule 1 matches it (tcp, --dports 80:90), but only returns it from the chain, and no later rule accepts it.',
      rules: ['filter web rule 1'],
    })
    expect(told(ofPort, 'missing-rule')).toBeUndefined()
    // who comes by any interface but one
    expect(told(port('-A web ! -i eth9 -p tcp -m tcp --dport 80 -j RETURN'), 'returned-early')?.message).toContain(
      'but only returns it from the chain',
    )
    // for all packets, or for all but some, says nothing of this one
    expect(told(port('-A web -p tcp -j RETURN'), 'returned-early')).toBeUndefined()
    expect(told(port('-A web -p tcp -m tcp ! --dport 81 -j RETURN'), 'returned-early')).toBeUndefined()
  })

  it('names a RETURN for the very sender, for ICMP, and of a base chain, which leaves the packet to the policy', () => {
    const inVain = 'but only returns it from the chain, and no later rule accepts it.'
    const sender = rules('-A web -s 10.0.1.2/32 -j RETURN', '-A web -p tcp -m tcp --dport 81 -j ACCEPT')
    expect(told(sender, 'returned-early')?.message).toBe(`filter web rule 1 matches it (-s 10.0.1.2/32), ${inVain}`)
    const base = (...input: string[]): Case => ({ rules: { filter: ['-P INPUT DROP', ...input] }, packet: TO_ROUTER })
    expect(told(base('-A INPUT -p tcp -m tcp --dport 80 -j RETURN'), 'returned-early')?.message).toBe(
      `filter INPUT rule 1 matches it (tcp dport 80), ${inVain}`,
    )
    const ping = { ...TO_ROUTER, protocol: 'icmp', icmpType: 8, icmpCode: 0, icmpId: 1, icmpSeq: 1 }
    const of = (rule: string) => told({ ...base(rule), packet: ping as Packet }, 'returned-early')?.message
    expect(of('-A INPUT -p icmp -j RETURN')).toBe(`filter INPUT rule 1 matches it (icmp), ${inVain}`)
    // what asks for the way alone was not for it
    expect(told(base('-A INPUT -i eth0 -j RETURN'), 'returned-early')).toBeUndefined()
  })

  it('names a RETURN of all packets that its chain and its own comment call accepted', () => {
    const led = (chain: string, comment: string): Case => ({
      rules: {
        filter: [
          '-P FORWARD DROP',
          `-A FORWARD -i eth0 -j ${chain}`,
          `-A ${chain} -i eth0 -m comment --comment "${comment}" -j RETURN`,
        ],
      },
    })
    const { message } = told(led('accept_from_lan', '!fw4: accept lan traffic'), 'returned-early')!
    expect(message).toContain('only returns it from the chain, and no later rule accepts it.')
    expect(told(led('accept_from_lan', '!fw4: lan traffic'), 'returned-early')).toBeUndefined()
    expect(told(led('lan', 'who is not accepted'), 'returned-early')).toBeUndefined()
  })

  it('names it where a rule of the chain that had led there rejects the packet', () => {
    const led = [
      '-A FORWARD -j zone',
      '-A zone -j web',
      '-A web -p tcp -m tcp --dport 80 -j RETURN',
      '-A zone -j REJECT',
    ]
    expect(told({ rules: { filter: led } }, 'returned-early')?.rules).toEqual(['filter web rule 1'])
    // what stops it in its own chain behind the RETURN was not met
    const own = ['-A FORWARD -j zone', '-A zone -s 10.0.1.9/32 -j RETURN', '-A zone -j REJECT']
    expect(told({ rules: { filter: own } }, 'returned-early')).toBeUndefined()
  })

  it.each([
    ['a ban', '-A web -s 10.0.1.2/32 -j RETURN', '-A web -s 10.0.1.0/24 -p udp -j DROP'],
    ['a ban in a chain', '-A web -s 10.0.1.2/32 -j RETURN', '-A web -s 10.0.1.0/24 -p udp -j LOGDROP'],
    [
      'a limit',
      '-A web -s 10.0.1.2/32 -j RETURN',
      '-A web -m hashlimit --hashlimit-upto 9/sec --hashlimit-mode srcip --hashlimit-name x -j ACCEPT',
    ],
    [
      'a ban of members',
      '-A web -m set --match-set allowed src -j RETURN',
      '-A web -m set --match-set banned src -j DROP',
    ],
    [
      'a ban by port',
      '-A web -s 10.0.1.2/32 -p tcp -m tcp --dport 80 -j RETURN',
      '-A web -p tcp -m tcp --dport 80 -m ttl --ttl-gt 200 -j DROP',
    ],
    ['nothing', '-A web -s 10.0.1.2/32 -j RETURN', '-A web -p udp -j LOG'],
    ['accepts and a drop of the rest', '-A web -s 10.0.1.2/32 -j RETURN', '-A web -p udp -j ACCEPT', '-A web -j DROP'],
  ])('takes an exemption from %s for no mistake', (_name, ...web) => {
    const one: Case = {
      rules: {
        filter: [
          '-P FORWARD DROP',
          '-A FORWARD -j web',
          '-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT',
          ...web,
          '-A LOGDROP -j DROP',
        ],
      },
      sets: [
        { name: 'allowed', type: 'hash:ip', elements: [{ parts: ['10.0.1.2'] }] },
        { name: 'banned', type: 'hash:ip', elements: [{ parts: ['10.0.1.9'] }] },
      ],
    }
    expect(told(one, 'returned-early')).toBeUndefined()
    expect(told(one, 'missing-rule')?.message).toMatch(
      /^No rule accepts tcp 10\.0\.2\.2:80\. The closest, filter FORWARD rule 2, /,
    )
  })

  it('names a RETURN for the very service of one sender, in a chain that accepts and refuses others', () => {
    const sent = (...web: string[]) =>
      told({ rules: { filter: ['-P FORWARD DROP', '-A FORWARD -j web', ...web] } }, 'returned-early')
    const one = '-A web -s 10.0.1.2/32 -p tcp -m tcp --dport 80 -j RETURN'
    const refuses = '-A web -p tcp -j REJECT'
    expect(sent('-A web -p udp -m udp --dport 53 -j ACCEPT', one, refuses)?.message).toBe(
      'filter web rule 2 matches it (-s 10.0.1.2/32, tcp dport 80), but only returns it from the chain, and no later rule accepts it.',
    )
    // it is spared what refuses others, where nothing is accepted
    expect(sent(one, refuses)).toBeUndefined()
  })

  it('leaves the missing rule where the RETURN is for the sender', () => {
    const among = rules('-A web -s 10.0.1.2/32 -j RETURN', '-A web -p tcp -m tcp --dport 81 -s 10.0.1.9/32 -j ACCEPT')
    const { filter } = among.rules
    among.rules = { filter: [...filter!, '-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT'] }
    expect(told(among, 'returned-early')?.rules).toEqual(['filter web rule 1'])
    expect(told(among, 'missing-rule')?.message).toMatch(/^No rule accepts tcp 10\.0\.2\.2:80\./)
  })

  it.each([
    ['it was for others', rules('-A web -s 10.0.1.3/32 -j RETURN')],
    [
      'nothing behind it accepts, and it is for a whole network',
      rules('-A web -s 10.0.1.0/24 -j RETURN', '-A web -p tcp -m tcp --dport 81 -j ACCEPT'),
    ],
    ['the chain was at its end', rules('-A web -p tcp -m tcp --dport 81 -j ACCEPT', '-A web -p udp -j ACCEPT')],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'returned-early')).toBeUndefined()
  })
})
