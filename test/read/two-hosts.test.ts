/** Files of two hosts, given as if they were of one. */
import { describe, expect, it } from 'vitest'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { tellTwoHosts } from '../../src/read/host/two-hosts.ts'
import { readPart } from '../../src/read/world.ts'

describe('links of two files', () => {
  const format = HOST_FORMATS.find(({ id }) => id === 'ip-addr')!
  const link = (name: string, mac: string, address: string, index = 2) =>
    `${index}: ${name}: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n` +
    `    link/ether ${mac} brd ff:ff:ff:ff:ff:ff\n    ${address.includes(':') ? 'inet6' : 'inet'} ${address}/24 scope global ${name}\n`
  const ETH0 = link('eth0', '02:00:00:00:00:01', '10.0.0.1')
  const told = (...texts: string[]) => {
    const warnings: Diagnostic[] = []
    const parts = texts.map((text, i) => readPart(`file ${i + 1}`, text, { kind: 'host', format }))
    tellTwoHosts(parts, warnings)
    return warnings.map(({ input, code, message }) => `${input} ${code} ${message}`)
  }

  it.each([
    ['another address', link('eth0', '02:00:00:00:00:02', '10.0.0.1'), /eth0 has the address 02:00:00:00:00:01 in/],
    ['another link', link('wan0', '02:00:00:00:00:01', '10.0.0.1'), /one has link eth0, the other wan0/],
  ])('are of two hosts, or of two times: %s', (_, text, words) => {
    expect(told(ETH0, text)).toEqual([expect.stringMatching(/^file 2 two-hosts file 1 is of another host, or/)])
    expect(told(ETH0, text)[0]).toMatch(words)
  })

  it.each([
    ['the same', ETH0],
    ['a part', ETH0 + link('wan0', '02:00:00:00:00:03', '10.0.1.1', 3)],
    ['those with addresses of IPv6', link('wan0', '02:00:00:00:00:03', '2001:db8::1')],
  ])('may be of one: %s', (_, text) => {
    expect(told(ETH0, text)).toEqual([])
    expect(told(text, ETH0)).toEqual([])
  })
})
