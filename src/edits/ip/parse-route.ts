/** `ip route …` → edits (iproute2 6.1, ip/iproute.c iproute_modify). */
import type { RouteEdit } from '../../model/edit.ts'
import type { Route } from '../../model/host.ts'
import { closest } from '../../rules/closest.ts'
import { everywhere, type IpFamily } from '../../rules/prefixes.ts'
import { isOriginOfNobody, routeType } from '../../rules/route-names.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'
import { defaultScope } from './default-scope.ts'
import { begins, nameOf, oneOf, readPrefix, refuse, tosOf, type Words } from './words.ts'

const OPS = [
  'list',
  'show',
  'lst',
  'get',
  'add',
  'append',
  'prepend',
  'change',
  'chg',
  'replace',
  'test',
  'delete',
] as const
const OTHERS = ['save', 'restore', 'showdump', 'flush', 'help'] as const

/** The words behind `ip route`. Throws CommandProblem. */
export function parseRoute(words: Words, family: IpFamily | undefined): RouteEdit[] {
  const word = words.take()
  const op = word ? oneOf(word, [...OPS, ...OTHERS], 'is not a command of ip route') : 'list'
  switch (op) {
    case 'flush':
      return parseFlush(words, family)
    case 'restore':
      return refuse(word!, 'reads a file that nfwhy does not have: give the routes in commands instead')
    case 'add':
    case 'append':
    case 'prepend':
    case 'replace':
      return [{ kind: 'route', op, route: new RouteParser(words, family, false).read() }]
    case 'change':
    case 'chg':
      return [{ kind: 'route', op: 'change', route: new RouteParser(words, family, false).read() }]
    case 'delete':
      return [{ kind: 'route', op: 'del', route: new RouteParser(words, family, true).read() }]
    default:
      return []
  }
}

type Nexthop = NonNullable<Route['nexthops']>[number]

/** Options with a value that say nothing about where a packet goes. */
const BESIDES = [
  ...['proto', 'protocol', 'advmss', 'window', 'rtt', 'rttvar', 'ssthresh', 'cwnd', 'initcwnd', 'initrwnd', 'rto_min'],
  ...['reordering', 'hoplimit', 'features', 'quickack', 'congctl', 'fastopen_no_cookie', 'expires', 'realm', 'realms'],
  'pref',
]
const OPTIONS = [
  ...[
    'via',
    'dev',
    'oif',
    'table',
    'metric',
    'priority',
    'preference',
    'src',
    'from',
    'tos',
    'dsfield',
    'scope',
    'mtu',
  ],
  ...['onlink', 'pervasive', 'nexthop', 'to', 'vrf', 'nhid', 'encap', 'as', 'weight', 'ttl-propagate', ...BESIDES],
]

const SCOPES: Readonly<Record<string, string | undefined>> = {
  ...{ global: undefined, universe: undefined, '0': undefined, site: 'site', '200': 'site' },
  ...{ link: 'link', '253': 'link', host: 'host', '254': 'host', nowhere: 'nowhere', '255': 'nowhere' },
}

class RouteParser {
  private readonly words: Words
  private family: IpFamily | undefined
  private readonly route: Partial<Route> = {}
  private scopeGiven = false

  /** As `del` takes it: what is not said may be anything. */
  private readonly partly: boolean

  constructor(words: Words, family: IpFamily | undefined, partly: boolean) {
    this.words = words
    this.family = family
    this.partly = partly
  }

  read(): RouteEdit['route'] {
    const { partly } = this
    for (let word = this.words.take(); word; word = this.words.take()) this.readWord(word)
    const { route } = this
    if (route.destination === undefined) this.words.need('the destination')
    const family = this.family ?? 'ip'
    if (/^(0\.0\.0\.0|::)\/0$/.test(route.destination!)) route.destination = everywhere(family)
    if (route.from === everywhere('ip')) route.from = everywhere(family)
    const { type = 'unicast' } = route
    if (!partly) route.type = type
    const table = route.table ?? (['local', 'broadcast', 'anycast', 'nat'].includes(type) ? 'local' : 'main')
    const scope = this.scopeGiven || partly || family === 'ip6' ? route.scope : defaultScope(route, type)
    if (scope === undefined) delete route.scope
    else route.scope = scope
    return { ...route, family, table }
  }

  private readWord(word: ShellWord): void {
    const { text } = word
    const type = /^\d/.test(text) ? undefined : routeType(text)
    const option = OPTIONS.find((one) => one === text) ?? OPTIONS.find((one) => text.length > 2 && begins(one, text))
    if (option) this.readOption(option, word)
    else if (type && this.route.destination === undefined) this.route.type = type
    else if (this.route.destination === undefined) this.readDestination(word)
    else refuse(word, 'is not understood in a route', closest(text, OPTIONS))
  }

  private readDestination(word: ShellWord): void {
    const { family, prefix } = readPrefix(word, this.family)
    this.family ??= family
    this.route.destination = prefix
  }

