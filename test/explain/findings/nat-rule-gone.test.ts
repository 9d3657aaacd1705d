/** What is left of the rules says where a packet is to go that none of them sends on. */
import { describe, expect, it } from 'vitest'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, LISTENS_ON, SYN, TO_ROUTER, told } from './played.ts'

const ESTABLISHED = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const SNAT = '-A POSTROUTING -s 10.0.2.9/32 -j SNAT --to-source 10.0.1.77'
const FLOATING = { ...SYN, dst: '10.0.1.77' }

describe('one half of a one-to-one NAT', () => {
  const halves = (...nat: string[]): Case => ({
    rules: { nat: [...nat, SNAT], filter: ['-P FORWARD DROP', ESTABLISHED, '-A FORWARD -d 10.0.2.9/32 -j ACCEPT'] },
    packet: FLOATING,
    // the inner hosts have this one for their router
    host: {
      routes: ROUTER.routes!.map((one) => (one.gateway ? { ...one, device: 'eth0', gateway: '10.0.1.254' } : one)),
    },
  })

  it('says which host the other half is for', () => {
    expect(told(halves(), 'missing-rule')).toEqual({
      message:
        'nat POSTROUTING rule 1 pairs 10.0.1.77 with 10.0.2.9, and no rule of PREROUTING rewrote the destination.',
      rules: ['nat POSTROUTING rule 1'],
      fix: 'iptables -t nat -A PREROUTING -d 10.0.1.77 -j DNAT --to-destination 10.0.2.9 → forwarded',
    })
  })

  it('corrects the other half, where that is for another address', () => {
    const wrong = halves('[0:0] -A PREROUTING -d 10.0.3.5/32 -j DNAT --to-destination 10.0.2.9')
    expect(told(wrong, 'missing-rule')).toBeUndefined()
    expect(told(wrong, 'near-miss')?.fix).toBe(
      'iptables -t nat -R PREROUTING 1 -d 10.0.1.77 -j DNAT --to-destination 10.0.2.9 → forwarded',
    )
  })

  it('corrects the other half, where that sends to another host', () => {
    const wrong = halves('-A PREROUTING -d 10.0.1.77/32 -j DNAT --to-destination 10.0.2.8')
    expect(told(wrong, 'dnat-mismatch')).toEqual({
      message:
        'nat PREROUTING rule 1 sends it to 10.0.2.8, while nat POSTROUTING rule 1 pairs 10.0.1.77 with 10.0.2.9. Which of the two is right is unknown.',
      rules: ['nat PREROUTING rule 1', 'nat POSTROUTING rule 1'],
      fix: 'iptables -t nat -R PREROUTING 1 -d 10.0.1.77 -j DNAT --to-destination 10.0.2.9 → forwarded',
    })
  })

  it('says nothing of who sends one service of the address elsewhere, nor where several share the address', () => {
    const web = halves('-A PREROUTING -d 10.0.1.77/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.8')
    expect(told(web, 'dnat-mismatch')?.message ?? '').not.toContain('pairs')
    const shared = halves('-A POSTROUTING -s 10.0.2.8/32 -j SNAT --to-source 10.0.1.77')
    expect(told(shared, 'missing-rule')?.message ?? '').not.toContain('pairs')
  })
})

describe('a rule that accepts what nat sends to nobody', () => {
  const accepts = (counted: string, ...nat: string[]): Case => ({
    rules: {
      nat,
      filter: [
        '-P INPUT DROP',
        '-P FORWARD DROP',
        ESTABLISHED,
        `[${counted}] -A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT`,
      ],
    },
    packet: TO_ROUTER,
    host: LISTENS_ON(22),
  })

  it('says which host the packet may be for', () => {
    expect(told(accepts('0:0'), 'missing-rule')).toEqual({
      message:
        'No rule rewrote its destination. filter FORWARD rule 2 accepts tcp to 10.0.2.9:80, and no rule of nat sends packets there: if this packet is for 10.0.2.9, the DNAT rule is missing.',
      rules: ['filter FORWARD rule 2', 'nat PREROUTING rule 1'],
      fix: 'iptables -t nat -A PREROUTING -d 10.0.1.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80 → forwarded',
    })
  })

  it('is certain of it where a map that no rule uses sends there', () => {
    const left = { family: 'ip' as const, table: 'nat', name: 'virtual', type: 'inet_service' }
    const elements = [{ parts: ['80'], data: ['10.0.2.9'] }]
    expect(told({ ...accepts('0:0'), sets: [{ ...left, elements }] }, 'missing-rule')?.message).toBe(
      'No rule rewrote its destination. filter FORWARD rule 2 accepts tcp to 10.0.2.9:80, and map virtual sends port 80 there, but no rule uses this map: the DNAT rule is missing.',
    )
  })

  it('is not told where the rule is in use, or nat sends others there', () => {
    expect(told(accepts('3:180'), 'missing-rule')?.message ?? '').not.toContain('sends packets there')
    const other = '-A PREROUTING -d 10.0.7.7/32 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 10.0.2.9:80'
    expect(told(accepts('0:0', other), 'missing-rule')?.message ?? '').not.toContain('sends packets there')
  })

  it('is not told where a program of this host serves it', () => {
    expect(told({ ...accepts('0:0'), host: LISTENS_ON(80) }, 'missing-rule')?.message ?? '').not.toContain('DNAT')
  })
})
