/**
 * Bundles the library for a browser: nothing in it may ask for Node, and a page must not wait for it long. Then runs it
 * where there is no Node at all.
 */
import { createContext, Script } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

/** Bytes, minified and gzipped. */
const MOST = 354_000

export async function checkBrowser() {
  const problems = []
  const bundle = await rolldown({
    input: 'src/index.ts',
    platform: 'browser',
    onLog: (_, log) => problems.push(log.message),
  })
  const { output } = await bundle.generate({ format: 'iife', name: 'nfwhy' })
  const { code } = output[0]
  for (const found of code.matchAll(/\b(?:require\(|process\.|Buffer\b|node:)/g))
    problems.push(`the browser build touches Node: …${code.slice(Math.max(0, found.index - 60), found.index + 40)}…`)
  const size = firstLoad((await bundle.generate({ format: 'esm', minify: true })).output)
  if (size > MOST)
    problems.push(`a page loads ${size} bytes, minified and gzipped, before it can begin: more than ${MOST}`)
  try {
    // what every browser has, and nothing else
    const context = createContext({ TextDecoder, TextEncoder, setTimeout, clearTimeout })
    new Script(code).runInContext(context)
    const journeys = await new Script(TRY).runInContext(context)
    if (journeys !== 'tcp dropped') problems.push(`in a browser the example came out as "${journeys}"`)
  } catch (error) {
    problems.push(`the browser build does not run: ${error.stack}`)
  }
  return { problems, said: `${Math.round(size / 1000)} kB gzipped` }
}

/** Gzipped bytes of the entry, and of what it imports; not of what is loaded when it is asked for. */
function firstLoad(chunks) {
  const needed = new Set([chunks[0].fileName])
  for (const name of needed) for (const one of chunks.find(({ fileName }) => fileName === name).imports) needed.add(one)
  const sizes = chunks.map(({ fileName, code }) => (needed.has(fileName) ? gzipSync(code, { level: 9 }).length : 0))
  return sizes.reduce((sum, one) => sum + one, 0)
}

/** A packet dropped by the only rule. */
const TRY = `(async () => {
  const text = '*filter\\n:INPUT ACCEPT [0:0]\\n-A INPUT -p tcp -j DROP\\nCOMMIT\\n'
  const line = 'TRACE: filter:INPUT:rule:1 IN=eth0 OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=1 DPT=2 SEQ=1 ACK=0 WINDOW=1 RES=0x00 SYN URGP=0 \\n'
  const analysis = await nfwhy.open([{ name: 'rules', text }, { name: 'log', text: line }])
  const found = []
  for await (const { packet, outcome } of analysis.journeys()) found.push(packet.protocol + ' ' + outcome)
  return found.join()
})()`
