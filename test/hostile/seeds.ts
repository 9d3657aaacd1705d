/** The files that cases are made of: all of the repository's fixtures and examples, and folders that are named besides. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { recognise } from '../../src/read/recognise.ts'
import type { Random } from './random.ts'

export interface Seed {
  path: string
  /** One byte is one letter. */
  text: string
  kind: 'capture' | 'ruleset' | 'host' | 'other'
  format: string
}

/** Larger files hold nothing that smaller ones do not. */
const LARGEST = 1 << 20
/** What is larger is cut down once to about this, so that a case stays quick. Characters. */
const ENOUGH = 6000
/** Places in a list of JSON that are kept. */
const PLACES = 24

export class Seeds {
  readonly all: readonly Seed[]
  private readonly byFormat = new Map<string, Seed[]>()
  private readonly byFolder = new Map<string, Seed[]>()
  private readonly formats: Readonly<Record<Seed['kind'], string[]>> = { capture: [], ruleset: [], host: [], other: [] }

  constructor(folders: readonly string[]) {
    this.all = folders.flatMap((folder) => [...walk(folder)].flatMap(readSeed))
    for (const seed of this.all) {
      append(this.byFormat, seed.format, seed)
      append(this.byFolder, dirname(seed.path), seed)
      // what `collect` writes lies one folder below the capture
      if (dirname(seed.path).endsWith('/host')) append(this.byFolder, dirname(dirname(seed.path)), seed)
      const formats = this.formats[seed.kind]
      if (!formats.includes(seed.format)) formats.push(seed.format)
    }
  }

  /** Every format as often as another; of three files the smallest. */
  pick(random: Random, kind: Seed['kind']): Seed {
    return this.ofFormat(random, random.pick(this.formats[kind]))
  }

  ofFormat(random: Random, format: string): Seed {
    const list = this.byFormat.get(format)!
    const three = [random.pick(list), random.pick(list), random.pick(list)]
    return three.reduce((least, one) => (one.text.length < least.text.length ? one : least))
  }

  any(random: Random): Seed {
    return this.pick(random, random.pick(['capture', 'ruleset', 'host', 'other'] as const))
  }

  /** Files of that kind that lie beside it. */
  beside({ path }: Seed, kind: Seed['kind']): readonly Seed[] {
    const list = this.byFolder.get(dirname(path)) ?? []
    // a folder of hundreds is no machine's, but a collection
    return list.length > 40 ? [] : list.filter((one) => one.kind === kind && one.path !== path)
  }
}

function append(map: Map<string, Seed[]>, key: string, seed: Seed): void {
  const list = map.get(key)
  if (list) list.push(seed)
  else map.set(key, [seed])
}

/** In the order of their names, whatever the file system's is. */
function* walk(folder: string): Generator<string> {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name)
    const stats = statSync(path)
    if (stats.isDirectory()) yield* walk(path)
    else if (stats.isFile() && stats.size > 0 && stats.size <= LARGEST) yield path
  }
}

function readSeed(path: string): Seed[] {
  const whole = readFileSync(path, 'latin1')
  const found = recognise(whole.slice(0, 65_536))
  const [kind, format] = [found?.kind ?? 'other', found?.format.id ?? 'other'] as const
  const text = smaller(whole)
  // a part may not show any more what the whole was
  const fits = text === whole || recognise(text.slice(0, 65_536))?.format.id === found?.format.id
  return [{ path, text: fits ? text : whole.slice(0, ENOUGH), kind, format }]
}

function smaller(text: string): string {
  if (text.length <= ENOUGH) return text
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(thinned(JSON.parse(Buffer.from(text, 'latin1').toString('utf8'))))
    } catch {
      // lines of JSON, or none
    }
  }
  if (text.includes('\0')) return text.slice(0, ENOUGH)
  const lines = text.split('\n')
  const step = Math.ceil(text.length / ENOUGH)
  // runs of ten lines that stand together
  return lines
    .filter((line, i) => isFrame(line) || Math.floor(i / 10) % step === 0)
    .join('\n')
    .slice(0, 4 * ENOUGH)
}

/** What a ruleset's lines hang on. */
const isFrame = (line: string): boolean => /^(?:[*:#}]|COMMIT|table|Chain|\s*chain|\s*\}$)/.test(line)

function thinned(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, PLACES).map(thinned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, thinned(one)]))
}
