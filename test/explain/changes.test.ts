/** Proposed commands are such as iptables takes. */

import { expect, it } from 'vitest'
import { acceptBefore } from '../../src/explain/changes.ts'
import { said } from './said.ts'

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
    `iptables -t mangle -I POSTROUTING 1 -s 10.0.1.2/32 -d 10.0.2.2/32 ${interfaces} -p tcp -m tcp --dport 80 -j ACCEPT`,
  )
})
