import { expect, it } from 'vitest'
import { printIptablesSave } from '../../../src/read/rulesets/print-iptables.ts'
import { read } from './outline.ts'

const text = `*filter
:INPUT DROP [7:420]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
[3:180] -A INPUT -p tcp -m tcp --dport 22 -j mine
[0:0] -A INPUT -m comment --comment "a \\"b\\" c" -g mine
[0:0] -A mine
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
`

it('prints what iptables-save -c prints', () => {
  expect(printIptablesSave(read(text).rulesets[0]!.tables, { counters: true })).toBe(text)
})

it('prints rules without counters, chains with theirs', () => {
  expect(printIptablesSave(read(text).rulesets[0]!.tables)).toBe(text.replace(/^\[\d+:\d+\] /gm, ''))
})

it('prints rules in the words of iptables-save, and those it does not understand as they were written', () => {
  const { rulesets } = read(
    '*filter\n-A INPUT --jump ACCEPT --protocol 6\n-A INPUT  -s 10.0.0.0/8  -m geoip --cc DE\nCOMMIT\n',
  )
  expect(printIptablesSave(rulesets[0]!.tables)).toContain(
    '\n-A INPUT -p tcp -j ACCEPT\n-A INPUT  -s 10.0.0.0/8  -m geoip --cc DE\n',
  )
})

it('prints the tables of one family and leaves out those of nft', () => {
  const [table] = read(text).rulesets[0]!.tables
  expect(printIptablesSave([{ ...table!, kind: 'nft' }])).toBe('')
})
