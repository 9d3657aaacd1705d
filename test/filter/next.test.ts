import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meaningOf, nextIn } from '../../src/filter/next.ts'
import { parseFilter } from '../../src/filter/parse.ts'
import { share } from '../share.ts'
import { anyFilter } from './any-filter.ts'

const next = (filter: string, at = filter.length) => nextIn(filter, at)

describe('words that a filter may go on with', () => {
  it('begins with a condition, and not with what joins two', () => {
    const { words, value } = next('')
    expect(words.slice(0, 6)).toEqual(['tcp', 'udp', 'icmp', 'icmp6', 'host', 'src'])
    for (const word of ['port', 'in', 'syn', 'mark', 'not', 'ip6', '(']) expect(words).toContain(word)
    for (const word of ['and', 'or', ')', 'mask']) expect(words).not.toContain(word)
    expect(value).toBeUndefined()
  })

  it.each([
    ['tcp ', ['src', 'dst', 'port', 'and', 'or', 'portrange', 'sport', 'dport']],
    ['ip ', ['host', 'src', 'dst', 'net', 'and', 'or', 'proto', 'saddr', 'daddr']],
    ['tcp dst ', ['port', 'portrange']],
    ['icmp ', ['and', 'or']],
    ['port 80 ', ['and', 'or']],
    ['(port 80 ', ['and', 'or', ')']],
    ['net 10.0.0.0 ', ['and', 'or', 'mask']],
    ['in eth0 ', ['and', 'or']],
    ['in ', ['not', '(']],
    ['dst port ', ['not', '(']],
  ])('behind "%s"', (filter, words) => {
    expect(next(filter).words).toEqual(words)
  })

  it.each([
    ['d', ['dst', 'dport', 'daddr']],
    ['tcp and d', ['dst', 'dport', 'daddr']],
    ['port 80 a', ['and']],
    ['ip', ['ip', 'ip6', 'ipid']],
  ])('that begin like the last word of "%s"', (filter, words) => {
    expect(next(filter).words).toEqual(words)
  })

  it.each([
    ['host ', { type: 'host' }],
    ['src ', { type: 'host', end: 'src' }],
    ['ip6 dst host ', { type: 'host', end: 'dst', protocol: 'ip6' }],
    ['src or dst port ', { type: 'port' }],
    ['tcp dst port ', { type: 'port', end: 'dst', protocol: 'tcp' }],
    ['sport 8', { type: 'portrange', end: 'src' }],
    ['port 80 or ', { type: 'port' }],
    ['port (80 or ', { type: 'port' }],
    ['not in ', { type: 'in' }],
    ['mark 0x', { type: 'mark' }],
  ])('behind "%s" a value', (filter, value) => {
    expect(next(filter).value).toEqual(value)
  })

  it('takes values that can be read there, and no others', () => {
    expect(next('ip host ').takes('10.0.0.1')).toBe(true)
    expect(next('ip host ').takes('2001:db8::1')).toBe(false)
    expect(next('port ').takes('80')).toBe(true)
    expect(next('port ').takes('eth0')).toBe(false)
    expect(next('in ').takes('a b')).toBe(false)
  })

  it('have a meaning each', () => {
    for (const word of [...next('').words, ...next('(net 10.0.0.0 ').words]) expect(meaningOf(word)).not.toBe('')
  })

  it('has none behind what is wrong', () => {
    expect(next('tcp prt ').words).toEqual([])
    expect(next('host a.b.c ').words).toEqual([])
    expect(next('tcp[13] ').words).toEqual([])
  })

  it('is about the word at the place, whatever follows', () => {
    expect(next('tcp ds port 80', 6)).toMatchObject({ from: 4, to: 6, words: ['dst'] })
    expect(next('(tcp)', 3)).toMatchObject({ from: 1, to: 4, words: ['tcp'] })
  })

  it('are those of which the parser says that they can stand there', () => {
    fc.assert(
      fc.property(anyFilter(), fc.nat(), (filter, where) => {
        const at = where % (filter.length + 1)
        const { from, to, words } = nextIn(filter, at)
        expect(from <= at && at <= to).toBe(true)
        for (const word of words) {
          const result = parseFilter(filter.slice(0, from) + word)
          // it can be read, or is wrong only where it ends
          if ('error' in result) expect(result.error.word).toBe('')
        }
      }),
      { numRuns: share(300) },
    )
  })
})
