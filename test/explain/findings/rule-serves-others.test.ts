/** A rule that nearly matched may be the one that serves others: what is proposed takes nothing from them. */
import { expect, test } from 'vitest'
import { LISTENS_ON, TO_ROUTER, told } from './played.ts'

const MAIL = { ...TO_ROUTER, dport: 25 }
const near = (rule: string, ...ports: number[]) =>
  told(
    {
      rules: { filter: ['-P INPUT DROP', rule] },
      packet: MAIL,
      ...(ports.length > 0 ? { host: LISTENS_ON(...ports) } : {}),
    },
    'near-miss',
  )?.fix
const SSH = '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'
const BESIDE = /^iptables -I INPUT 1 -p tcp --dport 25 -j ACCEPT /

test('the rule of another port stays, where its counters are not known, or somebody may listen there', () => {
  expect(near(SSH)).toMatch(BESIDE)
  expect(near(`[0:0] ${SSH}`)).toMatch(BESIDE)
  expect(near(`[0:0] ${SSH}`, 22, 25)).toMatch(BESIDE)
  expect(near(`[0:0] ${SSH}`, 25)).toMatch(/^iptables -R INPUT 1 -p tcp --dport 25 -j ACCEPT /)
})

test('a rule that leads to one with a limit would have let it in, as long as that has room', () => {
  const rules = {
    filter: [
      '-P INPUT DROP',
      '-A INPUT -s 10.0.1.3/32 -p tcp -m tcp --dport 25 -j MAIL',
      '-A MAIL -m limit --limit 3/min -j ACCEPT',
    ],
  }
  expect(told({ rules, packet: MAIL }, 'near-miss')?.message).toBe(
    'filter INPUT rule 1 would have accepted it (by MAIL rule 1), but only matches -s 10.0.1.3/32; the packet comes from 10.0.1.2.',
  )
})

test('the rule of another source stays, where its counters are not known', () => {
  const rule = '-A INPUT -s 10.0.1.3/32 -p tcp -m tcp --dport 25 -j ACCEPT'
  expect(near(rule)).toMatch(/^iptables -I INPUT 1 -s 10.0.1.2 -p tcp --dport 25 -j ACCEPT /)
})
