/** What a terminal sends → keys. */
import { wordTable } from '../../model/word-table.ts'

/** A name (`up`, `enter`, `ctrl-c`), or the character itself. */
export type Key = string

/** As xterm, the Linux console, tmux and rxvt send them, behind the escape character. */
const SEQUENCES: Readonly<Record<string, Key>> = wordTable({
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
  '[H': 'home',
  '[F': 'end',
  OH: 'home',
  OF: 'end',
  '[1~': 'home',
  '[7~': 'home',
  '[4~': 'end',
  '[8~': 'end',
  '[3~': 'delete',
  '[5~': 'pageup',
  '[6~': 'pagedown',
})

const CONTROLS: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
}

/** CSI and SS3 sequences, ECMA-48 5.4. */
const SEQUENCE = /^\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]|O[\x20-\x7e])/
const BEGUN = /^\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*|O)?$/
/** In front of what is pasted. */
export const PASTE = '\x1b[200~'
const PASTED = '\x1b[201~'

/** Characters pasted at once. */
const LONGEST = 100_000

/** `rest`: the beginning of a sequence whose end has not come; alone and after some time it is the key Esc. */
export function readKeys(text: string): { keys: (Key | { pasted: string })[]; rest: string } {
  const keys: (Key | { pasted: string })[] = []
  let at = 0
  while (at < text.length) {
    const left = text.slice(at)
    if (left.startsWith(PASTE)) {
      const end = left.indexOf(PASTED)
      // without an end it is nothing that anybody typed
      if (end < 0) return { keys, rest: left.length > LONGEST ? '' : left }
      keys.push({ pasted: left.slice(PASTE.length, end) })
      at += end + PASTED.length
      continue
    }
    if (BEGUN.test(left)) return { keys, rest: left }
    const sequence = SEQUENCE.exec(left)?.[0]
    if (sequence !== undefined) {
      const key = SEQUENCES[sequence.slice(1)]
      if (key !== undefined) keys.push(key)
      at += sequence.length
      continue
    }
    const char = String.fromCodePoint(left.codePointAt(0)!)
    keys.push(char === '\x1b' ? 'escape' : keyOf(char))
    at += char.length
  }
  return { keys, rest: '' }
}

function keyOf(char: string): Key {
  const code = char.codePointAt(0)!
  return CONTROLS[char] ?? (code < 0x20 ? `ctrl-${String.fromCharCode(code + 0x60)}` : char)
}
