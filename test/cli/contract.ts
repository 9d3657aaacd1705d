/** What is promised of the JSON, asked of every value: no field but those, each of its kind. */
type Check = (value: unknown, path: string) => void

const fail = (path: string, what: string, value: unknown): never => {
  throw new Error(`${path} is ${JSON.stringify(value)}, not ${what}`)
}

const text: Check = (value, path) => void (typeof value === 'string' || fail(path, 'text', value))
const number: Check = (value, path) => void (Number.isFinite(value) || fail(path, 'a number', value))
const flag: Check = (value, path) => void (typeof value === 'boolean' || fail(path, 'true or false', value))
const scalar: Check = (value, path) =>
  void (typeof value === 'string' || Number.isFinite(value) || fail(path, 'text or a number', value))
const oneOf =
  (...words: string[]): Check =>
  (value, path) =>
    void (words.includes(value as string) || fail(path, words.join(' | '), value))
const list =
  (of: Check): Check =>
  (value, path) =>
    Array.isArray(value) ? void value.map((one, i) => of(one, `${path}[${i}]`)) : fail(path, 'a list', value)

/** A name that ends in `?` may be absent. */
const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path, 'an object', value)
    const known = new Map(Object.entries(fields).map(([name, check]) => [name.replace(/\?$/, ''), check]))
    for (const name of Object.keys(fields))
      if (!name.endsWith('?') && !(name in value)) fail(path, `with ${name}`, value)
    for (const [name, one] of Object.entries(value)) {
      const check = known.get(name)
      if (check) check(one, `${path}.${name}`)
      else fail(path, `without ${name}`, value)
    }
  }

const OUTCOME = oneOf(
  ...['delivered', 'forwarded', 'sent', 'dropped', 'rejected', 'queued', 'stolen', 'vanished', 'undetermined'],
)

const numbers = (...names: string[]) => Object.fromEntries(names.map((name) => [`${name}?`, number]))
const texts = (...names: string[]) => Object.fromEntries(names.map((name) => [`${name}?`, text]))

const PACKET = object({
  ...texts('in', 'out', 'physIn', 'physOut', 'src', 'dst', 'protocol', 'tcpOptions', 'srcMac', 'dstMac'),
  ...numbers('vlan', 'sport', 'dport', 'tcpSeq', 'tcpAck', 'tcpWindow', 'icmpType', 'icmpCode', 'icmpId', 'icmpSeq'),
  ...numbers('ipId', 'ttl', 'tos', 'length', 'fragOffset', 'flowLabel', 'mark', 'uid', 'gid', 'ctMark', 'ctZone'),
  'tcpFlags?': list(text),
  'moreFragments?': flag,
  'dontFragment?': flag,
  'inner?': (value, path) => PACKET(value, path),
  'ctState?': oneOf('new', 'established', 'related', 'invalid', 'untracked'),
  'ctStatus?': list(text),
  'ctDir?': oneOf('original', 'reply'),
})

const FAMILY = oneOf('ip', 'ip6', 'arp', 'bridge', 'netdev')
const REF = { family: text, table: text, chain: text, ...numbers('ruleNumber', 'handle'), ...texts('rule', 'owner') }

const UNMATCHED = object({ ruleNumber: number, rule: text, failed: list(text), 'unknown?': list(text) })

const STEP = object({
  n: number,
  'hook?': oneOf('ingress', 'prerouting', 'input', 'forward', 'output', 'postrouting', 'egress'),
  family: text,
  ...texts('table', 'chain', 'rule', 'verdict', 'in', 'out', 'src', 'dst', 'prefix'),
  kind: oneOf('rule', 'return', 'policy', 'log', 'unknown'),
  'reported?': oneOf('rule', 'return', 'policy'),
  ...numbers('ruleNumber', 'handle', 'depth', 'sport', 'dport', 'mark', 'ttl'),
  known: oneOf('observed', 'carried', 'simulated'),
  changes: list(object({ field: text, from: scalar, to: scalar, 'among?': list(scalar) })),
  'unmatched?': list(UNMATCHED),
})

const FINDING = object({
  code: text,
  severity: oneOf('error', 'warning', 'note'),
  message: text,
  steps: list(number),
  rules: list(object(REF)),
  fix: list(
    object({
      description: text,
      ...texts('command', 'undo', 'unverified', 'note', 'afterSource', 'but'),
      'verified?': oneOf('model', 'kernel'),
      'after?': OUTCOME,
    }),
  ),
})

const JOURNEY = object({
  id: text,
  ...texts('traceId', 'host'),
  family: FAMILY,
  'time?': object({ first: text, last: text }),
  'uptime?': object({ first: number, last: number }),
  packet: PACKET,
  steps: list(STEP),
  outcome: OUTCOME,
  basis: oneOf('observed', 'inferred', 'assumed'),
  'culprit?': object({ ...REF, step: number }),
  cause: list(
    object({
      step: number,
      role: oneOf('outcome', 'reads-mark', 'sets-mark', 'jump', 'decided'),
      rule: object(REF),
      text,
    }),
  ),
  findings: list(FINDING),
})

const SEEN = object({ host: text, journey: text })

const TAIL = {
  inputs: list(object({ name: text, format: text, bytes: number })),
  warnings: list(object({ input: text, 'line?': number, code: text, message: text, 'count?': number })),
  stats: object({
    bytes: number,
    events: number,
    journeys: number,
    skipped: number,
    lost: number,
    'evicted?': number,
    'overload?': object({ unread: number, shedPackets: number, shedEvents: number }),
  }),
  'joined?': list(object({ from: SEEN, to: SEEN })),
}

/** What a type cannot say: steps count from 1, and what refers to a step means one that is there. */
function checkSteps(journey: JourneyShape): void {
  journey.steps.forEach(({ n }, i) => {
    if (n !== i + 1) fail(`journey.steps[${i}].n`, String(i + 1), n)
  })
  const named = [...journey.cause.map(({ step }) => step), ...journey.findings.flatMap(({ steps }) => steps)]
  if (journey.culprit) named.push(journey.culprit.step)
  for (const step of named)
    if (!(step >= 1 && step <= journey.steps.length)) fail('a step that is named', 'one of the journey', step)
}

interface JourneyShape {
  steps: { n: number }[]
  cause: { step: number }[]
  findings: { steps: number[] }[]
  culprit?: { step: number }
}

/** These throw where the value is not what the contract says. */
export function checkJourney(value: unknown): void {
  JOURNEY(value, 'journey')
  checkSteps(value as JourneyShape)
}

export function checkSummary(value: unknown): void {
  object({ summary: object(TAIL) })(value, 'line')
}

export function checkExplanation(value: unknown): void {
  object({ schema: oneOf('nfwhy.explanation/1'), journeys: list(JOURNEY), ...TAIL })(value, 'document')
  for (const journey of (value as { journeys: unknown[] }).journeys) checkJourney(journey)
}
