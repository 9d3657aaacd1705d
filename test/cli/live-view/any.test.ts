/** Whatever comes, whatever is pressed, however large the terminal is: the screen is whole. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { add, notice } from '../../../src/cli/live-view/add.ts'
import { styledColumns } from '../../../src/cli/live-view/fit.ts'
import { paste, press } from '../../../src/cli/live-view/press.ts'
import { render } from '../../../src/cli/live-view/render.ts'
import { count, type LiveState, resize, status, tick } from '../../../src/cli/live-view/state.ts'
import { anyGroup, anyText } from '../../reports/any-journey.ts'
import { share } from '../../share.ts'
import { empty, examples, many } from './screens.ts'

const KEYS = [
  ...['up', 'down', 'pageup', 'pagedown', 'home', 'end', 'G', 'enter', 'escape', ' ', '/', 'o', 'r', '?', 'q', 'left'],
  ...['backspace', 'delete', 'right', 'ctrl-u', 'ctrl-w', 'ctrl-k', 'tab', 'x', '網', '1'],
]
const PASTES = ['tcp', 'dst port 80', ' and ', 'host 192.0.2.1', '(', '\x1b[31m', '網路']

type Action = (state: LiveState) => LiveState

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...KEYS).map(
      (key): Action =>
        (state) =>
          press(state, key),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...PASTES).map(
      (text): Action =>
        (state) =>
          paste(state, text),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.array(anyGroup, { maxLength: 3 }).map(
      (groups): Action =>
        (state) =>
          add(
            state,
            groups.map((group) => ({ journey: group.journey, group, packet: group.journey.packet })),
          ),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(60).map(
      (length): Action =>
        (state) =>
          add(state, many(length)),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Action>((state) => add(state, examples())) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(220), fc.nat(70)).map(
      ([columns, rows]): Action =>
        (state) =>
          resize(state, columns, rows),
    ),
  },
  {
    weight: 1,
    arbitrary: anyText.map(
      (text): Action =>
        (state) =>
          status(notice(state, text), text),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (lost): Action =>
        (state) =>
          tick(count(state, { lost }), lost),
    ),
  },
)

test('no line is too long, none is missing, nothing moves the cursor', () =>
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      anyText,
      fc.array(action, { maxLength: 25 }),
      (colour, unicode, title, actions) => {
        let state = empty({ title, look: { colour, unicode, hosts: true } })
        for (const act of actions) {
          state = act(state)
          const { lines, cursor } = render(state)
          expect(lines).toHaveLength(state.rows)
          for (const line of lines) {
            expect(styledColumns(line)).toBeLessThanOrEqual(state.columns)
            expect(line.replaceAll(/\x1b\[\d+m/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
            if (!colour) expect(line).not.toContain('\x1b')
            if (!unicode) expect(line.replaceAll(/\x1b\[\d+m/g, '')).toMatch(/^[\x20-\x7e]*$/)
          }
          if (!cursor) continue
          expect(cursor.row).toBeLessThan(state.rows)
          expect(cursor.column).toBeLessThan(state.columns)
        }
      },
    ),
    { numRuns: share(300) },
  ))
