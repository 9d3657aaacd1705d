/** Rules that drop whoever is not in a set. */
import { describe, expect, it } from 'vitest'
import { printedFix } from '../../../src/edits/fix.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { printed } from '../../printed.ts'
import { type Case, findingsOf, played, told } from './played.ts'

const set = (type: string, ...elements: string[]): NamedSet => ({
  ...{ name: 'own', type, elements: elements.map((one) => ({ parts: [one] })) },
})
const drops = (match: string, one: NamedSet): Case => ({
  rules: { filter: [`-A FORWARD -i eth0 -m set ! --match-set own ${match} -j DROP`] },
  sets: [one],
})

describe('a rule that drops whoever is not in a set', () => {
  it('says what is not in it, and adds that', () => {
    expect(told(drops('src', set('hash:ip', '10.0.1.7')), 'dropped-by-rule')).toEqual({
      message: 'filter FORWARD rule 1 dropped it (-i eth0, 10.0.1.2 is not in set own).',
      rules: ['filter FORWARD rule 1'],
      fix: 'ipset add own 10.0.1.2 → forwarded',
    })
  })

  const fixesOf = (one: Case) =>
    findingsOf(played(one), 'dropped-by-rule').flatMap(({ fix }) => fix.map(({ description }) => description))

  it('accepts the packet first where the set is a long list', () => {
    const many = Array.from({ length: 100 }, (_, i) => `10.7.0.${i}`)
    expect(fixesOf(drops('src', set('hash:ip', ...many))).slice(0, 2)).toEqual([
      'accept such packets before rule 1 of FORWARD',
      'add 10.0.1.2 to set own',
    ])
  })

  it.each([
    ['the port of one connection', drops('src', set('bitmap:port', '123'))],
    ['a set that takes no more', drops('src', { ...set('hash:ip', '10.0.1.7'), most: 1 })],
  ])('adds nothing: %s', (_, one) => {
    expect(fixesOf(one).filter((words) => words.startsWith('add'))).toEqual([])
  })

  it('knows a set of nft', () => {
    const rules =
      'table inet fw {\n\tset own {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.7 }\n\t}\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t\tip saddr != @own drop # handle 3\n\t}\n}\n'
    const text = [
      'trace id 0a0b0c0d inet fw input packet: iif "eth0" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 8080 tcp flags == syn tcp window 64240 ',
      'trace id 0a0b0c0d inet fw input rule ip saddr != @own drop # handle 3 (verdict drop)',
      '',
    ].join('\n')
    const [found] = explainFile(text, worldOf(rules)).journeys[0]!.findings
    expect(found?.message).toBe('inet fw input handle 3 dropped it (192.0.2.2 is not in set own).')
    expect(printed(printedFix(found!.fix[0]!))).toMatchObject({ command: 'nft add element inet fw own { 192.0.2.2 }' })
  })
})
