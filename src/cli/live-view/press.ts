/** What a key does. */
import { parseFilter } from '../../filter/parse.ts'
import { printable } from '../../model/printable.ts'
import type { Key } from './keys.ts'
import { layoutOf } from './layout.ts'
import { openedLines } from './open-page.ts'
import { pageOf } from './page.ts'
import { firstShown, selectedIndex, shownItems } from './rows.ts'
import { type Editing, type LiveState, type OpenPage, without } from './state.ts'

export function press(state: LiveState, key: Key): LiveState {
  if (key === 'ctrl-c') return { ...state, stopping: true }
  if (state.editing) return edit(state, state.editing, key)
  return state.page ? turn(state, state.page, key) : choose(state, key)
}

/** Several characters at once are text, and no keys. */
export function paste(state: LiveState, text: string): LiveState {
  return state.editing ? typed(state, state.editing, text) : state
}

function choose(state: LiveState, key: Key): LiveState {
  const screen = Math.max(1, layoutOf(state).list.rows - 1)
  switch (key) {
    case 'up':
    case 'k':
      return move(state, -1)
    case 'down':
    case 'j':
      return move(state, 1)
    case 'pageup':
    case 'ctrl-b':
      return move(state, -screen)
    case 'pagedown':
    case 'ctrl-f':
      return move(state, screen)
    case 'home':
    case 'g':
      return move(state, -Number.MAX_SAFE_INTEGER)
    case 'end':
    case 'G':
      return without(state, 'selected', 'top')
    case 'enter':
    case 'right':
    case 'l':
      return open(state)
    case ' ':
      return state.paused
        ? without(state, 'paused')
        : { ...state, paused: { kept: state.kept, packets: state.counts.packets } }
    case '/': {
      const text = state.filter?.text ?? ''
      return { ...state, editing: { text, cursor: [...text].length } }
    }
    case 'o':
      return without({ ...state, problemsOnly: !state.problemsOnly }, 'selected', 'top')
    case 'r':
      return { ...state, page: { kind: 'rules', top: 0 } }
    case '?':
    case 'h':
      return { ...state, page: { kind: 'help', top: 0 } }
    case 'q':
      return { ...state, stopping: true }
    default:
      return state
  }
}

function move(state: LiveState, by: number): LiveState {
  const items = shownItems(state)
  const last = items.length - 1
  const to = Math.max(0, selectedIndex(state) + by)
  // below the last line is what comes next
  if (to > last || last < 0) return without(state, 'selected', 'top')
  const { rows } = layoutOf(state).list
  const moved: LiveState = { ...state, selected: items[to]!.key, top: items[firstShown(state, rows)]!.key }
  return { ...moved, top: items[firstShown(moved, rows)]!.key }
}

function open(state: LiveState): LiveState {
  const chosen = shownItems(state)[selectedIndex(state)]
  if (!chosen) return state
  // a filter shows a part of a group; opened is all of it
  const item = (state.paused?.kept ?? state.kept).items.find(({ key }) => key === chosen.key) ?? chosen
  return { ...state, page: { kind: 'item', item, top: 0 } }
}

const BACK: readonly Key[] = ['escape', 'q', 'enter', 'left', 'backspace', '?', 'h', 'r']

function turn(state: LiveState, page: OpenPage, key: Key): LiveState {
  if (BACK.includes(key)) return without(state, 'page')
  const { rows } = layoutOf(state).list
  const by: Readonly<Record<Key, number>> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    pageup: 1 - rows,
    'ctrl-b': 1 - rows,
    b: 1 - rows,
    pagedown: rows - 1,
    'ctrl-f': rows - 1,
    ' ': rows - 1,
    home: -Number.MAX_SAFE_INTEGER,
    g: -Number.MAX_SAFE_INTEGER,
    end: Number.MAX_SAFE_INTEGER,
    G: Number.MAX_SAFE_INTEGER,
  }
  if (!Object.hasOwn(by, key)) return state
  const most = Math.max(0, openedLines(state, pageOf(state), page).length - rows)
  return { ...state, page: { ...page, top: Math.max(0, Math.min(most, page.top + by[key]!)) } }
}

function edit(state: LiveState, editing: Editing, key: Key): LiveState {
  const { text, cursor } = editing
  const chars = [...text]
  const put = (text: readonly string[], cursor: number): LiveState => ({
    ...state,
    editing: { text: text.join(''), cursor: Math.max(0, Math.min(text.length, cursor)) },
  })
  switch (key) {
    case 'escape':
      return without(state, 'editing')
    case 'enter':
      return useFilter(state, text)
    case 'left':
    case 'ctrl-b':
      return put(chars, cursor - 1)
    case 'right':
    case 'ctrl-f':
      return put(chars, cursor + 1)
    case 'home':
    case 'ctrl-a':
      return put(chars, 0)
    case 'end':
    case 'ctrl-e':
      return put(chars, chars.length)
    case 'backspace':
      return put([...chars.slice(0, Math.max(0, cursor - 1)), ...chars.slice(cursor)], cursor - 1)
    case 'delete':
    case 'ctrl-d':
      return put([...chars.slice(0, cursor), ...chars.slice(cursor + 1)], cursor)
    case 'ctrl-u':
      return put(chars.slice(cursor), 0)
    case 'ctrl-k':
      return put(chars.slice(0, cursor), cursor)
    case 'ctrl-w': {
      const before = [
        ...chars
          .slice(0, cursor)
          .join('')
          .replace(/\S+\s*$/, ''),
      ]
      return put([...before, ...chars.slice(cursor)], before.length)
    }
    default:
      return [...key].length === 1 ? typed(state, editing, key) : state
  }
}

/** What cannot be seen is not typed; a line break between pasted words is a blank. */
function typed(state: LiveState, { text, cursor }: Editing, more: string): LiveState {
  const chars = [...text]
  const added = [...more.replaceAll(/\s+/g, ' ')].filter((char) => printable(char) === char)
  const all = [...chars.slice(0, cursor), ...added, ...chars.slice(cursor)]
  return { ...state, editing: { text: all.join(''), cursor: cursor + added.length } }
}

function useFilter(state: LiveState, text: string): LiveState {
  const done = without(state, 'editing', 'filter', 'selected', 'top')
  if (text.trim() === '') return done
  const result = parseFilter(text)
  if ('error' in result) return { ...state, editing: { ...state.editing!, error: result.error } }
  return { ...done, filter: { text, condition: result.condition } }
}
