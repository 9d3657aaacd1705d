import { describe, expect, it } from 'vitest'
import type { Condition } from '../../../../src/model/condition.ts'
import type { Packet } from '../../../../src/model/packet.ts'
import { emptyWorld } from '../../../../src/model/world.ts'
import { readNft } from '../../../../src/read/rulesets/nft-text.ts'
import { match } from '../../../../src/rules/match.ts'

const ruleOf = (text: string) => {
  const [ruleset] = readNft(`table ip t {\nchain c {\n${text}\n}\n}`, (code, message) =>
    expect.fail(`${code}: ${message}`),
  )
  return ruleset!.tables[0]!.chains.get('c')!.rules[0]!
}
const truthOf = (text: string, packet: Packet) => {
  const { truth } = match(ruleOf(text), { packet, family: 'ip', world: emptyWorld(), hook: 'forward' })
  return typeof truth === 'boolean' ? truth : 'unknown'
}
const ports = (sport: number, dport: number): Packet => ({
  src: '10.0.0.1',
  dst: '10.0.0.2',
  protocol: 'tcp',
  sport,
  dport,
  length: 60,
})

describe('two comparisons with != of neighbours', () => {
  it.each([
    [ports(1, 2), true],
    [ports(22, 2), 'unknown'],
    [ports(1, 80), 'unknown'],
    [ports(22, 80), false],
  ])('are true or false as both are, and otherwise not known', (packet, truth) => {
    expect(truthOf('tcp sport != 22 tcp dport != 80', packet)).toBe(truth)
  })

  it('are flags and window of TCP as well', () => {
    const packet: Packet = { ...ports(1, 2), tcpFlags: ['fin', 'ack'], tcpWindow: 512 }
    expect(truthOf('tcp flags != syn tcp window != 512', packet)).toBe('unknown')
    expect(truthOf('tcp flags != syn tcp window != 1024', packet)).toBe(true)
    expect(truthOf('tcp flags != fin | ack tcp window != 512', packet)).toBe(false)
  })

  it('says why', () => {
    const { truth } = match(ruleOf('tcp sport != 22 tcp dport != 80'), {
      packet: ports(22, 2),
      family: 'ip',
      world: emptyWorld(),
      hook: 'forward',
    })
    expect(truth).toEqual({
      unknown: expect.stringMatching(/^nft before 1\.1\.0 merges this condition and "tcp dport != 80"/),
    })
  })

  it.each([
    'ip saddr != 10.0.0.1 ip daddr != 10.0.0.2',
    'tcp dport != 80 tcp sport != 22',
    'tcp sport != 22 ip ttl != 3 tcp dport != 80',
    'tcp sport != 1-22 tcp dport != 80',
    'tcp sport != 22 tcp dport 80',
    'ip id != 1 ip ttl != 3',
  ])('stay apart: %s', (text) => {
    const kinds = ruleOf(text).conditions.map(({ kind }: Condition) => kind)
    expect(kinds).not.toContain('any')
  })

  it.each([
    'ip length != 100 ip id != 5 ip frag-off != 7',
    'ether daddr != 00:00:00:00:00:01 ether saddr != 00:00:00:00:00:02 ether type != ip6',
  ])('are as many as fit: %s', (text) => {
    const kinds = ruleOf(text).conditions.map(({ kind }: Condition) => kind)
    expect(kinds.filter((kind) => kind === 'any')).toHaveLength(text.startsWith('ip') ? 2 : 3)
  })
})
