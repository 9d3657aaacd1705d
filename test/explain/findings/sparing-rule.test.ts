/** A masquerade that spares the packet's destination, as a network that is written too wide does. */
import { describe, expect, it } from 'vitest'
import { type Case, told } from './played.ts'

describe('not-masqueraded', () => {
  it('names the rule that masquerades and spares the destination, and masquerades for that destination alone', () => {
    const spares = '-A POSTROUTING -s 10.0.1.0/24 ! -d 10.0.0.0/8 -j MASQUERADE'
    const one: Case = { rules: { nat: [spares], filter: [] } }
    expect(told(one, 'not-masqueraded')).toMatchObject({
      message:
        'It left for 10.0.2.2 and kept its source 10.0.1.2: nat POSTROUTING rule 1 would have rewritten it, but only matches ! -d 10.0.0.0/8. Unless 10.0.2.2 has a route back through this host, it sends the reply to its own router (here 10.0.2.254).',
      rules: expect.arrayContaining(['nat POSTROUTING rule 1']),
      fix: 'iptables -t nat -I POSTROUTING 1 -s 10.0.1.2 -d 10.0.2.2 -o eth1 -j MASQUERADE → forwarded',
    })
  })
})
