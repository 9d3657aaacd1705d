/** A rule that names the packet and would have stopped it, and why it did not. test/kernel/let-through asks the kernel. */
import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import type { Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { type Case, LISTENS_ON, played, REPLY, SYN, TO_ROUTER, told } from './played.ts'

/** From the net, to the router itself. */
const CALLER: Packet = { ...TO_ROUTER, in: 'eth1', src: '203.0.113.7', dst: '10.0.2.1' }
const ACK: Packet = { ...CALLER, tcpFlags: ['ack'] }
const ANSWER: Packet = {
  ...{ src: '10.0.2.1', sport: 80, dst: '203.0.113.7', dport: 40_000 },
  ...{ protocol: 'tcp', tcpFlags: ['syn', 'ack'], tcpSeq: 1, tcpAck: 8 },
}
const EST = '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const HTTP = '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT'
const BAN = '-A INPUT -s 203.0.113.7/32 -j DROP'
const DNAT = '-A PREROUTING -i eth1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.2:8080'
const AT_80 = LISTENS_ON(80)

const of = (one: Partial<Case> & Pick<Case, 'rules'>) => told({ packet: CALLER, host: AT_80, ...one }, 'let-through')

describe('let-through', () => {
  it('names the accept in front of the ban, and puts the ban before it', () => {
    expect(of({ rules: { filter: [EST, HTTP, BAN] } })).toEqual({
      message:
        'filter INPUT rule 3 drops such packets (-s 203.0.113.7/32), but filter INPUT rule 2 (tcp dport 80) accepts them first.',
      rules: ['filter INPUT rule 3', 'filter INPUT rule 2'],
      fix: 'iptables -I INPUT 2 -s 203.0.113.7 -j DROP → dropped',
    })
  })

  it('names the first of several accepts', () => {
    const found = of({ rules: { filter: [EST, HTTP, BAN] }, packet: ACK, before: [CALLER, ANSWER] })
    expect(found?.message).toContain('but filter INPUT rule 1 (--ctstate RELATED,ESTABLISHED) accepts them first')
  })

  it('sees that a wider accept of ports leaves nothing to the deny of one', () => {
    const wide = '-A INPUT -p tcp -m tcp --dport 1:1023 -j ACCEPT'
    const found = of({ rules: { filter: [wide, '-A INPUT -p tcp -m tcp --dport 80 -j DROP'] } })
    expect(found?.rules).toEqual(['filter INPUT rule 2', 'filter INPUT rule 1'])
  })

  it('finds the ban in INPUT for what DNAT sends on, with the destination as it was', () => {
    const filter = ['-A INPUT -p tcp -m tcp --dport 80 -j DROP', '-A FORWARD -p tcp -m tcp --dport 8080 -j ACCEPT']
    expect(of({ rules: { nat: [DNAT], filter }, host: {} })).toEqual({
      message:
        'filter FORWARD rule 1 accepted it. filter INPUT rule 1 drops such packets (tcp dport 80), but is in INPUT: the packet got another destination by NAT and was forwarded, and does not traverse that chain.',
      rules: ['filter INPUT rule 1', 'filter FORWARD rule 1'],
      fix: 'iptables -I FORWARD 1 -d 10.0.1.2 -p tcp --dport 8080 -j DROP → dropped',
    })
  })

  it('finds the rule in FORWARD for the port that DNAT has replaced', () => {
    const found = of({ rules: { nat: [DNAT], filter: ['-A FORWARD -p tcp -m tcp --dport 80 -j DROP'] }, host: {} })
    expect(found?.message).toContain('NAT has rewritten the destination by then')
    expect(found?.fix).toBe('iptables -A FORWARD -d 10.0.1.2 -p tcp --dport 8080 -j DROP → dropped')
  })

  it('changes no exit code, and is no reason to look', () => {
    const journey = played({ rules: { filter: [HTTP, BAN] }, packet: CALLER, host: AT_80 })
    expect(journey.outcome).toBe('delivered')
    expect(journey.culprit).toBeUndefined()
    expect(journey.findings.find(({ code }) => code === 'let-through')).toMatchObject({
      severity: 'note',
      fix: [{ stops: true }],
    })
  })

  it('says who writes the chain', () => {
    const filter = ['-A INPUT -j ufw-user-input', '-A ufw-user-input -p tcp -m tcp --dport 80 -j ACCEPT', BAN]
    const [found] = played({ rules: { filter }, packet: CALLER, host: AT_80 }).findings
    expect(found).toMatchObject({ code: 'let-through', fix: [{ owner: { name: 'ufw' } }] })
  })
})

describe('let-through of an exception', () => {
  const only = (...filter: string[]) => ({ rules: { filter } })
  it.each<[string, Partial<Case> & Pick<Case, 'rules'>]>([
    [
      'a deny behind an exception for one sender',
      only('-A INPUT -s 203.0.113.7/32 -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 80 -j DROP'),
    ],
    [
      'a deny behind an exception for a network',
      only(
        '-A INPUT -s 203.0.113.0/24 -p tcp -m tcp --dport 80 -j ACCEPT',
        '-A INPUT -p tcp -m tcp --dport 80 -j DROP',
      ),
    ],
    ['a ban behind a sender and a port', only('-A INPUT -s 203.0.113.7/32 -p tcp -m tcp --dport 80 -j ACCEPT', BAN)],
    [
      'a deny behind a trusted interface',
      only('-A INPUT -i eth1 -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 80 -j DROP'),
    ],
    [
      'a list of ports behind another one',
      only(
        '-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT',
        '-A INPUT -p tcp -m multiport --dports 22,80 -j DROP',
      ),
    ],
    [
      'a network at home behind a service for all',
      {
        rules: { filter: ['-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT', '-A INPUT -s 10.0.1.0/24 -j DROP'] },
        packet: TO_ROUTER,
      },
    ],
    [
      'a rate limit',
      only(
        '-A INPUT -p tcp -m tcp --dport 80 -m limit --limit 5/sec -j ACCEPT',
        '-A INPUT -p tcp -m tcp --dport 80 -j DROP',
      ),
    ],
  ])('names %s, and proposes no command', (_what, one) => {
    expect(of(one)).toEqual({
      message: expect.stringMatching(/^filter INPUT rule 2 drops such packets .* but filter INPUT rule 1 .* first\.$/),
      rules: ['filter INPUT rule 2', 'filter INPUT rule 1'],
    })
  })

  it('says nothing of packets of a connection that there is', () => {
    const filter = ['-A INPUT -i eth1 -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 80 -j DROP']
    expect(of({ rules: { filter }, packet: ACK, before: [CALLER, ANSWER] })).toBeUndefined()
  })
})

describe('let-through is not told', () => {
  const only = (...filter: string[]) => ({ rules: { filter } })
  it.each<[string, Partial<Case> & Pick<Case, 'rules'>]>([
    ['of what drops the rest', only(EST, HTTP, '-A INPUT -j DROP')],
    ['of what drops the rest of an interface', only(HTTP, '-A INPUT -i eth1 -j DROP')],
    ['of what stops invalid packets', only(HTTP, '-A INPUT -m conntrack --ctstate INVALID -j DROP')],
    ['of a ban of somebody else', only(HTTP, '-A INPUT -s 203.0.113.8/32 -j DROP')],
    ['of a ban of all others', only(HTTP, '-A INPUT ! -s 203.0.113.9/32 -p tcp -j DROP')],
    ['of a ban that holds for another port', only(HTTP, '-A INPUT -s 203.0.113.7/32 -p tcp -m tcp --dport 22 -j DROP')],
    [
      'of a ban that an unknown condition guards',
      only(HTTP, '-A INPUT -s 203.0.113.7/32 -m limit --limit 1/sec -j DROP'),
    ],
    [
      'of a port in INPUT for what is only routed',
      { rules: { filter: ['-A INPUT -p tcp -m tcp --dport 80 -j DROP'] }, packet: SYN },
    ],
    [
      'of networks kept apart, where a connection from the other side goes on',
      {
        rules: {
          filter: [
            '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
            '-A FORWARD -s 10.0.2.0/24 -d 10.0.1.0/24 -j DROP',
          ],
        },
        packet: REPLY,
        before: [SYN],
      },
    ],
    ["against spoofing of the host's own addresses", only(HTTP, '-A INPUT -s 10.0.2.1/32 -j DROP')],
    [
      'of a rule for another port in a chain for that port',
      only(
        '-N web',
        '-A INPUT -p tcp -m tcp --dport 443 -j web',
        '-A web -s 203.0.113.7/32 -p tcp -m tcp --dport 80 -j DROP',
      ),
    ],
    [
      'of what docker writes',
      only('-N DOCKER-ISOLATION-STAGE-1', '-N DOCKER', HTTP, '-A DOCKER -s 203.0.113.7/32 -j DROP'),
    ],
    ['where something stopped it', only(BAN)],
  ])('%s', (_what, one) => {
    expect(of(one)).toBeUndefined()
  })
})

describe('let-through in nft', () => {
  const told = (input: string, packet = CALLER, more = '') => {
    const rules = `table inet fw {\n${more}\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n${input}\t}\n}\n`
    const world = makeWorld(rules, { ...ROUTER, ...AT_80 })
    const { evidence, ended } = modelEngine.play(world, packet)
    const found = explain(evidence, world, { ended }).findings.find(({ code }) => code === 'let-through')
    return found?.message
  }
  const set = (elements: string) =>
    `\tset banned {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { ${elements} }\n\t}\n`

  it.each([
    ['a set', '\t\ttcp dport 80 accept # handle 9\n\t\tip saddr @banned drop # handle 10\n', set('203.0.113.7')],
    [
      'a network in a set',
      '\t\ttcp dport 80 accept # handle 9\n\t\tip saddr @banned drop # handle 10\n',
      set('203.0.113.0/24'),
    ],
    ['a verdict map', '\t\ttcp dport 80 accept # handle 9\n\t\tip saddr vmap { 203.0.113.7 : drop } # handle 10\n', ''],
    [
      'a map in front',
      '\t\ttcp dport vmap { 80 : accept } # handle 9\n\t\tip saddr 203.0.113.7 drop # handle 10\n',
      '',
    ],
  ])('looks into %s', (_what, input, more) => {
    expect(told(input, CALLER, more)).toMatch(
      /^inet fw input handle 10 drops such packets \(.*\), but inet fw input handle 9 \(.*\) accepts them first\.$/,
    )
  })

  it('names the list that is let in by name, in a chain that is jumped to', () => {
    const input = '\t\tjump people\n\t\ttcp dport 80 drop # handle 10\n'
    const people = `${set('203.0.113.0/24')}\tchain people {\n\t\tip saddr @banned accept # handle 9\n\t}\n`
    expect(told(input, CALLER, people)).toBe(
      'inet fw input handle 10 drops such packets (tcp dport 80), but inet fw people handle 9 (ip saddr @banned) accepts them first.',
    )
  })

  it('names an interface that is let in before a list of networks', () => {
    const input = '\t\tiifname "eth1" accept\n\t\tip saddr @banned drop\n'
    expect(told(input, { ...CALLER, src: '10.7.7.7' }, set('10.0.0.0/8, 192.168.0.0/16'))).toContain(
      'accepts them first',
    )
  })
})
