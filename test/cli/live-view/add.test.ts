import { describe, expect, test } from 'vitest'
import { add, type Came, MOST_ITEMS, MOST_PACKETS, notice } from '../../../src/cli/live-view/add.ts'
import { press } from '../../../src/cli/live-view/press.ts'
import type { LiveState } from '../../../src/cli/live-view/state.ts'
import { replay } from './replay.ts'
import { again, empty, examples, many, presses, screen, typing } from './screens.ts'

const ports = ({ kept }: LiveState) =>
  kept.items.flatMap((item) => (item.kind === 'group' ? [item.group.journey.packet.dport] : []))

describe('one fate', () => {
  const [first] = many(1)
  const second = again(first!, 50_000)

  test('is one line with a count', () => {
    const state = add(add(empty(), [first!]), [second])
    expect(state.kept.items).toHaveLength(1)
    expect(screen(state)[2]).toMatch(/^▸ ✗ DROPPED .*192\.0\.2\.1:\* → 198\.51\.100\.1:1 .* #\d+ ×2$/)
    expect(screen(state)[1]).toBe('2 packets   ✗ 2 dropped')
  })

  test('a group that grows later changes nothing that was taken', () => {
    const group = { ...first!.group, same: { ...first!.group.same } }
    const state = add(empty(), [{ ...first!, group }])
    const before = screen(state)
    group.count = 99
    group.same.src = false
    expect(screen(state)).toEqual(before)
  })

  test('a state is never changed', () => {
    const state = add(empty(), [first!])
    const before = screen(state)
    add(state, [second, ...many(20)])
    notice(state, 'x')
    press(state, ' ')
    expect(screen(state)).toEqual(before)
  })
})

describe('places', () => {
  test('on the screen a fate keeps its own', () => {
    const state = add(empty(), many(5))
    expect(ports(add(state, [again(many(1)[0]!)]))).toEqual([1, 2, 3, 4, 5])
  })

  test('out of sight it comes to the end when it is met again', () => {
    const state = add(empty(), many(50))
    expect(ports(add(state, [again(many(2)[1]!)])).slice(-2)).toEqual([50, 2])
    expect(ports(add(state, [again(many(2)[1]!)]))).toHaveLength(50)
  })

  test.each([['g'], [' ']])('nothing moves after %j', (key) => {
    const state = press(add(empty(), many(50)), key)
    expect(ports(add(state, [again(many(2)[1]!)]))).toEqual(ports(state))
  })

  test('nothing moves but what the filter shows too little of', () => {
    const state = presses(typing(add(empty(), many(50)), 'portrange 1-3'), 'enter')
    expect(ports(add(state, [again(many(2)[1]!)])).at(-1)).toBe(50)
  })
})

describe('bounds', () => {
  test('the oldest lines go, and that is told', () => {
    const state = add(empty(), many(MOST_ITEMS + 7))
    expect(state.kept.items).toHaveLength(MOST_ITEMS)
    expect(ports(state)[0]).toBe(8)
    expect(screen(state)[1]).toBe('3,007 packets   ✗ 3,007 dropped')
    expect(screen(state).at(-1)).toMatch(/^the oldest 7 lines are gone /)
  })

  test('a filter finds the last packets, and says so', () => {
    const [one] = many(1)
    const came: Came[] = Array.from({ length: MOST_PACKETS + 5 }, () => one!)
    const state = presses(typing(add(empty(), came), 'port 1'), 'enter')
    expect(state.kept.packets).toHaveLength(MOST_PACKETS)
    expect(screen(state).at(-1)).toMatch(/^filter: port 1, 10,000 of the last 10,000 packets/)
  })

  test('so many rules', () => {
    const came = many(2100).map(({ journey, ...rest }, i): Came => {
      const rule = { family: 'ip', table: 'filter', chain: 'INPUT', ruleNumber: i + 1, step: 1 }
      const blamed = { ...journey, culprit: rule }
      return { ...rest, journey: blamed, group: { ...rest.group, journey: blamed } }
    })
    const state = add(empty(), came)
    expect(state.counts.rules.size).toBe(2000)
    expect(screen(state).at(-2)).toBe('  and 2,096 by other rules')
  })
})

describe('what decided', () => {
  const names = ({ counts }: LiveState) =>
    [...counts.rules.values()].map(({ deciding, mark, count }) => [
      mark,
      'ref' in deciding ? `${deciding.ref.chain} ${deciding.ref.ruleNumber ?? 'policy'}` : deciding.place,
      count,
    ])

  test('the rule to blame, or that accepted it, or the policy', () =>
    expect(names(add(empty(), examples()))).toEqual([
      ['bad', 'KUBE-NODEPORTS 16', 1],
      ['good', 'INPUT policy', 1],
      ['bad', 'FORWARD 7', 1],
      ['look', 'quantum-l3-agent-POSTROUTING 1', 1],
    ]))

  test('where it was seen last, as no rule is known', () => {
    const [vanished] = replay('fixtures/reports/cases/reverse-path/').slice(-1)
    expect(names(add(empty(), [vanished!]))).toEqual([['bad', expect.stringMatching(/^after /), 1]])
  })
})

test('what is wrong with the input is told once, in front of the first packet it is about', () => {
  const came = replay('fixtures/reports/cases/no-ruleset/')
  const state = add(add(empty(), came.slice(0, 1)), came)
  const notices = state.kept.items.filter(({ kind }) => kind === 'notice')
  expect(notices).toHaveLength(1)
  expect(state.kept.items[0]).toBe(notices[0])
  expect(screen(press(press(state, 'g'), 'enter')).join('\n')).toMatch(/rule/)
})
