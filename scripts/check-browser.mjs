/**
 * Bundles the library for a browser: nothing in it may ask for Node, and a page must not wait for it long. Then runs it
 * where there is no Node at all.
 */
import { readFileSync } from 'node:fs'
import { createContext, Script } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { closure } from './chunks.mjs'
import { libraryBuild } from './library.mjs'
import { sources } from './sources.mjs'

/**
 * Bytes, minified and gzipped, of all that src/index.ts imports: what recognises inputs of every kind,
 * explains, and every report. Later, by `import()`, come what reads and writes the languages of iptables and of nft, readers of
 * captures, of rulesets and of most host state, what the kernel's drop reasons mean, once a file of theirs is
 * recognised; gzip and tar archives, redaction, flows, the comparison of two journeys, and what reads commands that a person
 * types.
 */
const MOST = 300_000
/** Bytes of a file that is worth a word of its own. */
const WORTH_TELLING = 1000

export async function checkBrowser() {
  const problems = unawaited()
  const { input, preserveEntrySignatures, output: split } = libraryBuild()
  const bundle = await rolldown({
    input,
    preserveEntrySignatures,
    platform: 'browser',
    onLog: (_, log) => problems.push(log.message),
  })
  const { output } = await bundle.generate({ format: 'iife', name: 'nfwhy' })
  const { code } = output[0]
  for (const found of code.matchAll(/\b(?:require\(|process\.|Buffer\b|node:)/g))
    problems.push(`the browser build touches Node: …${code.slice(Math.max(0, found.index - 60), found.index + 40)}…`)
  const { size, later } = weigh((await bundle.generate({ ...split, minify: true })).output)
  if (size > MOST)
    problems.push(`a page loads ${size} bytes, minified and gzipped, before it can begin: more than ${MOST}`)
  try {
    // what every browser has, and nothing else
    const context = createContext({ TextDecoder, TextEncoder, setTimeout, clearTimeout })
    new Script(code).runInContext(context)
    const journeys = await new Script(TRY).runInContext(context)
    if (journeys !== TRIED) problems.push(`in a browser the example came out as "${journeys}"`)
  } catch (error) {
    problems.push(`the browser build does not run: ${error.stack}`)
  }
  return { problems, said: `${inKilobytes(size)} gzipped; later ${later}` }
}

/** What is fetched with something else has to be known before that is fetched: else nobody waits for it. */
function unawaited() {
  const first = closure(['src/index.ts'], false)
  return sources('src')
    .filter((file) => !first.has(file) && /\.with\(\(\) => import\(/.test(readFileSync(file, 'utf8')))
    .map((file) => `${file}: fetches something with another module, and may itself be fetched behind that one`)
}

const inKilobytes = (bytes) => `${Math.round(bytes / 100) / 10} kB`

/** Gzipped bytes of the entry with what it imports, and of each file that is loaded when it is asked for. */
function weigh(chunks) {
  const needed = new Set([chunks[0].fileName])
  for (const name of needed) for (const one of chunks.find(({ fileName }) => fileName === name).imports) needed.add(one)
  const weighed = chunks.map((chunk) => ({ ...chunk, bytes: gzipSync(chunk.code, { level: 9 }).length }))
  const of = (some) => some.reduce((sum, { bytes }) => sum + bytes, 0)
  const later = weighed.filter(({ fileName }) => !needed.has(fileName)).sort((a, b) => b.bytes - a.bytes)
  const told = later.filter(({ bytes }) => bytes >= WORTH_TELLING)
  const rest = later.slice(told.length)
  const words = told.map(({ moduleIds, name, bytes }) => `${folderOf(moduleIds) ?? name} ${inKilobytes(bytes)}`)
  if (rest.length > 0) words.push(`${rest.length} smaller ${inKilobytes(of(rest))}`)
  return { size: of(weighed.filter(({ fileName }) => needed.has(fileName))), later: words.join(', ') }
}

/** `captures/nft-trace/reader` of a file's last module: many are called `reader`. */
const folderOf = (ids) => /\/src\/(?:read\/)?(.*)\.ts$/.exec(ids.at(-1) ?? '')?.[1]

/** A packet dropped by the only rule, of files that are read at once and of such whose readers come later; and a command. */
const TRY = `(async () => {
  const found = []
  const play = async (rules, log, command) => {
    const analysis = await nfwhy.open([{ name: 'rules', text: rules }, { name: 'log', text: log }])
    for await (const { packet, outcome } of analysis.journeys()) found.push(packet.protocol + ' ' + outcome)
    const [{ world }] = (await analysis.apply(command)).machines
    found.push([...world.tables[0].chains.values()].every(({ rules }) => rules.length === 0))
  }
  await play(
    '*filter\\n:INPUT ACCEPT [0:0]\\n-A INPUT -p tcp -j DROP\\nCOMMIT\\n',
    'TRACE: filter:INPUT:rule:1 IN=eth0 OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=1 DPT=2 SEQ=1 ACK=0 WINDOW=1 RES=0x00 SYN URGP=0 \\n',
    'iptables -F INPUT',
  )
  const hook = { type: 'filter', hook: 'input', prio: 0, policy: 'accept' }
  const ofTable = { family: 'ip', table: 't' }
  const entries = [
    { table: { family: 'ip', name: 't', handle: 1 } },
    { chain: { ...ofTable, name: 'c', handle: 1, ...hook } },
    { rule: { ...ofTable, chain: 'c', handle: 2, expr: [{ drop: null }] } },
  ]
  await play(
    JSON.stringify({ nftables: entries }),
    'trace id 00000001 ip t c packet: iif "eth0" ip saddr 10.0.0.1 ip daddr 10.0.0.2 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 1 ip length 60 tcp sport 1 tcp dport 2 tcp flags == syn tcp window 1\\n' +
      'trace id 00000001 ip t c rule drop (verdict drop)\\n',
    'nft flush chain ip t c',
  )
  return found.join()
})()`
const TRIED = 'tcp dropped,true,tcp dropped,true'
