/** Bundles the library for a browser: nothing in it may ask for Node. Then runs it where there is no Node at all. */
import { createContext, Script } from 'node:vm'
import { rolldown } from 'rolldown'

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
  try {
    // what every browser has, and nothing else
    const context = createContext({ TextDecoder, TextEncoder })
    new Script(code).runInContext(context)
    const journeys = new Script(TRY).runInContext(context)
    if (journeys !== 'tcp dropped') problems.push(`in a browser the example came out as "${journeys}"`)
  } catch (error) {
    problems.push(`the browser build does not run: ${error.stack}`)
  }
  return { problems, said: `${Math.round(code.length / 1024)} kB` }
}

/** A packet dropped by the only rule. */
const TRY = `
  const builder = new nfwhy.WorldBuilder()
  const text = '*filter\\n:INPUT ACCEPT [0:0]\\n-A INPUT -p tcp -j DROP\\nCOMMIT\\n'
  builder.add('rules', text, nfwhy.recognise(text))
  const found = []
  const explainer = new nfwhy.CaptureExplainer(nfwhy.kernelLog, builder.world, () => {}, (closed) => found.push(closed.explain()))
  const line = 'TRACE: filter:INPUT:rule:1 IN=eth0 OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=1 DPT=2 SEQ=1 ACK=0 WINDOW=1 RES=0x00 SYN URGP=0 \\n'
  explainer.push(new TextEncoder().encode(line))
  explainer.end()
  found.map((journey) => journey.packet.protocol + ' ' + journey.outcome).join()
`
