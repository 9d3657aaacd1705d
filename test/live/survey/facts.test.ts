import { describe, expect, test } from 'vitest'
import {
  hasCapability,
  kernelAtLeast,
  legacyTables,
  readFacts,
  survey,
  sysctlOf,
} from '../../../src/live/survey/facts.ts'
import { HERE, parseVia } from '../../../src/live/trace-host.ts'

describe('what the probe printed', () => {
  const facts = readFacts(
    [
      'kernel 5.10.0-28-amd64',
      'capabilities 00000000a80425fb',
      'there /proc/net/ip_tables_names',
      'file /proc/net/ip_tables_names nat',
      'file /proc/net/ip_tables_names filter',
      'unreadable /proc/net/ip6_tables_names',
      'there /proc/sys/net/netfilter/nf_log/2',
      'file /proc/sys/net/netfilter/nf_log/2 nfnetlink_log',
      'version iptables iptables v1.8.9 (nf_tables)',
      'nft works',
      'nft-table table ip nat',
      'of another version',
    ].join('\n'),
  )
  test('is read', () => {
    expect(facts.versions.get('iptables')).toBe('iptables v1.8.9 (nf_tables)')
    expect(facts.nftTables).toEqual(['ip nat'])
    expect(sysctlOf(facts, 'net/netfilter/nf_log/2')).toBe('nfnetlink_log')
    expect(sysctlOf(facts, 'net/netfilter/nf_log/10')).toBeUndefined()
  })
  test('tells unknown from absent', () => {
    expect(legacyTables(facts, 'ip')).toEqual(['nat', 'filter'])
    expect(legacyTables(facts, 'ip6')).toBeUndefined()
    expect(legacyTables(readFacts(''), 'ip6')).toEqual([])
    expect(hasCapability(facts, 'CAP_NET_ADMIN')).toBe(false)
    expect(hasCapability(readFacts(''), 'CAP_NET_ADMIN')).toBeUndefined()
    expect(kernelAtLeast(facts, 5, 10)).toBe(true)
    expect(kernelAtLeast(facts, 5, 12)).toBe(false)
    expect(kernelAtLeast(facts, 4, 19)).toBe(true)
    expect(kernelAtLeast(readFacts(''), 4, 19)).toBeUndefined()
  })
})

test('this machine answers', async () => {
  const facts = await survey(HERE)
  expect(facts.uid).toBe(process.getuid?.())
  expect(facts.seconds).toBeGreaterThan(1.7e9)
  expect(facts.namespace).toMatch(/^net:\[\d+\]$/)
})

test('what answers is no shell', async () => {
  await expect(survey(parseVia('true'))).rejects.toThrow('true: no shell answered there (exit status 0).')
})
