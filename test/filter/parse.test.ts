import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFilter } from '../../src/filter/parse.ts'
import { cpu } from '../cpu.ts'
import { share } from '../share.ts'
import { anyFilter } from './any-filter.ts'
import { PACKETS, readRows } from './rows.ts'
import { taken, truths } from './take.ts'

describe('takes the packets that tcpdump takes', () => {
  it.each(readRows('accepted.txt'))('%s', (filter, places) => {
    expect(taken(filter!, PACKETS).join(' ') || 'none').toBe(places)
    // whole packets leave nothing open
    expect(truths(filter!, PACKETS).filter((truth) => typeof truth !== 'boolean')).toEqual([])
  })
})

describe('says what is wrong, where, and what was meant', () => {
  it.each(readRows('refused.txt'))('%s', (filter, column, word, suggestion) => {
    const result = parseFilter(filter!)
    if (!('error' in result)) throw new Error('accepted')
    const { error } = result
    expect([String(error.column), error.word || '-', error.suggestion ?? '-']).toEqual([column, word, suggestion])
    expect(filter!.slice(error.column - 1).startsWith(error.word)).toBe(true)
    expect(error.message).not.toBe('')
  })
})

describe('more than tcpdump', () => {
  it('takes every packet where the filter is empty', () => {
    expect(taken('', PACKETS)).toHaveLength(PACKETS.length)
    expect(taken('  \n', PACKETS)).toHaveLength(PACKETS.length)
  })

  it.each([
    ['proto tcp', 'proto \\tcp'],
    ['proto icmp6', 'icmp6'],
    ['ip proto icmp', 'icmp'],
    ['net 10/8', 'net 10.0.0.0/8'],
    ['port domain', 'port 53'],
    ['portrange dhcpv6-client', 'port 546'],
    ['portrange ftp-data-http', 'portrange 20-80'],
    ['port 80 or (443 and tcp)', 'port 80 or (port 443 and tcp)'],
    ['ipid 1 or 3', 'ipid 1 or ipid 3'],
    ['dport 80', 'dst port 80'],
    ['tcp dport 80 or 443', 'tcp dst port 80 or 443'],
    ['sport 40000-65535', 'src portrange 40000-65535'],
    ['daddr 10.0.0.2 and not dport http', 'dst host 10.0.0.2 and not dst port 80'],
    ['saddr (10.0.0.1 or 10.0.0.2)', 'src (10.0.0.1 or 10.0.0.2)'],
  ])('%s is %s', (filter, other) => {
    expect(taken(filter, PACKETS)).toEqual(taken(other, PACKETS))
    expect(taken(filter, PACKETS)).not.toEqual([])
  })

  const marked = [
    { in: 'eth0', mark: 0x4000 },
    { in: 'eth1', out: 'eth0', mark: 0x4001 },
    { in: 'veth12', out: 'br-lan', mark: 0 },
  ].map((more) => ({ src: '10.0.0.1', dst: '10.0.0.2', protocol: 'udp', sport: 1, dport: 2, ...more }))

  it.each([
    ['in eth0', [0]],
    ['in eth0 or eth1', [0, 1]],
    ['in eth+', [0, 1]],
    ['in *eth', []],
    ['in veth*', [2]],
    ['in (eth0 or veth12)', [0, 2]],
    ['out eth0', [1]],
    ['out br-lan and in veth12', [2]],
    ['mark 0x4000', [0]],
    ['mark 16385', [1]],
    ['mark 0x4000/0x4000', [0, 1]],
    ['mark 0', [2]],
    ['mark 0/1', [0, 2]],
    ['not mark 0 or 0x4000', [0, 1]],
  ])('%s', (filter, places) => {
    expect(taken(filter, marked)).toEqual(places)
  })

  it('leaves open what the capture does not show', () => {
    const [truth] = truths('mark 1', [{ src: '10.0.0.1', dst: '10.0.0.2', protocol: 'udp' }])
    expect(truth).toEqual({ unknown: expect.stringContaining('mark') })
  })

  it('reads TCP options in either case', () => {
    expect(taken('opt 020405b4', PACKETS)).toEqual([0, 1, 24])
    expect(taken('opt (0x020405B4)', PACKETS)).toEqual([0, 1, 24])
    expect(taken('opt 0204', PACKETS)).toEqual([])
  })
})

describe('any text', () => {
  const words = fc.constantFrom(
    ...['host', 'net', 'port', 'portrange', 'proto', 'src', 'dst', 'tcp', 'ip6', 'and', 'or', 'not', '(', ')', '!'],
    ...[
      '&&',
      '||',
      '80',
      '10.0.0.1',
      '10.1/16',
      '::1',
      'mask',
      'in',
      'mark',
      'syn',
      '0x1/0x3',
      'constructor',
      '__proto__',
    ],
  )

  it('never throws, and an error stands inside the filter', () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 12 }).map((list) => list.join(' ')),
      anyFilter(),
    )
    fc.assert(
      fc.property(text, fc.nat(), (filter, cut) => {
        for (const one of [filter, filter.slice(0, cut % (filter.length + 1))]) {
          const result = parseFilter(one)
          if (!('error' in result)) continue
          const { column, word } = result.error
          expect(one.slice(column - 1, column - 1 + word.split(' ')[0]!.length)).toBe(word.split(' ')[0])
          expect(column).toBeLessThanOrEqual(one.length + 1)
        }
      }),
      { numRuns: share(2000) },
    )
  })

  it.each(['('.repeat(100_000), 'not '.repeat(100_000), 'tcp and udp or '.repeat(50_000)])(
    'refuses what nests deeply',
    (filter) => {
      expect(parseFilter(filter)).toMatchObject({ error: { message: 'the filter is nested too deeply' } })
    },
  )

  it('needs no more than linear time for a word without an end', () => {
    const time = (length: number) => {
      const text = `host ${'#'.repeat(length)}`
      const times = Array.from({ length: 5 }, () => {
        const started = cpu()
        parseFilter(text)
        return cpu() - started
      })
      return Math.min(...times)
    }
    // eight times as long; where each place was tried again it took 64 times as long
    expect(time(160_000)).toBeLessThan(Math.max(1, time(20_000)) * 24)
  })

  it.each([
    ['tcp[13] & 2 != 0', 1, 'tcp[13]'],
    ['host 10.0.0.1 and (ip[0] = 4)', 20, 'ip[0]'],
  ])('points at what looks into bytes: %s', (filter, column, word) => {
    expect(parseFilter(filter)).toMatchObject({ error: { column, word } })
  })

  it('takes long lists', () => {
    const many = Array.from({ length: 5000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(' or ')
    expect(taken(`host ${many}`, PACKETS)).toEqual(taken('net 10.0.0.0/19', PACKETS))
  })
})
