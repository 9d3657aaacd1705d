/** Rules with synproxy that miss the SYN that they are there for. */
import { describe, expect, it } from 'vitest'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const PROXY = '--sack-perm --timestamp --wscale 7 --mss 1460'
const proxied = (state: string): Case => ({
  rules: {
    raw: ['-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j CT --notrack'],
    filter: [
      '-P FORWARD DROP',
      '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      `[0:0] -A FORWARD -d 10.0.2.2/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate ${state} -j SYNPROXY ${PROXY}`,
    ],
  },
  packet: SYN,
})

describe('a rule with synproxy', () => {
  it('that waits for a tracked SYN would have answered it, and is made to match', () => {
    expect(told(proxied('NEW'), 'near-miss')).toEqual({
      message:
        "filter FORWARD rule 2 would have answered it in the server's place, but only matches --ctstate NEW; its connection is untracked.",
      rules: ['filter FORWARD rule 2', 'filter FORWARD policy'],
      fix: `iptables -R FORWARD 2 -d 10.0.2.2 -p tcp --dport 80 -m conntrack --ctstate INVALID,NEW,UNTRACKED -j SYNPROXY ${PROXY} → stolen`,
    })
  })

  it('is to take the ACK that ends the handshake as well', () => {
    const loose = { sysctls: new Map([['net.netfilter.nf_conntrack_tcp_loose', '0']]) }
    const found = told({ ...proxied('NEW'), host: loose }, 'untracked')
    expect(found?.fix).toBe(
      'iptables -t raw -D PREROUTING 1 → stolen, but no rule with synproxy would match the ACK that ends the handshake',
    )
    expect(told({ ...proxied('NEW'), host: loose }, 'near-miss')?.fix).toMatch(/INVALID,NEW,UNTRACKED .* → stolen$/)
  })

  it('is told alone: rules for later packets are none for a SYN', () => {
    expect(findingsOf(played(proxied('NEW')), 'near-miss')).toHaveLength(1)
  })

  it('that takes the SYN is no near miss', () => {
    expect(told(proxied('INVALID,UNTRACKED'), 'near-miss')).toBeUndefined()
  })
})
