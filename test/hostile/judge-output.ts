/** What must hold of everything that is told, whatever was read. Throws Broken. */
import type { FormName } from '../../src/reports/index.ts'
import { checkDocument, checkExchange, checkJourney, checkSummary } from '../schemas.ts'
import { Broken } from './broken.ts'
import { INHERITED } from './words.ts'

/** What must never reach a terminal: controls, what turns the reading direction, what hides, halves of letters. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u
/** Colours, which are our own. */
const COLOUR = /\x1b\[[\d;]*m/g

export function judgeText(text: string, where: string, { colour = false } = {}): void {
  const shown = (colour ? text.replace(COLOUR, '') : text).replaceAll('\n', '')
  const found = HARMFUL.exec(shown)
  if (!found) return
  const code = found[0].codePointAt(0)!.toString(16)
  throw new Broken(`raw control in ${where}`, `U+${code} in ${JSON.stringify(around(shown, found.index))}`)
}

const around = (text: string, at: number): string => text.slice(Math.max(0, at - 60), at + 60)

export function judgeForm(name: FormName, text: string, colour: boolean): void {
  judgeText(text, name, { colour: colour && name === 'text' })
  if (name === 'json') promised('json', () => checkDocument(JSON.parse(text)))
  else if (name === 'ndjson') judgeLines(text)
}

function judgeLines(text: string): void {
  if (!text.endsWith('\n')) throw new Broken('ndjson', 'its last line has no end')
  const lines = text.slice(0, -1).split('\n')
  lines.forEach((line, i) => {
    promised('ndjson', () => {
      const value = JSON.parse(line)
      if (i === lines.length - 1) checkSummary(value)
      else if (value.exchange === undefined) checkJourney(value)
      else checkExchange(value.exchange)
    })
  })
}

/** A document of this schema. */
export function judgeDocument(text: string, schema: string): void {
  judgeText(text, schema)
  promised(schema, () => {
    const data = JSON.parse(text)
    if (data.schema !== schema) throw new Error(`its schema is ${JSON.stringify(data.schema)}`)
    checkDocument(data)
  })
}

function promised(what: string, check: () => void): void {
  try {
    check()
  } catch (error) {
    throw new Broken(`not what ${what} promises`, (error as Error).message.slice(0, 600))
  }
}

/**
 * From now on every object inherits a field that throws. A word of a file that is looked up in a table finds it, where
 * the table is not asked whether the word is its own: as it would find `constructor`, without anybody noticing.
 */
export function trapInherited(): void {
  for (const name of [INHERITED, INHERITED.toUpperCase()])
    Object.defineProperty(Object.prototype, name, {
      get() {
        throw new Inherited('a word of a file found what every object has')
      },
      configurable: true,
    })
}

class Inherited extends Error {}

/** Names from files must not become parts of every object. */
export function judgePrototypes(): void {
  for (const [one, before] of OWN) {
    const added = Reflect.ownKeys(one).filter((key) => !before.has(key))
    if (added.length > 0) throw new Broken('polluted prototype', added.map(String).join(', '))
  }
}

/** What they have by themselves, and the trap. */
const OWN = new Map(
  [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype, Object, Array].map(
    (one: object) => [one, new Set([...Reflect.ownKeys(one), INHERITED, INHERITED.toUpperCase()])],
  ),
)
