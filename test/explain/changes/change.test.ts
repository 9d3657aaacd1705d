/** Proposed commands are such as iptables takes. */

import { expect, it } from 'vitest'
import { acceptBefore, changesOf } from '../../../src/explain/changes/change.ts'
import { said } from '../said.ts'

const ref = { family: 'ip', table: 'mangle', chain: 'POSTROUTING', ruleNumber: 1 }
const packet = { in: 'eth0', out: 'eth1', src: '10.0.1.2', dst: '10.0.2.2', protocol: 'tcp', dport: 80 }

it.each([
  ['postrouting', '-o eth1'],
  ['output', '-o eth1'],
  ['input', '-i eth0'],
  ['prerouting', '-i eth0'],
  ['forward', '-i eth0 -o eth1'],
] as const)('iptables refuses interfaces that are not known yet, or any more: %s', (hook, interfaces) => {
  expect(said(acceptBefore(ref, packet, { hook })).command).toBe(
    `iptables -t mangle -I POSTROUTING 1 -s 10.0.1.2 -d 10.0.2.2 ${interfaces} -p tcp --dport 80 -j ACCEPT`,
  )
})

it.each([
  ['-s 10.0.1.2/32 -j DNAT --to-destination 10.0.2.7', 'ip saddr 10.0.1.2 dnat ip to 10.0.2.7', false],
  ['-p tcp -j DNAT --to-destination 10.0.2.7', 'meta l4proto tcp dnat ip to 10.0.2.7', true],
])('a port is written only into a rule of nat that asks for a protocol: %s', (words, text, takes) => {
  const iptables = { family: 'ip', table: 'nat', chain: 'PREROUTING', ruleNumber: 1, rule: `-A PREROUTING ${words}` }
  const nft = { family: 'inet', table: 'nat', chain: 'prerouting', ruleNumber: 1, handle: 4, rule: text }
  for (const one of [iptables, nft]) {
    const send = (port: number) => changesOf(one).sendTo(one, { address: '10.0.2.9', port }, 80)
    expect(send(8080) !== undefined).toBe(takes)
    expect(send(80)).toBeDefined()
  }
})
