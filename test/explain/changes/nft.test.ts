/** Commands for rules in nft's words are nft's. */

import { describe, expect, it } from 'vitest'
import { acceptBefore, acceptByPolicy, changesOf, deleteRule } from '../../../src/explain/changes/change.ts'
import { wrapCommand } from '../../../src/reports/text/layout.ts'
import { commandsOf, said } from '../said.ts'

const place = { family: 'inet', table: 'filter', chain: 'input' }
const rule = { ...place, ruleNumber: 3, handle: 9, rule: 'tcp dport != { 22, 443 } drop comment "only ssh"' }
const packet = { in: 'eth0', out: 'eth1', src: '192.0.2.2', dst: '192.0.2.1', protocol: 'tcp', dport: 80 }
const UNDO = `nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/ comment "nfwhy-192.0.2.2-192.0.2.1-80-9" / { print $NF; exit }')`

describe('what is proposed for nft', () => {
  it('deletes by handle, and puts back behind the rule before', () => {
    expect(said(deleteRule(rule))).toEqual({
      command: 'nft delete rule inet filter input handle 9',
      undo: `nft add rule inet filter input index 1 tcp dport '!=' { 22, 443 } drop comment '"only ssh"'`,
    })
    expect(said(deleteRule({ ...rule, ruleNumber: 1 })).undo).toMatch(/^nft insert rule inet filter input tcp dport/)
    const { handle: _, ...unplaced } = rule
    expect(deleteRule(unplaced)).toBeUndefined()
  })

  it('replaces a rule, and where it lists networks, which nft 1.0.6 does not survive, puts another in front and deletes it', () => {
    const to = (source: string) => {
      const sends = { ...rule, rule: `ip saddr ${source} tcp dport 80 dnat ip to 10.0.0.5:80` }
      return said(changesOf(sends).sendTo(sends, { address: '10.0.0.6', port: 80 }, 80)!)
    }
    expect(to('10.0.0.0/8').command).toBe(
      'nft replace rule inet filter input handle 9 ip saddr 10.0.0.0/8 tcp dport 80 dnat ip to 10.0.0.6:80',
    )
    const listed = 'ip saddr { 10.0.0.0/8, 192.168.0.0/16 } tcp dport 80 dnat ip to'
    expect(to('{ 10.0.0.0/8, 192.168.0.0/16 }')).toEqual({
      command: `nft insert rule inet filter input position 9 ${listed} 10.0.0.6:80 comment '"nfwhy-instead-9"' && nft delete rule inet filter input handle 9`,
      undo: `nft add rule inet filter input index 1 ${listed} 10.0.0.5:80 && nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/ comment "nfwhy-instead-9" / { print $NF; exit }')`,
    })
  })

  it('accepts in front of the rule, or behind all of them in front of the policy', () => {
    const accept = 'ip saddr 192.0.2.2 ip daddr 192.0.2.1 iifname eth0 tcp dport 80 accept comment'
    expect(said(acceptBefore(rule, packet, { hook: 'input' }))).toEqual({
      command: `nft insert rule inet filter input handle 9 ${accept} nfwhy-192.0.2.2-192.0.2.1-80-9`,
      undo: UNDO,
    })
    expect(said(acceptBefore({ ...place, rule: 'policy drop' }, packet, { hook: 'input' })).command).toMatch(
      new RegExp(`^nft add rule inet filter input ${accept} nfwhy-192.0.2.2-192.0.2.1-80-end$`),
    )
    expect(said(acceptBefore({ ...rule, family: 'bridge' }, packet, { hook: 'input' })).command).toContain(
      `filter input handle 9 ${accept}`,
    )
    expect(acceptBefore({ ...rule, family: 'arp' }, packet)).toBeUndefined()
  })

  it('turns a lookup round, or the one part of it that is asked for otherwise', () => {
    const asks = { ...rule, rule: 'ip daddr . tcp sport @web accept' }
    const turned = (...fields: string[]) => said(changesOf(asks).turnLookup(asks, 'web', fields)!).command
    expect(turned('ip daddr', 'tcp dport')).toContain('ip daddr . tcp dport @web accept')
    expect(turned('ip saddr', 'tcp dport')).toContain('ip saddr . tcp dport @web accept')
  })

  it('asks for no connection in a chain of a device, and for the port that a reply comes from', () => {
    const guard = { ...rule, family: 'netdev' }
    const spot = { chain: guard.chain, before: guard }
    expect(changesOf(guard).add(guard, spot, { kind: 'answers' }, { kind: 'accept' })).toBeUndefined()
    expect(said(acceptBefore(guard, packet, { hook: 'egress', rewritten: true })).command).not.toContain('ct ')
    const reply = { src: '192.0.2.1', dst: '192.0.2.2', protocol: 'tcp', sport: 80, dport: 40_000 }
    expect(said(acceptBefore(guard, reply, { answer: true })).command).toBe(
      'nft insert rule netdev filter input handle 9 ip saddr 192.0.2.1 ip daddr 192.0.2.2 tcp sport 80 accept comment nfwhy-192.0.2.1-192.0.2.2-80-9',
    )
  })

  it.each([
    [{ protocol: 'icmpv6', icmpType: 128 }, 'icmpv6 type 128 accept'],
    [{ protocol: 'esp' }, 'meta l4proto esp accept'],
    [{ in: 'wan', protocol: 'udp', dport: 53 }, `iifname '"wan"' udp dport 53 accept`],
  ])('%o', (fields, words) => {
    const { dport: _, out: __, ...rest } = packet
    expect(said(acceptBefore(rule, { ...rest, ...fields })).command).toContain(words)
  })

  it('sets a policy', () => {
    expect(said(acceptByPolicy({ ...place, rule: 'policy drop' }))).toEqual({
      command: "nft add chain inet filter input '{ policy accept; }'",
      undo: "nft add chain inet filter input '{ policy drop; }'",
    })
  })

  it('is broken between words only', () => {
    const lines = wrapCommand(commandsOf(acceptBefore(rule, packet, { hook: 'input' })).undo!, 90)
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(90)
    expect(lines.at(-1)).toContain(`'/ comment "nfwhy-192.0.2.2-192.0.2.1-80-9" / { print $NF; exit }')`)
  })
})

describe('the destination of before nat', () => {
  const asking = (rule: string) =>
    said(changesOf(place).asBeforeNat({ ...place, ruleNumber: 3, handle: 9, rule })).command

  it("is the connection's, with the protocol of its port", () => {
    expect(asking('iifname "wan" ip daddr 192.0.2.1 tcp dport { 443, 8080 } accept')).toBe(
      `nft replace rule inet filter input handle 9 iifname '"wan"' ct original ip daddr 192.0.2.1 meta l4proto tcp ct original proto-dst { 443, 8080 } accept`,
    )
  })

  it('is nothing that a rule without destination asks for', () => {
    expect(asking('iifname "wan" accept')).toBeUndefined()
  })
})
