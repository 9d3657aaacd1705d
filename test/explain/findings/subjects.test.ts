/** A set that says for whom rules are: what its members lack is missing, and the drop of the rest bans nobody. */
import { describe, expect, it } from 'vitest'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const set = (name: string, ...addresses: string[]) => ({
  ...{ name, type: 'hash:net', elements: addresses.map((one) => ({ parts: [one] })) },
})
const policy = (...rules: string[]): Case => ({
  rules: {
    filter: [
      '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ...rules,
      '[1:60] -A FORWARD -m set --match-set clients src -j DROP',
    ],
  },
  sets: [set('clients', '10.0.1.2'), set('servers', '10.0.2.9')],
})
const ALLOWS = '[0:0] -A FORWARD -m set --match-set clients src -m set --match-set servers dst -j ACCEPT'

describe('a set that chooses for whom rules are', () => {
  it('is told of as lacking a member, which is added to it first', () => {
    expect(told(policy(ALLOWS), 'not-in-set')).toMatchObject({
      message: 'filter FORWARD rule 2 would have accepted it, but 10.0.2.2 is not in set servers.',
      fix: 'ipset add servers 10.0.2.2 → forwarded',
    })
    const [found] = findingsOf(played(policy(ALLOWS)), 'not-in-set')
    expect(found?.severity).toBe('warning')
  })

  it('takes no member out before such packets are accepted', () => {
    const [drop] = findingsOf(played(policy(ALLOWS)), 'dropped-by-rule')
    const what = drop!.fix.map(({ description }) => description)
    expect(what.findIndex((one) => /^accept such packets/.test(one))).toBeLessThan(
      what.findIndex((one) => /^remove 10.0.1.2 from set clients/.test(one)),
    )
  })

  it.each([
    ['no rule gives its members anything', []],
    ['a rule gives them everything', ['-A FORWARD -i eth9 -m set --match-set clients src -j ACCEPT']],
    ['a rule only logs of them', ['-A FORWARD -p tcp -m tcp --dport 22 -m set --match-set clients src -j LOG']],
  ])('is a ban where %s', (_name, rules) => {
    const [drop] = findingsOf(played(policy(...rules)), 'dropped-by-rule')
    expect(drop!.fix[0]?.description).toMatch(/^remove 10.0.1.2 from set clients/)
  })
})

describe('a set of destinations', () => {
  const fixes = (chain: string, dst: string, { src = 'dst', type = 'hash:ip', element = dst } = {}) => {
    const match = src === 'src' ? '10.0.1.2' : element
    const one: Case = {
      rules: { filter: [`-A ${chain} -m set --match-set stopped ${src} -j DROP`] },
      sets: [{ name: 'stopped', type, elements: [{ parts: match.split(',') }] }],
      packet: { ...SYN, dst },
    }
    const [drop] = findingsOf(played(one), 'dropped-by-rule')
    return drop!.fix.map(({ description }) => /^(accept such packets|remove|delete)/.exec(description)?.[0])
  }
  const narrowFirst = ['accept such packets', 'remove', 'delete']
  const elementFirst = ['remove', 'accept such packets', 'delete']

  it('keeps this host, or one that it serves, as all of its services would be open to everybody', () => {
    expect(fixes('INPUT', '10.0.1.1')).toEqual(narrowFirst)
    expect(fixes('FORWARD', '10.0.2.2')).toEqual(narrowFirst)
  })

  it.each([
    ['a host of the internet', 'FORWARD', '203.0.113.9', {}],
    ['a sender', 'INPUT', '10.0.1.1', { src: 'src' }],
    ['a port', 'INPUT', '10.0.1.1', { type: 'bitmap:port', element: '80' }],
    ['a service', 'INPUT', '10.0.1.1', { src: 'dst,dst', type: 'hash:ip,port', element: '10.0.1.1,tcp:80' }],
  ])('lets %s out first', (_name, chain, dst, how) => {
    expect(fixes(chain, dst, how)).toEqual(elementFirst)
  })

  it.each([
    ['ipv4_addr', 'ip daddr', '10.0.1.1', narrowFirst],
    ['ipv4_addr . inet_service', 'ip daddr . tcp dport', '10.0.1.1 . 80', elementFirst],
    ['ipv4_addr', 'ip saddr', '10.0.1.2', elementFirst],
  ])('is the same in nft: %s, %s', (type, fields, element, expected) => {
    const world = worldOf(
      `table ip fw {\n\tset stopped {\n\t\ttype ${type}\n\t\telements = { ${element} }\n\t}\n\tchain in {\n\t\ttype filter hook input priority filter; policy accept;\n\t\t${fields} @stopped drop # handle 3\n\t}\n}\n`,
    )
    Object.assign(world.host, ROUTER)
    const id = 'trace id 0a0b0c0d ip fw in'
    const packet =
      'iif "eth0" ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240 '
    const lines = [`${id} packet: ${packet}`, `${id} rule ${fields} @stopped drop (verdict drop)`, '']
    const [journey] = explainFile(lines.join('\n'), world).journeys
    const [drop] = findingsOf(journey!, 'dropped-by-rule')
    expect(drop!.fix.map(({ description }) => /^(accept such packets|remove|delete)/.exec(description)?.[0])).toEqual(
      expected,
    )
  })
})
