/** An address that cannot come from that side. */
import { describe, expect, it } from 'vitest'
import { entry } from '../../simulate/world.ts'
import { type Case, findingsOf, played, REPLY, SYN, TO_ROUTER, told } from './played.ts'

const PROXY = ['-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:3128']
const one = (value: string): Case => ({
  rules: { nat: PROXY, filter: [] },
  packet: TO_ROUTER,
  host: {
    sysctls: new Map([
      ['net.ipv4.ip_forward', '1'],
      ['net.ipv4.conf.all.route_localnet', value],
      ['net.ipv4.conf.eth0.route_localnet', '0'],
    ]),
  },
})

describe('vanished-martian', () => {
  it('proposes route_localnet, where nat itself sends it to 127.0.0.1', () => {
    expect(told(one('0'), 'vanished-martian')?.fix).toMatch(
      /^sysctl -w net.ipv4.conf.eth0.route_localnet=1 → delivered/,
    )
    expect(told(one('1'), 'vanished-martian')).toBeUndefined()
  })

  it('names the rule that sent it to loopback, and asks nobody who sends with that address', () => {
    const [found] = findingsOf(played(one('0')), 'vanished-martian')
    expect(found?.message).toBe(
      'Routing dropped it as a martian: nat PREROUTING rule 1 sent it to 127.0.0.1, but packets that come in on eth0 may not go to loopback (net.ipv4.conf.eth0.route_localnet is 0).',
    )
    expect(found?.fix.map(({ description }) => description).join()).not.toContain('check who sends')
    const [forged] = findingsOf(played({ ...one('0'), packet: { ...SYN, dst: '127.0.0.1' } }), 'vanished-martian')
    expect(forged?.fix.map(({ description }) => description).join()).toContain('check who sends with that address')
  })

  it('is the own address of this host as source', () => {
    const rules = { raw: [], filter: [] }
    const sysctls = new Map([
      ['net.ipv4.ip_forward', '1'],
      ['net.ipv4.conf.all.accept_local', '0'],
    ])
    expect(
      told({ rules, packet: { ...SYN, src: '10.0.2.1' }, host: { sysctls } }, 'vanished-martian')?.message,
    ).toContain('10.0.2.1')
    expect(told({ rules, packet: { ...SYN, src: '10.0.1.9' }, host: { sysctls } }, 'vanished-martian')).toBeUndefined()
  })

  describe('where another machine replies with it, to which this host had forwarded the request', () => {
    const packet = { ...REPLY, src: '10.0.1.1' }
    const asked = { src: '10.0.1.2', dst: '10.0.1.1', sport: 40_000, dport: 80 }
    const replied = (rpFilter: string, reply = { src: '10.0.1.1', dst: '10.0.1.2', sport: 80, dport: 40_000 }) => {
      const sysctls = new Map([
        ['net.ipv4.ip_forward', '1'],
        ['net.ipv4.conf.all.accept_local', '0'],
        ['net.ipv4.conf.eth1.accept_local', '0'],
        ['net.ipv4.conf.all.rp_filter', rpFilter],
        ['net.ipv4.conf.eth1.rp_filter', rpFilter],
      ])
      const conntrack = [entry({ original: asked, reply })]
      return told(
        { rules: { raw: [], filter: [] }, packet, host: { sysctls, conntrack }, listed: conntrack },
        'vanished-martian',
      )
    }

    it('proposes accept_local', () => {
      expect(replied('0')?.message).toContain('(on eth0; net.ipv4.conf.eth1.accept_local is 0)')
      expect(replied('0')?.fix).toMatch(/^sysctl -w net.ipv4.conf.eth1.accept_local=1 → /)
    })

    it('together with a loose rp_filter', () => {
      const both = 'net.ipv4.conf.eth1.accept_local=1 && sysctl -w net.ipv4.conf.eth1.rp_filter=2'
      expect(replied('1')?.fix).toContain(both)
    })

    it('unless nat had sent the request there, which would have undone that', () => {
      expect(replied('0', { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 40_000 })?.fix).toBeUndefined()
    })
  })
})
