/** node scripts/code-cache.mjs FOLDER: runs the command built there once, and keeps what V8 compiled (see bin/load.js). */
import { rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { load } from '../bin/load.js'

const [folder] = process.argv.splice(2)
const report = `${folder}/report.txt`
const { script, run } = load(resolve(folder))
process.argv.push('explain', 'examples/nodeport-clash', '-o', report)
process.on('exit', () => {
  writeFileSync(`${folder}/cli.cache`, script.createCachedData())
  rmSync(report)
  process.exitCode = 0
})
run()
