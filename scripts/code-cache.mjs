/**
 * node scripts/code-cache.mjs FOLDER: runs commands that are built there, and keeps what V8 compiled of each script that
 * they loaded (see bin/load.js).
 */
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { load, thisNode } from '../bin/load.js'

const [folder, ...command] = process.argv.splice(2)
if (command.length > 0) {
  process.argv.push(...command)
  const scripts = load(resolve(folder), 'cli.cjs')
  process.on('exit', () => {
    for (const [name, script] of scripts) {
      const cache = `${folder}/${name.replace('.cjs', '.cache')}`
      if (!existsSync(cache)) writeFileSync(cache, script.createCachedData())
    }
    // what the command says of packets does not matter here
    process.exitCode = 0
  })
} else {
  const report = `${folder}/report.txt`
  for (const words of [
    ['explain', 'examples/nodeport-clash', '-o', report],
    ['trace', '--help'],
    ['serve', '--help'],
    ['mcp'],
  ])
    execFileSync(process.execPath, [import.meta.filename, folder, ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
  rmSync(report)
  writeFileSync(`${folder}/built-by.json`, thisNode())
}
