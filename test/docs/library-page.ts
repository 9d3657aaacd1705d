/** The reference of the library, printed from src/index.ts and the docstrings of what it exports. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './sources.ts'

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

interface Exported {
  name: string
  file: string
}

/** Names that src/index.ts hands on, and the files that declare them; whole files of types are left to the types. */
function exportsOf(index: string): Exported[] {
  const named = [...index.matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)]
  return named.flatMap(([, names, from]) =>
    names!
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== '')
      .map((name) => ({ name, file: join(dirname('src/index.ts'), from!) })),
  )
}

interface Declared {
  docstring: string
  kind: string
  /** Up to its body. */
  signature: string
}

const DECLARED = (name: string) =>
  new RegExp(
    String.raw`(?:/\*\*((?:(?!\*/)[\s\S])*)\*/\n)?export (?:declare )?(async function\*?|function\*?|class|const|interface|type) (${name}\b[^\n]*)`,
  )

function declaration({ name, file }: Exported): Declared {
  const source = read(file)
  const found = DECLARED(name).exec(source)
  if (!found) {
    // handed on from another file
    const from = new RegExp(`export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from '([^']+)'`).exec(source)?.[1]
    if (from === undefined) throw new Error(`${file} does not declare ${name}`)
    return declaration({ name, file: join(dirname(file), from) })
  }
  const at = found.index + (found[0].indexOf('export') ?? 0)
  return { docstring: words(found[1]), kind: found[2]!, signature: signatureAt(source, at) }
}

/** A docstring's first paragraph. */
const words = (docstring = ''): string =>
  docstring
    .split(/\n\s*\*\s*\n/)[0]!
    .replace(/^\s*\*? ?/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim()

/** To the brace that opens the body, or the line's end: braces within parentheses and types are its own. */
function signatureAt(source: string, from: number): string {
  let depth = 0
  for (let at = from; at < source.length; at++) {
    const char = source[at]!
    if ('(<'.includes(char) || (char === '{' && depth > 0)) depth++
    else if ((')'.includes(char) || (char === '>' && source[at - 1] !== '=') || char === '}') && depth > 0) depth--
    else if (depth === 0 && (char === '{' || (char === '\n' && !/[,(|&=:]\s*$/.test(source.slice(from, at)))))
      return tidy(source.slice(from, at))
  }
  return tidy(source.slice(from))
}

const tidy = (text: string) =>
  text
    .replace(/^export (?:async )?/, '')
    .replace(/\s+/g, ' ')
    .replace(/\( /g, '(')
    .replace(/,? \)/g, ')')
    .replace(/ =>?\s*$/, '')
    // a value is no part of what it is called
    .replace(/ => .*$/, '')
    .replace(/ = (?!\(|\{).*$/, (value) => (/\)/.test(value) ? value : ''))
    .trim()

/** Public methods and getters of a class, with their docstrings. */
function methodsOf(name: string, file: string): { signature: string; docstring: string }[] {
  const source = read(file)
  const from = source.indexOf(`export class ${name} {`)
  const body = source.slice(from, source.indexOf('\n}\n', from))
  const found = body.matchAll(
    /(?: {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^ {2}((?:async |get |\*)*)([a-z]\w*)(?:<[^>]*>)?\(/gm,
  )
  return [...found]
    .filter(([, , , method]) => method !== 'constructor')
    .flatMap((one) => {
      const at = one.index + one[0].lastIndexOf(`${one[2]}${one[3]}`)
      const signature = signatureAt(body, at).replace(/^async /, '')
      return signature.startsWith('private ') || /^\s*private /.test(body.slice(body.lastIndexOf('\n', at), at))
        ? []
        : [{ signature, docstring: words(one[1]) }]
    })
}

const row = (...cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`

export function printLibraryPage(): string {
  const all = exportsOf(read('src/index.ts'))
  const told = all.map((one) => ({ ...one, ...declaration(one) }))
  const calls = told.filter(({ kind, name }) => /function|const|class/.test(kind) && name !== 'Analysis')
  const types = told.filter(({ kind }) => kind === 'interface' || kind === 'type')
  return [
    '# The library',
    '',
    'Printed from the docstrings by `UPDATE_DOCS=1 npx vitest run test/docs/library.test.ts`. There is an',
    '[example](library-example.md). Everything here also runs in a browser and in its workers; nothing prints, reads files or sends packets.',
    'What was foreseen throws `UserError`: a sentence for a person.',
    '',
    '## Analysis',
    '',
    words(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport async function open/.exec(read('src/analysis/analysis.ts'))?.[1]),
    '',
    '```ts',
    'const analysis = await open(inputs, options)',
    '```',
    '',
    '| call | what it gives |',
    '| --- | --- |',
    ...methodsOf('Analysis', 'src/analysis/analysis.ts').map(({ signature, docstring }) =>
      row(`\`analysis.${signature.replace(/^get (\w+)\(\)/, '$1')}\``, docstring),
    ),
    '',
    '## Functions, classes and values',
    '',
    '| name | what it is |',
    '| --- | --- |',
    ...calls.map(({ signature, docstring }) =>
      row(`\`${signature.replace(/^(?:function|const|class) /, '')}\``, docstring),
    ),
    '',
    '## Types',
    '',
    'Types of packets, journeys, rulesets and host state (`Packet`, `Journey`, `Step`, `Finding`, `Table`, `Rule`, `Host` …) are in',
    'the package with a docstring for each field. Of the others:',
    '',
    '| name | what it is |',
    '| --- | --- |',
    ...types.map(({ name, docstring }) => row(`\`${name}\``, docstring)),
    '',
  ].join('\n')
}