  private readOption(option: string, word: ShellWord): void {
    const { route, words } = this
    switch (option) {
      case 'to':
        this.readDestination(words.need('the destination'))
        break
      case 'via':
        route.gateway = this.readGateway(word)
        break
      case 'dev':
      case 'oif':
        route.device = words.device(word)
        break
      case 'table':
        route.table = words.table(word)
        break
      case 'metric':
      case 'priority':
      case 'preference':
        route.metric = words.number(word)
        if (route.metric === 0) delete route.metric
        break
      case 'src':
        route.source = words.address(word, this.family)
        break
      case 'from':
        this.readFrom(words.need('the network after from'))
        break
      case 'tos':
      case 'dsfield':
        this.readTos(words.need(`the value after ${word.text}`))
        break
      case 'scope':
        this.readScope(words.need('the scope'))
        break
      case 'mtu':
        if (words.peek()?.text === 'lock') words.take()
        route.mtu = words.number(word)
        break
      case 'onlink':
      case 'pervasive':
        route.flags ??= []
        route.flags.push(option)
        break
      case 'nexthop':
        route.nexthops ??= []
        route.nexthops.push(this.readNexthop())
        break
      default:
        if (!BESIDES.includes(option)) refuse(word, 'is not understood here')
        if (/^proto/.test(option)) this.readOrigin(word)
        else words.need(`the value after ${word.text}`)
    }
  }

  private readOrigin(word: ShellWord): void {
    if (this.partly) refuse(word, 'selects by the origin of the route, which is unknown here')
    const { text } = this.words.need(`the value after ${word.text}`)
    if (!isOriginOfNobody(text)) this.route.protocol = text
  }

  /** `via ADDRESS`, `via inet6 ADDRESS`: the next hop of an IPv4 route may be of IPv6. */
  private readGateway(via: ShellWord): string {
    const [, named] = /^inet(6?)$/.exec(this.words.peek()?.text ?? '') ?? []
    if (named !== undefined) this.words.take()
    const wanted = named === undefined ? this.family : named === '6' ? 'ip6' : 'ip'
    const address = this.words.address(via, wanted)
    this.family ??= address.includes(':') ? 'ip6' : 'ip'
    return address
  }

  private readFrom(word: ShellWord): void {
    const { family, prefix } = readPrefix(word, this.family)
    this.family ??= family
    if (family === 'ip')
      refuse(word, `is for ${nameOf('ip6')} only: routes of ${nameOf('ip')} have no source condition`)
    this.route.from = prefix
  }

  private readTos(word: ShellWord): void {
    const value = tosOf(word)
    if (value > 0) this.route.tos = value
  }

  private readScope(word: ShellWord): void {
    if (!Object.hasOwn(SCOPES, word.text)) refuse(word, 'is not a scope', closest(word.text, Object.keys(SCOPES)))
    this.scopeGiven = true
    const scope = SCOPES[word.text]
    if (scope !== undefined) this.route.scope = scope
  }

  private readNexthop(): Nexthop {
    const nexthop: Nexthop = {}
    for (let word = this.words.peek(); word && word.text !== 'nexthop'; word = this.words.peek()) {
      this.words.take()
      if (word.text === 'via') nexthop.gateway = this.readGateway(word)
      else if (word.text === 'dev') nexthop.device = this.words.device(word)
      else if (word.text === 'weight') nexthop.weight = this.readWeight(word)
      else if (word.text === 'onlink') nexthop.flags = ['onlink']
      else
        refuse(
          word,
          'is not understood in a nexthop',
          closest(word.text, ['via', 'dev', 'weight', 'onlink', 'nexthop']),
        )
    }
    return { ...nexthop, weight: nexthop.weight ?? 1 }
  }

  private readWeight(option: ShellWord): number {
    const word = this.words.peek()
    const weight = this.words.number(option, 256)
    if (weight === 0) refuse(word!, 'is not a weight: weights start at 1')
    return weight
  }
}

/** `ip route flush [root|exact] PREFIX dev D table T …`; one edit for each family that is meant. */
function parseFlush(words: Words, given: IpFamily | undefined): RouteEdit[] {
  const first = words.peek()
  if (!first) words.need('a selector for flush')
  if (first!.text === 'cache') return []
  const route: Partial<Route> = {}
  let family = given
  let table = 'main'
  for (let word = words.take(); word; word = words.take()) {
    if (word.text === 'table') table = words.table(word)
    else if (word.text === 'dev' || word.text === 'oif') route.device = words.device(word)
    else if (word.text === 'via') route.gateway = words.address(word, family)
    else if (word.text === 'type') route.type = typeOf(words.need('the type'))
    else if (word.text === 'match' || begins('protocol', word.text) || word.text === 'root')
      refuse(word, 'is not understood here: give table, dev, via, type or exact PREFIX')
    else if (word.text === 'cache') return []
    else {
      const read = readPrefix(
        word.text === 'exact' || word.text === 'to' ? words.need('the destination') : word,
        family,
      )
      if (word.text !== 'exact') throw new CommandProblem(word, `give the prefix as exact PREFIX`)
      family ??= read.family
      route.destination = read.prefix
    }
  }
  family ??= route.gateway?.includes(':') ? 'ip6' : undefined
  const families: readonly IpFamily[] = family ? [family] : table === 'all' ? ['ip', 'ip6'] : ['ip']
  return families.map((one) => ({ kind: 'route', op: 'flush', route: { ...route, family: one, table } }))
}

const typeOf = (word: ShellWord): Route['type'] => routeType(word.text) ?? refuse(word, 'is not a type of route')
