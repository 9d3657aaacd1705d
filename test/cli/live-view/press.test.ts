import { describe, expect, test } from 'vitest'
import { add } from '../../../src/cli/live-view/add.ts'
import { paste, press } from '../../../src/cli/live-view/press.ts'
import { render } from '../../../src/cli/live-view/render.ts'
import { shownItems } from '../../../src/cli/live-view/rows.ts'
import type { LiveState } from '../../../src/cli/live-view/state.ts'
import { again, busy, empty, many, presses, screen, typing } from './screens.ts'

const crowd = (length: number) => add(empty(), many(length))
/** Ports of the packets on the screen, with the chosen one. */
function ports(state: LiveState): { shown: number[]; chosen: number } {
  const lines = screen(state).filter((line) => /DROPPED|DELIVERED/.test(line) && /^[▸ ] /.test(line))
  const port = (line: string | undefined) => Number(/198\.51\.100\.1:(\d+)/.exec(line ?? '')?.[1])
  return { shown: lines.map(port), chosen: port(lines.find((line) => line.startsWith('▸'))) }
}

describe('the list', () => {
  test('follows what comes', () => {
    expect(ports(crowd(100))).toMatchObject({ chosen: 100 })
    expect(ports(crowd(100)).shown.at(-1)).toBe(100)
  })

  test('stands where it is while a line is chosen', () => {
    const chosen = press(crowd(100), 'up')
    const before = ports(chosen)
    expect(before.chosen).toBe(99)
    expect(ports(add(chosen, many(120).slice(100)))).toEqual(before)
    expect(screen(chosen).at(-1)).toContain('G newest')
  })

  test.each([
    ['the oldest', ['g'], 1],
    ['not above the oldest', ['home', 'up', 'k'], 1],
    ['a screen up and down again', ['pageup', 'pagedown'], 100],
    ['down and up', ['g', 'j', 'down', 'k'], 2],
  ])('%s', (_, keys, port) => expect(ports(presses(crowd(100), ...keys)).chosen).toBe(port))

  test('a screen up shows the line that was on top', () => {
    const state = crowd(100)
    const [top] = ports(state).shown
    expect(ports(press(state, 'pageup')).shown).toContain(top)
  })

  test.each([['G'], ['end']])('%s follows again', (key) => {
    const state = presses(crowd(100), 'g', key)
    expect(ports(state).chosen).toBe(100)
    expect(ports(add(state, many(101).slice(100))).chosen).toBe(101)
  })

  test('below the last line it follows again', () => {
    const state = presses(crowd(5), 'up', 'down', 'down')
    expect(ports(add(state, many(6).slice(5))).chosen).toBe(6)
  })

  test('moves no further than is needed', () => {
    const state = presses(crowd(100), 'g')
    const { shown } = ports(state)
    expect(ports(presses(state, 'down')).shown).toEqual(shown)
    expect(ports(presses(state, ...shown.map(() => 'down'))).shown).toEqual(shown.map((port) => port + 1))
  })
})

describe('pause', () => {
  test('the list stands still, and packets are counted', () => {
    const paused = press(crowd(3), ' ')
    const later = add(paused, [...many(5).slice(3), again(many(1)[0]!)])
    expect(ports(later).shown).toEqual([1, 2, 3])
    expect(screen(later).join('\n')).not.toMatch(/DROPPED.*×2/)
    expect(screen(later)[1]).toContain('6 packets')
    expect(screen(later).at(-1)).toMatch(/^paused, 3 new /)
  })

  test('goes on with all that came', () => {
    const later = press(add(press(crowd(3), ' '), many(5).slice(3)), ' ')
    expect(ports(later).shown).toEqual([1, 2, 3, 4, 5])
    expect(screen(later).at(-1)).not.toContain('paused')
  })
})

describe('one in full', () => {
  test('is the chosen one, and stays while others come', () => {
    const open = presses(busy(), 'g', 'enter')
    expect(screen(open)[1]).toMatch(/^✗ DROPPED by filter KUBE-FIREWALL rule 1 /)
    expect(screen(add(open, many(50)))).toEqual(screen(open))
  })

  test.each([['escape'], ['q'], ['enter'], ['left']])('%s leads back', (key) =>
    expect(screen(presses(busy(), 'g', 'enter', key))).toEqual(screen(presses(busy(), 'g'))),
  )

  test('scrolls, no further than to its end', () => {
    const open = presses(busy(), 'g', 'enter')
    const end = screen(press(open, 'G'))
    expect(end.at(-1)).toMatch(/^lines (\d+)–(\d+) of \2 /)
    expect(screen(presses(open, 'G', 'down', ' '))).toEqual(end)
    expect(screen(presses(open, 'G', 'g'))).toEqual(screen(open))
    expect(screen(presses(open, 'j'))[1]).toBe(screen(open)[2])
  })

  test('a notice tells all of it', () => {
    const text = screen(presses(busy({ columns: 40 }), 'down', 'enter')).join(' ')
    expect(text).toContain('the rules have changed, and were read again')
  })

  test('the newest packet is chosen, not a notice below it', () =>
    expect(screen(press(busy(), 'enter'))[1]).toContain('FORWARDED'))

  test('nothing to open', () => expect(screen(press(empty(), 'enter'))).toEqual(screen(empty())))
})

