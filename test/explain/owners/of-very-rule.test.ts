/** Advice of a program's own about one of its rules, and about its chains otherwise. */
import { expect, test } from 'vitest'
import { ownerOf } from '../../../src/explain/owners/owners.ts'

const advice = (table: string, chain: string, text?: string) =>
  ownerOf({ family: 'ip', table, chain, ...(text === undefined ? {} : { rule: { text } }) })?.instead

test('what tailscale drops in ts-forward as new is no matter of the ACLs', () => {
  expect(advice('filter', 'ts-forward', '-A ts-forward -o tailscale0 -j ACCEPT')).toContain('ACLs')
  for (const stateful of [
    '-A ts-forward -o tailscale0 -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP',
    'oifname "tailscale0" ct state ! established,related counter packets 1 bytes 60 drop',
  ])
    expect(advice('filter', 'ts-forward', stateful)).toContain('--stateful-filtering=false')
})

test('ufw has its chains in two files', () => {
  expect(advice('filter', 'ufw-before-input')).toContain('before.rules')
  expect(advice('filter', 'ufw-after-input')).toContain('/after.rules')
  expect(advice('filter', 'ufw-docker-logging-deny')).toContain('ufw route allow')
})
