/** Blocks of sets, maps and meters. */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { Expression, Statement } from '../ast.ts'
import type { MapObject, MeterObject, SetObject, SetType } from '../objects.ts'
import { parseBlock } from './blocks.ts'
import { parseConcat } from './expressions.ts'
import { parseStateful } from './limits.ts'
import type { Parser } from './parser.ts'
import { parseElements } from './set-elements.ts'
import { parseTime } from './times.ts'

interface Spec {
  family: RuleFamily
  table: string
  name: string
}

/** Takes `{ … }`. */
export function parseSetBlock(
  p: Parser,
  kind: 'set' | 'map' | 'meter',
  spec: Spec,
): SetObject | MapObject | MeterObject {
  const body: SetObject['set'] & { map?: SetType } = { ...spec, type: '' }
  const stmt: Statement[] = []
  const handle = parseBlock(p, (p) => {
    const stateful = parseStateful(p)
    if (stateful) stmt.push(stateful)
    else parseProperty(p, body)
  })
  if (handle !== undefined) body.handle = handle
  if (stmt.length > 0) body.stmt = stmt
  if (kind === 'map') return { map: { ...body, map: body.map ?? '' } as MapObject['map'] }
  return kind === 'set' ? { set: body } : { meter: body as MeterObject['meter'] }
}

type Body = SetObject['set'] & { map?: SetType }

function parseProperty(p: Parser, body: Body): void {
  const { kind, text } = p.token
  const property = kind === 'word' && Object.hasOwn(PROPERTIES, text) ? PROPERTIES[text] : undefined
  if (!property) p.fail('expected a property of the set')
  p.advance()
  property!(p, body)
}

const PROPERTIES: Record<string, (p: Parser, body: Body) => void> = {
  type: (p, body) => {
    body.type = parseType(p)
    if (p.accept(':')) body.map = parseData(p, body, parseType)
  },
  typeof: (p, body) => {
    body.type = { typeof: parseTypeof(p) }
    if (p.accept(':'))
      body.map = parseData(p, body, (p) => {
        const expression = parseTypeof(p)
        return typeof expression === 'string' ? expression : { typeof: expression }
      })
  },
  flags: (p, body) => {
    const flags: string[] = []
    do flags.push(p.identifier('a flag'))
    while (p.accept(','))
    body.flags = flags
  },
  timeout: (p, body) => {
    body.timeout = parseTime(p)
  },
  'gc-interval': (p, body) => {
    body['gc-interval'] = parseTime(p)
  },
  size: (p, body) => {
    body.size = p.number('a size')
  },
  policy: (p, body) => {
    body.policy = p.identifier('a policy')
  },
  'auto-merge': (_p, body) => {
    body['auto-merge'] = true
  },
  comment: (p, body) => {
    body.comment = p.string('a comment')
  },
  elements: (p, body) => {
    p.expect('=')
    const elements = parseElements(p)
    body.elem = [...((body.elem as Expression[] | undefined) ?? []), ...elements] as Expression[]
  },
}

/** `ipv4_addr . inet_service` */
function parseType(p: Parser): SetType {
  const types = [p.identifier('a type')]
  while (p.accept('.')) types.push(p.identifier('a type'))
  return types.length === 1 ? types[0]! : types
}

const parseTypeof = (p: Parser): Expression => parseConcat(p, {})

/** What a map gives: a type, `interval` in front of it, or a kind of object. */
function parseData(p: Parser, body: Body, parse: (p: Parser) => SetType): SetType {
  if (p.accept('interval')) body['data-interval'] = true
  const behind = p.ahead(1).text
  if (p.is('ct') && (behind === 'helper' || behind === 'timeout' || behind === 'expectation')) {
    if (p.ahead(2).kind === 'newline' || p.ahead(2).text === ';') {
      p.advance()
      return `ct ${p.advance().text}`
    }
  }
  return parse(p)
}