describe('filter', () => {
  const use = (state: LiveState, text: string) => press(typing(state, text), 'enter')

  test('shows what matches, and what comes later', () => {
    const state = use(crowd(100), 'dst port 7 or dst port 101')
    expect(ports(state).shown).toEqual([7])
    expect(screen(state).at(-1)).toMatch(/^filter: dst port 7 or dst port 101, 1 of 100 packets/)
    expect(ports(add(state, many(102).slice(100))).shown).toEqual([7, 101])
  })

  test('of a fate counts only the packets that match', () => {
    const [one] = many(1)
    const two = again(one!, 50_000)
    const three = again(two, 50_000)
    const state = add(empty(), [one!, two, three])
    const line = (of: LiveState) => screen(of).find((text) => text.includes('DROPPED'))
    expect(line(state)).toMatch(/192\.0\.2\.1:\* → .* ×3$/)
    expect(line(use(state, 'src port 50000'))).toMatch(/192\.0\.2\.1:50000 → .* ×2$/)
    expect(line(use(state, 'src port 40000'))).toMatch(/192\.0\.2\.1:40000 → [^×]*$/)
    expect(line(use(state, 'src port 1'))).toBeUndefined()
  })

  test('that is wrong stays, with the word marked', () => {
    const wrong = use(crowd(1), 'dst port htpt')
    const lines = screen(wrong)
    const [marker, words] = lines.slice(lines.indexOf('filter: dst port htpt') + 1)
    expect(marker).toBe(`${' '.repeat('filter: dst port '.length)}^^^^`)
    expect(words).toContain('"htpt"')
    expect(ports(wrong).shown).toEqual([1])
    expect(screen(press(wrong, 'backspace')).at(-2)).toBe('filter: dst port htp')
  })

  test('nothing typed shows all again', () => {
    const state = presses(use(crowd(3), 'dst port 1'), '/', 'ctrl-u', 'enter')
    expect(ports(state).shown).toEqual([1, 2, 3])
  })

  test('Esc leaves the old one', () => {
    const state = use(crowd(3), 'dst port 1')
    expect(screen(presses(state, '/', 'x', 'escape'))).toEqual(screen(state))
  })

  test('letters are text, not keys', () => {
    const state = presses(crowd(3), '/', 'q', 'o', ' ', '?')
    expect(state).toMatchObject({ stopping: false, problemsOnly: false, editing: { text: 'qo ?' } })
  })

  test.each([
    ['a b', ['ctrl-w'], 'a ', 2],
    ['abc', ['left', 'left', 'x'], 'axbc', 2],
    ['abc', ['home', 'delete', 'end', 'backspace'], 'b', 1],
    ['abc', ['left', 'ctrl-k'], 'ab', 2],
    ['abc', ['left', 'ctrl-u'], 'c', 0],
    ['', ['backspace', 'left', 'ctrl-w'], '', 0],
  ])('editing %j with %j', (text, keys, after, cursor) => {
    const state = presses(paste(press(crowd(1), '/'), text), ...keys)
    expect(state.editing).toEqual({ text: after, cursor })
    expect(render(state).cursor).toEqual({ row: 22, column: 'filter: '.length + cursor })
  })

  test('longer than the line: the part around the cursor', () => {
    const state = typing(empty({ columns: 40 }), `${'host 192.0.2.1 or '.repeat(5)}udp`)
    expect(render(state).lines.at(-2)).toMatch(/^filter: .* or udp$/)
    expect(render(state).cursor!.column).toBeLessThan(40)
    expect(screen(press(state, 'home')).at(-2)).toMatch(/^filter: host 192.*…$/)
  })
})

test('only problems', () => {
  const good = many(3, 'delivered').map((one) => ({ ...one, packet: { ...one.packet, dport: 80 } }))
  const state = add(crowd(2), good)
  expect(shownItems(state)).toHaveLength(5)
  expect(shownItems(press(state, 'o'))).toHaveLength(2)
  expect(shownItems(presses(state, 'o', 'o'))).toHaveLength(5)
  expect(screen(press(add(empty(), good), 'o')).join('\n')).toContain('had a problem')
})

test.each([['q'], ['ctrl-c']])('%s ends it', (key) => {
  expect(press(busy(), key).stopping).toBe(true)
  expect(screen(press(busy(), key))[0]).toMatch(/ending$/)
})

test('Ctrl-C ends it wherever one is', () => {
  for (const keys of [['/'], ['enter'], ['?'], ['r'], [' ']])
    expect(presses(busy(), ...keys, 'ctrl-c').stopping).toBe(true)
})
