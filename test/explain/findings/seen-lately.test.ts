/** `-m recent`: who is on a list of iptables' own, and which rule lists them. */
import { expect, it } from 'vitest'
import { played, type Rules, TO_ROUTER } from './played.ts'

const ASKS = '--update --seconds 60 --name bad --mask 255.255.255.255 --rsource'
const LISTS = '-A INPUT -m recent --set --name bad --mask 255.255.255.255 --rsource -j DROP'

function told(...more: string[]): string | undefined {
  return toldWith({}, ...more)
}

function toldWith(others: Rules, ...more: string[]): string | undefined {
  const filter = [`-A INPUT -m recent ${ASKS} -j DROP`, '-A INPUT -p udp -j ACCEPT', ...more]
  const rules = { filter, ...others }
  return played({ rules, packet: TO_ROUTER, host: {}, assume: new Map([[ASKS, true]]) }).findings[0]?.message
}

it('names the rule that lists senders', () => {
  const said = 'filter INPUT rule 1 dropped it (its source is in recent list bad within 60 s)'
  expect(told(LISTS)).toBe(`${said}; filter INPUT rule 3 adds addresses to that list.`)
  expect(told(LISTS.replace('bad', 'other'))).toBe(`${said}.`)
  // which one it was is unknown
  expect(told(LISTS, LISTS)).toBe(`${said}.`)
})

it('looks for it in all tables: they share their lists', () => {
  const lists = '-A PREROUTING -p udp -m recent --set --name bad --mask 255.255.255.255 --rsource'
  const said = 'filter INPUT rule 1 dropped it (its source is in recent list bad within 60 s)'
  expect(toldWith({ mangle: [lists] })).toBe(`${said}; mangle PREROUTING rule 1 adds addresses to that list.`)
  expect(toldWith({ mangle: [lists] }, LISTS)).toBe(`${said}.`)
})
