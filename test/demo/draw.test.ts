/** Labs as a person sees them. */
import { expect, it } from 'vitest'
import { draw } from '../../src/demo/draw.ts'
import { INCIDENTS } from '../../src/demo/incidents/index.ts'

const drawn = (name: string, wire?: string) => draw(INCIDENTS.find((one) => one.name === name)!, wire)

it('draws a line for each wire, what comes first on the left', () => {
  expect(drawn('hairpin', '--')).toEqual({
    wires: [
      'laptop  eth0   192.168.1.20/24 --                  port1  switch',
      'switch  port2                  -- 192.168.1.10/24  eth0   server',
      'router  lan     192.168.1.1/24 --                  port3  switch',
      'router  wan     203.0.113.1/24 -- 203.0.113.7/24   eth0   outside',
    ],
    machines: [
      'router has the rules, and is traced',
      'switch bridges port1, port2, port3 as br0',
      'server listens on tcp 443',
    ],
  })
})

it('tells of addresses without a wire, and of listeners on one address', () => {
  expect(drawn('nodeport-clash').machines[0]).toMatch(/^node has docker0 172\.17\.0\.1\/16; listens on tcp 52000; /)
  expect(drawn('firewalld-port-forward').machines[0]).toMatch(/^storm3 bridges vnet0 as virbr1 192\.168\.101\.1\/24; /)
  expect(drawn('closed-port').machines[0]).toMatch(/^server listens on tcp 127\.0\.0\.1:8080; /)
  expect(drawn('ipv6-forgotten').machines[0]).toMatch(/^server listens on tcp 443, tcp \[::\]:443; /)
})
