/** Every text of the sources that a person may read, found by their syntax: docs/messages.md is printed from it. */
import { parseAst } from 'rolldown/parseAst'
import { sourcesIn } from './sources.ts'

interface Node {
  type: string
  [field: string]: unknown
}

/** What an expression puts there. */
const HOLE = '…'

/** Of texts and what is put together of them; `…` where the value is made while it runs. */
function textOf(node: Node): string {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? node.value : HOLE
    case 'TemplateLiteral': {
      const holes = node.expressions as Node[]
      const texts = node.quasis as { value: { cooked: string } }[]
      return texts.map(({ value }, i) => value.cooked + (holes[i] ? textOf(holes[i]) : '')).join('')
    }
    case 'BinaryExpression':
      return node.operator === '+' ? textOf(node.left as Node) + textOf(node.right as Node) : HOLE
    case 'ConditionalExpression': {
      const [yes, no] = [textOf(node.consequent as Node), textOf(node.alternate as Node)]
      return yes === HOLE && no === HOLE ? HOLE : `⟨${yes}|${no}⟩`
    }
    case 'ParenthesizedExpression':
      return textOf(node.expression as Node)
    default:
      return HOLE
  }
}

const isText = ({ type, operator }: Node): boolean =>
  type === 'Literal' || type === 'TemplateLiteral' || (type === 'BinaryExpression' && operator === '+')

/** Types, and what is imported, say nothing to anybody. */
const isSilent = ({ type }: Node): boolean =>
  /^(Import|Export(All|Named)Declaration$)/.test(type)
    ? type !== 'ExportNamedDeclaration'
    : type.startsWith('TS') && !/^TS(As|Satisfies|NonNull)/.test(type)

const WORD = /^[a-z][a-z'’-]+[,.;:?!)]?$/
/** Commands and options have none of them. */
const GRAMMAR =
  /\b(?:the|is|are|was|it|no|not|nothing|of|and|a|an|for|by|with|or|to|from|that|which|has|have|this|be)\b/

/** A sentence or a part of one: not a name, a pattern or a script. */
function isForPeople(text: string): boolean {
  if (/\n|\(\?[:!=<]|\\[dswb]|\$\{?[A-Za-z_]+\b.*;/.test(text)) return false
  const words = text.replace(/[⟨⟩|…]/g, ' ').split(/\s+/)
  return words.filter((word) => WORD.test(word)).length >= 3 && GRAMMAR.test(text)
}

function* textsIn(node: unknown): Generator<string> {
  if (Array.isArray(node)) {
    for (const one of node) yield* textsIn(one)
    return
  }
  if (typeof node !== 'object' || node === null || !('type' in node)) return
  const here = node as Node
  if (isSilent(here)) return
  if (isText(here)) {
    const text = textOf(here)
    if (isForPeople(text)) yield text
    yield* textsInHoles(here)
    return
  }
  for (const [field, value] of Object.entries(here)) if (field !== 'typeAnnotation') yield* textsIn(value)
}

/** What is told above as a part is not told again. */
function* textsInHoles(node: Node): Generator<string> {
  if (node.type === 'TemplateLiteral') for (const one of node.expressions as Node[]) yield* textsInHoles(one)
  else if (node.type === 'BinaryExpression' && node.operator === '+')
    for (const one of [node.left, node.right] as Node[]) yield* textsInHoles(one)
  else if (node.type === 'ConditionalExpression') {
    yield* textsIn(node.test)
    for (const one of [node.consequent, node.alternate] as Node[]) yield* textsInHoles(one)
  } else if (node.type !== 'Literal') yield* textsIn(node)
}

const HEAD = `# Every message

All texts of nfwhy that a person may read, by the file that has them, so that they can be read in one sitting. \`…\` stands for
what is put in while it runs, \`⟨a|b⟩\` for one of two. This page is printed from the sources:
\`UPDATE_DOCS=1 npx vitest run test/docs/messages.test.ts\`.
`

export function printMessagesPage(): string {
  const parts = sourcesIn('src')
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .flatMap(({ path, text }) => {
      const texts = [...new Set(textsIn(parseAst(text, { lang: 'ts' }).body))]
      return texts.length === 0 ? [] : [`\n## ${path}\n\n${texts.map((one) => `    ${one}`).join('\n')}\n`]
    })
  return HEAD + parts.join('')
}
