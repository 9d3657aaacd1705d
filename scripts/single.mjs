/**
 * node scripts/single.mjs [FILE]: nfwhy in one file (dist.single/nfwhy unless named), which needs only Node. The scripts of
 * dist/, the page, and the pages of findings stand in it, packed; nothing is written when it runs. It has no koffi, and reads
 * live traces with `nft` and `tcpdump`.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const [file = 'dist.single/nfwhy'] = process.argv.slice(2)
/** Koffi's threads have nothing to do without it. */
const KERNEL = ['receiver.cjs', 'drops.cjs']

if (!existsSync('dist/cli.cjs')) throw new Error('nfwhy is not built: run `npm run build` first')
const { version, license } = JSON.parse(readFileSync('package.json', 'utf8'))
const scripts = readdirSync('dist').filter((name) => name.endsWith('.cjs') && !KERNEL.includes(name))
const below = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    // for pages that are opened from disk
    .filter((path) => !path.endsWith('worker-text.js'))
const NOTICES = 'dist/THIRD-PARTY.txt'
const paths = [
  NOTICES,
  ...scripts.map((name) => `dist/${name}`),
  ...below('dist/page'),
  ...below('docs/findings'),
].sort()
const packed = paths.map((path) => [path, gzipSync(readFileSync(path), { level: 9 }).toString('base64')])

// neither a module's words nor CommonJS' own: it may lie in a folder of either
const text = `#!/usr/bin/env node
// nfwhy ${version}, ${license}: why did netfilter do that to my packet?
;(function (require) {
'use strict'
const { gunzipSync } = require('node:zlib')
const exports = {}
${readFileSync('bin/load.js', 'utf8')}
const FILES = new Map(${JSON.stringify(packed)})
const unpack = (path) => gunzipSync(Buffer.from(FILES.get(path), 'base64'))
globalThis[Symbol.for('nfwhy.files')] = new Map([...FILES.keys()].map((path) => [path, () => new Uint8Array(unpack(path))]))
// a folder that cannot be: nothing that lies beside this file is taken for nfwhy's
exports.load('/dev/null/nfwhy/dist', 'cli.cjs', (name) => ({ source: unpack('dist/' + name).toString('latin1') }))
})(process.getBuiltinModule)
`
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, text)
chmodSync(file, 0o755)
