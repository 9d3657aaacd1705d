/** What gives a mark to what this host sends to itself is no rule for what comes in by a link. */
import { describe, expect, it } from 'vitest'
import { type Case, findingsOf, played, told } from './played.ts'

const marked = (source: string): Case => ({
  rules: {
    mangle: [`-A PREROUTING -s ${source} -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xff`],
    filter: ['-P FORWARD DROP', '-A FORWARD -m mark --mark 0x1/0xff -j ACCEPT'],
  },
})

describe('a mark for what this host sends to itself', () => {
  it('is not what a packet lacks that came in by a link', () => {
    expect(told(marked('127.0.0.0/8'), 'mark-missing')?.message ?? '').not.toContain('127.0.0.0/8')
    expect(told(marked('127.0.0.0/8'), 'mark-missing')?.fix).toBeUndefined()
  })

  it('is one that it lacks, where the rule names another network', () => {
    const found = told(marked('172.16.0.0/16'), 'mark-missing')
    expect(found?.message).toContain('which sets this mark, only matches -s 172.16.0.0/16')
    expect(found?.fix).toContain('iptables -t mangle -R PREROUTING 1 -s ')
  })
})

it('for what is for this host itself is not what a forwarded packet lacks', () => {
  const about = (condition: string) =>
    findingsOf(
      played({
        rules: {
          mangle: [`-A PREROUTING ${condition} -j MARK --set-xmark 0x1/0xff`],
          filter: ['-P FORWARD DROP', '-A FORWARD -m mark --mark 0x1/0xff -j ACCEPT'],
        },
      }),
      'mark-missing',
    ).map(({ severity, fix }) => [severity, fix.length > 0])
  expect(about('-m addrtype --dst-type LOCAL')).toEqual([['note', false]])
  expect(about('-i eth7')).toEqual([['warning', true]])
})
