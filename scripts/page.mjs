/**
 * The page, for dist/page: index.html with its script and style, the worker as a module with what it loads later, and the
 * worker once more as one text, for a page that is opened from disk.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { toBase91 } from './base91.mjs'
import { libraryBuild } from './library.mjs'

const PAGE = 'src/ui/page'
const STYLES = `${PAGE}/style`

const jsx = { transform: { jsx: { runtime: 'automatic', importSource: 'preact' } } }

/** Parts of the worker that a report never asks for: it is what was exported, and has no filter. What it holds was unpacked, and is not redacted again. */
const NOT_IN_REPORTS =
  /\/(ui\/worker\/(export|complete)|redact\/index|analysis\/inputs\/(redacted|unpack-(gzip|tar)))\.ts$/

/** `plugins`: for what it bundles. */
export async function buildPage(out, plugins = []) {
  mkdirSync(out, { recursive: true })
  const page = await rolldown({ ...jsx, plugins, input: `${PAGE}/main.tsx`, platform: 'browser' })
  // no module: a page from disk may load none
  await page.write({ file: join(out, 'page.js'), format: 'iife', codeSplitting: false, minify: true })
  const { output: split, ...input } = libraryBuild('src/ui/worker/worker.ts', 'worker')
  const worker = await rolldown({ ...input, plugins, platform: 'browser' })
  const names = { entryFileNames: '[name].js', chunkFileNames: 'later/[name]-[hash].js' }
  await worker.write({ ...split, ...names, dir: out, minify: true })
  // what helps bundlers is of no use to a browser
  const comments = { annotation: false }
  const asText = async (bundle) => {
    const { output } = await bundle.generate({ format: 'iife', codeSplitting: false, minify: true, comments })
    return output[0].code
  }
  writeFileSync(join(out, 'worker-text.js'), `globalThis.nfwhyWorker=${JSON.stringify(await asText(worker))}\n`)
  const ofReport = await rolldown({ ...input, plugins, platform: 'browser', external: NOT_IN_REPORTS })
  const style = readdirSync(STYLES)
    .sort()
    .map((file) => readFileSync(join(STYLES, file), 'utf8'))
    .join('\n')
    // indented for whoever reads the sources; a report has a megabyte
    .replace(/\n\s+/g, '\n')
  writeFileSync(join(out, 'page.css'), style)
  copyFileSync(`${PAGE}/index.html`, join(out, 'index.html'))
  writeFileSync(join(out, 'report.html'), reportShell(out, style, await asText(ofReport)))
}

/**
 * A report file without its data: script and style stand in it, and are allowed by their hashes alone. The worker is text
 * until somebody asks what if.
 */
function reportShell(out, style, worker) {
  const script = readFileSync(join(out, 'page.js'), 'utf8')
  const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; worker-src blob:; img-src data:; base-uri 'none'; form-action 'none'`
  const packed = toBase91(gzipSync(worker, { level: 9 }))
  return readFileSync(`${PAGE}/index.html`, 'utf8')
    .replace(/content="default-src[^"]*"/, `content="${policy}"`)
    .replace('<link rel="stylesheet" href="page.css">', () => `<style>${style}</style>`)
    .replace(
      '<script src="page.js" defer></script>',
      () => `<!--report-->\n<script type="text/plain" id="nfwhy-worker">${packed}</script>\n<script>${script}</script>`,
    )
}
