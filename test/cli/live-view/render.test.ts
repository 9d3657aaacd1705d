import { describe, expect, test } from 'vitest'
import { add } from '../../../src/cli/live-view/add.ts'
import { styledColumns } from '../../../src/cli/live-view/fit.ts'
import { render } from '../../../src/cli/live-view/render.ts'
import { count, resize, status, tick } from '../../../src/cli/live-view/state.ts'
import { busy, empty, examples, expectScreen, many, presses, screen, typing } from './screens.ts'

const SIZES = [
  [80, 24],
  [40, 10],
  [130, 30],
  [200, 60],
] as const

describe.each(SIZES)('%d×%d', (columns, rows) => {
  const size = { columns, rows }
  const named = (name: string) => `${columns}x${rows}.${name}`

  test('before a packet has come', () => expectScreen(named('empty'), empty(size)))
  test('packets', () => expectScreen(named('list'), busy(size)))
  test('a line is chosen', () => expectScreen(named('chosen'), presses(busy(size), 'g')))
  test('a packet in full', () => expectScreen(named('opened'), presses(busy(size), 'g', 'enter')))
  test('further down in it', () => expectScreen(named('scrolled'), presses(busy(size), 'g', 'enter', ' ')))
  test('rules', () => expectScreen(named('rules'), presses(busy(size), 'r')))
  test('help', () => expectScreen(named('help'), presses(busy(size), '?')))
  test('a wrong filter', () =>
    expectScreen(named('wrong-filter'), presses(typing(busy(size), 'tcp dst port 80 adn syn'), 'enter')))
  test('a filter', () => expectScreen(named('filter'), presses(typing(busy(size), 'tcp dst port 52000'), 'enter')))
  test('problems, paused', () =>
    expectScreen(named('paused'), add(presses(busy(size), 'o', ' '), examples().slice(0, 2))))
})

test('ASCII alone', () => expectScreen('80x24.ascii', busy({ look: { colour: false, unicode: false } })))

test('colour changes nothing but the colour', () => {
  for (const keys of [[], ['g'], ['g', 'enter'], ['r'], ['?'], ['o', ' ']]) {
    const plain = render(presses(busy(), ...keys)).lines
    const coloured = render(presses(busy({ look: { colour: true, unicode: true } }), ...keys)).lines
    expect(coloured.join('')).toContain('\x1b[')
    expect(coloured.map((line) => line.replaceAll(/\x1b\[\d+m/g, ''))).toEqual(plain)
  }
})

test('a line that is cut ends its colours', () => {
  const { lines } = render(busy({ columns: 30, rows: 20, look: { colour: true, unicode: true } }))
  for (const line of lines) {
    expect(styledColumns(line)).toBeLessThanOrEqual(30)
    expect(line).not.toMatch(/\x1b\[(?:1|2|3[1-6])m[^\x1b]*$/)
  }
})

describe('what comes from elsewhere', () => {
  const EVIL = '\x1b]0;x\x07\u202e\r\n'

  test('reaches no terminal as it is', () => {
    const [one] = many(1)
    const journey = { ...one!.journey, packet: { ...one!.packet, in: EVIL, src: EVIL }, host: EVIL }
    let state = add(empty({ title: EVIL }), [{ ...one!, journey, group: { ...one!.group, journey } }])
    state = status(state, EVIL)
    for (const keys of [[], ['enter'], ['r']]) {
      const text = render(presses(state, ...keys)).lines.join('\n')
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/)
      expect(text).toContain('\\x1b')
    }
    expect(render(typing(state, EVIL)).lines.join('')).not.toMatch(/[\x00-\x1f\u202e]/)
  })

  test('may be wide', () => {
    const [one] = many(1)
    const journey = { ...one!.journey, packet: { ...one!.packet, in: '網路介面'.repeat(10) } }
    for (const columns of [40, 41, 80, 200]) {
      const state = add(empty({ columns }), [{ ...one!, journey, group: { ...one!.group, journey } }])
      for (const line of render(state).lines) expect(styledColumns(line)).toBeLessThanOrEqual(columns)
    }
  })
})

test('what is lost stands where it is not cut', () => {
  for (const columns of [24, 40, 60, 80])
    expect(screen(count(add(empty({ columns, rows: 10 }), examples()), { lost: 1234 })).join(' ')).toMatch(/! 1,234/)
})

test('the time that is left', () => {
  const shows = (now: number, deadline = 3_700_000) => screen(tick(empty({ deadline }), now))[0]
  expect(shows(0)).toMatch(/ 1:01:40 left$/)
  expect(shows(3_640_500)).toMatch(/ 1:00 left$/)
  expect(shows(3_800_000)).toMatch(/ 0:00 left$/)
  const { deadline: _, ...endless } = empty()
  expect(screen(endless)[0]).not.toMatch(/left/)
})

test('a page that was scrolled to its end still fills a higher screen', () => {
  const state = presses(busy({ rows: 10 }), 'g', 'enter', 'G')
  expect(screen(resize(state, 80, 40)).slice(1, -1)).not.toContain(undefined)
  expect(screen(resize(state, 80, 40)).at(-2)).not.toBe('')
})
